//! rust/actix: the server as an engineer would deploy it on Actix Web.
mod request_server;

use std::process::ExitCode;

use bench_protocol::{Identity, serve};

const IDENTITY: Identity = Identity {
    variant: "actix",
    libraries: &[("actix-web", "4.18.1"), ("tokio", "1.54.1")],
    allocator: "system (glibc malloc)",
};

fn main() -> ExitCode {
    serve(&IDENTITY, |job| match job.workload() {
        "request-server" => job.serve::<request_server::Actix>(),
        _ => job.unsupported(),
    })
}
