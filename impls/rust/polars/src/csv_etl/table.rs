//! Operations on whole tables in memory: read, filter, join, write.
use std::path::Path;

use bench_protocol::Failure;
use flight_rules::{COLUMNS, Output};
use polars::prelude::*;

use super::tables::{Tables, categories, instant, refused};
use crate::frame::{Frame, collect, csv_writer, internal};

const KEYS: [&str; 6] = ["carrier", "tailnum", "origin", "dest", "time_hour", "flight"];
const VALUES: [&str; 13] = [
    "year",
    "month",
    "day",
    "dep_time",
    "sched_dep_time",
    "dep_delay",
    "arr_time",
    "sched_arr_time",
    "arr_delay",
    "air_time",
    "distance",
    "hour",
    "minute",
];

/// Nothing is spoilt here, so what Polars cannot read is an error.
pub fn read(flights: &Path) -> Result<DataFrame, Failure> {
    let dtype = |name| match name {
        "carrier" | "origin" => categories(),
        "tailnum" | "dest" | "time_hour" => DataType::String,
        _ => DataType::Int32,
    };
    let schema: Schema = COLUMNS.iter().map(|&name| Field::new(name.into(), dtype(name))).collect();
    let read = || {
        let reader = LazyCsvReader::new(PlRefPath::try_from_path(flights)?)
            .with_schema(Some(Arc::new(schema)))
            .with_null_values(Some(NullValues::AllColumnsSingle("NA".into())))
            .with_glob(false);
        collect(reader.finish()?.with_column(instant(col("time_hour"))))
    };
    read().map_err(|error| refused(flights, &error))
}

pub fn filter(flights: &DataFrame) -> PolarsResult<DataFrame> {
    let passing = col("arr_delay").gt(lit(15)).and(col("distance").gt_eq(lit(500)));
    collect(flights.clone().lazy().filter(passing))
}

pub fn join(flights: &DataFrame, tables: &Tables) -> PolarsResult<DataFrame> {
    collect(tables.named(tables.with_weather(flights.clone().lazy())))
}

pub fn write(flights: &DataFrame, out: Output) -> Result<(), Failure> {
    let mut rows = flights.select(KEYS.into_iter().chain(VALUES)).map_err(internal)?;
    csv_writer(out.into_file()).finish(&mut rows).map_err(internal)
}

/// A table as the answer of a step: its keys, what was `joined` among them, and its values.
pub fn answer(table: &DataFrame, names: &[&str], values: &[&str]) -> PolarsResult<Frame> {
    let columns = KEYS.iter().chain(names).chain(&VALUES).chain(values);
    Ok(Frame { data: table.select(columns.copied())?, keys: KEYS.len() + names.len() })
}
