//! What became of the records.
use std::collections::BTreeMap;
use std::ops::AddAssign;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub clean: u64,
    pub dropped: u64,
    pub rejected: u64,
    /// Clean rows that passed the filter.
    pub kept: u64,
    /// The sum of the rejected records' line numbers.
    pub reject_lines: u64,
}

impl Tally {
    pub fn read(&self) -> u64 {
        self.clean + self.dropped + self.rejected
    }

    pub fn sums(&self) -> BTreeMap<String, f64> {
        let sums = [
            ("read", self.read()),
            ("clean", self.clean),
            ("dropped", self.dropped),
            ("rejected", self.rejected),
            ("kept", self.kept),
            ("reject_lines", self.reject_lines),
        ];
        sums.map(|(name, count)| (name.to_owned(), count as f64)).into()
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.clean += other.clean;
        self.dropped += other.dropped;
        self.rejected += other.rejected;
        self.kept += other.kept;
        self.reject_lines += other.reject_lines;
    }
}
