//! A plain line into its row, in one go over its bytes.
//!
//! Every byte up to the line's end is looked at as part of the field that it must belong to, eight at a
//! time, so a line that gets through needs no other check: no search for quotes, zeros or line ends,
//! no decoding. What does not get through, lawful or not, is left to the strict path.
use flight_rules::{Clean, Instant, Verdict};

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;
const COMMA: u64 = b',' as u64;
const MISSING: i32 = i32::MIN;

/// The instant of the last line: the next one is likely of the same hour.
#[derive(Default)]
pub struct Last {
    text: [u8; 20],
    time: Instant,
}

/// The verdict on the line at `at`, and where the next one begins; None if it is not plain and lawful.
///
/// Behind the last line [`PADDING`](flight_rules::PADDING) zeros are needed.
#[inline]
pub fn line<'a>(bytes: &'a [u8], at: usize, last: &mut Last) -> Option<(Verdict<'a>, usize)> {
    let mut line = Line { bytes, at };
    let (year, month, day) = (line.whole()?, line.whole()?, line.whole()?);
    let dep_time = line.optional()?;
    line.whole()?;
    let dep_delay = line.optional()?;
    let arr_time = line.optional()?;
    line.whole()?;
    let arr_delay = line.optional()?;
    let carrier = line.text()?;
    let flight = line.whole()?;
    let tailnum = line.text_or_missing()?;
    let (origin, dest) = (line.text()?, line.text()?);
    let air_time = line.optional()?;
    let distance = line.whole()?;
    line.whole()?;
    line.whole()?;
    let (time_hour, next) = line.last()?;
    let time = last.instant(time_hour)?;
    if [dep_time, dep_delay, arr_time, arr_delay, air_time].contains(&MISSING) {
        return Some((Verdict::Dropped, next));
    }
    let row = Clean {
        year,
        month,
        day,
        dep_delay,
        arr_delay,
        carrier,
        flight,
        tailnum,
        origin,
        dest,
        air_time,
        distance,
        time_hour,
        time,
    };
    Some((Verdict::Clean(row), next))
}

impl Last {
    #[inline]
    fn instant(&mut self, text: &[u8; 20]) -> Option<Instant> {
        if *text != self.text {
            self.time = Instant::parse(text)?;
            self.text = *text;
        }
        Some(self.time)
    }
}

struct Line<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Line<'a> {
    #[inline]
    fn word(&self) -> u64 {
        u64::from_le_bytes(self.bytes[self.at..self.at + 8].try_into().expect("eight bytes"))
    }

    /// One to seven digits and a comma.
    #[inline]
    fn whole(&mut self) -> Option<i32> {
        let word = self.word();
        let (value, length) = digits(word)?;
        self.at += length + 1;
        Some(value)
    }

    /// The same, or with a sign of which the processor need not guess whether it is there, or missing.
    #[inline]
    fn optional(&mut self) -> Option<i32> {
        let word = self.word();
        let sign = u32::from(word as u8 == b'-');
        match digits(word >> (8 * sign)) {
            Some((value, length)) => {
                self.at += sign as usize + length + 1;
                Some(if sign == 1 { -value } else { value })
            }
            None if word.to_le_bytes().starts_with(b"NA,") => {
                self.at += 3;
                Some(MISSING)
            }
            None => None,
        }
    }

    /// One to seven printable ASCII characters above the quotation mark, and a comma.
    #[inline]
    fn text_or_missing(&mut self) -> Option<Option<&'a [u8]>> {
        let word = self.word();
        let other = word ^ (LOW * COMMA);
        let commas = other.wrapping_sub(LOW) & !other & HIGH;
        let length = commas.trailing_zeros() as usize / 8;
        if length == 0 || length == 8 {
            return None;
        }
        // Commas in the place of what follows the text.
        let text = word & !(u64::MAX << (8 * length)) | (LOW * COMMA) << (8 * length);
        if (text.wrapping_sub(LOW * (u64::from(b'"') + 1)) | text) & HIGH != 0 {
            return None;
        }
        let field = &self.bytes[self.at..self.at + length];
        self.at += length + 1;
        Some(if field == b"NA" { None } else { Some(field) })
    }

    #[inline]
    fn text(&mut self) -> Option<&'a [u8]> {
        self.text_or_missing()?
    }

    /// The last field and where the next line begins.
    #[inline]
    fn last(&self) -> Option<(&'a [u8; 20], usize)> {
        let (text, rest) = self.bytes[self.at..].split_first_chunk()?;
        let ending = match rest {
            [b'\n', ..] => 1,
            [b'\r', b'\n', ..] => 2,
            _ => return None,
        };
        Some((text, self.at + text.len() + ending))
    }
}

/// The number that the word's first one to seven bytes spell before a comma, and how many they are.
#[inline]
fn digits(word: u64) -> Option<(i32, usize)> {
    let places = word ^ (LOW * u64::from(b'0'));
    // The lowest byte of more than nine; a carry can only disturb the ones above it.
    let others = (places.wrapping_add(LOW * 0x76) | places) & HIGH;
    let bits = others.trailing_zeros() & !7;
    if bits == 0 || bits == 64 || (word >> bits) as u8 != b',' {
        return None;
    }
    // Pushed up so that zeros stand before them, then added up in pairs, fours and eights.
    let pairs = places << (64 - bits);
    let pairs = pairs.wrapping_mul(10).wrapping_add(pairs >> 8);
    let high = (pairs & 0xff_0000_00ff).wrapping_mul(100 + (1_000_000 << 32));
    let low = (pairs >> 16 & 0xff_0000_00ff).wrapping_mul(1 + (10_000 << 32));
    Some(((high.wrapping_add(low) >> 32) as i32, bits as usize / 8))
}

#[cfg(test)]
mod tests {
    use flight_rules::{Odd, PADDING};

    use super::*;

    const LINE: &str = "2013,1,1,517,515,2,830,819,-11,UA,1545,N14228,EWR,IAH,227,1400,5,15,2013-01-01T10:00:00Z\n";

    fn padded(text: &[u8]) -> Vec<u8> {
        [text, &[0; PADDING]].concat()
    }

    #[test]
    fn digits_of_any_length() {
        for value in [0, 7, 10, 99, 123, 1_000, 98_765, 123_456, 9_999_999] {
            let text = format!("{value},99999999");
            let word = u64::from_le_bytes(text.as_bytes()[..8].try_into().unwrap());
            assert_eq!(digits(word), Some((value, text.find(',').unwrap())));
        }
        for text in
            [",1234567", "12345678", "1234567;", "1 ,34567", "/,345678", ":,345678", "\u{ff},45678"]
        {
            assert_eq!(digits(u64::from_le_bytes(text.as_bytes()[..8].try_into().unwrap())), None);
        }
    }

    #[test]
    fn agrees_with_the_strict_path_on_every_changed_byte() {
        let (mut odd, mut plain) = (Odd::default(), 0);
        for at in 0..LINE.len() - 1 {
            for byte in 0..=255 {
                let mut text = LINE.as_bytes().to_vec();
                text[at] = byte;
                let (framed, expected) = odd.judge(&text, 0);
                let bytes = padded(&text);
                if let Some((verdict, next)) = line(&bytes, 0, &mut Last::default()) {
                    assert_eq!((verdict, next), (expected, framed.next), "{text:?}");
                    plain += 1;
                }
            }
        }
        assert!(plain > 1_000);
    }

    #[test]
    fn agrees_with_the_strict_path_on_changed_fields() {
        let changes = [
            "",
            "NA",
            "-",
            "-1",
            "0",
            "-0",
            "12345678",
            "123456789",
            "1234567890",
            "x",
            "ABCDEFG",
            "ABCDEFGH",
            "é",
        ];
        let mut odd = Odd::default();
        for field in 0..19 {
            for change in changes {
                let mut fields: Vec<&str> = LINE.trim_end().split(',').collect();
                fields[field] = change;
                for ending in ["\n", "\r\n", ""] {
                    let text = fields.join(",") + ending;
                    let (framed, expected) = odd.judge(text.as_bytes(), 0);
                    let bytes = padded(text.as_bytes());
                    if let Some((verdict, next)) = line(&bytes, 0, &mut Last::default()) {
                        assert_eq!((verdict, next), (expected, framed.next), "{text}");
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_common_is_plain() {
        let mut last = Last::default();
        for text in [LINE.to_owned(), LINE.replace('\n', "\r\n"), LINE.replace("N14228", "NA")] {
            let bytes = padded(text.as_bytes());
            let Some((Verdict::Clean(row), next)) = line(&bytes, 0, &mut last) else {
                panic!("it is plain")
            };
            assert_eq!((row.made_up(), row.flight, next), (13, 1545, text.len()));
        }
        let bytes = padded(LINE.replace("517", "NA").as_bytes());
        assert_eq!(line(&bytes, 0, &mut last), Some((Verdict::Dropped, LINE.len() - 1)));
    }
}
