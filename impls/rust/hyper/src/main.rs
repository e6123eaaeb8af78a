//! rust/hyper: the server on hyper alone, with its routes written out.
mod request_server;

use std::process::ExitCode;

use bench_protocol::{Identity, serve};

const IDENTITY: Identity = Identity {
    variant: "hyper",
    libraries: &[("hyper", "1.12.0"), ("tokio", "1.54.1")],
    allocator: "system (glibc malloc)",
};

fn main() -> ExitCode {
    serve(&IDENTITY, |job| match job.workload() {
        "request-server" => job.serve::<request_server::Hyper>(),
        _ => job.unsupported(),
    })
}
