//! rust/csv: the workloads with the csv crate, and arrow and parquet where the output is Parquet.
mod csv_etl;

use std::process::ExitCode;

use bench_protocol::{Identity, serve};

const IDENTITY: Identity = Identity {
    variant: "csv",
    libraries: &[("csv", "1.4.0"), ("csv-core", "0.1.13"), ("parquet", "60.1.0")],
    allocator: "system (glibc malloc)",
};

fn main() -> ExitCode {
    serve(&IDENTITY, |job| match job.workload() {
        "csv-etl" => job.run::<csv_etl::CsvEtl>(),
        _ => job.unsupported(),
    })
}
