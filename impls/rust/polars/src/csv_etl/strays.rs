//! Clean rows that Polars' reader is not trusted with: well-formed records with quotes, blanks or letters beyond ASCII.
use flight_rules::Clean;
use polars::prelude::*;

/// The kept ones of a block, column by column.
#[derive(Default)]
pub struct Strays {
    numbers: [Vec<i32>; NUMBERS.len()],
    texts: [Vec<String>; TEXTS.len()],
    tailnum: Vec<Option<String>>,
    times: Vec<i64>,
}

const NUMBERS: [&str; 8] =
    ["year", "month", "day", "dep_delay", "arr_delay", "flight", "air_time", "distance"];
const TEXTS: [&str; 3] = ["carrier", "origin", "dest"];

impl Strays {
    pub fn push(&mut self, row: &Clean<'_>) {
        let numbers = [
            row.year,
            row.month,
            row.day,
            row.dep_delay,
            row.arr_delay,
            row.flight,
            row.air_time,
            row.distance,
        ];
        for (column, number) in self.numbers.iter_mut().zip(numbers) {
            column.push(number);
        }
        for (column, text) in self.texts.iter_mut().zip([row.carrier, row.origin, row.dest]) {
            column.push(owned(text));
        }
        self.tailnum.push(row.tailnum.map(owned));
        self.times.push(row.time.seconds * 1000);
    }

    /// As a frame with the columns and types of `like`; None where there are none.
    pub fn frame(&self, like: &DataFrame) -> PolarsResult<Option<DataFrame>> {
        if self.times.is_empty() {
            return Ok(None);
        }
        let column = |column: &Column| self.column(column.name()).cast(column.dtype());
        let columns = like.columns().iter().map(column).collect::<PolarsResult<_>>()?;
        DataFrame::new(self.times.len(), columns).map(Some)
    }

    fn column(&self, name: &PlSmallStr) -> Column {
        let place = |names: &[&str]| names.iter().position(|other| name == other);
        if let Some(number) = place(&NUMBERS) {
            Column::new(name.clone(), &self.numbers[number])
        } else if let Some(text) = place(&TEXTS) {
            Column::new(name.clone(), &self.texts[text])
        } else if name == "tailnum" {
            Column::new(name.clone(), &self.tailnum)
        } else {
            Column::new(name.clone(), &self.times)
        }
    }
}

/// Records are judged only when they are known to be UTF-8.
fn owned(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}
