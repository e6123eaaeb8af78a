//! The order of the queries in a pass: whole, one after the other on one thread, or dealt out to several.
//!
//! vad's queries go round: first frames of all groups of recordings, then second ones. Queries of one group stay
//! with one worker, in order, since each begins with the state that the last one left. Where there is no
//! state, a single round holds all queries and each worker has its share in one piece.
use std::thread;

use bench_protocol::Failure;

use crate::inputs::Inputs;
use crate::{Engine, Model, Query, Setup, Value};

/// Numbers that vad remembers of a recording: two vectors of 128.
const STATE: usize = 2 * 128;

#[derive(Clone, Copy)]
pub struct Course {
    pub queries: usize,
    /// Of a query.
    rows: usize,
    /// Queries in a round.
    round: usize,
    /// Numbers in the state of a query.
    state: usize,
    width: usize,
}

/// The queries from `first` on whose answers fill `out`.
struct Part<'a, V> {
    first: usize,
    out: &'a mut [V],
}

/// A query that is due, not yet taken from the rows.
pub struct Turn<'a> {
    inputs: &'a Inputs,
    query: usize,
    rows: usize,
    state: &'a mut [f32],
}

impl<'a> Turn<'a> {
    pub fn take(self) -> Query<'a> {
        self.inputs.query(self.query, self.rows, self.state)
    }
}

impl Course {
    pub fn new(setup: &Setup, queries: usize, rows: usize) -> Self {
        let vad = setup.model == Model::Vad;
        let round = if vad { setup.streams / rows } else { queries };
        let state = if vad { rows * STATE } else { 0 };
        Self { queries, rows, round, state, width: setup.model.width() }
    }

    /// Every query once, in order, for one worker.
    pub fn follow<V: Value>(
        self,
        inputs: &Inputs,
        each: impl FnMut(Turn<'_>, &mut [V]) -> Result<(), Failure>,
    ) -> Result<Vec<V>, Failure> {
        let mut out = self.empty();
        let part = Part { first: 0, out: &mut out };
        self.work(0, vec![part], inputs, each)?;
        Ok(out)
    }

    /// Every query once, dealt out to the workers.
    pub fn share<E: Engine>(
        self,
        inputs: &Inputs,
        workers: &mut [E],
        each: impl Fn(&mut E, Query<'_>, &mut [E::Value]) -> Result<(), Failure> + Sync,
    ) -> Result<Vec<E::Value>, Failure> {
        if let [worker] = workers {
            return self.follow(inputs, |turn, out| each(worker, turn.take(), out));
        }
        let mut out = self.empty();
        let count = workers.len();
        let parts = self.deal(&mut out, count);
        let work = |(i, (worker, parts)): (usize, (&mut E, _))| {
            let first = self.round * i / count;
            self.work(first, parts, inputs, |turn, out| each(worker, turn.take(), out))
        };
        thread::scope(|scope| {
            let mut shares = workers.iter_mut().zip(parts).enumerate();
            let own = shares.next();
            let others: Vec<_> = shares.map(|share| scope.spawn(|| work(share))).collect();
            own.map_or(Ok(()), work)?;
            let join = |other: thread::ScopedJoinHandle<'_, _>| {
                other.join().expect("a panic has ended the program before")
            };
            others.into_iter().try_for_each(join)
        })?;
        Ok(out)
    }

    fn empty<V: Value>(self) -> Vec<V> {
        vec![V::default(); self.queries * self.rows * self.width]
    }

    /// For each worker its share of every round.
    fn deal<V>(self, out: &mut [V], workers: usize) -> Vec<Vec<Part<'_, V>>> {
        let length = self.rows * self.width;
        let mut parts: Vec<Vec<_>> = (0..workers).map(|_| Vec::new()).collect();
        for (i, mut rest) in out.chunks_mut(self.round * length).enumerate() {
            let mut begin = 0;
            for (worker, parts) in parts.iter_mut().enumerate() {
                let end = (self.round * (worker + 1) / workers).min(rest.len() / length + begin);
                let (out, later) = rest.split_at_mut((end - begin) * length);
                parts.push(Part { first: i * self.round + begin, out });
                (begin, rest) = (end, later);
            }
        }
        parts
    }

    /// One worker's queries; of each round those from `first` on are its own.
    fn work<V>(
        self,
        first: usize,
        parts: Vec<Part<'_, V>>,
        inputs: &Inputs,
        mut each: impl FnMut(Turn<'_>, &mut [V]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut states = vec![0.0; self.round * self.state];
        for part in parts {
            let queries = part.out.chunks_exact_mut(self.rows * self.width);
            for (query, out) in (part.first..).zip(queries) {
                let state = (query % self.round - first) * self.state;
                let state = &mut states[state..state + self.state];
                each(Turn { inputs, query, rows: self.rows, state }, out)?;
            }
        }
        Ok(())
    }
}
