//! The result of a question: key columns still coded, value columns, all of them whole in memory.
//!
//! A thread that has made rows of its own leaves them in a chunk of its own, as Arrow's tables do:
//! to put them end to end would copy what nobody needs in one piece.
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;

use bench_protocol::{Check, Failure};

use super::table::{Key, Labels};

pub struct Answer {
    /// At least one, all with the same columns.
    chunks: Vec<Chunk>,
}

pub struct Chunk {
    pub keys: Vec<KeyColumn>,
    pub values: Vec<ValueColumn>,
}

pub struct KeyColumn {
    pub name: &'static str,
    pub codes: Vec<u32>,
    pub labels: Arc<Labels>,
}

pub struct ValueColumn {
    pub name: &'static str,
    pub values: Values,
}

pub enum Values {
    Whole(Vec<i64>),
    /// [`NONE`] where there is no value: a difference of 32-bit numbers never gets there.
    WholeOrNone(Vec<i64>),
    /// NaN where there is no value.
    Real(Vec<f64>),
}

pub const NONE: i64 = i64::MIN;

impl KeyColumn {
    pub fn new(key: &Key, codes: Vec<u32>) -> Self {
        Self { name: key.name, codes, labels: Arc::clone(&key.labels) }
    }
}

impl Values {
    fn sum(&self) -> f64 {
        match self {
            Self::Whole(values) => values.iter().sum::<i64>() as f64,
            Self::WholeOrNone(values) => {
                values.iter().filter(|&&value| value != NONE).sum::<i64>() as f64
            }
            Self::Real(values) => values.iter().filter(|value| !value.is_nan()).sum(),
        }
    }

    fn write(&self, row: usize, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::WholeOrNone(values) if values[row] == NONE => Ok(()),
            Self::Real(values) if values[row].is_nan() => Ok(()),
            Self::Whole(values) | Self::WholeOrNone(values) => write!(out, "{}", values[row]),
            // The shortest decimal that reads back as the same double.
            Self::Real(values) => write!(out, "{}", values[row]),
        }
    }
}

impl Answer {
    pub fn new(keys: Vec<KeyColumn>, values: Vec<ValueColumn>) -> Self {
        Self { chunks: vec![Chunk { keys, values }] }
    }
}

impl From<Vec<Chunk>> for Answer {
    fn from(chunks: Vec<Chunk>) -> Self {
        Self { chunks }
    }
}

impl Chunk {
    fn rows(&self) -> usize {
        self.keys[0].codes.len()
    }

    fn header(&self) -> String {
        let keys = self.keys.iter().map(|column| column.name);
        let values = self.values.iter().map(|column| column.name);
        keys.chain(values).collect::<Vec<_>>().join(",")
    }

    fn write_row(&self, row: usize, out: &mut dyn Write) -> io::Result<()> {
        for (i, column) in self.keys.iter().enumerate() {
            out.write_all(if i == 0 { b"" } else { b"," })?;
            column.labels.write(column.codes[row], out)?;
        }
        for column in &self.values {
            out.write_all(b",")?;
            column.values.write(row, out)?;
        }
        out.write_all(b"\n")
    }
}

impl bench_protocol::Answer for Answer {
    fn check(&self) -> Result<Check, Failure> {
        let rows = self.chunks.iter().map(|chunk| chunk.rows() as u64).sum();
        let mut sums = BTreeMap::new();
        for column in self.chunks.iter().flat_map(|chunk| &chunk.values) {
            *sums.entry(column.name.to_owned()).or_insert(0.0) += column.values.sum();
        }
        Ok(Check { rows, sums })
    }

    fn write_csv(&mut self, out: &mut dyn Write) -> Result<(), Failure> {
        writeln!(out, "{}", self.chunks[0].header())?;
        for chunk in &self.chunks {
            for row in 0..chunk.rows() {
                chunk.write_row(row, out)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use bench_protocol::Answer as _;

    use super::super::field::MISSING;
    use super::*;

    /// In two chunks of a row each.
    fn answer() -> Answer {
        let key = Key::whole("id4", vec![MISSING, 7]);
        let column = |name, values| ValueColumn { name, values };
        let chunk = |code, v1, range, v3| Chunk {
            keys: vec![KeyColumn::new(&key, vec![code])],
            values: vec![
                column("v1", Values::Whole(vec![v1])),
                column("range_v1_v2", Values::WholeOrNone(vec![range])),
                column("v3", Values::Real(vec![v3])),
            ],
        };
        vec![chunk(0, -2, NONE, 0.1 + 0.2), chunk(1, 5, 3, f64::NAN)].into()
    }

    #[test]
    fn missing_keys_and_values_are_empty_fields() {
        let mut out = Vec::new();
        answer().write_csv(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text, "id4,v1,range_v1_v2,v3\n,-2,,0.30000000000000004\n7,5,3,\n");
    }

    #[test]
    fn the_check_passes_over_missing_values() {
        let check = answer().check().unwrap();
        assert_eq!(check.rows, 2);
        assert_eq!(check.sums["v1"], 3.0);
        assert_eq!(check.sums["range_v1_v2"], 3.0);
        assert_eq!(check.sums["v3"], 0.1 + 0.2);
    }
}
