//! Groups of keys that are too many to count on: rows are dealt out by hash, then each part is grouped.
//!
//! One table over ten million groups would miss every cache at every row. A part is small enough
//! that its table stays in the second-level cache, and the rows are moved once, in order.
use std::ops::Range;

use super::packed::{Field, MOST_WORDS, Packed, code, hash, layout, pack};
use super::parallel;
use super::table::Key;

const BLOCK: usize = 1024;
/// Rows of a part, about: with their table they take some hundred kilobytes.
const PART: usize = 1 << 13;
/// More parts than this and dealing out would thrash the address translation.
const MOST_PART_BITS: u32 = 11;

/// The group number of each row and the codes of each group, by key.
pub fn number(keys: &[&Key]) -> (Vec<u32>, Vec<Vec<u32>>) {
    let rows = keys[0].codes.len();
    let add = |numbers: &mut Vec<u32>, group, row: u32| numbers[row as usize] = group as u32;
    let chunk = fold(keys, 1, |row| row as u32, || vec![0; rows], add).pop();
    let Chunk { gathered, codes } = chunk.expect("one thread gives one chunk");
    (gathered, codes)
}

/// The groups that one thread has found: what was gathered of them, and their codes by key.
pub struct Chunk<A> {
    pub gathered: A,
    pub codes: Vec<Vec<u32>>,
}

/// Calls `add` with every row's group and payload. A thread numbers its groups from 0 in the order
/// in which they are first added to; no group is in two threads' chunks.
pub fn fold<T: Copy + Default + Send + Sync, A: Send>(
    keys: &[&Key],
    threads: usize,
    payload: impl Fn(usize) -> T + Sync,
    new: impl Fn() -> A + Sync,
    add: impl Fn(&mut A, usize, T) + Sync,
) -> Vec<Chunk<A>> {
    let (fields, words) = layout(keys);
    let packing = Packing { keys, fields: &fields };
    match words {
        1 => packing.fold::<1, T, A>(threads, payload, new, add),
        2 => packing.fold::<2, T, A>(threads, payload, new, add),
        _ => packing.fold::<MOST_WORDS, T, A>(threads, payload, new, add),
    }
}

struct Packing<'a> {
    keys: &'a [&'a Key],
    fields: &'a [Field],
}

/// Rows in the order of their parts: part `p` ends at `ends[p]`.
struct Dealt<const N: usize, T> {
    rows: Vec<(Packed<N>, T)>,
    ends: Vec<usize>,
}

impl<const N: usize, T> Dealt<N, T> {
    fn part(&self, part: usize) -> &[(Packed<N>, T)] {
        let start = if part == 0 { 0 } else { self.ends[part - 1] };
        &self.rows[start..self.ends[part]]
    }
}

impl Packing<'_> {
    /// Each thread deals out rows of its own, and then groups parts of its own, wherever their rows lie.
    fn fold<const N: usize, T: Copy + Default + Send + Sync, A: Send>(
        &self,
        threads: usize,
        payload: impl Fn(usize) -> T + Sync,
        new: impl Fn() -> A + Sync,
        add: impl Fn(&mut A, usize, T) + Sync,
    ) -> Vec<Chunk<A>> {
        let rows = self.keys[0].codes.len();
        let part_bits = rows.div_ceil(PART).next_power_of_two().ilog2().min(MOST_PART_BITS);
        let ranges = parallel::ranges(rows, threads);
        let parts = 1 << part_bits;
        let share = |at: usize| parts * at / ranges.len();
        let shares = (0..ranges.len()).map(|at| share(at)..share(at + 1)).collect();
        let deal = |range| self.deal::<N, T>(range, part_bits, &payload);
        let dealt = parallel::map(ranges.clone(), deal);
        parallel::map(shares, |parts| self.group(&dealt, parts, Index::new(part_bits), new(), &add))
    }

    fn group<const N: usize, T: Copy, A>(
        &self,
        dealt: &[Dealt<N, T>],
        parts: Range<usize>,
        mut index: Index<N>,
        mut gathered: A,
        add: impl Fn(&mut A, usize, T),
    ) -> Chunk<A> {
        let mut codes = vec![Vec::new(); self.keys.len()];
        for part in parts {
            index.clear(dealt.iter().map(|dealt| dealt.part(part).len()).sum());
            let base = codes[0].len();
            for &(key, payload) in dealt.iter().flat_map(|dealt| dealt.part(part)) {
                add(&mut gathered, base + index.group(key), payload);
            }
            for (codes, &field) in codes.iter_mut().zip(self.fields) {
                codes.extend(index.keys.iter().map(|key| code(key, field)));
            }
        }
        Chunk { gathered, codes }
    }

    /// Keys are packed twice, to count and to move: to keep them would cost more than to repeat it.
    fn deal<const N: usize, T: Copy + Default>(
        &self,
        rows: Range<usize>,
        part_bits: u32,
        payload: impl Fn(usize) -> T,
    ) -> Dealt<N, T> {
        let mut ends = vec![0; 1 << part_bits];
        self.each::<N>(rows.clone(), |_, key| ends[part(key, part_bits)] += 1);
        let mut next = 0;
        for end in &mut ends {
            next += std::mem::replace(end, next);
        }
        let mut dealt = vec![([0; N], T::default()); rows.len()];
        self.each::<N>(rows, |row, key| {
            let at = &mut ends[part(key, part_bits)];
            dealt[*at] = (key, payload(row));
            *at += 1;
        });
        Dealt { rows: dealt, ends }
    }

    fn each<const N: usize>(&self, rows: Range<usize>, mut visit: impl FnMut(usize, Packed<N>)) {
        let mut packed = [[0; N]; BLOCK];
        for start in rows.clone().step_by(BLOCK) {
            let packed = &mut packed[..BLOCK.min(rows.end - start)];
            pack(self.keys, self.fields, start, packed);
            for (row, &key) in (start..).zip(packed.iter()) {
                visit(row, key);
            }
        }
    }
}

/// The uppermost bits choose the part, so that the next ones are left for the place in its table.
fn part<const N: usize>(key: Packed<N>, bits: u32) -> usize {
    (hash(&key) >> 1 >> (63 - bits)) as usize
}

/// Open addressing over the keys of one part. A slot holds a group's number plus one.
struct Index<const N: usize> {
    slots: Vec<u32>,
    keys: Vec<Packed<N>>,
    skipped_bits: u32,
}

impl<const N: usize> Index<N> {
    fn new(skipped_bits: u32) -> Self {
        Self { slots: Vec::new(), keys: Vec::new(), skipped_bits }
    }

    /// Makes room for so many rows, at most half of the slots.
    fn clear(&mut self, rows: usize) {
        let slots = (2 * rows).next_power_of_two();
        self.slots.clear();
        self.slots.resize(slots, 0);
        self.keys.clear();
    }

    fn group(&mut self, key: Packed<N>) -> usize {
        let mask = self.slots.len() - 1;
        let shift = 63 - self.slots.len().ilog2();
        let mut at = (hash(&key) << self.skipped_bits >> 1 >> shift) as usize & mask;
        loop {
            let slot = self.slots[at];
            if slot == 0 {
                self.keys.push(key);
                self.slots[at] = self.keys.len() as u32;
                return self.keys.len() - 1;
            }
            if self.keys[slot as usize - 1] == key {
                return slot as usize - 1;
            }
            at = (at + 1) & mask;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    /// More rows than a part, keys that repeat, compared with the standard library's table.
    fn agrees_with_a_map(keys: &[&Key]) {
        let (of_row, codes) = number(keys);
        let mut seen = HashMap::new();
        for (row, &group) in of_row.iter().enumerate() {
            let key: Vec<u32> = keys.iter().map(|key| key.codes[row]).collect();
            let held: Vec<u32> = codes.iter().map(|codes| codes[group as usize]).collect();
            assert_eq!(key, held);
            assert_eq!(*seen.entry(key).or_insert(group), group);
        }
        assert_eq!(seen.len(), codes[0].len());
    }

    fn key(rows: i32, step: i32, distinct: i32) -> Key {
        Key::whole("a", (0..rows).map(|row| row % distinct * step).collect())
    }

    #[test]
    fn keys_in_one_word() {
        let rows = 3 * PART as i32;
        agrees_with_a_map(&[&key(rows, 1, 97), &key(rows, 50_000, 10_007)]);
    }

    #[test]
    fn keys_in_two_words() {
        let rows = 2 * PART as i32 + 1;
        let wide = key(rows, 200_000, 10_007);
        agrees_with_a_map(&[&wide, &key(rows, 1, 3), &wide]);
    }

    #[test]
    fn keys_in_three_words() {
        let wide = key(PART as i32 + 1, 200_000, 5_003);
        agrees_with_a_map(&[&wide, &wide, &wide, &key(PART as i32 + 1, 7, 1_009), &wide]);
    }

    #[test]
    fn threads_share_the_groups_between_them() {
        let rows = 300_000;
        let keys = [&key(rows, 1, 97), &key(rows, 50_000, 10_007)];
        let count = |counts: &mut Vec<u64>, group: usize, one: u64| {
            counts.resize(counts.len().max(group + 1), 0);
            counts[group] += one;
        };
        let sorted = |threads| {
            let chunks = fold(&keys, threads, |_| 1, Vec::new, count);
            let rows = chunks.iter().flat_map(|chunk| {
                let row = |at| (chunk.codes[0][at], chunk.codes[1][at], chunk.gathered[at]);
                (0..chunk.gathered.len()).map(row)
            });
            let mut rows: Vec<_> = rows.collect();
            rows.sort_unstable();
            (chunks.len(), rows)
        };
        let ((one, alone), (three, together)) = (sorted(1), sorted(3));
        assert_eq!((one, three), (1, 3));
        assert_eq!(alone, together);
    }

    #[test]
    fn a_single_row() {
        agrees_with_a_map(&[&key(1, 1, 1)]);
    }
}
