//! Workload request-server for the Rust variants: the flights and their checks, the store, the model, metrics, and the
//! course of a job on tokio. What a framework brings of HTTP is the variant's own.

mod app;
mod course;
mod flight;
mod line;
mod metrics;
mod serve;
mod store;

pub use app::{App, Prediction, Predictions, Refused};
pub use course::{Course, Terminated, meter};
pub use flight::{Batch, Flight, Object, Text, read};
pub use metrics::{Metrics, Path};
pub use serve::{BODY, HEAD, Limits, serve};
pub use store::Entity;
