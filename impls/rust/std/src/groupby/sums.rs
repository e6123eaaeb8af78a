//! What the questions that add up gather of a group; a missing value is replaced by one that changes nothing.
use super::field::MISSING;
use super::grouping::Accumulator;

/// Questions 1 and 2.
#[derive(Clone, Default)]
pub struct Sum {
    rows: u32,
    pub v1: i64,
}

/// Question 3.
#[derive(Clone, Default)]
pub struct SumAndMean {
    rows: u32,
    values: u32,
    pub v1: i64,
    v3: f64,
}

/// Question 4.
#[derive(Clone, Default)]
pub struct Means {
    rows: u32,
    values: [u32; 3],
    wholes: [i64; 2],
    real: f64,
}

/// Question 5.
#[derive(Clone, Default)]
pub struct Sums {
    rows: u32,
    pub v1: i64,
    pub v2: i64,
    pub v3: f64,
}

/// Question 6: how many rows, and how many of them with a value.
#[derive(Clone, Default)]
pub struct Sizes {
    rows: u32,
    pub values: u32,
}

impl Sum {
    pub fn add(&mut self, v1: i32) {
        self.rows += 1;
        self.v1 += whole(v1);
    }
}

impl Accumulator for Sum {
    fn seen(&self) -> bool {
        self.rows > 0
    }

    fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.v1 += other.v1;
    }
}

impl SumAndMean {
    pub fn add(&mut self, v1: i32, v3: f64) {
        self.rows += 1;
        self.v1 += whole(v1);
        self.v3 += real(v3);
        self.values += u32::from(!v3.is_nan());
    }

    pub fn mean(&self) -> f64 {
        mean(self.v3, self.values)
    }
}

impl Accumulator for SumAndMean {
    fn seen(&self) -> bool {
        self.rows > 0
    }

    fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.values += other.values;
        self.v1 += other.v1;
        self.v3 += other.v3;
    }
}

impl Means {
    pub fn add(&mut self, v1: i32, v2: i32, v3: f64) {
        self.rows += 1;
        self.wholes[0] += whole(v1);
        self.wholes[1] += whole(v2);
        self.real += real(v3);
        self.values[0] += u32::from(v1 != MISSING);
        self.values[1] += u32::from(v2 != MISSING);
        self.values[2] += u32::from(!v3.is_nan());
    }

    pub fn means(&self) -> [f64; 3] {
        let sums = [self.wholes[0] as f64, self.wholes[1] as f64, self.real];
        std::array::from_fn(|i| mean(sums[i], self.values[i]))
    }
}

impl Accumulator for Means {
    fn seen(&self) -> bool {
        self.rows > 0
    }

    fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.real += other.real;
        self.values.iter_mut().zip(other.values).for_each(|(count, other)| *count += other);
        self.wholes.iter_mut().zip(other.wholes).for_each(|(sum, other)| *sum += other);
    }
}

impl Sums {
    pub fn add(&mut self, v1: i32, v2: i32, v3: f64) {
        self.rows += 1;
        self.v1 += whole(v1);
        self.v2 += whole(v2);
        self.v3 += real(v3);
    }
}

impl Accumulator for Sums {
    fn seen(&self) -> bool {
        self.rows > 0
    }

    fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.v1 += other.v1;
        self.v2 += other.v2;
        self.v3 += other.v3;
    }
}

impl Sizes {
    pub fn add(&mut self, v3: f64) {
        self.rows += 1;
        self.values += u32::from(!v3.is_nan());
    }
}

impl Accumulator for Sizes {
    fn seen(&self) -> bool {
        self.rows > 0
    }

    fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.values += other.values;
    }
}

fn whole(value: i32) -> i64 {
    if value == MISSING { 0 } else { i64::from(value) }
}

/// Also for what is not added up here.
pub fn real(value: f64) -> f64 {
    if value.is_nan() { 0.0 } else { value }
}

/// NaN of no values, which is how a missing value is held.
fn mean(sum: f64, values: u32) -> f64 {
    sum / f64::from(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_pass_over_missing_values_on_every_thread() {
        let mut means = Means::default();
        means.add(1, MISSING, 0.5);
        let mut other = Means::default();
        other.add(2, MISSING, f64::NAN);
        means.merge(other);
        let [v1, v2, v3] = means.means();
        assert_eq!((v1, v3), (1.5, 0.5));
        assert!(v2.is_nan());
    }

    #[test]
    fn sums_of_no_values_are_zero() {
        let mut sums = Sums::default();
        assert!(!sums.seen());
        sums.add(MISSING, 7, f64::NAN);
        assert!(sums.seen());
        assert_eq!((sums.v1, sums.v2, sums.v3), (0, 7, 0.0));
    }
}
