//! The file's blocks, each sifted into the plain lines, which are Polars' to read, and what the strict rules make of the others.
//!
//! A plain line has eighteen commas, ends in a lawful instant and holds nothing that Polars' reader would take for more or less
//! than the spec does: no quote, no blank, no sign but `-`, no number of ten digits, no control character, no byte beyond ASCII.
use bench_protocol::Failure;
use flight_rules::{Block, Blocks, Instant, LIMIT, Odd, Reason, Tally, Verdict};
use memchr::{memchr, memchr_iter, memrchr};

use super::strays::Strays;

/// Large enough that a query's fixed cost is small beside its work, small enough that memory stays flat.
const BLOCK: usize = 4 << 20;
/// As much is looked over at once: it stays in the first cache.
const STRETCH: usize = 4096;
const TIME: usize = "YYYY-MM-DDTHH:MM:SSZ".len();

/// A block's records.
#[derive(Default)]
pub struct Sifted {
    /// Lines that each end in LF.
    pub plain: Vec<u8>,
    /// Where each of them begins in `plain`, and which line of the file it is.
    pub rows: Vec<(u32, u64)>,
    /// Their instants, in milliseconds.
    pub times: Vec<i64>,
    /// Clean rows among the other records.
    pub strays: Strays,
    pub tally: Tally,
    pub rejects: Vec<(u64, Reason)>,
}

impl Sifted {
    fn clear(&mut self) {
        self.plain.clear();
        self.rows.clear();
        self.times.clear();
        self.rejects.clear();
        self.tally = Tally::default();
        self.strays = Strays::default();
    }

    fn keep(&mut self, line: &[u8], number: u64, time: Instant) {
        self.rows.push((self.plain.len() as u32, number));
        self.times.push(time.seconds * 1000);
        self.plain.extend_from_slice(line);
        self.plain.push(b'\n');
    }

    fn judged(&mut self, number: u64, verdict: Verdict<'_>) {
        match verdict {
            Verdict::Dropped => self.tally.dropped += 1,
            Verdict::Rejected(reason) => self.reject(number, reason),
            Verdict::Clean(row) => {
                self.tally.clean += 1;
                if row.kept() {
                    self.tally.kept += 1;
                    self.strays.push(&row);
                }
            }
        }
    }

    pub fn reject(&mut self, number: u64, reason: Reason) {
        self.tally.rejected += 1;
        self.tally.reject_lines += number;
        self.rejects.push((number, reason));
    }
}

pub struct Sifter {
    blocks: Blocks,
    block: Block,
    records: Records,
}

impl Sifter {
    pub fn new(blocks: Blocks) -> Self {
        let records = Records { odd: Odd::default(), line: 2 };
        Self { blocks, block: Block::new(BLOCK), records }
    }

    /// Sifts the next block; false at the end of the file.
    pub fn advance(&mut self, sifted: &mut Sifted) -> Result<bool, Failure> {
        sifted.clear();
        let more = self.blocks.advance(&mut self.block)?;
        if more {
            self.records.sift(self.block.bytes(), sifted);
        }
        Ok(more)
    }

    /// No block follows: what another thread met has ended the work.
    pub fn stop(&mut self) {
        self.blocks.stop();
    }
}

struct Records {
    odd: Odd,
    /// The number of the next line.
    line: u64,
}

impl Records {
    fn sift(&mut self, bytes: &[u8], sifted: &mut Sifted) {
        let mut at = 0;
        while at < bytes.len() {
            let most = bytes.len().min(at + STRETCH);
            let end = memrchr(b'\n', &bytes[at..most]).map_or(most, |last| at + last + 1);
            let known = plain(&bytes[at..end]);
            while at < end {
                at = self.record(bytes, at, known, sifted);
            }
        }
    }

    /// Sifts the record at `at`, and says where the next one begins.
    fn record(&mut self, bytes: &[u8], at: usize, known: bool, sifted: &mut Sifted) -> usize {
        let rest = &bytes[at..];
        let (line, next) = match memchr(b'\n', rest) {
            Some(end) => (rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]), at + end + 1),
            None => (rest, bytes.len()),
        };
        if let Some(time) = time(line).filter(|_| known || plain(line)) {
            sifted.keep(line, self.line, time);
            self.line += 1;
            return next;
        }
        let (framed, verdict) = self.odd.judge(bytes, at);
        sifted.judged(self.line, verdict);
        self.line += framed.lines;
        framed.next
    }
}

/// The instant at the end of a line that has nineteen fields.
fn time(line: &[u8]) -> Option<Instant> {
    let shaped = (TIME + 1..=LIMIT).contains(&line.len())
        && line[line.len() - TIME - 1] == b','
        && memchr_iter(b',', line).count() == 18;
    Instant::parse(&line[shaped.then_some(line.len() - TIME)?..])
}

/// Whether lines, of at most [`STRETCH`] bytes, hold none of the bytes and none of the numbers that make one odd.
fn plain(lines: &[u8]) -> bool {
    !strange(lines) && !ten_digits(lines)
}

/// Whether there is a byte that no plain line has. Every byte is looked at, so that the compiler uses wide registers.
fn strange(lines: &[u8]) -> bool {
    lines
        .iter()
        .fold(false, |found, &byte| found | (byte >= 0x80) | ((byte < b',') & (byte != b'\n')))
}

/// Whether ten digits follow each other: Polars' reader passes over leading zeros, however many.
///
/// Runs of two, of four and of eight first, each from the shorter ones, in wide registers; a count of digits branches at every byte.
fn ten_digits(lines: &[u8]) -> bool {
    const ROOM: usize = STRETCH + 9;
    let (mut ones, mut twos, mut fours) = ([0; ROOM], [0; ROOM], [0; ROOM]);
    for (one, byte) in ones.iter_mut().zip(lines) {
        *one = u8::from(byte.wrapping_sub(b'0') < 10);
    }
    doubled(&mut twos, &ones, 1);
    doubled(&mut fours, &twos, 2);
    let eights = fours.iter().zip(&fours[4..]).map(|(run, next)| run & next);
    eights.zip(&twos[8..]).fold(0, |found, (eight, two)| found | eight & two) != 0
}

/// Runs of twice the length: 1 where one begins here and another directly behind it.
fn doubled<const N: usize>(runs: &mut [u8; N], halves: &[u8; N], length: usize) {
    for (run, (half, next)) in runs.iter_mut().zip(halves.iter().zip(&halves[length..])) {
        *run = half & next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str =
        "2013,1,1,517,515,2,830,819,11,UA,1545,N14228,EWR,IAH,227,1400,5,15,2013-01-01T10:00:00Z";

    /// The plain rows' line numbers, how many others are clean, and the rejects.
    fn sifted(text: &str) -> (Vec<u64>, u64, Vec<(u64, Reason)>) {
        let mut sifted = Sifted::default();
        Records { odd: Odd::default(), line: 2 }.sift(text.as_bytes(), &mut sifted);
        assert_eq!(sifted.plain.iter().filter(|&&byte| byte == b'\n').count(), sifted.rows.len());
        (sifted.rows.iter().map(|row| row.1).collect(), sifted.tally.clean, sifted.rejects)
    }

    #[test]
    fn plain_lines_with_any_ending() {
        assert_eq!(sifted(&format!("{LINE}\n{LINE}\r\n{LINE}")), (vec![2, 3, 4], 0, vec![]));
    }

    #[test]
    fn lines_are_counted_over_records_that_span_them() {
        let spanning = LINE.replace("IAH", "\"I\nA\nH\"");
        let expected = (vec![2, 6], 1, vec![(7, Reason::Few)]);
        assert_eq!(sifted(&format!("{LINE}\n{spanning}\n{LINE}\n\n")), expected);
    }

    #[test]
    fn what_polars_would_take_for_something_else_is_not_plain() {
        for field in ["+1545", " 1545", "0000001545", "1545\0", "15\u{e9}", "\"1545\""] {
            let (plain, ..) = sifted(&format!("{}\n", LINE.replace("1545", field)));
            assert!(plain.is_empty(), "{field}");
        }
        for line in ["", LINE.trim_end_matches('Z'), &format!("{LINE},"), &LINE.replace("UA,", "")]
        {
            assert!(sifted(&format!("{line}\n")).0.is_empty(), "{line}");
        }
    }

    #[test]
    fn ten_digits_wherever_they_begin() {
        for start in [0, 1, 7, 30, STRETCH - 10] {
            for (count, expected) in [(9, false), (10, true), (11, true)] {
                let text = [&vec![b'x'; start][..], &vec![b'7'; count]].concat();
                let text = &text[..text.len().min(STRETCH)];
                assert_eq!(
                    ten_digits(text),
                    expected && start + 10 <= text.len(),
                    "{start} {count}"
                );
            }
        }
    }
}
