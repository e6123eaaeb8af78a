//! The kept rows in Arrow's columns, a batch at a time.
use std::sync::Arc;

use arrow_array::builder::{
    ArrayBuilder, BinaryBuilder, Float64Builder, Int32Builder, TimestampMillisecondBuilder,
};
use arrow_array::{ArrayRef, StringArray};
use arrow_schema::{ArrowError, DataType, Field, Schema, TimeUnit};
use flight_rules::{Clean, Hour};

pub const NAMES: [&str; 22] = [
    "carrier",
    "name",
    "flight",
    "tailnum",
    "origin",
    "dest",
    "year",
    "month",
    "day",
    "time_hour",
    "dep_delay",
    "arr_delay",
    "air_time",
    "distance",
    "weekday",
    "hour",
    "speed",
    "made_up",
    "late",
    "temp",
    "wind_speed",
    "visib",
];

const ZONE: &str = "UTC";

fn data_type(name: &str) -> DataType {
    match name {
        "carrier" | "name" | "tailnum" | "origin" | "dest" => DataType::Utf8,
        "time_hour" => DataType::Timestamp(TimeUnit::Millisecond, Some(ZONE.into())),
        "speed" | "made_up" | "temp" | "wind_speed" | "visib" => DataType::Float64,
        _ => DataType::Int32,
    }
}

/// What a join or the input may leave missing.
fn nullable(name: &str) -> bool {
    ["name", "tailnum", "temp", "wind_speed", "visib"].contains(&name)
}

pub fn schema() -> Schema {
    let fields = NAMES.map(|name| Field::new(name, data_type(name), nullable(name)));
    Schema::new(fields.to_vec())
}

/// Rows that are not yet encoded.
#[derive(Default)]
pub struct Columns {
    /// Carrier, name, tailnum, origin, dest: bytes here, found to be UTF-8 a column at a time.
    texts: [BinaryBuilder; 5],
    /// Flight, year, month, day; dep_delay, arr_delay, air_time, distance, weekday, hour; late.
    wholes: [Int32Builder; 11],
    /// Milliseconds.
    times: TimestampMillisecondBuilder,
    /// Speed, made_up, temp, wind_speed, visib.
    reals: [Float64Builder; 5],
}

impl Columns {
    pub fn len(&self) -> usize {
        self.times.len()
    }

    pub fn add(&mut self, row: &Clean<'_>, name: Option<&str>, hour: Hour) {
        let texts = [
            Some(row.carrier),
            name.map(str::as_bytes),
            row.tailnum,
            Some(row.origin),
            Some(row.dest),
        ];
        self.texts.iter_mut().zip(texts).for_each(|(column, text)| column.append_option(text));
        let wholes = [
            row.flight,
            row.year,
            row.month,
            row.day,
            row.dep_delay,
            row.arr_delay,
            row.air_time,
            row.distance,
            row.time.weekday.into(),
            row.time.hour.into(),
            row.late().into(),
        ];
        self.wholes.iter_mut().zip(wholes).for_each(|(column, value)| column.append_value(value));
        self.times.append_value(row.time.seconds * 1_000);
        let made_up = f64::from(row.made_up());
        let reals = [Some(row.speed()), Some(made_up), hour.temp, hour.wind_speed, hour.visib];
        self.reals.iter_mut().zip(reals).for_each(|(column, value)| column.append_option(value));
    }

    /// The columns in the order of [`NAMES`], and none left here.
    pub fn take(&mut self) -> Result<Vec<ArrayRef>, ArrowError> {
        let text = |column: &mut BinaryBuilder| {
            StringArray::try_from_binary(column.finish()).map(|array| Arc::new(array) as ArrayRef)
        };
        let [carrier, name, tailnum, origin, dest] = self.texts.each_mut().map(text);
        let [flight, year, month, day, dep, arr, air, distance, weekday, hour, late] =
            self.wholes.each_mut().map(|column| Arc::new(column.finish()) as ArrayRef);
        let time = Arc::new(self.times.finish().with_timezone(ZONE)) as ArrayRef;
        let [speed, made_up, temp, wind, visib] =
            self.reals.each_mut().map(|column| Arc::new(column.finish()) as ArrayRef);
        Ok(vec![
            carrier?, name?, flight, tailnum?, origin?, dest?, year, month, day, time, dep, arr,
            air, distance, weekday, hour, speed, made_up, late, temp, wind, visib,
        ])
    }
}
