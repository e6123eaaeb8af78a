//! What a variant supplies: an engine that opens a model and answers the rows of one query at a time.
use bench_protocol::Failure;

use crate::{Setup, Value};

/// An engine with an opened model. What it prepares (weights, buffers) it prepares in `open`.
pub trait Engine: Sized + Send {
    /// f32 or f64, whichever the engine computes its answers in.
    type Value: Value;

    /// Before `ready`: loads libraries, sets thread pools, says how many threads will work.
    /// No file of the request may be touched.
    fn start(setup: &Setup) -> Result<usize, Failure> {
        Ok(setup.threads)
    }

    /// Opens `setup.file("onnx")` or another of the model's files; a model that it does not know is
    /// `unsupported`, a broken file an `input` failure.
    fn open(setup: &Setup) -> Result<Self, Failure>;

    /// Another of its kind on the same weights, for one more thread; asked for `threads - 1` times after `open`.
    /// None: the engine's own threads share a query, or there are none.
    fn fork(&self) -> Result<Option<Self>, Failure> {
        Ok(None)
    }

    /// Answers the rows of one query into `out`: `query.rows` times the model's width, in row order.
    fn answer(&mut self, query: Query<'_>, out: &mut [Self::Value]) -> Result<(), Failure>;

    /// Opens what `call` needs (ONNX engines: `setup.file("call")`). Timed with the first pass of
    /// `gbdt-call`, which is a warm-up, so that `load` is that of the model alone.
    fn open_call(&mut self, _setup: &Setup) -> Result<(), Failure> {
        Err(Failure::unsupported("no step 'gbdt-call' here: nothing is called"))
    }

    /// As `answer`, but the engine only gives back the first column of its inputs.
    fn call(&mut self, _query: Query<'_>, _out: &mut [Self::Value]) -> Result<(), Failure> {
        Err(Failure::unsupported("no step 'gbdt-call' here: nothing is called"))
    }
}

/// Rows that lie side by side in the inputs.
pub struct Query<'a> {
    /// How many: the batch, or 1 in a stream.
    pub rows: usize,
    /// Of all models but minilm: the rows end to end, each `model.row_length()` numbers; minilm: empty.
    pub values: &'a [f32],
    /// minilm: `input_ids`, `attention_mask`, `token_type_ids`, each `rows` times 32 numbers; otherwise empty.
    pub tokens: [&'a [i64]; 3],
    /// vad: `[2, rows, 128]` numbers end to end, the state before these frames, to be overwritten
    /// with the state after them. Otherwise empty.
    pub state: &'a mut [f32],
}
