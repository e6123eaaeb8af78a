//! Polars started and asked, and a DataFrame as the answer of a step.
use std::env;
use std::io::Write;

use bench_protocol::{Answer, Check, Failure};
use polars::prelude::*;
use polars_core::runtime::RAYON;

/// Instants in CSV, to the second.
pub const TIME_FORMAT: &str = "%Y-%m-%dT%H:%M:%SZ";

/// The first `keys` columns are keys, the others values.
pub struct Frame {
    pub data: DataFrame,
    pub keys: usize,
}

impl Answer for Frame {
    fn check(&self) -> Result<Check, Failure> {
        let sum = |column: &Column| -> PolarsResult<(String, f64)> {
            Ok((column.name().to_string(), column.as_materialized_series().sum()?))
        };
        let sums = self.data.columns()[self.keys..].iter().map(sum);
        let sums = sums.collect::<PolarsResult<_>>().map_err(internal)?;
        Ok(Check { rows: self.data.height() as u64, sums })
    }

    fn write_csv(&mut self, out: &mut dyn Write) -> Result<(), Failure> {
        csv_writer(out).finish(&mut self.data).map_err(internal)
    }
}

pub fn csv_writer<W: Write>(out: W) -> CsvWriter<W> {
    CsvWriter::new(out).with_datetime_format(Some(TIME_FORMAT.into()))
}

/// Sets the size of Polars' pool, and says what it is.
pub fn start(threads: usize) -> usize {
    // SAFETY: this is the only thread so far, so no other one can be reading the environment.
    unsafe { env::set_var("POLARS_MAX_THREADS", threads.to_string()) };
    RAYON.current_num_threads()
}

pub fn collect(query: LazyFrame) -> PolarsResult<DataFrame> {
    Ok(query.collect_with_engine(Engine::Streaming)?.unwrap_single())
}

pub fn internal(error: PolarsError) -> Failure {
    Failure::internal(error.to_string())
}
