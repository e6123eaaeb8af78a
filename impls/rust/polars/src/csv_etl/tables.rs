//! The two small tables that flights are joined with, and what is derived of a flight.
use std::path::Path;

use bench_protocol::Failure;
use flight_rules::SLOTS;
use polars::prelude::*;

use crate::frame::TIME_FORMAT;

/// One numbering of carriers and origins for all frames: what is grouped or joined by them is whole numbers.
pub fn categories() -> DataType {
    DataType::from_categories(Categories::global())
}

#[derive(Clone)]
pub struct Tables {
    /// carrier, name.
    airlines: DataFrame,
    /// spot, temp, wind_speed, visib.
    weather: DataFrame,
}

impl Tables {
    pub fn read(airlines: &Path, weather: &Path) -> Result<Self, Failure> {
        let columns = [("carrier", categories()), ("name", DataType::String)];
        Ok(Self { airlines: small(airlines, &columns)?, weather: read_weather(weather)? })
    }

    /// The rows with the airline's name.
    pub fn named(&self, rows: LazyFrame) -> LazyFrame {
        rows.left_join(self.airlines.clone().lazy(), col("carrier"), col("carrier"))
    }

    /// The rows with temp, wind_speed and visib.
    pub fn with_weather(&self, rows: LazyFrame) -> LazyFrame {
        let rows = rows.with_column(spot());
        rows.left_join(self.weather.clone().lazy(), col("spot"), col("spot"))
    }
}

fn read_weather(path: &Path) -> Result<DataFrame, Failure> {
    let float = DataType::Float64;
    let columns = [
        ("origin", categories()),
        ("temp", float.clone()),
        ("wind_speed", float.clone()),
        ("visib", float),
        ("time_hour", DataType::String),
    ];
    let weather = small(path, &columns)?.lazy().with_column(instant(col("time_hour")));
    let columns = [spot(), col("temp"), col("wind_speed"), col("visib")];
    weather.select(columns).collect().map_err(|error| refused(path, &error))
}

/// A small table: well formed, never spoilt; of its columns only these.
fn small(path: &Path, columns: &[(&str, DataType)]) -> Result<DataFrame, Failure> {
    let types: Schema =
        columns.iter().map(|(name, dtype)| Field::new((*name).into(), dtype.clone())).collect();
    let names = columns.iter().map(|(name, _)| col(*name)).collect::<Vec<_>>();
    let read = || {
        let path = PlRefPath::try_from_path(path)?;
        let reader = LazyCsvReader::new(path)
            .with_infer_schema_length(Some(0))
            .with_dtype_overwrite(Some(Arc::new(types)))
            .with_null_values(Some(NullValues::AllColumnsSingle("NA".into())))
            .with_quote_char(None)
            .with_glob(false);
        reader.finish()?.select(names).collect()
    };
    read().map_err(|error| refused(path, &error))
}

pub fn refused(path: &Path, error: &PolarsError) -> Failure {
    Failure::input(format!("{}: {error}", path.display()))
}

/// A text's instant, which must be one.
pub fn instant(text: Expr) -> Expr {
    let format = Some(TIME_FORMAT.into());
    let options = StrptimeOptions { format, ..Default::default() };
    text.str().to_datetime(Some(TimeUnit::Milliseconds), None, options, lit("raise"))
}

/// An origin's hour of the year as one whole number: a join by it hashes one column, where origin, month, day and hour are four.
fn spot() -> Expr {
    let part = |part: Expr| part.cast(DataType::Int64);
    let time = || col("time_hour").dt();
    let days = (part(time().month()) - lit(1)) * lit(31) + part(time().day()) - lit(1);
    let slot = days * lit(24) + part(time().hour());
    (part(col("origin").to_physical()) * lit(SLOTS as i64) + slot).alias("spot")
}
