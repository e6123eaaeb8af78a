//! csv-etl as the harness sees it: outputs in their folder, tallies in the checks, failures as events.
#[path = "../../flight-rules/tests/job/mod.rs"]
mod job;

const PROGRAM: &str = env!("CARGO_BIN_EXE_bench-std");

#[test]
fn every_step_takes_its_course() {
    job::takes_its_course(PROGRAM, &["agg", "csv"], &|folder, step| match step {
        "agg" => job::groups(folder),
        // The quoted carrier's rows have two lines each.
        _ => folder.lines("csv.csv").len() as u64 * 4 / 5,
    });
}

#[test]
fn another_file_is_refused() {
    job::refuses(PROGRAM, "agg");
}
