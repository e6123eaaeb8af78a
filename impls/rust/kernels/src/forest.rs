//! The trees as they lie in the file, found to fit together, and the obvious walk through them.
use std::ops::Range;
use std::path::Path;

use bench_protocol::Failure;
use inference::{Element, Tensors};

/// Numbers in a row.
pub const FEATURES: usize = 10;

#[derive(Clone, Copy, Debug)]
pub struct Node {
    pub feature: usize,
    pub threshold: f64,
    /// Negative: leaf -1 - i of the forest; else a node of the forest.
    pub left: i32,
    pub right: i32,
    /// Where NaN goes.
    pub default_left: bool,
}

pub struct Forest {
    pub nodes: Vec<Node>,
    pub leaves: Vec<f64>,
    /// The nodes of each tree, its root first.
    pub trees: Vec<Range<usize>>,
}

impl Forest {
    pub fn load(path: &Path) -> Result<Self, Failure> {
        let file = Tensors::read(path)?;
        file.expect_format("1")?;
        let forest = read(&file)?;
        forest.check().map_err(|why| file.refuse(why))?;
        Ok(forest)
    }

    /// The leaf that a row falls into, found node by node.
    pub fn walk(&self, tree: usize, row: &[f32]) -> f64 {
        let mut at = self.trees[tree].start;
        loop {
            let Node { feature, threshold, left, right, default_left } = self.nodes[at];
            let value = f64::from(row[feature]);
            let goes_left = if value.is_nan() { default_left } else { value <= threshold };
            match usize::try_from(if goes_left { left } else { right }) {
                Ok(next) => at = next,
                Err(_) => return self.leaves[leaf(if goes_left { left } else { right })],
            }
        }
    }

    fn check(&self) -> Result<(), String> {
        for (i, node) in self.nodes.iter().enumerate() {
            if node.feature >= FEATURES {
                return Err(format!("node {i} asks for a feature that is none of the {FEATURES}"));
            }
            if !node.threshold.is_finite() {
                return Err(format!("the threshold of node {i} is not finite"));
            }
        }
        if let Some(i) = self.leaves.iter().position(|value| !value.is_finite()) {
            return Err(format!("leaf {i} is not finite"));
        }
        self.trees.iter().enumerate().try_for_each(|(i, tree)| self.check_tree(i, tree))
    }

    /// Each node is reached once, so that every walk ends; each leaf exists.
    fn check_tree(&self, tree: usize, nodes: &Range<usize>) -> Result<(), String> {
        let (mut reached, mut open) = (0, vec![nodes.start]);
        while let Some(at) = open.pop() {
            reached += 1;
            if reached > nodes.len() {
                return Err(format!("tree {tree} leads back into itself"));
            }
            for child in [self.nodes[at].left, self.nodes[at].right] {
                match usize::try_from(child) {
                    Ok(next) if nodes.contains(&next) => open.push(next),
                    Err(_) if leaf(child) < self.leaves.len() => {}
                    _ => return Err(format!("tree {tree}: node {at} has no child {child}")),
                }
            }
        }
        if reached < nodes.len() {
            return Err(format!("tree {tree} has nodes that nothing leads to"));
        }
        Ok(())
    }
}

/// The number of the leaf that a negative child means.
pub fn leaf(child: i32) -> usize {
    !child as usize
}

fn read(file: &Tensors) -> Result<Forest, Failure> {
    let starts: Vec<i32> = vector(file, "tree")?;
    let thresholds: Vec<f64> = vector(file, "threshold")?;
    let count = [thresholds.len()];
    let features: Vec<i32> = file.numbers("feature", &count)?;
    let lefts: Vec<i32> = file.numbers("left", &count)?;
    let rights: Vec<i32> = file.numbers("right", &count)?;
    let defaults: Vec<u8> = file.numbers("default_left", &count)?;
    let node = |i: usize| Node {
        feature: usize::try_from(features[i]).unwrap_or(usize::MAX),
        threshold: thresholds[i],
        left: lefts[i],
        right: rights[i],
        default_left: defaults[i] == 1,
    };
    if let Some(i) = defaults.iter().position(|&default| default > 1) {
        return Err(file.refuse(format!("default_left of node {i} is neither 0 nor 1")));
    }
    let trees = trees(&starts, thresholds.len()).map_err(|why| file.refuse(why))?;
    let nodes = (0..thresholds.len()).map(node).collect();
    Ok(Forest { nodes, leaves: vector(file, "leaf")?, trees })
}

fn vector<T: Element>(file: &Tensors, name: &str) -> Result<Vec<T>, Failure> {
    file.numbers(name, &file.shape::<T, 1>(name)?)
}

fn trees(starts: &[i32], nodes: usize) -> Result<Vec<Range<usize>>, String> {
    let ends = [starts.first(), starts.last()].map(|end| end.map(|&end| i64::from(end)));
    if starts.len() < 2 || ends != [Some(0), Some(nodes as i64)] {
        return Err(format!("the trees do not cover the {nodes} nodes"));
    }
    if !starts.is_sorted_by(|a, b| a < b) {
        return Err("the trees do not follow each other".into());
    }
    Ok(starts.windows(2).map(|pair| pair[0] as usize..pair[1] as usize).collect())
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// Numbers that look drawn, the same ones each time.
    pub struct Draw(pub u64);

    impl Draw {
        pub fn below(&mut self, limit: u64) -> u64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (self.0 >> 33) % limit
        }
    }

    /// Trees of so many leaves, grown by splitting leaves at random.
    pub fn forest(draw: &mut Draw, leaves: &[usize]) -> Forest {
        let mut forest = Forest { nodes: Vec::new(), leaves: Vec::new(), trees: Vec::new() };
        for &count in leaves {
            let start = forest.nodes.len();
            grow(&mut forest, draw, count);
            forest.trees.push(start..forest.nodes.len());
        }
        forest.check().unwrap();
        forest
    }

    /// The child by which the new part is reached.
    fn grow(forest: &mut Forest, draw: &mut Draw, leaves: usize) -> i32 {
        if leaves == 1 {
            forest.leaves.push(draw.below(1000) as f64 / 4000.0 - 0.125);
            return -(forest.leaves.len() as i32);
        }
        let at = forest.nodes.len();
        let (feature, default_left) = (draw.below(FEATURES as u64) as usize, draw.below(2) == 0);
        let threshold = draw.below(20) as f64 / 2.0 + [0.0, 1e-12, -1e-12][draw.below(3) as usize];
        forest.nodes.push(Node { feature, threshold, left: 0, right: 0, default_left });
        let left = 1 + draw.below(leaves as u64 - 1) as usize;
        forest.nodes[at].left = grow(forest, draw, left);
        forest.nodes[at].right = grow(forest, draw, leaves - left);
        at as i32
    }

    fn refused(spoil: impl FnOnce(&mut Forest)) -> String {
        let mut forest = forest(&mut Draw(1), &[4, 5]);
        spoil(&mut forest);
        forest.check().unwrap_err()
    }

    #[test]
    fn trees_that_do_not_fit_together_are_refused() {
        let child = |at: usize, child| move |forest: &mut Forest| forest.nodes[at].left = child;
        assert_eq!(refused(child(0, 0)), "tree 0 leads back into itself");
        assert_eq!(refused(child(0, 3)), "tree 0: node 0 has no child 3");
        assert_eq!(refused(child(0, -10)), "tree 0: node 0 has no child -10");
        assert_eq!(refused(child(0, i32::MIN)), "tree 0: node 0 has no child -2147483648");
        assert_eq!(
            refused(|forest| forest.trees[0] = 0..4),
            "tree 0 has nodes that nothing leads to"
        );
        let spoilt = refused(|forest| forest.nodes[2].feature = 10);
        assert_eq!(spoilt, "node 2 asks for a feature that is none of the 10");
        assert_eq!(refused(|forest| forest.leaves[8] = f64::NAN), "leaf 8 is not finite");
        let spoilt = refused(|forest| forest.nodes[1].threshold = f64::INFINITY);
        assert_eq!(spoilt, "the threshold of node 1 is not finite");
    }

    #[test]
    fn trees_follow_each_other_and_cover_all_nodes() {
        assert_eq!(trees(&[0, 2, 3], 3).unwrap(), [0..2, 2..3]);
        for starts in
            [&[] as &[i32], &[0], &[1, 3], &[0, 2], &[0, 2, 2, 3], &[0, -1, 3], &[0, 4, 3]]
        {
            assert!(trees(starts, 3).is_err(), "{starts:?}");
        }
    }
}
