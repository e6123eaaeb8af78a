//! What step `agg` answers of a group.
use crate::Clean;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sums {
    pub flights: u64,
    pub late: u64,
    pub weekend: u64,
    pub early: u64,
    made_up: i64,
    speed: f64,
    temp: f64,
    /// Rows whose temp is not missing.
    temps: u64,
}

/// A temp is missing where no row of the group has one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Means {
    pub made_up: f64,
    pub speed: f64,
    pub temp: Option<f64>,
}

impl Sums {
    #[inline]
    pub fn add(&mut self, row: &Clean<'_>, temp: Option<f64>) {
        self.flights += 1;
        self.late += u64::from(row.late());
        self.weekend += u64::from(row.weekend());
        self.early += u64::from(row.early());
        self.made_up += i64::from(row.made_up());
        self.speed += row.speed();
        self.temp += temp.unwrap_or_default();
        self.temps += u64::from(temp.is_some());
    }

    pub fn merge(&mut self, other: &Self) {
        self.flights += other.flights;
        self.late += other.late;
        self.weekend += other.weekend;
        self.early += other.early;
        self.made_up += other.made_up;
        self.speed += other.speed;
        self.temp += other.temp;
        self.temps += other.temps;
    }

    /// Of a group that has a row.
    pub fn means(&self) -> Means {
        let rows = self.flights as f64;
        Means {
            made_up: self.made_up as f64 / rows,
            speed: self.speed / rows,
            temp: (self.temps > 0).then(|| self.temp / self.temps as f64),
        }
    }
}
