//! rust/null: a yardstick for what is served. Its answers stand ready, so it measures what HTTP, machine and load generator cost.
mod answers;
mod line;
mod null;
mod server;

use std::process::ExitCode;

use bench_protocol::{Identity, serve};

const IDENTITY: Identity = Identity {
    variant: "null",
    libraries: &[("polling", "3.11.0"), ("httparse", "1.10.1")],
    allocator: "system (glibc malloc)",
};

fn main() -> ExitCode {
    serve(&IDENTITY, |job| match job.workload() {
        "request-server" => job.serve::<null::Null>(),
        _ => job.unsupported(),
    })
}
