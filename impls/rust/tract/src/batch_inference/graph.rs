//! An ONNX graph as tract reads it, and made ready for queries of one size.
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use bench_protocol::Failure;
use inference::{Model, Query, Setup};
use tract_onnx::pb::ModelProto;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::internal::ensure;

/// ONNX's operator sets that this version of tract is tested against; of others it warns, and tries.
const OPSETS: RangeInclusive<i64> = 9..=18;

/// Numbers in each of the two vectors that vad remembers of a recording.
const STATE: usize = 128;

#[derive(Clone)]
pub struct Graph {
    path: PathBuf,
    model: Model,
    graph: Arc<InferenceModel>,
}

impl Graph {
    pub fn read(setup: &Setup) -> Result<Self, Failure> {
        let (path, model) = (setup.file("onnx")?.to_owned(), setup.model);
        let graph = parse(&path, model).map_err(|error| refuse(&path, &error))?;
        Ok(Self { path, model, graph: Arc::new(graph) })
    }

    /// The graph with every shape known, as tract optimises best, and a state to run it in.
    pub fn state(&self, rows: usize) -> Result<TypedSimpleState, Failure> {
        self.optimized(rows).map_err(|error| self.refuse(&error))
    }

    /// The inputs of a query. A tensor of tract's owns its numbers, so they are copied.
    pub fn tensors(&self, query: &Query<'_>) -> TractResult<TVec<TValue>> {
        let shape = shape(self.model, query.rows);
        if self.model == Model::Minilm {
            return query.tokens.iter().map(|tokens| tensor(&shape, tokens)).collect();
        }
        let mut inputs = tvec![tensor(&shape, query.values)?];
        if self.model == Model::Vad {
            inputs.push(tensor(&[2, query.rows, STATE], query.state)?);
        }
        Ok(inputs)
    }

    pub fn refuse(&self, error: &TractError) -> Failure {
        refuse(&self.path, error)
    }

    fn optimized(&self, rows: usize) -> TractResult<TypedSimpleState> {
        let kind = if self.model == Model::Minilm { i64::datum_type() } else { f32::datum_type() };
        let mut graph = InferenceModel::clone(&self.graph);
        for input in 0..self.model.tensors().len() {
            let fact = InferenceFact::dt_shape(kind, shape(self.model, rows));
            graph.set_input_fact(input, fact)?;
        }
        if self.model == Model::Vad {
            graph.set_input_fact(1, InferenceFact::dt_shape(kind, [2, rows, STATE]))?;
        }
        graph.into_optimized()?.into_runnable()?.spawn()
    }
}

fn parse(path: &Path, model: Model) -> TractResult<InferenceModel> {
    // The shapes that are noted in the file leave the batch open, which contradicts one that is known.
    let onnx = tract_onnx::onnx().with_ignore_output_shapes(true).with_ignore_value_info(true);
    let proto = onnx.proto_model_for_path(path)?;
    check_opset(&proto)?;
    let (mut inputs, mut outputs) = (model.tensors().to_vec(), vec![model.output()]);
    if model == Model::Vad {
        inputs.push("state");
        outputs.push("stateN");
    }
    let graph = onnx.model_for_proto_model(&proto)?;
    graph.with_input_names(inputs)?.with_outputs_by_name(outputs)
}

fn check_opset(proto: &ModelProto) -> TractResult<()> {
    let onnx = |domain: &str| domain.is_empty() || domain == "ai.onnx";
    let found = proto.opset_import.iter().find(|import| onnx(&import.domain));
    let version = found.map_or(0, |import| import.version);
    ensure!(OPSETS.contains(&version), "opset {version}, known are {OPSETS:?}");
    Ok(())
}

fn shape(model: Model, rows: usize) -> TVec<usize> {
    std::iter::once(rows).chain(model.row().iter().copied()).collect()
}

fn tensor<T: Datum + Copy>(shape: &[usize], numbers: &[T]) -> TractResult<TValue> {
    Ok(Tensor::from_shape(shape, numbers)?.into_tvalue())
}

fn refuse(path: &Path, error: &TractError) -> Failure {
    // The chain of causes, without the backtrace that Debug would add.
    Failure::input(format!("{}: {error:#}", path.display()))
}

#[cfg(test)]
mod tests {
    use tract_onnx::pb::OperatorSetIdProto;

    use super::*;

    fn with(imports: &[(&str, i64)]) -> ModelProto {
        let import = |&(domain, version): &(&str, i64)| {
            let domain = domain.into();
            OperatorSetIdProto { domain, version }
        };
        ModelProto { opset_import: imports.iter().map(import).collect(), ..Default::default() }
    }

    #[test]
    fn operator_sets_that_are_not_known_are_refused() {
        for known in [9, 18] {
            assert!(check_opset(&with(&[("ai.onnx.ml", 3), ("", known)])).is_ok());
        }
        for unknown in [&[("", 8)][..], &[("ai.onnx", 19)], &[("ai.onnx.ml", 17)], &[]] {
            let error = check_opset(&with(unknown)).unwrap_err();
            assert!(error.to_string().contains("opset"), "{error}");
        }
    }
}
