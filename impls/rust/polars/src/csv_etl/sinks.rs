//! Where kept rows go, a block at a time from any thread: into groups, into CSV, into Parquet.
use std::fs::File;
use std::mem;
use std::sync::Mutex;

use bench_protocol::Failure;
use flight_rules::Output;
use polars::io::parquet::write::BatchedWriter;
use polars::prelude::*;

use super::sweep::lock;
use super::tables::Tables;
use crate::frame::{csv_writer, internal};

/// Rows that make a row group. Polars' own default, four times as many, would hold 64 MB of rows.
const GROUP: usize = 1 << 16;
const ROW: [(&str, DataType); 22] = [
    ("carrier", DataType::String),
    ("name", DataType::String),
    ("flight", DataType::Int32),
    ("tailnum", DataType::String),
    ("origin", DataType::String),
    ("dest", DataType::String),
    ("year", DataType::Int32),
    ("month", DataType::Int32),
    ("day", DataType::Int32),
    ("time_hour", DataType::Datetime(TimeUnit::Milliseconds, None)),
    ("dep_delay", DataType::Int32),
    ("arr_delay", DataType::Int32),
    ("air_time", DataType::Int32),
    ("distance", DataType::Int32),
    ("weekday", DataType::Int32),
    ("hour", DataType::Int32),
    ("speed", DataType::Float64),
    ("made_up", DataType::Float64),
    ("late", DataType::Int32),
    ("temp", DataType::Float64),
    ("wind_speed", DataType::Float64),
    ("visib", DataType::Float64),
];

pub trait Sink: Sync {
    fn take(&self, kept: DataFrame, tables: &Tables) -> Result<(), Failure>;

    /// Rows of the main output, whole and closed.
    fn finish(self, tables: &Tables) -> Result<u64, Failure>;
}

/// Sums and counts of each block by carrier, origin and month; means only of them all.
pub struct Groups {
    parts: Mutex<Vec<DataFrame>>,
    out: Output,
}

const KEYS: [&str; 3] = ["carrier", "origin", "month"];
const SUMS: [&str; 7] = ["flights", "late", "weekend", "early", "made_up", "speed", "temp"];

impl Groups {
    pub fn new(out: Output) -> Self {
        Self { parts: Mutex::default(), out }
    }
}

impl Sink for Groups {
    fn take(&self, kept: DataFrame, tables: &Tables) -> Result<(), Failure> {
        let time = || col("time_hour").dt();
        let count = |rows: Expr, name| rows.sum().cast(DataType::Int64).alias(name);
        let sums = [
            len().cast(DataType::Int64).alias("flights"),
            count(col("arr_delay").gt(lit(15)), "late"),
            count(time().weekday().gt_eq(lit(6)), "weekend"),
            count(time().hour().lt(lit(12)), "early"),
            made_up().cast(DataType::Float64).sum(),
            speed().sum(),
            col("temp").sum(),
            col("temp").count().cast(DataType::Int64).alias("temps"),
        ];
        let rows = tables.with_weather(kept.lazy());
        let part = rows.group_by(KEYS.map(col)).agg(sums).collect().map_err(internal)?;
        lock(&self.parts).push(part);
        Ok(())
    }

    fn finish(mut self, tables: &Tables) -> Result<u64, Failure> {
        let mut groups = self.groups(tables).map_err(internal)?;
        let mut bytes = Vec::new();
        CsvWriter::new(&mut bytes).finish(&mut groups).map_err(internal)?;
        self.out.write(&bytes)?;
        Ok(groups.height() as u64)
    }
}

impl Groups {
    fn groups(&self, tables: &Tables) -> PolarsResult<DataFrame> {
        let parts = mem::take(&mut *lock(&self.parts));
        let parts = parts.into_iter().map(IntoLazy::lazy).collect::<Vec<_>>();
        let sums = SUMS.iter().chain(&["temps"]).map(|&name| col(name).sum()).collect::<Vec<_>>();
        let groups = concat(parts, UnionArgs::default())?.group_by(KEYS.map(col)).agg(sums);
        let columns = ["carrier", "name", "origin", "month"].into_iter().chain(SUMS);
        let columns = columns.map(|name| match name {
            "made_up" | "speed" => col(name) / col("flights"),
            "temp" => {
                when(col("temps").gt(lit(0))).then(col(name) / col("temps")).otherwise(lit(NULL))
            }
            _ => col(name),
        });
        tables.named(groups).select(columns.collect::<Vec<_>>()).collect()
    }
}

/// A kept row as `csv` and `parquet` write it.
fn rows(kept: DataFrame, tables: &Tables) -> PolarsResult<DataFrame> {
    let time = || col("time_hour").dt();
    let derived = [
        time().weekday().alias("weekday"),
        time().hour().alias("hour"),
        speed(),
        made_up(),
        col("arr_delay").gt(lit(15)).alias("late"),
    ];
    let columns = ROW.map(|(name, dtype)| col(name).cast(dtype));
    tables.named(tables.with_weather(kept.lazy())).with_columns(derived).select(columns).collect()
}

/// Miles an hour.
fn speed() -> Expr {
    (col("distance").cast(DataType::Float64) * lit(60.0) / col("air_time")).alias("speed")
}

/// Minutes.
fn made_up() -> Expr {
    (col("dep_delay") - col("arr_delay")).alias("made_up")
}

pub struct CsvRows {
    out: Mutex<(Output, u64)>,
}

impl CsvRows {
    pub fn new(mut out: Output) -> Result<Self, Failure> {
        let header = ROW.map(|(name, _)| name).join(",") + "\n";
        out.write(header.as_bytes())?;
        Ok(Self { out: Mutex::new((out, 0)) })
    }
}

impl Sink for CsvRows {
    fn take(&self, kept: DataFrame, tables: &Tables) -> Result<(), Failure> {
        let mut rows = rows(kept, tables).map_err(internal)?;
        let mut bytes = Vec::new();
        csv_writer(&mut bytes).include_header(false).finish(&mut rows).map_err(internal)?;
        let (out, written) = &mut *lock(&self.out);
        *written += rows.height() as u64;
        out.write(&bytes)
    }

    fn finish(self, _tables: &Tables) -> Result<u64, Failure> {
        Ok(lock(&self.out).1)
    }
}

pub struct ParquetRows {
    waiting: Mutex<Vec<DataFrame>>,
    writer: BatchedWriter<File>,
    written: Mutex<u64>,
}

impl ParquetRows {
    pub fn new(out: Output) -> Result<Self, Failure> {
        let fields = ROW.map(|(name, dtype)| Field::new(name.into(), utc(dtype)));
        let writer = ParquetWriter::new(out.into_file())
            .with_compression(ParquetCompression::Snappy)
            .batched(&fields.into_iter().collect());
        let writer = writer.map_err(internal)?;
        Ok(Self { waiting: Mutex::default(), writer, written: Mutex::default() })
    }

    fn write(&self, frames: Vec<DataFrame>) -> PolarsResult<()> {
        let mut frames = frames.into_iter();
        let Some(mut group) = frames.next() else { return Ok(()) };
        for frame in frames {
            group.vstack_mut_owned(frame)?;
        }
        group.rechunk_mut();
        let pages = self.writer.encode_and_compress(&group).collect::<PolarsResult<_>>()?;
        *lock(&self.written) += group.height() as u64;
        self.writer.write_row_groups(pages)
    }
}

/// The type as it stands in the file, where instants have their zone.
fn utc(dtype: DataType) -> DataType {
    match dtype {
        DataType::Datetime(unit, _) => DataType::Datetime(unit, Some(TimeZone::UTC)),
        other => other,
    }
}

impl Sink for ParquetRows {
    fn take(&self, kept: DataFrame, tables: &Tables) -> Result<(), Failure> {
        let rows = rows(kept, tables).map_err(internal)?;
        let full = {
            let mut waiting = lock(&self.waiting);
            waiting.push(rows);
            let height: usize = waiting.iter().map(DataFrame::height).sum();
            if height < GROUP { Vec::new() } else { mem::take(&mut *waiting) }
        };
        self.write(full).map_err(internal)
    }

    fn finish(self, _tables: &Tables) -> Result<u64, Failure> {
        self.write(mem::take(&mut *lock(&self.waiting))).map_err(internal)?;
        self.writer.finish().map_err(internal)?;
        Ok(*lock(&self.written))
    }
}
