//! batch-inference: trees and the dense network on the kernels that are written for it, queries dealt out to threads.
use std::sync::Arc;

use bench_protocol::Failure;
use inference::{Engine, Inference, Model, Query, Setup};
use kernels::{Network, Trees};

pub type BatchInference = Inference<Std>;

/// Either kind of model. The trees are shared by the threads; the network has buffers, and is small.
pub enum Std {
    Trees(Arc<Trees>),
    Network(Network),
}

impl Engine for Std {
    type Value = f64;

    fn open(setup: &Setup) -> Result<Self, Failure> {
        match setup.model {
            Model::Gbdt => Ok(Self::Trees(Arc::new(Trees::load(setup.file("arrays")?)?))),
            Model::Mlp => Ok(Self::Network(Network::load(setup.file("arrays")?)?)),
            other => Err(Failure::unsupported(format!("no model '{}' here", other.name()))),
        }
    }

    fn fork(&self) -> Result<Option<Self>, Failure> {
        Ok(Some(match self {
            Self::Trees(trees) => Self::Trees(Arc::clone(trees)),
            Self::Network(network) => Self::Network(network.clone()),
        }))
    }

    fn answer(&mut self, query: Query<'_>, out: &mut [f64]) -> Result<(), Failure> {
        match self {
            Self::Trees(trees) => trees.predict(query.values, out),
            Self::Network(network) => network.predict(query.values, out),
        }
        Ok(())
    }
}
