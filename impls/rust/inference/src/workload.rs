//! batch-inference on one engine: load with its phases, steps offline, in a stream, and of bare calls.
use std::collections::BTreeMap;
use std::time::Instant;

use bench_protocol::{Failure, Request, Workload};

use crate::answer::Answer;
use crate::course::Course;
use crate::inputs::Inputs;
use crate::{Engine, Model, Query, Setup};

pub struct Inference<E> {
    setup: Setup,
    inputs: Inputs,
    /// One, and as many more as the engine could be forked for further threads.
    workers: Vec<E>,
    can_call: bool,
    /// Of `load`, until the first pass.
    phases: BTreeMap<&'static str, u64>,
    /// Of the last pass, if it was a stream.
    queries: Vec<u64>,
    units: usize,
}

impl<E: Engine> Workload for Inference<E> {
    type Answer = Answer<E::Value>;

    fn start(request: &Request) -> Result<usize, Failure> {
        E::start(&Setup::new(request)?)
    }

    fn load(request: &Request) -> Result<Self, Failure> {
        let setup = Setup::new(request)?;
        let mut phases = BTreeMap::new();
        let mut clock = Clock::start();
        let inputs = Inputs::read(&setup)?;
        phases.insert("inputs", clock.lap());
        let mut workers: Vec<E> = open(&setup)?;
        phases.insert("model", clock.lap());
        let first = Course::new(&setup, 1, setup.batch);
        first.follow(&inputs, |turn, out| workers[0].answer(turn.take(), out))?;
        phases.insert("first", clock.lap());
        let (queries, units) = (Vec::with_capacity(setup.queries), setup.rows);
        Ok(Self { setup, inputs, workers, can_call: false, phases, queries, units })
    }

    fn units(&self) -> u64 {
        self.units as u64
    }

    fn run(&mut self, step: &str) -> Result<Self::Answer, Failure> {
        self.phases.clear();
        self.queries.clear();
        let values = match step.strip_prefix(self.setup.model.name()) {
            Some("") => self.offline(E::answer),
            Some("-stream") if self.setup.queries > 0 => self.stream(),
            Some("-call") if self.setup.model == Model::Gbdt => self.call(),
            _ => Err(Failure::unsupported(format!("no step '{step}' of this model"))),
        }?;
        let width = self.setup.model.width();
        self.units = values.len() / width;
        Ok(Answer { values, width })
    }

    fn phases(&self) -> BTreeMap<&'static str, u64> {
        self.phases.clone()
    }

    fn queries(&self) -> &[u64] {
        &self.queries
    }
}

impl<E: Engine> Inference<E> {
    fn offline(
        &mut self,
        each: impl Fn(&mut E, Query<'_>, &mut [E::Value]) -> Result<(), Failure> + Sync,
    ) -> Result<Vec<E::Value>, Failure> {
        let Setup { rows, batch, .. } = self.setup;
        Course::new(&self.setup, rows / batch, batch).share(&self.inputs, &mut self.workers, each)
    }

    /// A row a query, each with its time: from before its inputs are taken until its answer lies in the result.
    fn stream(&mut self) -> Result<Vec<E::Value>, Failure> {
        let course = Course::new(&self.setup, self.setup.queries, 1);
        let (worker, queries) = (&mut self.workers[0], &mut self.queries);
        course.follow(&self.inputs, |turn, out| {
            let mut clock = Clock::start();
            worker.answer(turn.take(), out)?;
            queries.push(clock.lap());
            Ok(())
        })
    }

    fn call(&mut self) -> Result<Vec<E::Value>, Failure> {
        if !self.can_call {
            self.workers.iter_mut().try_for_each(|worker| worker.open_call(&self.setup))?;
            self.can_call = true;
        }
        self.offline(E::call)
    }
}

fn open<E: Engine>(setup: &Setup) -> Result<Vec<E>, Failure> {
    let mut workers = vec![E::open(setup)?];
    for _ in 1..setup.threads {
        workers.extend(workers[0].fork()?);
    }
    Ok(workers)
}

struct Clock(Instant);

impl Clock {
    fn start() -> Self {
        Self(Instant::now())
    }

    /// Nanoseconds since the last lap.
    fn lap(&mut self) -> u64 {
        let now = Instant::now();
        let lap = now - self.0;
        self.0 = now;
        lap.as_nanos() as u64
    }
}
