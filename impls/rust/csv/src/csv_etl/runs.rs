//! Runs of plain lines, and where they are broken by a line that csv-core would read otherwise.
//!
//! A plain line is UTF-8, ends in LF, and has no double quote, no zero, no CR but before that LF.
use memchr::{memchr3, memrchr};
use simdutf8::compat::from_utf8;

pub struct Runs<'a> {
    bytes: &'a [u8],
    /// The next byte that is not plain, and the next that is not UTF-8; both searched once.
    special: usize,
    invalid: usize,
}

impl<'a> Runs<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, special: special(bytes, 0), invalid: invalid(bytes, 0) }
    }

    /// The plain lines from `at` on; behind them the bytes end, or a record that is not plain begins.
    pub fn from(&mut self, at: usize) -> &'a [u8] {
        if self.special < at {
            self.special = special(self.bytes, at);
        }
        if self.invalid < at {
            self.invalid = invalid(self.bytes, at);
        }
        let clear = &self.bytes[at..self.special.min(self.invalid)];
        &clear[..memrchr(b'\n', clear).map_or(0, |end| end + 1)]
    }
}

fn special(bytes: &[u8], mut from: usize) -> usize {
    while let Some(found) = memchr3(b'"', b'\r', 0, &bytes[from..]) {
        if !bytes[from + found..].starts_with(b"\r\n") {
            return from + found;
        }
        from += found + 2;
    }
    bytes.len()
}

fn invalid(bytes: &[u8], from: usize) -> usize {
    from_utf8(&bytes[from..]).map_or_else(|error| from + error.valid_up_to(), |_| bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_end_before_what_is_not_plain() {
        let plain = b"a\n\xc3\xa9\r\n\n";
        for odd in [&b"b\"c\n"[..], b"b\0\n", b"b\rc\n", b"\r\r\n", b"b\xff\n", b"\xc3\n"] {
            let bytes = [plain, odd, b"d\ne\n"].concat();
            let mut runs = Runs::new(&bytes);
            assert_eq!(runs.from(0), plain, "{odd:?}");
            assert_eq!(runs.from(plain.len() + odd.len()), b"d\ne\n");
        }
        assert_eq!(Runs::new(b"a\nb").from(0), b"a\n");
        assert_eq!(Runs::new(b"a\nb").from(2), b"");
        assert_eq!(Runs::new(b"a\nb\r").from(0), b"a\n");
    }
}
