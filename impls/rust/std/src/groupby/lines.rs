//! Whole lines of a file, through one buffer that is filled again and again.
//!
//! Reading the whole file first would cost a page fault for every four kilobytes of it; a buffer
//! that stays in the cache costs none.
use std::io::Read;

use bench_protocol::Failure;

use super::field::PADDING;

pub const CHUNK: usize = 1 << 18;
/// A file without line ends is refused before it has filled the memory.
const LONGEST: usize = 1 << 30;

/// A buffer that holds whole lines up to `whole` and the beginning of another one up to `filled`.
pub struct Lines<R> {
    file: R,
    buffer: Vec<u8>,
    filled: usize,
    whole: usize,
}

impl<R: Read> Lines<R> {
    pub fn new(file: R, chunk: usize) -> Self {
        Self { file, buffer: vec![0; chunk + PADDING], filled: 0, whole: 0 }
    }

    /// The lines at hand with the padding behind them.
    pub fn padded(&self) -> &[u8] {
        &self.buffer[..self.whole + PADDING]
    }

    /// Replaces the lines by the next ones; false at the end. A last line without an end gets one.
    pub fn advance(&mut self) -> Result<bool, Failure> {
        self.buffer.copy_within(self.whole..self.filled, 0);
        self.filled -= self.whole;
        self.whole = 0;
        loop {
            let room = self.buffer.len() - PADDING;
            if self.filled == room {
                if room >= LONGEST {
                    return Err(Failure::input("a line is longer than a gigabyte"));
                }
                self.buffer.resize(2 * room + PADDING, 0);
                continue;
            }
            let read = self.file.read(&mut self.buffer[self.filled..room])?;
            if read == 0 {
                return Ok(self.last());
            }
            let fresh = &self.buffer[self.filled..self.filled + read];
            let end = fresh.iter().rposition(|&byte| byte == b'\n');
            self.whole = end.map_or(0, |end| self.filled + end + 1);
            self.filled += read;
            if self.whole > 0 {
                return Ok(true);
            }
        }
    }

    fn last(&mut self) -> bool {
        if self.filled > 0 {
            self.buffer[self.filled] = b'\n';
            self.filled += 1;
            self.whole = self.filled;
        }
        self.whole > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_buffer_gives_all_lines_whole() {
        let text = "a\nlonger than others\n\nlast";
        for chunk in [1, 2, 7, 64] {
            let mut lines = Lines::new(text.as_bytes(), chunk);
            let mut read = Vec::new();
            while lines.advance().unwrap() {
                let whole = &lines.padded()[..lines.padded().len() - PADDING];
                assert_eq!(whole.last(), Some(&b'\n'));
                read.extend_from_slice(whole);
            }
            assert_eq!(String::from_utf8(read).unwrap(), format!("{text}\n"));
        }
    }
}
