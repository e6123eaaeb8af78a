//! What the question for a correlation gathers of a group.
use super::field::MISSING;
use super::grouping::Accumulator;

/// Question 9: moments as exact whole numbers, so that nothing cancels.
#[derive(Clone, Default)]
pub struct Correlation {
    rows: u32,
    pairs: u32,
    x: i64,
    y: i64,
    xx: i64,
    yy: i64,
    xy: i64,
}

impl Correlation {
    pub fn add(&mut self, v1: i32, v2: i32) {
        self.rows += 1;
        let pair = v1 != MISSING && v2 != MISSING;
        let (x, y) = if pair { (i64::from(v1), i64::from(v2)) } else { (0, 0) };
        self.pairs += u32::from(pair);
        self.x += x;
        self.y += y;
        self.xx += x * x;
        self.yy += y * y;
        self.xy += x * y;
    }

    /// Its square; NaN for fewer than two pairs, or where one of the two does not vary.
    pub fn squared(&self) -> f64 {
        let moment = |product: i64, one: i64, other: i64| {
            i128::from(self.pairs) * i128::from(product) - i128::from(one) * i128::from(other)
        };
        let x = moment(self.xx, self.x, self.x);
        let y = moment(self.yy, self.y, self.y);
        if x == 0 || y == 0 {
            return f64::NAN;
        }
        let xy = moment(self.xy, self.x, self.y) as f64;
        (xy / x as f64) * (xy / y as f64)
    }
}

impl Accumulator for Correlation {
    fn seen(&self) -> bool {
        self.rows > 0
    }

    fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.pairs += other.pairs;
        self.x += other.x;
        self.y += other.y;
        self.xx += other.xx;
        self.yy += other.yy;
        self.xy += other.xy;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn squared(pairs: &[(i32, i32)]) -> f64 {
        let mut correlation = Correlation::default();
        pairs.iter().for_each(|&(v1, v2)| correlation.add(v1, v2));
        correlation.squared()
    }

    #[test]
    fn a_correlation_needs_two_pairs_that_vary() {
        assert_eq!(squared(&[(1, 2), (2, 0), (3, -2), (MISSING, 5), (4, MISSING)]), 1.0);
        assert!((squared(&[(1, 1), (2, 3), (3, 2)]) - 0.25).abs() < 1e-15);
        assert!(squared(&[(1, 2), (MISSING, 3)]).is_nan());
        assert!(squared(&[(1, 2), (1, 3)]).is_nan());
        assert!(squared(&[(1, 2), (2, 2)]).is_nan());
        assert!(squared(&[]).is_nan());
    }
}
