//! batch-inference in ONNX Runtime: a session for the model and one for the call, whose inputs are views of the rows.
//!
//! Nothing is copied on the way in; an answer is copied once, out of memory that is set aside for it.
mod graph;

use bench_protocol::Failure;
use inference::{Engine, Model, Query, Setup};
use ort::inputs;

use graph::{Graph, copy_last, view};

pub struct OnnxRuntime {
    model: Model,
    graph: Graph,
    call: Option<Graph>,
    /// Of a query's tensors: its rows, then the dimensions of a row.
    shape: Vec<usize>,
}

impl Engine for OnnxRuntime {
    type Value = f32;

    fn open(setup: &Setup) -> Result<Self, Failure> {
        let model = setup.model;
        let outputs: &[_] = match model {
            Model::Gbdt => &["probabilities"],
            Model::Vad => &["output", "stateN"],
            Model::Minilm => &["embedding"],
            Model::Mlp | Model::OcrCls => &["output"],
        };
        let graph = Graph::open(setup, "onnx", outputs)?;
        Ok(Self { model, graph, call: None, shape: [&[0], model.row()].concat() })
    }

    fn answer(&mut self, query: Query<'_>, out: &mut [f32]) -> Result<(), Failure> {
        self.shape[0] = query.rows;
        let done = match self.model {
            Model::Vad => self.frames(query, out),
            Model::Minilm => self.sentences(query, out),
            model => self.graph.answer(model.tensors()[0], &self.shape, &query, out),
        };
        done.map_err(|error| self.graph.refuse(&error))
    }

    fn open_call(&mut self, setup: &Setup) -> Result<(), Failure> {
        self.call = Some(Graph::open(setup, "call", &["output"])?);
        Ok(())
    }

    fn call(&mut self, query: Query<'_>, out: &mut [f32]) -> Result<(), Failure> {
        let graph = self.call.as_mut().expect("open_call comes first");
        self.shape[0] = query.rows;
        graph.answer("input", &self.shape, &query, out).map_err(|error| graph.refuse(&error))
    }
}

impl OnnxRuntime {
    /// Frames with the state that was before them, in whose place the one after them is left.
    fn frames(&mut self, query: Query<'_>, out: &mut [f32]) -> ort::Result<()> {
        let shape = [2, query.rows, 128];
        let inputs = inputs![
            "input" => view(&self.shape, query.values)?, "state" => view(&shape, query.state)?
        ];
        let outputs = self.graph.run(query.rows, inputs)?;
        copy_last(&outputs[0], query.rows, out)?;
        copy_last(&outputs[1], 1, query.state)
    }

    fn sentences(&mut self, query: Query<'_>, out: &mut [f32]) -> ort::Result<()> {
        let [ids, mask, types] = query.tokens.map(|tokens| view(&self.shape, tokens));
        let inputs = inputs![
            "input_ids" => ids?, "attention_mask" => mask?, "token_type_ids" => types?
        ];
        copy_last(&self.graph.run(query.rows, inputs)?[0], query.rows, out)
    }
}
