//! Numbers for the pairs of carrier and origin, each with a month: 0, 1, 2 ... as they appear.
use std::collections::HashMap;

/// Keys are short texts packed into words, so that they are hashed and compared as numbers.
pub struct Index {
    /// Number plus one, 0 where free; a power of two of them, at most half in use.
    slots: Vec<u32>,
    keys: Vec<Key>,
    long: HashMap<Vec<u8>, u64>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Key {
    carrier: u64,
    origin: u64,
    month: i32,
}

pub enum Found {
    Known(usize),
    New(usize),
}

/// No byte of UTF-8 is 0xff, so no packed text begins like the number of a long one.
const LONG: u64 = 0xff << 56;

impl Index {
    pub fn new() -> Self {
        Self { slots: vec![0; 1 << 10], keys: Vec::new(), long: HashMap::new() }
    }

    #[inline]
    pub fn find(&mut self, carrier: &[u8], origin: &[u8], month: i32) -> Found {
        let key = Key { carrier: self.word(carrier), origin: self.word(origin), month };
        let slot = match self.probe(key) {
            Ok(number) => return Found::Known(number),
            Err(slot) => slot,
        };
        self.keys.push(key);
        self.slots[slot] = self.keys.len() as u32;
        if self.keys.len() * 2 > self.slots.len() {
            self.grow();
        }
        Found::New(self.keys.len() - 1)
    }

    /// The key's number, or the slot that awaits it.
    #[inline]
    fn probe(&self, key: Key) -> Result<usize, usize> {
        let mask = self.slots.len() - 1;
        let mut slot = key.hash() & mask;
        loop {
            match self.slots[slot] as usize {
                0 => return Err(slot),
                number if self.keys[number - 1] == key => return Ok(number - 1),
                _ => slot = (slot + 1) & mask,
            }
        }
    }

    fn grow(&mut self) {
        self.slots = vec![0; self.slots.len() * 2];
        for (number, &key) in (1..).zip(&self.keys) {
            let slot = self.probe(key).expect_err("every key is there once");
            self.slots[slot] = number;
        }
    }

    /// Up to eight bytes as they are: a text holds no zeros, so none is another's beginning.
    #[inline]
    fn word(&mut self, text: &[u8]) -> u64 {
        match *text {
            [a, b] => u64::from_le_bytes([a, b, 0, 0, 0, 0, 0, 0]),
            [a, b, c] => u64::from_le_bytes([a, b, c, 0, 0, 0, 0, 0]),
            _ => self.any_word(text),
        }
    }

    fn any_word(&mut self, text: &[u8]) -> u64 {
        if text.len() <= 8 {
            let mut word = [0; 8];
            word[..text.len()].copy_from_slice(text);
            return u64::from_le_bytes(word);
        }
        if let Some(&word) = self.long.get(text) {
            return word;
        }
        let word = LONG | self.long.len() as u64;
        self.long.insert(text.to_vec(), word);
        word
    }
}

impl Key {
    /// The high bits of a product are the mixed ones.
    #[inline]
    fn hash(self) -> usize {
        let mixed =
            self.carrier ^ self.origin.rotate_left(24) ^ (self.month as u64).rotate_left(52);
        (mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_follow_appearance_and_stay() {
        let long = "x".repeat(100);
        let texts = ["UA", "U", "UAL", "ABCDEFGH", "ABCDEFGHI", "ABCDEFGHJ", &long];
        let mut index = Index::new();
        let mut expected = 0;
        for round in 0..2 {
            for (number, (carrier, origin, month)) in texts
                .iter()
                .flat_map(|carrier| texts.iter().map(move |origin| (carrier, origin)))
                .flat_map(|(carrier, origin)| (-9..20).map(move |month| (carrier, origin, month)))
                .enumerate()
            {
                match index.find(carrier.as_bytes(), origin.as_bytes(), month) {
                    Found::New(found) => {
                        assert_eq!((round, found), (0, number));
                        expected += 1;
                    }
                    Found::Known(found) => assert_eq!((round, found), (1, number)),
                }
            }
        }
        assert_eq!(expected, index.keys.len());
    }
}
