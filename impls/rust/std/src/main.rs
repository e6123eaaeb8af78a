//! rust/std: the workloads with the standard library alone, as an experienced engineer would write them.
mod batch_inference;
mod csv_etl;
mod groupby;

use std::process::ExitCode;

use bench_protocol::{Identity, serve};

const IDENTITY: Identity =
    Identity { variant: "std", libraries: &[], allocator: "system (glibc malloc)" };

fn main() -> ExitCode {
    serve(&IDENTITY, |job| match job.workload() {
        "batch-inference" => job.run::<batch_inference::BatchInference>(),
        "csv-etl" => job.run::<csv_etl::CsvEtl>(),
        "groupby" => job.run::<groupby::Groupby>(),
        _ => job.unsupported(),
    })
}
