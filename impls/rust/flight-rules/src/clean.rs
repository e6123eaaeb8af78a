//! A clean row, and what is derived of it.
use crate::instant::Instant;

/// A well-formed record without a missing time or delay; texts borrow from the block or from [`Odd`](crate::Odd).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clean<'a> {
    pub year: i32,
    pub month: i32,
    pub day: i32,
    /// Minutes.
    pub dep_delay: i32,
    /// Minutes.
    pub arr_delay: i32,
    pub carrier: &'a [u8],
    pub flight: i32,
    pub tailnum: Option<&'a [u8]>,
    pub origin: &'a [u8],
    pub dest: &'a [u8],
    /// Minutes.
    pub air_time: i32,
    /// Miles.
    pub distance: i32,
    /// As it stood.
    pub time_hour: &'a [u8],
    pub time: Instant,
}

impl Clean<'_> {
    /// Whether the row passes the filter.
    pub fn kept(&self) -> bool {
        self.air_time > 0 && self.distance >= 500
    }

    /// Miles an hour.
    pub fn speed(&self) -> f64 {
        f64::from(self.distance) * 60.0 / f64::from(self.air_time)
    }

    /// Minutes.
    pub fn made_up(&self) -> i32 {
        self.dep_delay - self.arr_delay
    }

    pub fn late(&self) -> bool {
        self.arr_delay > 15
    }

    pub fn weekend(&self) -> bool {
        self.time.weekday >= 6
    }

    pub fn early(&self) -> bool {
        self.time.hour < 12
    }
}
