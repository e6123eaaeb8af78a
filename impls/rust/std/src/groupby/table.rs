//! The table in memory: one dense vector a column, with a marker for missing values.
use std::io::{self, Write};
use std::sync::Arc;

use super::dictionary::Texts;
use super::field::MISSING;

pub struct Table {
    pub ids: [Key; 6],
    /// [`MISSING`] where there is no value.
    pub v1: Vec<i32>,
    pub v2: Vec<i32>,
    /// NaN where there is no value: the input has none of its own.
    pub v3: Vec<f64>,
    /// How many the questions may use.
    pub threads: usize,
}

/// A key column, coded: every code is below `size`, and 0 is the missing key.
pub struct Key {
    pub name: &'static str,
    pub codes: Vec<u32>,
    pub size: usize,
    pub labels: Arc<Labels>,
}

/// What the codes from 1 on stand for.
#[derive(Debug)]
pub enum Labels {
    Text(Texts),
    /// Code `c` is the whole number `base + c`, which keeps small ranges small.
    Whole {
        base: i64,
    },
}

impl Key {
    pub fn text(name: &'static str, codes: Vec<u32>, texts: Texts) -> Self {
        Self { name, codes, size: texts.len(), labels: Arc::new(Labels::Text(texts)) }
    }

    pub fn whole(name: &'static str, values: Vec<i32>) -> Self {
        let present = || values.iter().copied().filter(|&value| value != MISSING);
        let least = i64::from(present().min().unwrap_or(0));
        let most = i64::from(present().max().unwrap_or(0));
        let base = least - 1;
        let code = |value| if value == MISSING { 0 } else { (i64::from(value) - base) as u32 };
        // Same size and alignment: the standard library collects into the same memory.
        let codes = values.into_iter().map(code).collect();
        let size = (most - base + 1) as usize;
        Self { name, codes, size, labels: Arc::new(Labels::Whole { base }) }
    }
}

impl Labels {
    /// A missing key is an empty field.
    pub fn write(&self, code: u32, out: &mut dyn Write) -> io::Result<()> {
        match self {
            _ if code == 0 => Ok(()),
            Self::Text(texts) => out.write_all(texts.get(code)),
            Self::Whole { base } => write!(out, "{}", base + i64::from(code)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(key: &Key) -> Vec<String> {
        let write = |&code: &u32| {
            let mut out = Vec::new();
            key.labels.write(code, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        key.codes.iter().map(write).collect()
    }

    #[test]
    fn whole_keys_are_coded_from_their_least_value() {
        let key = Key::whole("id4", vec![-3, MISSING, 4, -3]);
        assert_eq!((key.codes.as_slice(), key.size), ([1, 0, 8, 1].as_slice(), 9));
        assert_eq!(written(&key), ["-3", "", "4", "-3"]);
    }

    #[test]
    fn the_widest_range_still_has_codes() {
        let key = Key::whole("id4", vec![-i32::MAX, i32::MAX]);
        assert_eq!(key.codes, [1, u32::MAX]);
        assert_eq!(written(&key), ["-2147483647", "2147483647"]);
    }

    #[test]
    fn a_column_of_missing_keys_has_one_group() {
        assert_eq!(Key::whole("id4", vec![MISSING; 2]).codes, [0, 0]);
    }
}
