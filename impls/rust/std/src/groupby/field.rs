//! Fields taken from the bytes of a line eight at a time.
//!
//! Fields are short: comparing a whole word against the delimiter, and turning up to eight digits
//! into a number with three multiplications, leaves no loop whose length the processor has to guess.
//! Every function may look [`PADDING`] bytes beyond the field, so buffers carry as many.

pub const PADDING: usize = 8;

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;
const ZEROS: u64 = 0x3030_3030_3030_3030;
const POWERS: [u32; 9] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];

/// Stands for a missing whole number; the value itself is refused as input.
pub const MISSING: i32 = i32::MIN;

pub fn word(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes were cut"))
}

/// Where the next `delimiter` stands from `at` on, or None if only padding is left.
pub fn find(bytes: &[u8], mut at: usize, delimiter: u8) -> Option<usize> {
    let pattern = LOW * u64::from(delimiter);
    while at + 8 <= bytes.len() {
        let differing = word(bytes, at) ^ pattern;
        let equal = differing.wrapping_sub(LOW) & !differing & HIGH;
        if equal != 0 {
            return Some(at + equal.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    None
}

/// The whole number in `start..end`, [`MISSING`] if empty, None if there is anything else.
pub fn whole(bytes: &[u8], start: usize, end: usize) -> Option<i32> {
    if start == end {
        return Some(MISSING);
    }
    let negative = bytes[start] == b'-';
    let length = end - start - usize::from(negative);
    if !(1..=8).contains(&length) {
        return text(bytes, start, end)?.parse().ok().filter(|&value| value != MISSING);
    }
    let value = digits(word(bytes, end - length), length)? as i32;
    Some(if negative { -value } else { value })
}

/// The decimal number in `start..end`, NaN if empty, None if there is anything else.
///
/// Digits that fit 53 bits, divided by an exact power of ten, are rounded once and so correctly;
/// whatever is longer or has an exponent goes through the standard library.
pub fn real(bytes: &[u8], start: usize, end: usize) -> Option<f64> {
    if start == end {
        return Some(f64::NAN);
    }
    short_real(bytes, start, end).or_else(|| {
        let value: f64 = text(bytes, start, end)?.parse().ok()?;
        value.is_finite().then_some(value)
    })
}

fn short_real(bytes: &[u8], start: usize, end: usize) -> Option<f64> {
    let negative = bytes[start] == b'-';
    let first = start + usize::from(negative);
    // Cut, for a number without a point must not be searched for one to the end of the buffer.
    let point = find(&bytes[..end + PADDING], first, b'.').filter(|&point| point < end);
    let (units, fraction) = match point {
        Some(point) => (point - first, end - point - 1),
        None => (end - first, 0),
    };
    if !(1..=8).contains(&units) || (point.is_some() && !(1..=7).contains(&fraction)) {
        return None;
    }
    let mut mantissa = u64::from(digits(word(bytes, first), units)?);
    if let Some(point) = point {
        let below = digits(word(bytes, point + 1), fraction)?;
        mantissa = mantissa * u64::from(POWERS[fraction]) + u64::from(below);
    }
    let value = mantissa as f64 / f64::from(POWERS[fraction]);
    Some(if negative { -value } else { value })
}

fn text(bytes: &[u8], start: usize, end: usize) -> Option<&str> {
    std::str::from_utf8(&bytes[start..end]).ok()
}

/// The first `length` bytes (1 to 8) of a word as a decimal number, if they are digits.
fn digits(word: u64, length: usize) -> Option<u32> {
    let unused = 64 - 8 * length as u32;
    // Shifted to the top behind leading zeros: the first digit is the lowest byte.
    let text = (word << unused) | ZEROS.checked_shr(64 - unused).unwrap_or(0);
    let values = text ^ ZEROS;
    if (values.wrapping_add(0x7676_7676_7676_7676) | values) & HIGH != 0 {
        return None;
    }
    let pairs = values.wrapping_mul(2_561) >> 8;
    let fours = (pairs & 0x00FF_00FF_00FF_00FF).wrapping_mul(6_553_601) >> 16;
    Some(((fours & 0x0000_FFFF_0000_FFFF).wrapping_mul(42_949_672_960_001) >> 32) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn padded(text: &str) -> Vec<u8> {
        [text.as_bytes(), &[0; PADDING]].concat()
    }

    fn whole_of(text: &str) -> Option<i32> {
        whole(&padded(text), 0, text.len())
    }

    fn real_of(text: &str) -> Option<f64> {
        real(&padded(text), 0, text.len())
    }

    #[test]
    fn finds_a_delimiter_in_any_word() {
        let bytes = padded("abc,defghijklmnop,q\n");
        assert_eq!(find(&bytes, 0, b','), Some(3));
        assert_eq!(find(&bytes, 4, b','), Some(17));
        assert_eq!(find(&bytes, 18, b'\n'), Some(19));
        assert_eq!(find(&bytes, 18, b';'), None);
    }

    #[test]
    fn whole_numbers_of_every_length() {
        for text in ["0", "7", "-1", "42", "12345678", "-12345678", "123456789", "2147483647"] {
            assert_eq!(whole_of(text), text.parse().ok(), "{text}");
        }
        assert_eq!(whole_of(""), Some(MISSING));
    }

    #[test]
    fn what_is_no_whole_number_is_refused() {
        for text in ["-", "1x", "x1", "1.5", " 1", "1/", "1:", "2147483648", "-2147483648"] {
            assert_eq!(whole_of(text), None, "{text}");
        }
    }

    #[test]
    fn real_numbers_are_the_nearest_doubles() {
        for text in [
            "0.1",
            "-0.1",
            "18.837686",
            "100.0",
            "227",
            "-43",
            "99.999999",
            "12345678.1234567",
            "99999999.9999999",
            "0.30000000000000004",
            "1e-7",
            "123456789012",
            "2.5e3",
        ] {
            assert_eq!(real_of(text), text.parse().ok(), "{text}");
        }
        assert!(real_of("").unwrap().is_nan());
    }

    #[test]
    fn what_is_no_real_number_is_refused() {
        for text in ["-", ".", "1,2", "nan", "inf", "1.2.3", "1.x"] {
            assert_eq!(real_of(text), None, "{text}");
        }
    }
}
