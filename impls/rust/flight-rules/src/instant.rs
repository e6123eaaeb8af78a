//! `YYYY-MM-DDTHH:MM:SSZ`, and what the work needs of it.

/// An instant of the years 1970 to 2261, to the second, in UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Instant {
    /// Since 1970-01-01T00:00:00Z.
    pub seconds: i64,
    /// 1 Monday to 7 Sunday.
    pub weekday: u8,
    pub hour: u8,
    /// Month, day and hour as one number below [`SLOTS`](crate::SLOTS), whatever the year.
    pub slot: u16,
}

const DAYS: [u32; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const SEPARATORS: [(usize, u8); 6] =
    [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'Z')];

impl Instant {
    /// None where the text names no real instant.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let text: &[u8; 20] = text.try_into().ok()?;
        if SEPARATORS.iter().any(|&(at, separator)| text[at] != separator) {
            return None;
        }
        let year = pair(text, 0)? * 100 + pair(text, 2)?;
        let (month, day) = (pair(text, 5)?, pair(text, 8)?);
        let (hour, minute, second) = (pair(text, 11)?, pair(text, 14)?, pair(text, 17)?);
        let real = (1970..=2261).contains(&year)
            && (1..=12).contains(&month)
            && (1..=days_of(year, month)).contains(&day)
            && hour < 24
            && minute < 60
            && second < 60;
        real.then(|| {
            Self::new(days_since(year, month, day), month, day, hour, minute * 60 + second)
        })
    }

    fn new(days: u32, month: u32, day: u32, hour: u32, second: u32) -> Self {
        Self {
            seconds: i64::from(days) * 86_400 + i64::from(hour * 3_600 + second),
            // The first of January 1970 was a Thursday.
            weekday: ((days + 3) % 7 + 1) as u8,
            hour: hour as u8,
            slot: (((month - 1) * 31 + day - 1) * 24 + hour) as u16,
        }
    }
}

fn pair(text: &[u8; 20], at: usize) -> Option<u32> {
    let (tens, ones) = (text[at].wrapping_sub(b'0'), text[at + 1].wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| u32::from(tens * 10 + ones))
}

fn leap(year: u32) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_of(year: u32, month: u32) -> u32 {
    DAYS[month as usize - 1] + u32::from(month == 2 && leap(year))
}

/// Days since 1970, the year counted from March so that a leap day comes last.
fn days_since(year: u32, month: u32, day: u32) -> u32 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let before = year * 365 + year / 4 - year / 100 + year / 400;
    before + (153 * month + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_instants() {
        let parsed = |text: &str| Instant::parse(text.as_bytes()).unwrap();
        let known = parsed("2013-01-01T10:00:00Z");
        assert_eq!(
            (known.seconds, known.weekday, known.hour, known.slot),
            (1_357_034_400, 2, 10, 10)
        );
        assert_eq!(parsed("1970-01-01T00:00:00Z").seconds, 0);
        assert_eq!(parsed("1970-01-01T00:00:00Z").weekday, 4);
        assert_eq!(parsed("2000-02-29T23:59:59Z").seconds, 951_868_799);
        assert_eq!(parsed("2261-12-31T23:59:59Z").seconds, 9_214_646_399);
        assert_eq!(usize::from(parsed("2261-12-31T23:59:59Z").slot), crate::SLOTS - 1);
    }

    #[test]
    fn days_follow_each_other() {
        let mut days = 0;
        for year in 1970..=2261 {
            for month in 1..=12 {
                for day in 1..=days_of(year, month) {
                    assert_eq!(days_since(year, month, day), days);
                    days += 1;
                }
            }
        }
    }

    #[test]
    fn no_real_instants() {
        for text in [
            "",
            "NA",
            "2013-01-01T10:00:00",
            "2013-01-01 10:00:00Z",
            "2013-01-01T10:00:00z",
            "2013-02-29T10:00:00Z",
            "1900-01-01T10:00:00Z",
            "2100-02-29T10:00:00Z",
            "1969-12-31T23:59:59Z",
            "2262-01-01T00:00:00Z",
            "2013-00-01T10:00:00Z",
            "2013-13-01T10:00:00Z",
            "2013-01-00T10:00:00Z",
            "2013-04-31T10:00:00Z",
            "2013-01-01T24:00:00Z",
            "2013-01-01T10:60:00Z",
            "2013-01-01T10:00:60Z",
            "2013-01-01T1a:00:00Z",
            "2013-01-01T10:00:00ZZ",
        ] {
            assert_eq!(Instant::parse(text.as_bytes()), None, "{text}");
        }
    }
}
