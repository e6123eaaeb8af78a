//! The rules of workload csv-etl for every Rust variant, and what lies around its hot loop.
//!
//! A file becomes [`Blocks`] of whole records ([`sweep`] hands them to threads); a variant parses the plain
//! lines of a block in its own way and leaves every other record to [`Odd`]; either ends in a [`Verdict`].

mod airlines;
mod blocks;
mod clean;
mod frame;
mod instant;
mod judge;
mod odd;
mod opening;
mod outcome;
mod output;
mod reason;
mod rejects;
mod small;
mod streaming;
mod sums;
mod sweep;
mod tally;
mod weather;

pub use airlines::Airlines;
pub use blocks::{BLOCK, Block, Blocks, PADDING};
pub use clean::Clean;
pub use frame::{Framed, LIMIT, Quotes};
pub use instant::Instant;
pub use judge::{COLUMNS, Fields, Verdict, judge};
pub use odd::Odd;
pub use outcome::{Job, Outcome};
pub use output::{Output, field};
pub use reason::Reason;
pub use streaming::{Step, Steps, Streaming};
pub use sums::{Means, Sums};
pub use sweep::{Notes, sweep};
pub use tally::Tally;
pub use weather::{Hour, SLOTS, Station, Weather};
