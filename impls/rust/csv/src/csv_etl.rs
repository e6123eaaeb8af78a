//! Cleaning the flights: runs of plain lines through csv-core, every other record by the strict path.
mod agg;
mod columns;
mod grouped;
mod parquet;
mod rows;
mod runs;
mod scan;

use flight_rules::{Step, Steps, Streaming};

pub type CsvEtl = Streaming<Known>;

pub enum Known {}

impl Steps for Known {
    fn find(name: &str) -> Option<Step> {
        match name {
            "agg" => Some(agg::run),
            "csv" => Some(rows::run),
            "parquet" => Some(parquet::run),
            _ => None,
        }
    }
}
