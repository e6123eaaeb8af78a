//! What the questions for extremes gather of a group.
use super::answer::NONE;
use super::field::MISSING;
use super::grouping::Accumulator;

/// Question 7. A maximum may begin with the marker of a missing number, which is below all others;
/// the minimum is kept as a rank, in which the marker is above them.
#[derive(Clone)]
pub struct Range {
    rows: u32,
    most_v1: i32,
    least_v2: u32,
}

/// Question 8.
#[derive(Clone)]
pub struct Largest {
    first: f64,
    second: f64,
}

impl Default for Range {
    fn default() -> Self {
        Self { rows: 0, most_v1: MISSING, least_v2: rank(MISSING) }
    }
}

impl Range {
    pub fn add(&mut self, v1: i32, v2: i32) {
        self.rows += 1;
        self.most_v1 = self.most_v1.max(v1);
        self.least_v2 = self.least_v2.min(rank(v2));
    }

    /// The difference, or [`NONE`].
    pub fn value(&self) -> i64 {
        let least_v2 = (self.least_v2.wrapping_add(1) ^ SIGN) as i32;
        if self.most_v1 == MISSING || least_v2 == MISSING {
            return NONE;
        }
        i64::from(self.most_v1) - i64::from(least_v2)
    }
}

impl Accumulator for Range {
    fn seen(&self) -> bool {
        self.rows > 0
    }

    fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.most_v1 = self.most_v1.max(other.most_v1);
        self.least_v2 = self.least_v2.min(other.least_v2);
    }
}

const SIGN: u32 = 1 << 31;

/// In the order of the numbers, but for the marker, which wraps around to the top.
fn rank(value: i32) -> u32 {
    (value as u32 ^ SIGN).wrapping_sub(1)
}

impl Default for Largest {
    fn default() -> Self {
        Self { first: f64::NEG_INFINITY, second: f64::NEG_INFINITY }
    }
}

impl Accumulator for Largest {
    fn seen(&self) -> bool {
        self.first > f64::NEG_INFINITY
    }

    fn merge(&mut self, other: Self) {
        self.add(other.first);
        self.add(other.second);
    }
}

impl Largest {
    /// NaN compares false: it is passed over like any value that is not among the largest.
    pub fn add(&mut self, v3: f64) {
        if v3 > self.second {
            let first = self.first;
            self.first = if v3 > first { v3 } else { first };
            self.second = if v3 > first { first } else { v3 };
        }
    }

    /// One or two values; a group that is seen has one.
    pub fn values(&self) -> impl Iterator<Item = f64> {
        [self.first, self.second].into_iter().filter(|&value| value > f64::NEG_INFINITY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(pairs: &[(i32, i32)]) -> i64 {
        let mut range = Range::default();
        pairs.iter().for_each(|&(v1, v2)| range.add(v1, v2));
        range.value()
    }

    #[test]
    fn a_range_needs_a_maximum_and_a_minimum() {
        assert_eq!(range(&[(1, 9), (5, -3), (MISSING, MISSING)]), 8);
        assert_eq!(range(&[(MISSING, 2), (MISSING, 1)]), NONE);
        assert_eq!(range(&[(7, MISSING)]), NONE);
        assert_eq!(range(&[(i32::MAX, i32::MAX)]), 0);
        assert_eq!(range(&[(-i32::MAX, i32::MAX)]), -2 * i64::from(i32::MAX));
    }

    fn largest(values: &[f64]) -> Vec<f64> {
        let mut largest = Largest::default();
        values.iter().for_each(|&value| largest.add(value));
        largest.values().collect()
    }

    #[test]
    fn the_two_largest_may_be_equal_or_fewer() {
        assert_eq!(largest(&[1.0, f64::NAN, 3.0, 2.0]), [3.0, 2.0]);
        assert_eq!(largest(&[2.0, 2.0, 1.0]), [2.0, 2.0]);
        assert_eq!(largest(&[f64::NAN, -4.0]), [-4.0]);
        assert!(largest(&[f64::NAN]).is_empty());
    }

    #[test]
    fn threads_may_have_gathered_nothing() {
        let (mut range, mut largest) = (Range::default(), Largest::default());
        range.add(3, 1);
        largest.add(2.0);
        range.merge(Range::default());
        largest.merge(Largest::default());
        assert_eq!(range.value(), 2);
        assert_eq!(largest.values().collect::<Vec<_>>(), [2.0]);
    }
}
