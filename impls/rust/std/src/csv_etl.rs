//! Cleaning the flights: one pass over the file's bytes, a block at a time on each thread.
mod agg;
mod figures;
mod index;
mod plain;
mod rows;
mod scan;

use flight_rules::{Step, Steps, Streaming};

pub type CsvEtl = Streaming<Known>;

pub enum Known {}

impl Steps for Known {
    fn find(name: &str) -> Option<Step> {
        match name {
            "agg" => Some(agg::run),
            "csv" => Some(rows::run),
            _ => None,
        }
    }
}
