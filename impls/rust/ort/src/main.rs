//! rust/ort: ONNX Runtime, a C++ library, called from Rust by the crate `ort`.
mod batch_inference;
mod library;

use std::process::ExitCode;

use bench_protocol::{Identity, refuse, serve};
use inference::Inference;

use batch_inference::OnnxRuntime;

fn main() -> ExitCode {
    match library::load() {
        Ok(library) => answer(&library),
        Err(failure) => refuse(&failure),
    }
}

fn answer(library: &library::Library) -> ExitCode {
    let identity = Identity {
        variant: "ort",
        libraries: &[
            ("ort", "2.0.0-rc.13"),
            ("onnxruntime", &library.version),
            ("libonnxruntime.so", &library.digest),
        ],
        allocator: "system (glibc malloc); ONNX Runtime's own arena for its tensors",
    };
    serve(&identity, |job| match job.workload() {
        "batch-inference" => job.run::<Inference<OnnxRuntime>>(),
        _ => job.unsupported(),
    })
}
