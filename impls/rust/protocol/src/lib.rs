//! The wire of impls/PROTOCOL.md for every Rust variant: request in, events out, clocks, stall meter, answers.
//!
//! A variant implements [`Workload`] for each workload that it takes and hands control to [`serve`];
//! when something is timed, checked or written is decided here, alike for all of them.

mod answer;
mod clock;
mod event;
mod failure;
mod job;
mod meter;
mod outputs;
mod request;
mod served;

pub use answer::{Answer, Check};
pub use clock::now_ns;
pub use event::Identity;
pub use failure::{Failure, Kind};
pub use job::{Job, Workload, refuse, serve};
pub use meter::{Meter, Recorder, Stalls};
pub use request::{MeterSettings, Request, Serve};
pub use served::{Phases, Served, Server};
