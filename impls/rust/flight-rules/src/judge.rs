//! Nineteen fields into a verdict: clean, dropped, or rejected for its first reason.
use crate::clean::Clean;
use crate::instant::Instant;
use crate::reason::Reason;

pub const COLUMNS: [&str; 19] = [
    "year",
    "month",
    "day",
    "dep_time",
    "sched_dep_time",
    "dep_delay",
    "arr_time",
    "sched_arr_time",
    "arr_delay",
    "carrier",
    "flight",
    "tailnum",
    "origin",
    "dest",
    "air_time",
    "distance",
    "hour",
    "minute",
    "time_hour",
];

/// A record's fields, unquoted, in the order of [`COLUMNS`].
pub type Fields<'a> = [&'a [u8]; 19];

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict<'a> {
    Clean(Clean<'a>),
    /// Well formed, but a time or a delay is missing.
    Dropped,
    Rejected(Reason),
}

/// The verdict on a record that is UTF-8 and has its nineteen fields.
pub fn judge<'a>(fields: &Fields<'a>) -> Verdict<'a> {
    let Some(row) = values(fields) else { return Verdict::Rejected(Reason::Value) };
    match Instant::parse(fields[18]) {
        None => Verdict::Rejected(Reason::Time),
        Some(time) => row.map_or(Verdict::Dropped, |row| Verdict::Clean(Clean { time, ..row })),
    }
}

/// None for an unlawful value; Some(None) where a time or a delay is missing.
fn values<'a>(fields: &Fields<'a>) -> Option<Option<Clean<'a>>> {
    let dep_time = optional(fields[3])?;
    whole(fields[4])?;
    let dep_delay = optional(fields[5])?;
    let arr_time = optional(fields[6])?;
    whole(fields[7])?;
    let arr_delay = optional(fields[8])?;
    let air_time = optional(fields[14])?;
    whole(fields[16])?;
    whole(fields[17])?;
    let row = Clean {
        year: whole(fields[0])?,
        month: whole(fields[1])?,
        day: whole(fields[2])?,
        dep_delay: dep_delay.unwrap_or_default(),
        arr_delay: arr_delay.unwrap_or_default(),
        carrier: text(fields[9])?,
        flight: whole(fields[10])?,
        tailnum: if fields[11] == b"NA" { None } else { Some(text(fields[11])?) },
        origin: text(fields[12])?,
        dest: text(fields[13])?,
        air_time: air_time.unwrap_or_default(),
        distance: whole(fields[15])?,
        time_hour: fields[18],
        time: Instant::default(),
    };
    let complete = [dep_time, dep_delay, arr_time, arr_delay, air_time].iter().all(Option::is_some);
    Some(complete.then_some(row))
}

/// A whole number: `-` or nothing, then one to nine digits, which fit 32 bits.
pub fn whole(field: &[u8]) -> Option<i32> {
    let (negative, digits) = match field {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if !(1..=9).contains(&digits.len()) {
        return None;
    }
    let mut value = 0;
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + i32::from(digit);
    }
    Some(if negative { -value } else { value })
}

fn optional(field: &[u8]) -> Option<Option<i32>> {
    if field == b"NA" { Some(None) } else { whole(field).map(Some) }
}

fn text(field: &[u8]) -> Option<&[u8]> {
    (!field.is_empty() && field != b"NA").then_some(field)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str =
        "2013,1,1,517,515,2,830,819,11,UA,1545,N14228,EWR,IAH,227,1400,5,15,2013-01-01T10:00:00Z";

    /// The verdict on the line with one field replaced.
    fn with(column: &str, value: &'static str) -> Verdict<'static> {
        let mut fields: Vec<&'static [u8]> = LINE.split(',').map(str::as_bytes).collect();
        fields[COLUMNS.iter().position(|&name| name == column).unwrap()] = value.as_bytes();
        judge(fields.as_slice().try_into().unwrap())
    }

    #[test]
    fn a_real_line_is_clean() {
        let Verdict::Clean(row) = with("year", "2013") else { panic!("it is clean") };
        assert_eq!((row.year, row.month, row.day, row.flight), (2013, 1, 1, 1545));
        assert_eq!((row.dep_delay, row.arr_delay, row.air_time, row.distance), (2, 11, 227, 1400));
        assert_eq!((row.carrier, row.origin, row.dest), (&b"UA"[..], &b"EWR"[..], &b"IAH"[..]));
        assert_eq!((row.tailnum, row.time.slot), (Some(&b"N14228"[..]), 10));
    }

    #[test]
    fn where_missing_is_lawful() {
        for column in ["dep_time", "dep_delay", "arr_time", "arr_delay", "air_time"] {
            assert_eq!(with(column, "NA"), Verdict::Dropped, "{column}");
        }
        assert!(matches!(with("tailnum", "NA"), Verdict::Clean(Clean { tailnum: None, .. })));
        assert_eq!(with("time_hour", "NA"), Verdict::Rejected(Reason::Time));
        for column in [
            "year",
            "sched_dep_time",
            "sched_arr_time",
            "carrier",
            "flight",
            "origin",
            "dest",
            "minute",
        ] {
            assert_eq!(with(column, "NA"), Verdict::Rejected(Reason::Value), "{column}");
        }
    }

    #[test]
    fn every_column_refuses_what_is_unlawful() {
        for column in &COLUMNS[..18] {
            assert_eq!(with(column, ""), Verdict::Rejected(Reason::Value), "{column}");
            let text = ["carrier", "tailnum", "origin", "dest"].contains(column);
            let odd = matches!(with(column, "x"), Verdict::Rejected(Reason::Value));
            assert_eq!(odd, !text, "{column}");
        }
    }

    #[test]
    fn whole_numbers() {
        for (text, value) in [
            ("0", Some(0)),
            ("-0", Some(0)),
            ("007", Some(7)),
            ("-999999999", Some(-999_999_999)),
            ("1000000000", None),
            ("", None),
            ("-", None),
            ("--1", None),
            ("+1", None),
            (" 1", None),
            ("1.0", None),
            ("na", None),
        ] {
            assert_eq!(whole(text.as_bytes()), value, "{text}");
        }
    }

    #[test]
    fn a_value_goes_before_the_time() {
        let mut fields: Vec<&[u8]> = LINE.split(',').map(str::as_bytes).collect();
        (fields[0], fields[18]) = (b"x", b"x");
        assert_eq!(judge(fields.as_slice().try_into().unwrap()), Verdict::Rejected(Reason::Value));
    }
}
