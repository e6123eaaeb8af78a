//! The kernels of rust/std as a Python extension, on NumPy's arrays without a copy.
//!
//! ```python
//! import bench_kernels
//!
//! trees = bench_kernels.Trees.load(path)  # the spec's `arrays` of gbdt
//! trees.predict(x, out)                   # x float32 [n, 10], out float64 [n]
//! mlp = bench_kernels.Mlp.load(path)      # the same of mlp
//! mlp.predict(x, out)                     # x float32 [n, 131], out float32 [n]
//! other = mlp.copy()                      # an Mlp has buffers: each thread needs its own
//! bench_kernels.first_column(x, out)      # x float32 [n, 10], out float32 [n]: what a call costs
//! ```
//! `load` takes a `str` or a path; what it refuses is a ValueError of one line that says what is wrong.
//! Arrays are C-contiguous; another layout or length is a ValueError, another type or number of dimensions a TypeError.
//! From [`DETACHED`] rows on the interpreter is let go, so that other threads run meanwhile.
use std::path::PathBuf;

use bench_protocol::Failure;
use kernels::{FEATURES, INPUTS, Network};
use numpy::{Element, PyReadonlyArray2, PyReadwriteArray1, PyUntypedArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// For fewer rows it is not worth it: to let the interpreter go and to take it again costs as much as some rows.
const DETACHED: usize = 32;

#[pymodule]
mod bench_kernels {
    #[pymodule_export]
    use super::{Mlp, Trees, first_column};
}

#[pyclass(frozen)]
struct Trees(kernels::Trees);

#[pymethods]
impl Trees {
    #[staticmethod]
    fn load(path: PathBuf) -> PyResult<Self> {
        kernels::Trees::load(&path).map(Self).map_err(refused)
    }

    fn predict(
        &self,
        py: Python<'_>,
        x: PyReadonlyArray2<'_, f32>,
        mut out: PyReadwriteArray1<'_, f64>,
    ) -> PyResult<()> {
        let (x, out) = slices(&x, &mut out, FEATURES)?;
        detached(py, out.len(), || self.0.predict(x, out));
        Ok(())
    }
}

#[pyclass]
struct Mlp(Network);

#[pymethods]
impl Mlp {
    #[staticmethod]
    fn load(path: PathBuf) -> PyResult<Self> {
        Network::load(&path).map(Self).map_err(refused)
    }

    fn copy(&self) -> Self {
        Self(self.0.clone())
    }

    fn predict(
        &mut self,
        py: Python<'_>,
        x: PyReadonlyArray2<'_, f32>,
        mut out: PyReadwriteArray1<'_, f32>,
    ) -> PyResult<()> {
        let (x, out) = slices(&x, &mut out, INPUTS)?;
        detached(py, out.len(), || self.0.predict(x, out));
        Ok(())
    }
}

#[pyfunction]
fn first_column(x: PyReadonlyArray2<'_, f32>, mut out: PyReadwriteArray1<'_, f32>) -> PyResult<()> {
    let (x, out) = slices(&x, &mut out, FEATURES)?;
    for (row, out) in x.chunks_exact(FEATURES).zip(out) {
        *out = row[0];
    }
    Ok(())
}

/// The numbers of both arrays where they lie, once they are found to be rows of that width and an answer for each.
fn slices<'a, V: Element>(
    x: &'a PyReadonlyArray2<'_, f32>,
    out: &'a mut PyReadwriteArray1<'_, V>,
    width: usize,
) -> PyResult<(&'a [f32], &'a mut [V])> {
    if !x.is_c_contiguous() || !out.is_c_contiguous() {
        return Err(PyValueError::new_err("an array is not C-contiguous"));
    }
    if x.shape() != [out.len(), width] {
        let (found, wanted) = (x.shape(), [out.len(), width]);
        return Err(PyValueError::new_err(format!("x has the shape {found:?}, not {wanted:?}")));
    }
    Ok((x.as_slice()?, out.as_slice_mut()?))
}

fn detached(py: Python<'_>, rows: usize, work: impl FnOnce() + Send) {
    if rows < DETACHED { work() } else { py.detach(work) }
}

fn refused(failure: Failure) -> PyErr {
    PyValueError::new_err(failure.message)
}
