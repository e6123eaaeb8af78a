//! The answers to all rows of a pass, in row order.
use std::collections::BTreeMap;
use std::io::Write;

use bench_protocol::{Check, Failure};

use crate::Value;

pub struct Answer<V> {
    pub values: Vec<V>,
    /// Values a row.
    pub width: usize,
}

impl<V: Value> bench_protocol::Answer for Answer<V> {
    fn check(&self) -> Result<Check, Failure> {
        let sum = self.values.iter().map(|&value| value.into()).sum();
        let rows = self.values.len() as u64;
        Ok(Check { rows, sums: BTreeMap::from([("value".into(), sum)]) })
    }

    fn write_csv(&mut self, out: &mut dyn Write) -> Result<(), Failure> {
        writeln!(out, "row,output,value")?;
        for (row, values) in self.values.chunks_exact(self.width).enumerate() {
            for (output, &value) in values.iter().enumerate() {
                // As a double, so that a single-precision answer reads back as what it was.
                writeln!(out, "{row},{output},{}", Into::<f64>::into(value))?;
            }
        }
        Ok(())
    }
}
