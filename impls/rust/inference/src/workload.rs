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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{Folder, file};

    /// Counts a recording's frames in its state, and answers with the count and the frame's first number.
    struct Counting;

    impl Engine for Counting {
        type Value = f32;

        fn open(_setup: &Setup) -> Result<Self, Failure> {
            Ok(Self)
        }

        fn fork(&self) -> Result<Option<Self>, Failure> {
            Ok(Some(Self))
        }

        fn answer(&mut self, query: Query<'_>, out: &mut [f32]) -> Result<(), Failure> {
            assert_eq!((query.state.len(), out.len()), (query.rows * 256, query.rows));
            for (row, out) in out.iter_mut().enumerate() {
                query.state[row] += 1.0;
                *out = 100.0 * query.state[row] + query.values[row * 576];
            }
            Ok(())
        }
    }

    fn job(batch: usize, threads: usize) -> Inference<Counting> {
        let folder = Folder::new(&format!("job-{batch}-{threads}"));
        // Three frames of each of four recordings; a frame begins with its recording's number.
        let values: Vec<f32> = (0..12 * 576).map(|i| (i / 576 % 4) as f32).collect();
        let params =
            json!({"model": "vad", "batch": batch, "rows": 12, "queries": 6, "streams": 4});
        let request = folder.request(&file(&[("input", &[12, 576], &values)]), params, threads);
        Inference::load(&request).unwrap()
    }

    const ANSWERS: [f32; 12] =
        [100.0, 101.0, 102.0, 103.0, 200.0, 201.0, 202.0, 203.0, 300.0, 301.0, 302.0, 303.0];

    #[test]
    fn states_go_on_with_their_recordings_and_begin_anew_with_each_pass() {
        for (batch, threads) in [(1, 1), (2, 1), (4, 1), (1, 2), (1, 3), (2, 2), (4, 2)] {
            let mut job = job(batch, threads);
            for _ in 0..2 {
                assert_eq!(job.run("vad").unwrap().values, ANSWERS, "{batch} {threads}");
            }
            assert_eq!((job.units(), job.queries()), (12, &[] as &[u64]));
        }
    }

    #[test]
    fn a_stream_tells_the_time_of_each_query() {
        let mut job = job(2, 1);
        assert_eq!((job.units(), job.phases().len(), job.queries().len()), (12, 3, 0));
        for _ in 0..2 {
            assert_eq!(job.run("vad-stream").unwrap().values, ANSWERS[..6]);
            assert_eq!((job.units(), job.phases().len(), job.queries().len()), (6, 0, 6));
        }
    }

    #[test]
    fn steps_of_another_model_are_unsupported() {
        for step in ["gbdt", "vad-call", "vad-streams"] {
            assert!(job(1, 1).run(step).is_err(), "{step}");
        }
    }
}
