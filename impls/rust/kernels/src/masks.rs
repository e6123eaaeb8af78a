//! A tree as questions that can be asked in any order: each that is answered 'right' strikes out leaves.
//!
//! After QuickScorer (Lucchese et al., SIGIR 2015): leaves are bits from left to right; a row that goes right at a
//! node cannot reach the leaves below its left child. Once all nodes are asked, the lowest bit left is the row's leaf.
//! No question waits for another's answer and none is skipped, so that many are asked in one instruction.
use crate::forest::{FEATURES, Forest, leaf};

/// Leaves that a mask has room for.
pub const LEAVES: usize = 32;

/// A row as the questions read it: twice, NaN once as the least number and once as the greatest.
/// A node reads the copy in which NaN goes its default way, and is spared a question.
pub const COLUMNS: usize = 2 * FEATURES;

#[derive(Clone, Copy, Debug)]
pub struct Question {
    /// Of the doubled row.
    pub column: u32,
    /// A row goes right if it is above this.
    pub threshold: f32,
    /// All but the leaves below the left child.
    pub kept: u32,
}

pub struct Tree {
    pub questions: Vec<Question>,
    /// From left to right.
    pub leaves: Vec<f64>,
}

impl Tree {
    /// None where it has too many leaves.
    pub fn new(forest: &Forest, tree: usize) -> Option<Self> {
        let nodes = &forest.trees[tree];
        if nodes.len() >= LEAVES {
            return None;
        }
        let mut tree = Self { questions: Vec::with_capacity(nodes.len()), leaves: Vec::new() };
        tree.gather(forest, nodes.start as i32);
        Some(tree)
    }

    fn gather(&mut self, forest: &Forest, child: i32) {
        let Ok(at) = usize::try_from(child) else {
            self.leaves.push(forest.leaves[leaf(child)]);
            return;
        };
        let node = &forest.nodes[at];
        let first = self.leaves.len();
        self.gather(forest, node.left);
        let kept = !bits(self.leaves.len()) | bits(first);
        let column = if node.default_left { node.feature } else { FEATURES + node.feature };
        let threshold = round_down(node.threshold);
        self.questions.push(Question { column: column as u32, threshold, kept });
        self.gather(forest, node.right);
    }
}

/// The lowest `count` bits.
fn bits(count: usize) -> u32 {
    ((1_u64 << count) - 1) as u32
}

/// The greatest float32 that is not above: a float32 is at most this if and only if it is at most the double.
pub fn round_down(threshold: f64) -> f32 {
    let near = threshold as f32;
    if f64::from(near) > threshold { near.next_down() } else { near }
}

/// The row, NaN as the least number; the row, NaN as the greatest.
#[inline(always)]
pub fn double(row: &[f32; FEATURES]) -> [f32; COLUMNS] {
    let or = |value: f32, instead| if value.is_nan() { instead } else { value };
    let mut doubled = [0.0; COLUMNS];
    for (i, &value) in row.iter().enumerate() {
        doubled[i] = or(value, f32::NEG_INFINITY);
        doubled[FEATURES + i] = or(value, f32::INFINITY);
    }
    doubled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_are_rounded_so_that_no_float32_changes_sides() {
        for threshold in [0.1, 0.3, -0.1, 0.5, 1e-35, 1e300, -1e300, 0.0, 16_777_217.0] {
            let rounded = round_down(threshold);
            for value in [rounded, rounded.next_up(), rounded.next_down()] {
                if value.is_finite() {
                    assert_eq!(f64::from(value) <= threshold, value <= rounded, "{threshold}");
                }
            }
        }
    }

    #[test]
    fn a_doubled_row_has_nan_once_as_least_and_once_as_greatest() {
        let mut row = [1.0; FEATURES];
        row[7] = f32::NAN;
        let doubled = double(&row);
        assert_eq!((doubled[7], doubled[FEATURES + 7]), (f32::NEG_INFINITY, f32::INFINITY));
        assert_eq!((doubled[0], doubled[FEATURES]), (1.0, 1.0));
    }
}
