//! The file in blocks of whole records, through buffers that are used again and again.
//!
//! Of a line longer than [`LIMIT`] the middle may be left out, which changes neither its verdict
//! nor any line's number: so a block is never larger than its buffer, whatever the file holds.
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use bench_protocol::Failure;

use crate::frame::{LIMIT, WINDOW, frame};
use crate::opening;

/// Small enough to stay in a core's own cache while it is parsed.
pub const BLOCK: usize = 1 << 18;
/// Zeros behind a block's bytes, for loops that look ahead.
pub const PADDING: usize = 64;
/// So much of an overlong line is kept that it stays one, whatever its ending.
const OVERLONG: usize = LIMIT + 3;

/// Whole records; the last of a file may lack its line's end.
pub struct Block {
    buffer: Vec<u8>,
    length: usize,
    /// 0, 1, 2 ... over the file.
    pub index: u64,
}

impl Block {
    /// Of so many bytes, but never of less than a record needs.
    pub fn new(capacity: usize) -> Self {
        let capacity = capacity.max(OVERLONG + 1);
        Self { buffer: vec![0; capacity + PADDING], length: 0, index: 0 }
    }

    pub fn bytes(&self) -> &[u8] {
        &self.buffer[..self.length]
    }

    /// The bytes with [`PADDING`] zeros behind them.
    pub fn padded(&self) -> &[u8] {
        &self.buffer[..self.length + PADDING]
    }

    fn room(&mut self) -> &mut [u8] {
        let room = self.buffer.len() - PADDING;
        &mut self.buffer[self.length..room]
    }
}

pub struct Blocks {
    file: File,
    path: PathBuf,
    /// Of the file when it was opened.
    size: u64,
    read: u64,
    /// The beginning of a record that the last block had no room for.
    carried: Vec<u8>,
    ended: bool,
    next: u64,
}

impl Blocks {
    /// Opens the file and reads its header's line.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let refused = |why: String| Failure::input(format!("{}: {why}", path.display()));
        let file = File::open(path).map_err(|error| refused(error.to_string()))?;
        let size = file.metadata().map_err(|error| refused(error.to_string()))?.len();
        let path = path.to_owned();
        let mut blocks =
            Self { file, path, size, read: 0, carried: Vec::new(), ended: false, next: 0 };
        let mut start = vec![0; opening::needed()];
        let filled = blocks.fill(&mut start)?;
        let rest = opening::passed(&start[..filled]).map_err(refused)?;
        blocks.carried.extend_from_slice(&start[rest..filled]);
        Ok(blocks)
    }

    /// Fills the block with the next records; false at the end of the file.
    pub fn advance(&mut self, block: &mut Block) -> Result<bool, Failure> {
        block.length = self.carried.len();
        block.buffer[..block.length].copy_from_slice(&self.carried);
        self.carried.clear();
        loop {
            block.length += self.fill(block.room())?;
            let cut = if self.ended { block.length } else { last_boundary(block.bytes()) };
            if cut > 0 || self.ended {
                self.cut(block, cut);
                return Ok(cut > 0);
            }
            self.shorten(block)?;
        }
    }

    /// No block follows: what another thread met has ended the work.
    pub fn stop(&mut self) {
        self.ended = true;
        self.carried.clear();
        self.size = self.read;
    }

    fn cut(&mut self, block: &mut Block, at: usize) {
        self.carried.extend_from_slice(&block.bytes()[at..]);
        block.length = at;
        block.buffer[at..at + PADDING].fill(0);
        block.index = self.next;
        self.next += 1;
    }

    /// Reads on until an overlong line ends, and keeps its beginning and its end.
    fn shorten(&mut self, block: &mut Block) -> Result<(), Failure> {
        while !self.ended {
            block.length = OVERLONG;
            let read = self.fill(block.room())?;
            if let Some(end) = block.room()[..read].iter().position(|&byte| byte == b'\n') {
                block.room().copy_within(end..read, 0);
                block.length += read - end;
                break;
            }
        }
        Ok(())
    }

    /// Reads until the room is full or the file ends; then its size must be what it was.
    fn fill(&mut self, room: &mut [u8]) -> Result<usize, Failure> {
        let mut filled = 0;
        while filled < room.len() && !self.ended {
            match self.file.read(&mut room[filled..]) {
                Ok(0) => self.end()?,
                Ok(read) => {
                    filled += read;
                    self.read += read as u64;
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.failed(&error)),
            }
        }
        Ok(filled)
    }

    fn end(&mut self) -> Result<(), Failure> {
        self.ended = true;
        let size = self.file.metadata().map_err(|error| self.failed(&error))?.len();
        if (self.read, size) == (self.size, self.size) {
            return Ok(());
        }
        Err(Failure::input(format!(
            "{}: it had {} bytes when it was opened, {} were read and it has {size} now; nothing may write to it meanwhile",
            self.path.display(),
            self.size,
            self.read
        )))
    }

    fn failed(&self, error: &std::io::Error) -> Failure {
        Failure::input(format!("{}: {error}", self.path.display()))
    }
}

/// Where the last whole record of `bytes` ends, which begin where a record does; 0 if none does.
fn last_boundary(bytes: &[u8]) -> usize {
    let Some(end) = bytes.iter().rposition(|&byte| byte == b'\n') else { return 0 };
    // A record that goes on behind this line has a quote before its end, within a window.
    let window = &bytes[(end + 1).saturating_sub(WINDOW)..end];
    if !window.contains(&b'"') {
        return end + 1;
    }
    let mut at = 0;
    while bytes.len() - at >= WINDOW {
        let next = frame(bytes, at).next;
        if bytes[next - 1] != b'\n' {
            break;
        }
        at = next;
    }
    at
}

#[cfg(test)]
mod tests {
    use std::{env, fs, process};

    use super::*;
    use crate::judge::COLUMNS;
    use crate::odd::Odd;

    struct Temporary(PathBuf);

    impl Temporary {
        fn new(test: &str, bytes: &[u8]) -> Self {
            let path = env::temp_dir().join(format!("flight-rules-{test}-{}", process::id()));
            fs::write(&path, [COLUMNS.join(",").as_bytes(), b"\n", bytes].concat()).unwrap();
            Self(path)
        }
    }

    impl Drop for Temporary {
        fn drop(&mut self) {
            fs::remove_file(&self.0).unwrap();
        }
    }

    /// Line and length (up to an overlong one's) of every record, and its verdict.
    fn records(path: &Path, capacity: usize) -> Vec<(u64, usize, String)> {
        let (mut blocks, mut block) = (Blocks::open(path).unwrap(), Block::new(capacity));
        let (mut records, mut line, mut odd) = (Vec::new(), 2, Odd::default());
        while blocks.advance(&mut block).unwrap() {
            assert!(block.padded()[block.bytes().len()..].iter().all(|&byte| byte == 0));
            let mut at = 0;
            while at < block.bytes().len() {
                let (framed, verdict) = odd.judge(block.bytes(), at);
                records.push((line, framed.length.min(LIMIT + 1), format!("{verdict:?}")));
                (at, line) = (framed.next, line + framed.lines);
            }
        }
        records
    }

    fn nasty() -> Vec<u8> {
        let mut bytes = Vec::new();
        for length in [0, 1, 100, LIMIT - 1, LIMIT, LIMIT + 1, LIMIT + 2, LIMIT + 3, 20_000] {
            for ending in ["\n", "\r\n"] {
                let line = "x".repeat(length);
                let quoted = "y\n".repeat(length.saturating_sub(2) / 2);
                for text in [
                    line.clone(),
                    format!("\"{quoted}\""),
                    format!("\"{line}"),
                    format!("{line}\r"),
                ] {
                    bytes.extend_from_slice(text.as_bytes());
                    bytes.extend_from_slice(ending.as_bytes());
                }
            }
        }
        bytes
    }

    #[test]
    fn the_size_of_blocks_changes_nothing() {
        for tail in ["", "x", "\"x\n", "x\r", "\"x\n\""] {
            let file = Temporary::new("sizes", &[&nasty(), tail.as_bytes()].concat());
            let expected = records(&file.0, 1 << 22);
            assert!(expected.len() > 100);
            for capacity in [0, 4_101, 4_102, 4_103, 5_000, 8_192, 50_000] {
                assert!(records(&file.0, capacity) == expected, "{capacity} {tail:?}");
            }
        }
    }

    #[test]
    fn a_header_alone_has_no_records() {
        let file = Temporary::new("alone", b"");
        assert_eq!(records(&file.0, BLOCK), []);
    }

    #[test]
    fn a_file_that_grows_or_shrinks_is_refused() {
        for size in [100, 1 << 20] {
            let file = Temporary::new("size", &b"x\n".repeat(10_000));
            let (mut blocks, mut block) = (Blocks::open(&file.0).unwrap(), Block::new(0));
            assert!(blocks.advance(&mut block).unwrap());
            File::options().write(true).open(&file.0).unwrap().set_len(size).unwrap();
            let failure = loop {
                match blocks.advance(&mut block) {
                    Ok(more) => assert!(more),
                    Err(failure) => break failure,
                }
            };
            assert!(failure.message.contains("bytes when it was opened"), "{failure}");
        }
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let failure = Blocks::open(Path::new("/nowhere/flights.csv")).err().unwrap();
        assert!(failure.message.contains("/nowhere/flights.csv"), "{failure}");
    }
}
