//! A DataFrame as the answer of a step.
use std::io::Write;

use bench_protocol::{Answer, Check, Failure};
use polars::prelude::*;

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
        CsvWriter::new(out).finish(&mut self.data).map_err(internal)
    }
}

pub fn internal(error: PolarsError) -> Failure {
    Failure::internal(error.to_string())
}
