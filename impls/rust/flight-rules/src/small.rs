//! A small well-formed table: LF, no quotes, `NA` is missing.
use std::fs;
use std::path::Path;

use bench_protocol::Failure;

pub struct Small {
    text: String,
    name: String,
}

impl Small {
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let name = path.display().to_string();
        match fs::read_to_string(path) {
            Ok(text) => Ok(Self { text, name }),
            Err(error) => Err(Failure::input(format!("{name}: {error}"))),
        }
    }

    /// The rows, of each only the columns asked for.
    pub fn rows<const N: usize>(
        &self,
        columns: [&str; N],
    ) -> Result<impl Iterator<Item = Result<[&str; N], Failure>>, Failure> {
        let mut lines = self.text.lines();
        let header: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
        let mut places = [0; N];
        for (place, column) in places.iter_mut().zip(columns) {
            let missing = || Failure::input(format!("{}: it has no column {column}", self.name));
            *place = header.iter().position(|name| *name == column).ok_or_else(missing)?;
        }
        Ok((2..).zip(lines).map(move |(number, line)| {
            let fields: Vec<&str> = line.split(',').collect();
            if fields.len() != header.len() {
                return Err(self.wrong(number));
            }
            Ok(places.map(|place| fields[place]))
        }))
    }

    pub fn wrong(&self, line: usize) -> Failure {
        Failure::input(format!("{}: line {line} is no row of the table", self.name))
    }
}
