//! rust/axum: the server as an engineer would deploy it on axum, hyper and tokio.
mod forward;
mod request_server;

use std::process::ExitCode;

use bench_protocol::{Identity, serve};

const IDENTITY: Identity = Identity {
    variant: "axum",
    libraries: &[
        ("axum", "0.8.9"),
        ("tokio", "1.54.1"),
        ("hyper", "1.12.0"),
        ("hyper-util", "0.1.21"),
        ("tower-http", "0.7.1"),
    ],
    allocator: "system (glibc malloc)",
};

fn main() -> ExitCode {
    serve(&IDENTITY, |job| match job.workload() {
        "request-server" => job.serve::<request_server::Axum>(),
        _ => job.unsupported(),
    })
}
