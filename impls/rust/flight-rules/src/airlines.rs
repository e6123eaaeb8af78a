//! Airlines' names by carrier.
use std::collections::HashMap;
use std::path::Path;

use bench_protocol::Failure;

use crate::small::Small;

pub struct Airlines(HashMap<Vec<u8>, String>);

impl Airlines {
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let table = Small::read(path)?;
        let rows = table.rows(["carrier", "name"])?;
        let pair = |row: Result<[&str; 2], Failure>| {
            row.map(|[carrier, name]| (carrier.as_bytes().to_vec(), name.to_owned()))
        };
        Ok(Self(rows.map(pair).collect::<Result<_, _>>()?))
    }

    pub fn name(&self, carrier: &[u8]) -> Option<&str> {
        self.0.get(carrier).map(String::as_str)
    }
}
