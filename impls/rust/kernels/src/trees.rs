//! Rows through all trees, without a branch: a block of rows through one tree at a time, or one row through eight trees.
use std::path::Path;

use bench_protocol::Failure;

use crate::forest::{FEATURES, Forest};
use crate::isa::twice;
use crate::masks::{COLUMNS, Question, Tree, double};
use crate::sigmoid;

/// Trees of a group.
const GROUP: usize = 8;

pub struct Trees {
    /// Of trees with too many leaves for a mask, which are walked.
    forest: Forest,
    walked: Vec<usize>,
    trees: Vec<Tree>,
    groups: Vec<Group>,
}

/// Eight trees asked side by side: each slot asks one of each tree, all of the same column.
struct Group {
    slots: Vec<Slot>,
    /// That each slot asks for.
    columns: Vec<u32>,
    leaves: [Vec<f64>; GROUP],
}

/// In whole cache lines: a load across two of them takes twice as long.
#[repr(align(64))]
struct Slot {
    thresholds: [f32; GROUP],
    kept: [u32; GROUP],
}

impl Trees {
    pub fn load(path: &Path) -> Result<Self, Failure> {
        Ok(Self::new(Forest::load(path)?))
    }

    pub fn new(forest: Forest) -> Self {
        let (mut trees, mut walked) = (Vec::new(), Vec::new());
        for i in 0..forest.trees.len() {
            match Tree::new(&forest, i) {
                Some(tree) => trees.push(tree),
                None => walked.push(i),
            }
        }
        let groups = trees.chunks(GROUP).map(Group::new).collect();
        Self { forest, walked, trees, groups }
    }

    /// The probability of each row.
    pub fn predict(&self, rows: &[f32], out: &mut [f64]) {
        predict(self, rows.as_chunks().0, out);
    }

    #[inline(always)]
    fn predict_rows<const BLOCK: usize>(&self, rows: &[[f32; FEATURES]], out: &mut [f64]) {
        let (blocks, rest) = rows.as_chunks::<BLOCK>();
        let (sums, last) = out.as_chunks_mut::<BLOCK>();
        for (rows, sums) in blocks.iter().zip(sums) {
            *sums = self.sum_block(rows);
        }
        for (row, sum) in rest.iter().zip(last) {
            *sum = self.sum_row(row);
        }
        for (row, sum) in rows.iter().zip(out) {
            for &tree in &self.walked {
                *sum += self.forest.walk(tree, row);
            }
            *sum = sigmoid!(*sum);
        }
    }

    /// All trees, one after the other, for the rows of a block side by side.
    #[inline(always)]
    fn sum_block<const BLOCK: usize>(&self, rows: &[[f32; FEATURES]; BLOCK]) -> [f64; BLOCK] {
        let mut columns = [[0.0; BLOCK]; COLUMNS];
        for (i, row) in rows.iter().enumerate() {
            for (column, value) in columns.iter_mut().zip(double(row)) {
                column[i] = value;
            }
        }
        let mut sums = [0.0; BLOCK];
        for tree in &self.trees {
            let mut open = [u32::MAX; BLOCK];
            for &Question { column, threshold, kept } in &tree.questions {
                let values = &columns[column as usize];
                for (open, &value) in open.iter_mut().zip(values) {
                    *open &= kept | all_unless(value > threshold);
                }
            }
            for (sum, open) in sums.iter_mut().zip(open) {
                *sum += tree.leaves[open.trailing_zeros() as usize];
            }
        }
        sums
    }

    /// All trees, a group of them side by side, for one row.
    #[inline(always)]
    fn sum_row(&self, row: &[f32; FEATURES]) -> f64 {
        let (row, mut sum) = (double(row), 0.0);
        for group in &self.groups {
            let mut open = [u32::MAX; GROUP];
            for (slot, &column) in group.slots.iter().zip(&group.columns) {
                let value = row[column as usize];
                for (open, (&threshold, &kept)) in
                    open.iter_mut().zip(slot.thresholds.iter().zip(&slot.kept))
                {
                    *open &= kept | all_unless(value > threshold);
                }
            }
            for (leaves, open) in group.leaves.iter().zip(open) {
                sum += leaves[open.trailing_zeros() as usize];
            }
        }
        sum
    }
}

/// A mask instead of a branch.
#[inline(always)]
fn all_unless(condition: bool) -> u32 {
    u32::from(condition).wrapping_sub(1)
}

impl Group {
    /// A place that no tree fills is a question that is never answered 'right'; a lane without a tree adds nothing.
    fn new(trees: &[Tree]) -> Self {
        let (mut slots, mut columns) = (Vec::new(), Vec::new());
        for column in 0..COLUMNS as u32 {
            let first = slots.len();
            for (lane, tree) in trees.iter().enumerate() {
                let of_column = tree.questions.iter().filter(|question| question.column == column);
                for (i, question) in of_column.enumerate() {
                    if first + i == slots.len() {
                        let nothing = [f32::INFINITY; GROUP];
                        slots.push(Slot { thresholds: nothing, kept: [u32::MAX; GROUP] });
                        columns.push(column);
                    }
                    slots[first + i].thresholds[lane] = question.threshold;
                    slots[first + i].kept[lane] = question.kept;
                }
            }
        }
        let leaves =
            |lane| trees.get(lane).map_or_else(|| vec![0.0], |tree: &Tree| tree.leaves.clone());
        Self { slots, columns, leaves: std::array::from_fn(leaves) }
    }
}

// Rows of a block, as measured: larger ones of plain x86-64 are not kept in registers; smaller ones of AVX2
// take a third more time, since each question is fetched for fewer rows.
twice! {
    fn predict(trees: &Trees, rows: &[[f32; FEATURES]], out: &mut [f64]) => Trees::predict_rows::<4>, Trees::predict_rows::<32>
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forest::tests::{Draw, forest};

    fn rows(draw: &mut Draw, count: usize) -> Vec<f32> {
        let value = |i: usize, draw: &mut Draw| match draw.below(4) {
            0 if i % FEATURES >= 7 => f32::NAN,
            // Often the very threshold.
            _ => draw.below(20) as f32 / 2.0,
        };
        (0..count * FEATURES).map(|i| value(i, draw)).collect()
    }

    fn agree(leaves: &[usize]) {
        let draw = &mut Draw(7);
        let (plain, trees) = (forest(draw, leaves), Trees::new(forest(&mut Draw(7), leaves)));
        // A block of either size, and what is left over.
        let rows = rows(draw, 71);
        let mut out = vec![0.0; 71];
        let obvious = |row: &[f32]| {
            let sum: f64 = (0..leaves.len()).map(|tree| plain.walk(tree, row)).sum();
            sigmoid!(sum)
        };
        let expected: Vec<f64> = rows.chunks(FEATURES).map(obvious).collect();
        let compare = |out: &[f64]| {
            for (row, (found, expected)) in out.iter().zip(&expected).enumerate() {
                assert!((found - expected).abs() < 1e-12, "row {row}: {found}, not {expected}");
            }
        };
        trees.predict(&rows, &mut out);
        compare(&out);
        trees.predict_rows::<4>(rows.as_chunks().0, &mut out);
        compare(&out);
        for (row, out) in rows.chunks(FEATURES).zip(out.chunks_mut(1)) {
            trees.predict(row, out);
        }
        compare(&out);
    }

    #[test]
    fn trees_answer_as_the_obvious_walk_does() {
        agree(&[31; 20]);
        agree(&[2, 3, 32, 5, 17, 9, 2, 2, 4]);
    }

    #[test]
    fn trees_with_too_many_leaves_for_a_mask_are_walked() {
        agree(&[33, 100, 31, 2]);
    }
}
