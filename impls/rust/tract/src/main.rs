//! rust/tract: ONNX graphs in tract, an engine written in Rust, its kernels in assembler.
mod batch_inference;

use std::process::ExitCode;

use bench_protocol::{Identity, serve};
use inference::Inference;

const IDENTITY: Identity = Identity {
    variant: "tract",
    libraries: &[("tract-onnx", "0.23.9")],
    allocator: "system (glibc malloc)",
};

fn main() -> ExitCode {
    serve(&IDENTITY, |job| match job.workload() {
        "batch-inference" => job.run::<Inference<batch_inference::Tract>>(),
        _ => job.unsupported(),
    })
}
