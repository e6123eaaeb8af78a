//! batch-inference in tract: the graph is optimised for one size of query; its tensors are copies of the rows.
mod graph;

use bench_protocol::Failure;
use inference::{Engine, Model, Query, Setup};
use tract_onnx::prelude::*;
use tract_onnx::tract_core::internal::ensure;

use graph::Graph;

pub struct Tract {
    graph: Graph,
    state: TypedSimpleState,
    /// Rows of a query that the state is for.
    rows: usize,
}

impl Engine for Tract {
    type Value = f32;

    fn open(setup: &Setup) -> Result<Self, Failure> {
        if setup.model == Model::Gbdt {
            return Err(Failure::unsupported("no trees here: see what is lacked, and why"));
        }
        let (graph, rows) = (Graph::read(setup)?, setup.batch);
        let state = graph.state(rows)?;
        Ok(Self { graph, state, rows })
    }

    /// One more state of the same plan: a plan is shared, what it works on is not.
    fn fork(&self) -> Result<Option<Self>, Failure> {
        let state = self.state.plan().spawn().map_err(|error| self.graph.refuse(&error))?;
        Ok(Some(Self { graph: self.graph.clone(), state, rows: self.rows }))
    }

    fn answer(&mut self, query: Query<'_>, out: &mut [f32]) -> Result<(), Failure> {
        if query.rows != self.rows {
            self.state = self.graph.state(query.rows)?;
            self.rows = query.rows;
        }
        self.run(query, out).map_err(|error| self.graph.refuse(&error))
    }
}

impl Tract {
    fn run(&mut self, query: Query<'_>, out: &mut [f32]) -> TractResult<()> {
        let outputs = self.state.run(self.graph.tensors(&query)?)?;
        copy(&outputs[0], out)?;
        // vad: the state after these frames.
        outputs.get(1).map_or(Ok(()), |state| copy(state, query.state))
    }
}

fn copy(tensor: &Tensor, out: &mut [f32]) -> TractResult<()> {
    let values = tensor.try_as_plain_ram()?.as_slice::<f32>()?;
    ensure!(values.len() == out.len(), "an output of the shape {:?}", tensor.shape());
    out.copy_from_slice(values);
    Ok(())
}
