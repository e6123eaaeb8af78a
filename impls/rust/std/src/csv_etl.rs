//! Cleaning the flights: one pass over the file's bytes, a block at a time on each thread.
mod agg;
mod figures;
mod index;
mod plain;
mod rows;
mod scan;

use bench_protocol::{Failure, Request, Workload};
use flight_rules::{Job, Outcome};

pub struct CsvEtl {
    job: Job,
    /// That the last step read.
    records: u64,
}

impl Workload for CsvEtl {
    type Answer = Outcome;

    fn start(request: &Request) -> Result<usize, Failure> {
        Ok(request.threads)
    }

    /// Everything from the files on is timed with its step, so nothing is read here.
    fn load(request: &Request) -> Result<Self, Failure> {
        Ok(Self { job: Job::new(request)?, records: 0 })
    }

    fn units(&self) -> u64 {
        self.records
    }

    fn run(&mut self, step: &str) -> Result<Outcome, Failure> {
        let outcome = match step {
            "agg" => agg::run(&self.job)?,
            "csv" => rows::run(&self.job)?,
            _ => return Err(Failure::unsupported(format!("no step '{step}' in csv-etl"))),
        };
        self.records = outcome.tally.read();
        Ok(outcome)
    }
}
