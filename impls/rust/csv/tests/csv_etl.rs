//! csv-etl as the harness sees it: outputs in their folder, tallies in the checks, failures as events.
#[path = "../../flight-rules/tests/job/mod.rs"]
mod job;

use std::fs::File;

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, TimestampMillisecondType};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

const PROGRAM: &str = env!("CARGO_BIN_EXE_bench-csv");

#[test]
fn every_step_takes_its_course() {
    job::takes_its_course(PROGRAM, &["agg", "csv", "parquet"], &|folder, step| match step {
        "agg" => job::groups(folder),
        "parquet" => parquet_rows(folder),
        // The quoted carrier's rows have two lines each.
        _ => folder.lines("csv.csv").len() as u64 * 4 / 5,
    });
}

fn parquet_rows(folder: &job::Folder) -> u64 {
    let file = File::open(folder.output("parquet.parquet")).unwrap();
    let mut rows = 0;
    for batch in ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap() {
        let batch = batch.unwrap();
        rows += batch.num_rows() as u64;
        let text = |name: &str| batch[name].as_string::<i32>();
        let real = |name: &str| batch[name].as_primitive::<Float64Type>();
        for row in 0..batch.num_rows() {
            let carrier = text("carrier").value(row);
            assert_eq!(text("name").is_valid(row), carrier == "UA");
            assert!(["UA", "9E", "U,\n\"A"].contains(&carrier));
            let time = batch["time_hour"].as_primitive::<TimestampMillisecondType>().value(row);
            assert_eq!(time, if carrier == "9E" { 1_357_383_600_000 } else { 1_357_380_000_000 });
            assert_eq!(real("temp").is_valid(row), carrier != "9E");
            assert_eq!(real("speed").value(row), 1400.0 * 60.0 / 227.0);
        }
    }
    rows
}

#[test]
fn another_file_is_refused() {
    job::refuses(PROGRAM, "parquet");
}
