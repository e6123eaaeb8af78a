//! What a request says of a job, checked: the model, its files, the size of a query, the threads.
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bench_protocol::{Failure, Request};

use crate::Model;

#[derive(Clone, Debug)]
pub struct Setup {
    pub model: Model,
    /// Rows of a query; a step `<model>-stream` has one row a query, whatever this says.
    pub batch: usize,
    pub threads: usize,
    pub(crate) rows: usize,
    /// Of the stream.
    pub(crate) queries: usize,
    /// Recordings side by side in vad; 1 for the other models.
    pub(crate) streams: usize,
    files: BTreeMap<String, PathBuf>,
}

impl Setup {
    pub(crate) fn new(request: &Request) -> Result<Self, Failure> {
        let name = request.params.get("model").and_then(|name| name.as_str()).unwrap_or_default();
        let model = Model::find(name)
            .ok_or_else(|| Failure::unsupported(format!("no model '{name}' in batch-inference")))?;
        let streams = if model == Model::Vad { whole(request, "streams")? } else { 1 };
        let setup = Self {
            model,
            batch: whole(request, "batch")?,
            threads: request.threads,
            rows: whole(request, "rows")?,
            queries: whole(request, "queries")?,
            streams,
            files: request.inputs.clone(),
        };
        setup.check()?;
        Ok(setup)
    }

    /// The file that the spec calls `name`: `onnx`, `arrays`, `lightgbm`, `sklearn`, `call`.
    pub fn file(&self, name: &str) -> Result<&Path, Failure> {
        let missing = || Failure::input(format!("the request names no input '{name}'"));
        self.files.get(name).map(PathBuf::as_path).ok_or_else(missing)
    }

    fn check(&self) -> Result<(), Failure> {
        let Self { batch, rows, queries, streams, .. } = *self;
        if rows == 0 {
            return Err(Failure::input("there are no rows"));
        }
        if batch == 0 || rows % batch != 0 {
            return Err(Failure::input(format!("batch {batch} does not divide {rows} rows")));
        }
        if queries > rows {
            return Err(Failure::input(format!("{queries} queries of a row, but {rows} rows")));
        }
        if self.model == Model::Vad && (streams == 0 || streams % batch != 0) {
            return Err(Failure::input(format!("batch {batch} does not divide {streams} streams")));
        }
        Ok(())
    }
}

fn whole(request: &Request, name: &str) -> Result<usize, Failure> {
    let value = request.params.get(name).and_then(|value| value.as_u64());
    let value = value.and_then(|value| usize::try_from(value).ok());
    value.ok_or_else(|| Failure::input(format!("the parameter '{name}' is no whole number")))
}
