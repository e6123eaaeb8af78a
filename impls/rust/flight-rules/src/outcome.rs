//! A job's files, and what its step answers once they are written.
use std::path::{Path, PathBuf};

use bench_protocol::{Answer, Check, Failure, Request};

use crate::tally::Tally;

/// Where a job reads and writes.
pub struct Job {
    pub flights: PathBuf,
    pub airlines: PathBuf,
    pub weather: PathBuf,
    outputs: PathBuf,
    pub threads: usize,
}

impl Job {
    pub fn new(request: &Request) -> Result<Self, Failure> {
        let input = |name| request.input(name).map(Path::to_owned);
        let outputs = request.outputs.clone();
        Ok(Self {
            flights: input("flights")?,
            airlines: input("airlines")?,
            weather: input("weather")?,
            outputs: outputs
                .ok_or_else(|| Failure::input("the request names no folder 'outputs'"))?,
            threads: request.threads,
        })
    }

    /// The step's main output.
    pub fn output(&self, step: &str, suffix: &str) -> PathBuf {
        self.outputs.join(format!("{step}.{suffix}"))
    }

    pub fn rejects(&self, step: &str) -> PathBuf {
        self.output(step, "rejects.csv")
    }
}

/// The answer of a step that has written its own files.
pub struct Outcome {
    /// Of the main output.
    pub rows: u64,
    pub tally: Tally,
}

impl Answer for Outcome {
    fn check(&self) -> Result<Check, Failure> {
        Ok(Check { rows: self.rows, sums: self.tally.sums() })
    }
}
