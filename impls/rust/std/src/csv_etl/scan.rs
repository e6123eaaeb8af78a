//! The rows of a block: plain lines in one go, every other record by the strict path.
use flight_rules::{Block, Clean, Notes, Odd, Verdict};

use super::plain::{self, Last};

#[derive(Default)]
pub struct Scanner {
    last: Last,
    odd: Odd,
}

impl Scanner {
    /// Notes every record, and hands on each row that is kept.
    #[inline]
    pub fn scan(&mut self, block: &Block, notes: &mut Notes, mut keep: impl FnMut(&Clean<'_>)) {
        let (bytes, padded) = (block.bytes(), block.padded());
        let mut at = 0;
        while at < bytes.len() {
            let (verdict, lines) = match plain::line(padded, at, &mut self.last) {
                Some((verdict, next)) => {
                    at = next;
                    (verdict, 1)
                }
                None => {
                    let (framed, verdict) = self.odd.judge(bytes, at);
                    at = framed.next;
                    (verdict, framed.lines)
                }
            };
            if notes.record(&verdict, lines)
                && let Verdict::Clean(row) = &verdict
            {
                keep(row);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::{env, fs, process};

    use flight_rules::{BLOCK, Blocks, COLUMNS, LIMIT};

    use super::*;

    const LINE: &str =
        "2013,1,1,517,515,2,830,819,11,UA,1545,N14228,EWR,IAH,227,1400,5,15,2013-01-01T10:00:00Z";

    /// The rows kept and the notes on all, in blocks of so many bytes.
    fn scanned(path: &Path, capacity: usize) -> (Vec<String>, String) {
        let (mut blocks, mut block) = (Blocks::open(path).unwrap(), Block::new(capacity));
        let (mut scanner, mut notes, mut rows) = (Scanner::default(), Notes::default(), Vec::new());
        while blocks.advance(&mut block).unwrap() {
            scanner.scan(&block, &mut notes, |row| rows.push(format!("{row:?}")));
        }
        (rows, format!("{notes:?}"))
    }

    #[test]
    fn the_size_of_blocks_changes_nothing() {
        let long = |length: usize| LINE.replace("IAH", &"x".repeat(3 + length - LINE.len()));
        let lines = [
            LINE.to_owned(),
            LINE.replace("IAH", "\"I\nAH\"") + "\r",
            LINE.replace("IAH", "\"IAH"),
            String::new(),
            long(LIMIT - 1),
            long(LIMIT) + "\r",
            long(LIMIT + 1),
        ];
        let mut text = COLUMNS.join(",");
        for (first, second) in lines.iter().flat_map(|one| lines.iter().map(move |two| (one, two)))
        {
            text = [text.as_str(), first, LINE, second].join("\n");
        }
        let path = env::temp_dir().join(format!("bench-std-scan-{}", process::id()));
        for tail in ["", "\n", "\r", "\n\""] {
            fs::write(&path, text.clone() + tail).unwrap();
            let expected = scanned(&path, 1 << 22);
            assert!(expected.0.len() > 90);
            for capacity in [0, 4_101, 4_102, 5_000, 8_192, BLOCK] {
                assert!(scanned(&path, capacity) == expected, "{capacity} {tail:?}");
            }
        }
        fs::remove_file(path).unwrap();
    }
}
