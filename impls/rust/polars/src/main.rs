//! rust/polars: the workloads as lazy Polars queries, collected by its streaming engine.
mod csv_etl;
mod frame;
mod groupby;

use std::process::ExitCode;

use bench_protocol::{Identity, serve};
use tikv_jemallocator::Jemalloc;

const IDENTITY: Identity = Identity {
    variant: "polars",
    libraries: &[("polars", polars::VERSION)],
    allocator: "jemalloc (tikv-jemallocator)",
};

/// Polars' own Python wheel has this allocator on Linux, with these settings: freed pages are kept
/// for half a second, in which the next query takes them again without a page fault.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

/// Read by jemalloc as a C string when it starts.
#[unsafe(export_name = "_rjem_malloc_conf")]
pub static MALLOC_CONF: &[u8; 39] = b"dirty_decay_ms:500,muzzy_decay_ms:1000\0";

fn main() -> ExitCode {
    serve(&IDENTITY, |job| match job.workload() {
        "csv-etl" => job.run::<csv_etl::CsvEtl>(),
        "groupby" => job.run::<groupby::Groupby>(),
        _ => job.unsupported(),
    })
}
