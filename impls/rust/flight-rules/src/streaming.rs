//! The workload of a variant that streams: nothing is loaded, and a step is a function from a job's files to its outcome.
use std::marker::PhantomData;

use bench_protocol::{Failure, Request, Workload};

use crate::{Job, Outcome};

pub type Step = fn(&Job) -> Result<Outcome, Failure>;

pub trait Steps {
    /// By its name in the spec.
    fn find(name: &str) -> Option<Step>;
}

pub struct Streaming<S> {
    job: Job,
    /// That the last step read.
    records: u64,
    steps: PhantomData<S>,
}

impl<S: Steps> Workload for Streaming<S> {
    type Answer = Outcome;

    fn start(request: &Request) -> Result<usize, Failure> {
        Ok(request.threads)
    }

    /// Everything from the files on is timed with its step, so nothing is read here.
    fn load(request: &Request) -> Result<Self, Failure> {
        Ok(Self { job: Job::new(request)?, records: 0, steps: PhantomData })
    }

    fn units(&self) -> u64 {
        self.records
    }

    fn run(&mut self, name: &str) -> Result<Outcome, Failure> {
        let no_step = || Failure::unsupported(format!("no step '{name}' in csv-etl"));
        let outcome = S::find(name).ok_or_else(no_step)?(&self.job)?;
        self.records = outcome.tally.read();
        Ok(outcome)
    }
}
