//! Plain lines into a typed frame of the kept rows: Polars' own reader, forgiving, and a second look at every row with a null.
//!
//! What it cannot read becomes null, as `NA` does. Rows with nulls are few, so each of them is judged by the strict rules; a row
//! without any is lawful, because a plain line has nothing that the reader takes otherwise than the spec.
use bench_protocol::Failure;
use flight_rules::{COLUMNS, Fields, Verdict, judge};
use polars::io::csv::read::_csv_read_internal::{NullValuesCompiled, read_chunk};
use polars::prelude::*;

use super::sift::Sifted;
use super::tables::categories;
use crate::frame::internal;

const TEXTS: [&str; 4] = ["carrier", "tailnum", "origin", "dest"];
const NEEDED: [&str; 5] = ["dep_time", "arr_time", "dep_delay", "arr_delay", "air_time"];
const KEPT: [&str; 12] = [
    "carrier",
    "flight",
    "tailnum",
    "origin",
    "dest",
    "year",
    "month",
    "day",
    "dep_delay",
    "arr_delay",
    "air_time",
    "distance",
];

/// What the streaming engine parses a chunk with. `CsvReader` cuts its input into sixteen chunks a thread and joins them again.
pub struct Reader {
    schema: Schema,
    options: CsvParseOptions,
    missing: NullValuesCompiled,
    /// All but the last: the sifter has to read time_hour anyhow, and does it sooner than the reader.
    columns: Vec<usize>,
}

impl Reader {
    pub fn new() -> Self {
        Self {
            schema: schema(),
            options: CsvParseOptions { quote_char: None, ..Default::default() },
            missing: NullValuesCompiled::Columns(missing()),
            columns: (0..COLUMNS.len() - 1).collect(),
        }
    }

    /// The kept rows of a block, whose tally and rejects are complete afterwards.
    pub fn kept(&self, sifted: &mut Sifted) -> Result<DataFrame, Failure> {
        let frame = self.read(sifted).map_err(internal)?;
        let wrong = second_look(&frame, sifted)?;
        let clean = clean(&frame, &wrong).map_err(internal)?;
        sifted.tally.clean += clean.num_trues() as u64;
        sifted.tally.dropped += (frame.height() - wrong.len() - clean.num_trues()) as u64;
        let kept = kept(frame, &clean, sifted).map_err(internal)?;
        sifted.tally.kept += kept.height() as u64;
        with_strays(kept, sifted).map_err(internal)
    }

    fn read(&self, sifted: &Sifted) -> PolarsResult<DataFrame> {
        let (bytes, rows) = (&sifted.plain, sifted.rows.len());
        let missing = Some(&self.missing);
        let (all, end) = (usize::MAX, bytes.len());
        let (options, schema, columns) = (&self.options, &self.schema, &self.columns);
        read_chunk(bytes, options, schema, true, columns, 0, rows, missing, all, end, Some(0))
    }
}

fn schema() -> Schema {
    let dtype = |name| match name {
        "carrier" | "origin" => categories(),
        "tailnum" | "dest" | "time_hour" => DataType::String,
        _ => DataType::Int32,
    };
    COLUMNS.iter().map(|&name| Field::new(name.into(), dtype(name))).collect()
}

/// A number that is `NA` is no number and so null anyhow; not to look for it saves a comparison a field.
fn missing() -> Vec<PlSmallStr> {
    COLUMNS.iter().map(|name| if TEXTS.contains(name) { "NA" } else { "" }.into()).collect()
}

/// The rows with a null that the rules reject; their instants are lawful, so it can only be for a value.
fn second_look(frame: &DataFrame, sifted: &mut Sifted) -> Result<Vec<usize>, Failure> {
    if frame.height() != sifted.rows.len() {
        let message = "Polars' reader found another number of rows than there are plain lines";
        return Err(Failure::internal(message));
    }
    let nulls = frame.columns().iter().filter(|column| column.null_count() > 0);
    let nulls = nulls.map(Column::is_null).reduce(|some, more| some | more);
    let mut wrong = Vec::new();
    for chunk in nulls.iter().flat_map(|nulls| nulls.downcast_iter()) {
        for row in chunk.values().true_idx_iter() {
            let (start, number) = sifted.rows[row];
            if let Verdict::Rejected(reason) = judge(&fields(&sifted.plain[start as usize..])) {
                sifted.reject(number, reason);
                wrong.push(row);
            }
        }
    }
    Ok(wrong)
}

/// Of the plain line that begins here.
fn fields(line: &[u8]) -> Fields<'_> {
    let mut fields = line.split(|byte| matches!(byte, b',' | b'\n'));
    std::array::from_fn(|_| fields.next().unwrap_or_default())
}

/// Rows that are well formed and have all times and delays.
fn clean(frame: &DataFrame, wrong: &[usize]) -> PolarsResult<BooleanChunked> {
    let mut lawful = vec![true; frame.height()];
    for &row in wrong {
        lawful[row] = false;
    }
    let mut clean = BooleanChunked::from_slice("clean".into(), &lawful);
    for name in NEEDED {
        clean = clean & frame.column(name)?.is_not_null();
    }
    Ok(clean)
}

fn kept(frame: DataFrame, clean: &BooleanChunked, sifted: &Sifted) -> PolarsResult<DataFrame> {
    let far = frame.column("distance")?.i32()?.gt_eq(500);
    let flown = frame.column("air_time")?.i32()?.gt(0);
    let times = Int64Chunked::from_slice("time_hour".into(), &sifted.times);
    let mut frame = frame.select(KEPT)?;
    frame.with_column(times.into_datetime(TimeUnit::Milliseconds, None).into_column())?;
    frame.filter(&(clean & &(far & flown)))
}

fn with_strays(mut kept: DataFrame, sifted: &Sifted) -> PolarsResult<DataFrame> {
    if let Some(strays) = sifted.strays.frame(&kept)? {
        kept.vstack_mut(&strays)?;
        kept.rechunk_mut();
    }
    Ok(kept)
}
