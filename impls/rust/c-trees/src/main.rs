//! rust/c-trees: a yardstick for the trees, plain C behind the same loop over queries. It takes no part in the contest.
mod batch_inference;
mod layout;

use std::process::ExitCode;

use bench_protocol::{Identity, serve};

const IDENTITY: Identity =
    Identity { variant: "c-trees", libraries: &[], allocator: "system (glibc malloc)" };

fn main() -> ExitCode {
    serve(&IDENTITY, |job| match job.workload() {
        "batch-inference" => job.run::<batch_inference::BatchInference>(),
        _ => job.unsupported(),
    })
}
