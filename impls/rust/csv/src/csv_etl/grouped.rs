//! A value for each pair of carrier and origin, with a month.
use hashbrown::HashMap;
use hashbrown::hash_map::EntryRef;
use rustc_hash::FxBuildHasher;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    pub carrier: Vec<u8>,
    pub origin: Vec<u8>,
    pub month: i32,
}

/// The key as a row has it. The standard library's map could not be asked for it without two allocations.
#[derive(Hash)]
struct Borrowed<'a> {
    carrier: &'a [u8],
    origin: &'a [u8],
    month: i32,
}

impl hashbrown::Equivalent<Key> for Borrowed<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        self.carrier == key.carrier && self.origin == key.origin && self.month == key.month
    }
}

pub struct Grouped<T>(pub HashMap<Key, T, FxBuildHasher>);

impl<T> Grouped<T> {
    pub fn new() -> Self {
        Self(HashMap::default())
    }

    /// The value, made where there is none yet.
    #[inline]
    pub fn of(
        &mut self,
        carrier: &[u8],
        origin: &[u8],
        month: i32,
        make: impl FnOnce() -> T,
    ) -> &mut T {
        match self.0.entry_ref(&Borrowed { carrier, origin, month }) {
            EntryRef::Occupied(entry) => entry.into_mut(),
            EntryRef::Vacant(entry) => {
                let key = Key { carrier: carrier.into(), origin: origin.into(), month };
                entry.insert_with_key(key, make())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_finds_what_it_made() {
        let mut counts = Grouped::new();
        for (carrier, origin, month) in
            [("UA", "EWR", 1), ("U", "AEWR", 1), ("UA", "EWR", 2), ("UA", "EWR", 1)]
        {
            *counts.of(carrier.as_bytes(), origin.as_bytes(), month, || 0) += 1;
        }
        assert_eq!(counts.0.len(), 3);
        assert_eq!(*counts.of(b"UA", b"EWR", 1, || 0), 2);
    }
}
