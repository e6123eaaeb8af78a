//! The rows of a block: plain lines through csv-core with quoting off, every other record by the strict path.
use csv_core::{Reader, ReaderBuilder, Terminator};
use flight_rules::{Clean, Fields, LIMIT, Notes, Odd, Reason, Verdict, judge};

use super::runs::Runs;

pub struct Scanner {
    reader: Reader,
    /// The fields of a record one behind the other, and where each ends.
    text: Vec<u8>,
    ends: Vec<usize>,
    odd: Odd,
}

impl Scanner {
    pub fn new() -> Self {
        let mut reader =
            ReaderBuilder::new().quoting(false).terminator(Terminator::Any(b'\n')).build();
        // A byte order mark is skipped in the first bytes that a reader sees; here it is part of a field.
        reader.read_record(b"\n", &mut [0], &mut [0]);
        Self { reader, text: Vec::new(), ends: Vec::new(), odd: Odd::default() }
    }

    /// Notes every record of a block, and hands on each row that is kept.
    pub fn scan(&mut self, bytes: &[u8], notes: &mut Notes, mut keep: impl FnMut(&Clean<'_>)) {
        self.text.resize(bytes.len() + 1, 0);
        self.ends.resize(bytes.len() + 1, 0);
        let mut runs = Runs::new(bytes);
        let mut at = 0;
        while at < bytes.len() {
            let plain = runs.from(at);
            self.plain(plain, notes, &mut keep);
            at += plain.len();
            if at < bytes.len() {
                let (framed, verdict) = self.odd.judge(bytes, at);
                note(notes, &verdict, framed.lines, &mut keep);
                at = framed.next;
            }
        }
    }

    fn plain(&mut self, mut run: &[u8], notes: &mut Notes, keep: &mut impl FnMut(&Clean<'_>)) {
        while !run.is_empty() {
            let (_, read, length, count) =
                self.reader.read_record(run, &mut self.text, &mut self.ends);
            run = &run[read..];
            // What was read beyond fields, their commas and the line's end are empty lines, which it skips.
            for _ in length + count..read {
                note(notes, &Verdict::Rejected(Reason::Few), 1, keep);
            }
            if count > 0 {
                let verdict = record(&self.text[..length], &self.ends[..count]);
                note(notes, &verdict, 1, keep);
            }
        }
    }
}

#[inline]
fn note(notes: &mut Notes, verdict: &Verdict<'_>, lines: u64, keep: &mut impl FnMut(&Clean<'_>)) {
    if notes.record(verdict, lines)
        && let Verdict::Clean(row) = verdict
    {
        keep(row);
    }
}

/// The verdict on a plain record by the ends of its fields.
#[inline]
fn record<'a>(text: &'a [u8], ends: &[usize]) -> Verdict<'a> {
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    if text.len() + ends.len() - 1 > LIMIT {
        return Verdict::Rejected(Reason::Long);
    }
    let Ok(ends) = <&[usize; 19]>::try_from(ends) else {
        return Verdict::Rejected(if ends.len() < 19 { Reason::Few } else { Reason::Many });
    };
    let mut fields: Fields<'a> = [b""; 19];
    let mut start = 0;
    for (field, &end) in fields.iter_mut().zip(ends) {
        *field = &text[start..end.min(text.len())];
        start = end;
    }
    judge(&fields)
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::{env, fs, process};

    use flight_rules::{BLOCK, Block, Blocks, COLUMNS};

    use super::*;

    const LINE: &str =
        "2013,1,1,517,515,2,830,819,11,UA,1545,N14228,EWR,IAH,227,1400,5,15,2013-01-01T10:00:00Z";

    /// What the strict path says of the same bytes.
    fn strictly(bytes: &[u8]) -> (Vec<String>, String) {
        let (mut odd, mut notes, mut rows, mut at) =
            (Odd::default(), Notes::default(), Vec::new(), 0);
        while at < bytes.len() {
            let (framed, verdict) = odd.judge(bytes, at);
            note(&mut notes, &verdict, framed.lines, &mut |row| rows.push(format!("{row:?}")));
            at = framed.next;
        }
        (rows, format!("{notes:?}"))
    }

    #[test]
    fn agrees_with_the_strict_path() {
        let long = |length: usize| LINE.replace("IAH", &"x".repeat(3 + length - LINE.len()));
        let lines = [
            LINE.to_owned(),
            String::new(),
            ",".into(),
            ",".repeat(18),
            ",".repeat(30),
            "\u{feff}".to_owned() + LINE,
            LINE.replace("UA", "\u{e9}\u{1f600}"),
            LINE.replace("UA", "\"U\nA\""),
            LINE.replace("UA", "\"UA"),
            LINE.replace("UA", "U\0A"),
            LINE.replace("227", "NA"),
            LINE.replace("T10", "T25"),
            LINE.replace("517", "5 7"),
            LINE.replace(",IAH", ""),
            long(LIMIT - 1),
            long(LIMIT),
            long(LIMIT + 1),
            "x".repeat(10_000),
        ];
        for ending in ["\n", "\r\n", "\n\n", "\r\r\n", "\n\r\n"] {
            for first in &lines {
                for second in &lines {
                    for tail in [ending, ""] {
                        let text = format!("{first}{ending}{second}{tail}");
                        let (mut notes, mut rows) = (Notes::default(), Vec::new());
                        Scanner::new().scan(text.as_bytes(), &mut notes, |row| {
                            rows.push(format!("{row:?}"));
                        });
                        assert_eq!(
                            (rows, format!("{notes:?}")),
                            strictly(text.as_bytes()),
                            "{text:?}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn broken_utf8_is_the_strict_paths() {
        let bytes =
            [LINE.as_bytes(), b"\n\xff", LINE.as_bytes(), b"\n", LINE.as_bytes(), b"\n"].concat();
        let (mut notes, mut rows) = (Notes::default(), Vec::new());
        Scanner::new().scan(&bytes, &mut notes, |row| rows.push(format!("{row:?}")));
        assert_eq!((rows, format!("{notes:?}")), strictly(&bytes));
    }

    /// The rows kept and the notes on all, in blocks of so many bytes.
    fn scanned(path: &Path, capacity: usize) -> (Vec<String>, String) {
        let (mut blocks, mut block) = (Blocks::open(path).unwrap(), Block::new(capacity));
        let (mut scanner, mut notes, mut rows) = (Scanner::new(), Notes::default(), Vec::new());
        while blocks.advance(&mut block).unwrap() {
            scanner.scan(block.bytes(), &mut notes, |row| rows.push(format!("{row:?}")));
        }
        (rows, format!("{notes:?}"))
    }

    #[test]
    fn the_size_of_blocks_changes_nothing() {
        let odd = ["\"I\nAH\"", "\"IAH", "I,AH", "\u{e9}", &"x".repeat(3_000), &"x".repeat(5_000)];
        let odd = odd.map(|text| LINE.replace("IAH", text));
        let mut text = COLUMNS.join(",");
        for (first, second) in odd.iter().flat_map(|one| odd.iter().map(move |two| (one, two))) {
            text = [text.as_str(), first, LINE, "", second].join("\n");
        }
        let path = env::temp_dir().join(format!("bench-csv-scan-{}", process::id()));
        for tail in ["", "\n", "\r", "\n\""] {
            fs::write(&path, text.clone() + tail).unwrap();
            let expected = scanned(&path, 1 << 22);
            assert!(expected.0.len() > 50);
            for capacity in [0, 4_101, 4_102, 5_000, 8_192, BLOCK] {
                assert!(scanned(&path, capacity) == expected, "{capacity} {tail:?}");
            }
        }
        fs::remove_file(path).unwrap();
    }
}
