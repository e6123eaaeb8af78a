//! Trees and a dense network with the standard library alone, for Rust programs and for Python's extension alike.
//!
//! Both come from the spec's `arrays`; what does not fit together is refused when they are read.
//! Loops are written so that the compiler vectorises them, once for plain x86-64 and once for AVX2, see [`isa`].

mod dense;
mod forest;
mod isa;
mod masks;
mod network;
mod trees;

pub use forest::{FEATURES, Forest, Node, leaf};
pub use masks::round_down;
pub use network::{INPUTS, Network};
pub use trees::Trees;

/// 1 / (1 + exp(-x)), the answer of both models.
macro_rules! sigmoid {
    ($x:expr) => {
        1.0 / (1.0 + (-$x).exp())
    };
}
use sigmoid;
