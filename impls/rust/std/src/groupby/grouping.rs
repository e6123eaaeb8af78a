//! From keys to group numbers, and from there to one accumulator a group.
//!
//! Where the possible keys are about as few as the rows, a group's number is computed from its
//! codes and needs no table at all. It is computed a block at a time: the numbers of a block stay
//! in the first-level cache, and the loop over them is the same whatever the keys were.
use std::ops::Range;

use super::answer::KeyColumn;
use super::hashed;
use super::parallel;
use super::table::Key;

const BLOCK: usize = 1024;
/// An accumulator array of so many groups is cheap however few rows there are.
const ALWAYS_DIRECT: usize = 1 << 16;

pub struct Grouping<'a> {
    keys: &'a [&'a Key],
    rows: usize,
    threads: usize,
    numbers: Numbers,
}

enum Numbers {
    /// The codes as digits of one number, the last key the lowest: so many are possible.
    Direct(usize),
    /// Found by hashing: the number of each row, and the codes of each group, by key.
    Listed { of_row: Vec<u32>, codes: Vec<Vec<u32>> },
}

/// What is gathered of one group.
pub trait Accumulator: Clone + Default + Send {
    /// Takes in what another thread has gathered of the same group.
    fn merge(&mut self, other: Self);
    /// A possible group that no row has is not in the answer.
    fn seen(&self) -> bool;
}

impl<'a> Grouping<'a> {
    pub fn new(keys: &'a [&'a Key], threads: usize) -> Self {
        let rows = keys[0].codes.len();
        let possible = keys.iter().try_fold(1usize, |product, key| product.checked_mul(key.size));
        let numbers = match possible {
            Some(possible) if possible <= rows.max(ALWAYS_DIRECT) => Numbers::Direct(possible),
            _ => {
                let (of_row, codes) = hashed::number(keys);
                Numbers::Listed { of_row, codes }
            }
        };
        Self { keys, rows, threads, numbers }
    }

    /// Each thread goes through rows of its own for all groups, which are merged at the end.
    pub fn fold<A: Accumulator>(&self, add: impl Fn(&mut A, usize) + Sync) -> Vec<A> {
        let parts = parallel::map(parallel::ranges(self.rows, self.threads), |rows| {
            let mut groups = vec![A::default(); self.len()];
            self.each(rows, |group, row| add(&mut groups[group], row));
            groups
        });
        let merge = |mut groups: Vec<A>, others: Vec<A>| {
            groups.iter_mut().zip(others).for_each(|(group, other)| group.merge(other));
            groups
        };
        parts.into_iter().reduce(merge).expect("there is a range of rows, if an empty one")
    }

    /// Calls `visit` with the group and the number of every row among `rows`.
    pub fn each(&self, rows: Range<usize>, mut visit: impl FnMut(usize, usize)) {
        let mut numbers = [0; BLOCK];
        for start in rows.clone().step_by(BLOCK) {
            let numbers = &mut numbers[..BLOCK.min(rows.end - start)];
            self.number(start, numbers);
            for (row, &group) in (start..).zip(numbers.iter()) {
                visit(group as usize, row);
            }
        }
    }

    /// The groups that occur, apart: their keys, and what was gathered of them.
    pub fn present<A: Accumulator>(&self, groups: Vec<A>) -> (Vec<KeyColumn>, Vec<A>) {
        let occurs = |(_, group): &(u32, A)| group.seen();
        let (numbers, groups): (Vec<u32>, Vec<A>) = (0..).zip(groups).filter(occurs).unzip();
        (self.columns(&numbers), groups)
    }

    /// The key columns of the given groups.
    pub fn columns(&self, groups: &[u32]) -> Vec<KeyColumn> {
        let column = |(position, key)| {
            let codes = groups.iter().map(|&group| self.code(group, position)).collect();
            KeyColumn::new(key, codes)
        };
        self.keys.iter().copied().enumerate().map(column).collect()
    }

    fn len(&self) -> usize {
        match &self.numbers {
            Numbers::Direct(possible) => *possible,
            Numbers::Listed { codes, .. } => codes[0].len(),
        }
    }

    fn number(&self, start: usize, numbers: &mut [u32]) {
        let rows = start..start + numbers.len();
        match &self.numbers {
            Numbers::Listed { of_row, .. } => numbers.copy_from_slice(&of_row[rows]),
            Numbers::Direct(_) => {
                numbers.copy_from_slice(&self.keys[0].codes[rows.clone()]);
                for key in &self.keys[1..] {
                    for (number, code) in numbers.iter_mut().zip(&key.codes[rows.clone()]) {
                        *number = *number * key.size as u32 + code;
                    }
                }
            }
        }
    }

    fn code(&self, group: u32, position: usize) -> u32 {
        match &self.numbers {
            Numbers::Listed { codes, .. } => codes[position][group as usize],
            Numbers::Direct(_) => {
                let below = &self.keys[position + 1..];
                let high = below.iter().rev().fold(group, |high, key| high / key.size as u32);
                high % self.keys[position].size as u32
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::field::MISSING;
    use super::*;

    #[derive(Clone, Default)]
    struct Rows(Vec<usize>);

    impl Accumulator for Rows {
        fn merge(&mut self, other: Self) {
            self.0.extend(other.0);
        }

        fn seen(&self) -> bool {
            !self.0.is_empty()
        }
    }

    /// Each group's codes with the rows in it, in order.
    fn groups(keys: &[&Key]) -> Vec<(Vec<u32>, Vec<usize>)> {
        let grouping = Grouping::new(keys, 3);
        let rows = grouping.fold(|group: &mut Rows, row| group.0.push(row));
        let (columns, rows) = grouping.present(rows);
        let codes = |at: usize| columns.iter().map(|column| column.codes[at]).collect();
        let mut found: Vec<_> =
            rows.into_iter().enumerate().map(|(at, group)| (codes(at), group.0)).collect();
        found.sort();
        found
    }

    #[test]
    fn few_possible_keys_are_numbered_directly() {
        let one = Key::whole("a", vec![1, MISSING, 1, 2]);
        let two = Key::whole("b", vec![5, 5, 5, MISSING]);
        let expected = [(vec![0, 1], vec![1]), (vec![1, 1], vec![0, 2]), (vec![2, 0], vec![3])];
        assert_eq!(groups(&[&one, &two]), expected);
    }

    #[test]
    fn far_apart_keys_are_hashed_to_the_same_groups() {
        let far = Key::whole("a", vec![-2_000_000_000, 2_000_000_000, MISSING, 2_000_000_000]);
        let expected = [(vec![0], vec![2]), (vec![1], vec![0]), (vec![4_000_000_001], vec![1, 3])];
        assert_eq!(groups(&[&far]), expected);
    }

    #[test]
    fn threads_find_the_same_groups() {
        let key = Key::whole("a", (0..200_000).map(|row| row % 7).collect());
        let expected: Vec<(Vec<u32>, Vec<usize>)> = (0..7)
            .map(|code| (vec![code + 1], (code as usize..200_000).step_by(7).collect()))
            .collect();
        assert_eq!(groups(&[&key]), expected);
    }

    #[test]
    fn no_rows_have_no_groups() {
        assert!(groups(&[&Key::whole("a", Vec::new())]).is_empty());
    }
}
