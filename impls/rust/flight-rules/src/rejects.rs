//! The rejects file: blocks may come in any order, lines leave in theirs.
use std::collections::BTreeMap;
use std::io::Write;
use std::mem;
use std::path::Path;

use bench_protocol::Failure;

use crate::output::Output;
use crate::reason::Reason;

const FLUSH: usize = 1 << 16;

/// What a block tells of its lines: how many they are, and which begin a malformed record.
#[derive(Debug, Default)]
pub struct Lines {
    pub count: u64,
    /// Lines of the block, from 0, in order.
    pub rejects: Vec<(u64, Reason)>,
}

pub struct Rejects {
    out: Output,
    buffer: Vec<u8>,
    /// Blocks that came before their turn.
    waiting: BTreeMap<u64, Lines>,
    next: u64,
    /// The number of the next block's first line.
    line: u64,
    /// The sum of the line numbers so far.
    pub sum: u64,
}

impl Rejects {
    pub fn create(path: &Path) -> Result<Self, Failure> {
        let out = Output::create(path)?;
        let buffer = b"line,reason\n".to_vec();
        Ok(Self { out, buffer, waiting: BTreeMap::new(), next: 0, line: 2, sum: 0 })
    }

    /// Takes a block's lines and leaves them empty for the next block.
    pub fn take(&mut self, block: u64, lines: &mut Lines) -> Result<(), Failure> {
        if block != self.next {
            self.waiting.insert(block, mem::take(lines));
            return Ok(());
        }
        self.append(lines)?;
        while let Some(mut lines) = self.waiting.remove(&self.next) {
            self.append(&mut lines)?;
        }
        Ok(())
    }

    /// Writes what is left.
    pub fn finish(&mut self) -> Result<(), Failure> {
        self.out.write(&mem::take(&mut self.buffer))
    }

    fn append(&mut self, lines: &mut Lines) -> Result<(), Failure> {
        for (line, reason) in lines.rejects.drain(..) {
            let line = self.line + line;
            self.sum += line;
            writeln!(self.buffer, "{line},{reason}").expect("memory takes what is written");
        }
        self.line += mem::take(&mut lines.count);
        self.next += 1;
        if self.buffer.len() >= FLUSH {
            self.out.write(&self.buffer)?;
            self.buffer.clear();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::{env, fs, process};

    use super::*;

    #[test]
    fn blocks_in_any_order_are_written_in_theirs() {
        let path = env::temp_dir().join(format!("flight-rules-rejects-{}", process::id()));
        let mut rejects = Rejects::create(&path).unwrap();
        for (block, count, line) in [(2, 5, 0), (0, 10, 3), (1, 1, 0)] {
            let mut lines = Lines { count, rejects: vec![(line, Reason::Few)] };
            rejects.take(block, &mut lines).unwrap();
            assert_eq!((lines.count, lines.rejects.len()), (0, 0));
        }
        rejects.finish().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "line,reason\n5,few\n12,few\n13,few\n");
        assert_eq!(rejects.sum, 30);
        fs::remove_file(path).unwrap();
    }
}
