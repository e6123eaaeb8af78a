//! The trees as C walks them: children side by side, leaves that stay where they are, shallow trees first.
use std::collections::VecDeque;

use bench_protocol::Failure;
use kernels::{FEATURES, Forest, Node, leaf, round_down};

/// As in trees.c.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct CNode {
    pub threshold: f32,
    pub column: u16,
    pub ahead: u16,
}

/// As in trees.c.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct CTree {
    pub root: u32,
    pub depth: u32,
}

#[derive(Default)]
pub struct Layout {
    pub nodes: Vec<CNode>,
    pub values: Vec<f64>,
    pub trees: Vec<CTree>,
}

const LEAF: CNode = CNode { threshold: f32::INFINITY, column: 0, ahead: 0 };

impl Layout {
    pub fn new(forest: &Forest) -> Result<Self, Failure> {
        let mut layout = Self::default();
        for tree in &forest.trees {
            layout.add(forest, tree.start as i32)?;
        }
        // Eight that go side by side go as far as the deepest of them.
        layout.trees.sort_by_key(|tree| tree.depth);
        Ok(layout)
    }

    /// Level by level, so that the children of a node lie beside each other.
    fn add(&mut self, forest: &Forest, root: i32) -> Result<(), Failure> {
        let mut tree = CTree { root: self.nodes.len() as u32, depth: 0 };
        let mut open = VecDeque::from([(root, 0)]);
        while let Some((child, depth)) = open.pop_front() {
            tree.depth = depth;
            let Ok(at) = usize::try_from(child) else {
                self.nodes.push(LEAF);
                self.values.push(forest.leaves[leaf(child)]);
                continue;
            };
            let too_far = |_| Failure::input("a tree is too wide for 16-bit distances");
            // The next free place is behind all that wait.
            let ahead = u16::try_from(open.len() + 1).map_err(too_far)?;
            let Node { feature, threshold, left, right, default_left } = forest.nodes[at];
            let column = (if default_left { feature } else { FEATURES + feature }) as u16;
            self.nodes.push(CNode { threshold: round_down(threshold), column, ahead });
            self.values.push(0.0);
            open.extend([(left, depth + 1), (right, depth + 1)]);
        }
        self.trees.push(tree);
        Ok(())
    }
}
