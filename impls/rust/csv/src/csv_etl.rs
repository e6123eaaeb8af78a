//! Cleaning the flights: runs of plain lines through csv-core, every other record by the strict path.
mod agg;
mod columns;
mod grouped;
mod parquet;
mod rows;
mod runs;
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
            "parquet" => parquet::run(&self.job)?,
            _ => return Err(Failure::unsupported(format!("no step '{step}' in csv-etl"))),
        };
        self.records = outcome.tally.read();
        Ok(outcome)
    }
}
