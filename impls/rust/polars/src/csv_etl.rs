//! Cleaning flights: blocks sifted by the strict rules, read and transformed by Polars, a block a thread; and operations on tables.
mod sift;
mod sinks;
mod strays;
mod sweep;
mod table;
mod tables;
mod typed;

use std::collections::BTreeMap;
use std::io::Write;

use bench_protocol::{Answer, Check, Failure, Request, Workload};
use flight_rules::{Job, Outcome, Output};
use polars::prelude::*;

use self::sinks::{CsvRows, Groups, ParquetRows, Sink};
use self::sweep::sweep;
use self::tables::Tables;
use crate::frame::{Frame, internal, start};

pub struct CsvEtl {
    job: Job,
    /// Loaded for the operations on tables alone.
    loaded: Option<(DataFrame, Tables)>,
    units: u64,
}

impl Workload for CsvEtl {
    type Answer = Answered;

    fn start(request: &Request) -> Result<usize, Failure> {
        Ok(start(request.threads))
    }

    fn load(request: &Request) -> Result<Self, Failure> {
        let job = Job::new(request)?;
        let mut loaded = None;
        if request.params.get("table").is_some_and(|table| table == 1) {
            loaded = Some((table::read(&job.flights)?, Tables::read(&job.airlines, &job.weather)?));
        }
        let units = loaded.as_ref().map_or(0, |(flights, _)| flights.height() as u64);
        Ok(Self { job, loaded, units })
    }

    fn units(&self) -> u64 {
        self.units
    }

    fn run(&mut self, step: &str) -> Result<Answered, Failure> {
        match step {
            "agg" => self.clean(step, "csv", |out| Ok(Groups::new(out))),
            "csv" => self.clean(step, "csv", CsvRows::new),
            "parquet" => self.clean(step, "parquet", ParquetRows::new),
            _ => self.operate(step),
        }
    }
}

impl CsvEtl {
    fn clean<S: Sink>(
        &mut self,
        step: &str,
        suffix: &str,
        sink: impl FnOnce(Output) -> Result<S, Failure>,
    ) -> Result<Answered, Failure> {
        let tables = Tables::read(&self.job.airlines, &self.job.weather)?;
        let sink = sink(Output::create(&self.job.output(step, suffix))?)?;
        let tally = sweep(&self.job.flights, &self.job.rejects(step), &tables, &sink)?;
        self.units = tally.read();
        Ok(Answered::Files(Outcome { rows: sink.finish(&tables)?, tally }))
    }

    fn operate(&mut self, step: &str) -> Result<Answered, Failure> {
        let no_table = || Failure::unsupported(format!("step '{step}' needs the parameter table"));
        let (flights, tables) = self.loaded.as_ref().ok_or_else(no_table)?;
        self.units = flights.height() as u64;
        let (name, weather) = (&["name"][..], &["temp", "wind_speed", "visib"][..]);
        let frame = match step {
            "read" => table::answer(&table::read(&self.job.flights)?, &[], &[]),
            "filter" => table::filter(flights).and_then(|rows| table::answer(&rows, &[], &[])),
            "join" => {
                table::join(flights, tables).and_then(|rows| table::answer(&rows, name, weather))
            }
            "write" => {
                table::write(flights, Output::create(&self.job.output(step, "csv"))?)?;
                return Ok(Answered::Written(self.units));
            }
            _ => return Err(Failure::unsupported(format!("no step '{step}' in csv-etl"))),
        };
        frame.map(Answered::Table).map_err(internal)
    }
}

pub enum Answered {
    Files(Outcome),
    Table(Frame),
    /// So many rows, by an operation that has no tally.
    Written(u64),
}

impl Answer for Answered {
    fn check(&self) -> Result<Check, Failure> {
        match self {
            Self::Files(outcome) => outcome.check(),
            Self::Table(frame) => frame.check(),
            Self::Written(rows) => Ok(Check { rows: *rows, sums: BTreeMap::new() }),
        }
    }

    fn write_csv(&mut self, out: &mut dyn Write) -> Result<(), Failure> {
        match self {
            Self::Files(outcome) => outcome.write_csv(out),
            Self::Table(frame) => frame.write_csv(out),
            Self::Written(_) => Err(Failure::internal("the rows are among the outputs")),
        }
    }
}
