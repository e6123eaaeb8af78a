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

#[cfg(test)]
mod tests {
    use kernels::Node;

    use super::*;

    /// Trees of one node, two, three ..., each node with a leaf to its left.
    fn forest(trees: usize) -> Forest {
        let mut forest = Forest { nodes: Vec::new(), leaves: Vec::new(), trees: Vec::new() };
        let leaf = |forest: &mut Forest| {
            forest.leaves.push(forest.leaves.len() as f64 / 64.0 - 0.5);
            -(forest.leaves.len() as i32)
        };
        for size in 1..=trees {
            let start = forest.nodes.len();
            for i in 0..size {
                let at = (start + i) as i32;
                let left = leaf(&mut forest);
                let right = if i + 1 < size { at + 1 } else { leaf(&mut forest) };
                let (feature, default_left) = (i % FEATURES, (i + size) % 2 == 0);
                let threshold = 0.1 * (i + 1) as f64;
                forest.nodes.push(Node { feature, threshold, left, right, default_left });
            }
            forest.trees.push(start..forest.nodes.len());
        }
        forest
    }

    #[test]
    fn c_answers_as_the_obvious_walk_does() {
        let forest = forest(11);
        let trees = CTrees(Arc::new(Layout::new(&forest).unwrap()));
        let value = |i: usize| if i % 13 == 5 { f32::NAN } else { (i * 7 % 23) as f32 * 0.1 };
        let rows: Vec<f32> = (0..75 * FEATURES).map(value).collect();
        for batch in [1, 7, 8, 75] {
            for rows in rows.chunks(batch * FEATURES) {
                let mut out = vec![0.0; rows.len() / FEATURES];
                trees.predict(rows, &mut out);
                for (row, out) in rows.chunks(FEATURES).zip(out) {
                    let sum: f64 = (0..11).map(|tree| forest.walk(tree, row)).sum();
                    assert!((out - 1.0 / (1.0 + (-sum).exp())).abs() < 1e-12);
                }
            }
        }
    }
}
