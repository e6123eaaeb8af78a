//! A graph loaded into a session, and its tensors.
use std::borrow::Cow;
use std::fmt::Debug;
use std::path::{Path, PathBuf};

use bench_protocol::Failure;
use inference::{Query, Setup};
use ort::inputs;
use ort::session::builder::SessionBuilder;
use ort::session::{
    HasSelectedOutputs, OutputSelector, RunOptions, Session, SessionInputValue, SessionOutputs,
};
use ort::value::{DynValue, PrimitiveTensorElementType, Tensor, TensorRef};

/// A tensor by its name.
type Input<'a> = (Cow<'a, str>, SessionInputValue<'a>);

pub struct Graph {
    path: PathBuf,
    session: Session,
    /// No more outputs than are read.
    outputs: &'static [&'static str],
    /// Those outputs, each with the memory into which every query of this many rows is answered.
    options: RunOptions<HasSelectedOutputs>,
    rows: usize,
}

impl Graph {
    /// The request's file of this name, and what is read of its outputs.
    pub fn open(
        setup: &Setup,
        file: &str,
        outputs: &'static [&'static str],
    ) -> Result<Self, Failure> {
        let (path, rows) = (setup.file(file)?.to_owned(), setup.batch);
        let opened = || {
            let session = builder(setup.threads)?.commit_from_file(&path)?;
            let options = options(&session, outputs, rows)?;
            Ok((session, options))
        };
        let (session, options) = opened().map_err(|error| refuse(&path, &error))?;
        Ok(Self { path, session, outputs, options, rows })
    }

    /// Answers the rows of a query, given as one tensor.
    pub fn answer(
        &mut self,
        name: &str,
        shape: &[usize],
        query: &Query<'_>,
        out: &mut [f32],
    ) -> ort::Result<()> {
        let outputs = self.run(query.rows, inputs![name => view(shape, query.values)?])?;
        copy_last(&outputs[0], query.rows, out)
    }

    pub fn run(&mut self, rows: usize, inputs: Vec<Input<'_>>) -> ort::Result<SessionOutputs<'_>> {
        if rows != self.rows {
            self.options = options(&self.session, self.outputs, rows)?;
            self.rows = rows;
        }
        self.session.run_with_options(inputs, &self.options)
    }

    /// What fails in a session that runs is a graph that does not fit the rows or the spec.
    pub fn refuse(&self, error: &ort::Error) -> Failure {
        refuse(&self.path, error)
    }
}

fn refuse(path: &Path, error: &ort::Error) -> Failure {
    Failure::input(format!("{}: {error}", path.display()))
}

/// One thread means one: no pool, and where there is one, its threads sleep when they have nothing to do.
fn builder(threads: usize) -> ort::Result<SessionBuilder> {
    Ok(Session::builder()?
        .with_intra_threads(threads)?
        .with_inter_threads(1)?
        .with_parallel_execution(false)?
        .with_config_entry("session.intra_op.allow_spinning", "0")?
        .with_config_entry("session.inter_op.allow_spinning", "0")?)
}

/// Outputs of these names alone, in memory of their own for a query of this many rows: a third of a small query's time.
fn options(
    session: &Session,
    names: &[&str],
    rows: usize,
) -> ort::Result<RunOptions<HasSelectedOutputs>> {
    let mut wanted = OutputSelector::no_default();
    for &name in names {
        let output = session.outputs().iter().find(|output| output.name() == name);
        let shape = output.and_then(|output| output.dtype().tensor_shape());
        let shape =
            shape.ok_or_else(|| ort::Error::new(format!("no tensor '{name}' comes out")))?;
        // What is not said of a shape is the batch.
        let shape: Vec<_> =
            shape.iter().map(|&length| if length < 0 { rows as i64 } else { length }).collect();
        let memory = Tensor::<f32>::new(session.allocator(), shape)?;
        wanted = wanted.with(name).preallocate(name, memory);
    }
    Ok(RunOptions::new()?.with_outputs(wanted))
}

/// A tensor that is these numbers, not a copy of them.
pub fn view<'a, T>(shape: &'a [usize], numbers: &'a [T]) -> ort::Result<TensorRef<'a, T>>
where
    T: PrimitiveTensorElementType + Clone + Debug + 'static,
{
    TensorRef::from_array_view((shape, numbers))
}

/// The last columns of an output with this many rows, as many as `out` has: of gbdt's two probabilities the second.
pub fn copy_last(output: &DynValue, rows: usize, out: &mut [f32]) -> ort::Result<()> {
    let (shape, values) = output.try_extract_tensor::<f32>()?;
    let (found, wanted) = (values.len() / rows, out.len() / rows);
    if values.len() % rows != 0 || found < wanted {
        return Err(ort::Error::new(format!("an output of the shape {shape}")));
    }
    for (values, out) in values.chunks_exact(found).zip(out.chunks_exact_mut(wanted)) {
        out.copy_from_slice(&values[found - wanted..]);
    }
    Ok(())
}
