//! rust/candle: Hugging Face's BERT in candle, tensors and matrix products written in Rust.
mod batch_inference;

use std::process::ExitCode;

use bench_protocol::{Identity, serve};
use inference::Inference;

const IDENTITY: Identity = Identity {
    variant: "candle",
    libraries: &[("candle-core", "0.11.0"), ("candle-transformers", "0.11.0")],
    allocator: "system (glibc malloc)",
};

fn main() -> ExitCode {
    serve(&IDENTITY, |job| match job.workload() {
        "batch-inference" => job.run::<Inference<batch_inference::Candle>>(),
        _ => job.unsupported(),
    })
}
