//! batch-inference: the trees alone, answered by C.
use std::sync::Arc;

use bench_protocol::Failure;
use inference::{Engine, Inference, Model, Query, Setup};
use kernels::{FEATURES, Forest};

use crate::layout::{CNode, CTree, Layout};

pub type BatchInference = Inference<CTrees>;

#[derive(Clone)]
pub struct CTrees(Arc<Layout>);

/// As in trees.c.
#[repr(C)]
struct Trees {
    nodes: *const CNode,
    values: *const f64,
    trees: *const CTree,
    count: usize,
}

unsafe extern "C" {
    fn trees_predict(trees: &Trees, rows: *const f32, count: usize, out: *mut f64);
}

impl CTrees {
    fn predict(&self, rows: &[f32], out: &mut [f64]) {
        let Layout { nodes, values, trees } = &*self.0;
        let (rows, _) = rows.as_chunks::<FEATURES>();
        let (count, pointers) = (trees.len(), (nodes.as_ptr(), values.as_ptr(), trees.as_ptr()));
        let trees = Trees { nodes: pointers.0, values: pointers.1, trees: pointers.2, count };
        assert_eq!(rows.len(), out.len());
        // SAFETY: rows and out are as long as is said; the layout was made of trees that fit together,
        // so every step ends at a node that has a value.
        unsafe { trees_predict(&trees, rows.as_ptr().cast(), rows.len(), out.as_mut_ptr()) }
    }
}

impl Engine for CTrees {
    type Value = f64;

    fn open(setup: &Setup) -> Result<Self, Failure> {
        match setup.model {
            Model::Gbdt => Ok(Self(Arc::new(Layout::new(&Forest::load(setup.file("arrays")?)?)?))),
            other => Err(Failure::unsupported(format!("no model '{}' here", other.name()))),
        }
    }

    fn fork(&self) -> Result<Option<Self>, Failure> {
        Ok(Some(self.clone()))
    }

    fn answer(&mut self, query: Query<'_>, out: &mut [f64]) -> Result<(), Failure> {
        self.predict(query.values, out);
        Ok(())
    }
}
