//! Distinct texts of one column, numbered from 1 in the order of their first appearance.
//!
//! An open-addressing table of its own instead of `HashMap<Box<[u8]>, u32>`: a slot holds a text of
//! up to sixteen bytes itself, so that a look-up follows no pointer. SipHash, the standard library's
//! hash, guards servers against chosen keys; nobody chooses keys against a batch job.
use super::field::{PADDING, word};

/// A text and its code, which is 0 in an empty slot. A text is told apart by its length and its first
/// and last eight bytes (zeros where it is short); up to sixteen bytes that is all of it.
#[derive(Clone, Copy, Default)]
struct Slot {
    head: u64,
    tail: u64,
    length: u32,
    code: u32,
}

impl Slot {
    fn of(bytes: &[u8], span: Span) -> Self {
        let Span { start, end } = span;
        let length = end - start;
        let first = word(bytes, start);
        let (head, tail) = if length < 8 {
            (first & ((1 << (8 * length)) - 1), 0)
        } else {
            (first, word(bytes, end - 8))
        };
        Self { head, tail, length: length as u32, code: 0 }
    }

    fn looks_like(&self, other: &Self) -> bool {
        self.head == other.head && self.tail == other.tail && self.length == other.length
    }
}

/// Where a text stands in a buffer.
#[derive(Clone, Copy)]
pub struct Span {
    pub start: usize,
    pub end: usize,
}

impl Span {
    fn of(self, bytes: &[u8]) -> &[u8] {
        &bytes[self.start..self.end]
    }
}

pub struct Dictionary {
    slots: Vec<Slot>,
    texts: Texts,
}

/// Texts one after the other; text `code` ends at `ends[code]`, and code 0 is the empty text.
#[derive(Debug)]
pub struct Texts {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Texts {
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn get(&self, code: u32) -> &[u8] {
        let code = code as usize;
        let start = if code == 0 { 0 } else { self.ends[code - 1] };
        &self.bytes[start..self.ends[code]]
    }

    fn push(&mut self, text: &[u8]) -> u32 {
        self.bytes.extend_from_slice(text);
        self.ends.push(self.bytes.len());
        (self.ends.len() - 1) as u32
    }
}

impl Dictionary {
    pub fn new() -> Self {
        Self {
            slots: vec![Slot::default(); 1 << 8],
            texts: Texts { bytes: Vec::new(), ends: vec![0] },
        }
    }

    /// Appends the codes of texts in padded bytes; that of an empty one is 0.
    ///
    /// Many at once: look-ups that follow each other closely wait for memory together.
    pub fn code(&mut self, bytes: &[u8], spans: &[Span], codes: &mut Vec<u32>) {
        codes.extend(spans.iter().map(|&span| self.find(bytes, span)));
    }

    fn find(&mut self, bytes: &[u8], span: Span) -> u32 {
        if span.start == span.end {
            return 0;
        }
        let (sought, text) = (Slot::of(bytes, span), span.of(bytes));
        let mut at = self.home(hash(&sought, text));
        loop {
            let slot = &self.slots[at];
            if slot.code == 0 {
                return self.insert(at, sought, text);
            }
            if slot.looks_like(&sought) && (text.len() <= 16 || self.texts.get(slot.code) == text) {
                return slot.code;
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
    }

    /// Takes over another column's texts; the code of each of them here, by its code there.
    pub fn absorb(&mut self, other: Self) -> Vec<u32> {
        let Texts { mut bytes, ends } = other.texts;
        bytes.resize(bytes.len() + PADDING, 0);
        let starts = [0].into_iter().chain(ends.iter().copied());
        let span = |(start, &end): (usize, &usize)| Span { start, end };
        let spans: Vec<Span> = starts.zip(&ends).map(span).collect();
        let mut codes = Vec::with_capacity(ends.len());
        self.code(&bytes, &spans, &mut codes);
        codes
    }

    pub fn into_texts(self) -> Texts {
        self.texts
    }

    fn insert(&mut self, at: usize, slot: Slot, text: &[u8]) -> u32 {
        let code = self.texts.push(text);
        self.slots[at] = Slot { code, ..slot };
        if 2 * self.texts.len() > self.slots.len() {
            self.grow();
        }
        code
    }

    #[cold]
    fn grow(&mut self) {
        let larger = vec![Slot::default(); 4 * self.slots.len()];
        for slot in std::mem::replace(&mut self.slots, larger) {
            if slot.code != 0 {
                let mut at = self.home(hash(&slot, self.texts.get(slot.code)));
                while self.slots[at].code != 0 {
                    at = (at + 1) & (self.slots.len() - 1);
                }
                self.slots[at] = slot;
            }
        }
    }

    fn home(&self, hash: u64) -> usize {
        (hash >> (64 - self.slots.len().ilog2())) as usize
    }
}

/// Long texts are hashed whole: those of one column may well begin and end alike.
fn hash(slot: &Slot, text: &[u8]) -> u64 {
    let short = mix(slot.head ^ FIRST, slot.tail ^ SECOND);
    if text.len() <= 16 {
        return short;
    }
    text[8..text.len() - 8]
        .chunks(8)
        .map(|chunk| chunk.iter().fold(0, |word, &byte| (word << 8) | u64::from(byte)))
        .fold(short, |hash, word| mix(hash ^ FIRST, word ^ SECOND))
}

const FIRST: u64 = 0x9E37_79B9_7F4A_7C15;
const SECOND: u64 = 0xBF58_476D_1CE4_E5B9;

/// Both halves of the product: numbered texts differ in their last bytes, the upper ones of a word,
/// which the lower half alone carries into few bits.
fn mix(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    product as u64 ^ (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(dictionary: &mut Dictionary, text: &str) -> u32 {
        let bytes = [text.as_bytes(), &[b'#'; PADDING]].concat();
        let mut codes = Vec::new();
        dictionary.code(&bytes, &[Span { start: 0, end: text.len() }], &mut codes);
        codes[0]
    }

    #[test]
    fn codes_count_first_appearances_and_read_back() {
        let mut dictionary = Dictionary::new();
        let texts = ["b", "a", "", "12345678", "123456789", "the same end of sixteen", "b"];
        let codes = texts.map(|text| code(&mut dictionary, text));
        assert_eq!(codes, [1, 2, 0, 3, 4, 5, 1]);
        let read = dictionary.into_texts();
        for (text, code) in texts.iter().zip(codes) {
            assert_eq!(read.get(code), text.as_bytes());
        }
    }

    #[test]
    fn texts_that_differ_in_the_middle_alone_are_two() {
        let mut dictionary = Dictionary::new();
        let one = code(&mut dictionary, "beginning-1-the-end");
        let two = code(&mut dictionary, "beginning-2-the-end");
        assert_eq!((one, two), (1, 2));
        assert_eq!(code(&mut dictionary, "beginning-1-the-end"), 1);
    }

    #[test]
    fn growing_keeps_codes() {
        let mut dictionary = Dictionary::new();
        for pass in 0..2 {
            for i in 0..5_000u32 {
                assert_eq!(code(&mut dictionary, &format!("id{i:010}")), i + 1, "pass {pass}");
            }
        }
    }
}
