//! Workload batch-inference for every Rust variant: the rows, the loop over queries, its clocks, answers and checks.
//!
//! A variant implements [`Engine`] (open the model, answer the rows of one query) and runs [`Inference`] of it.
//! What is refused of the inputs is refused here; what of a model file, by the engine, as a `Failure::input`.

mod answer;
mod course;
mod engine;
mod inputs;
mod model;
mod setup;
mod tensors;
#[cfg(test)]
mod testing;
mod value;
mod workload;

pub use engine::{Engine, Query};
pub use model::Model;
pub use setup::Setup;
pub use tensors::{Element, Tensors};
pub use value::Value;
pub use workload::Inference;
