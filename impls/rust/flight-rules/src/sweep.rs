//! Blocks dealt out to threads, each with a worker of its own; the verdicts counted, the rejects written.
use std::path::Path;
use std::sync::{Mutex, MutexGuard};
use std::thread;

use bench_protocol::Failure;

use crate::blocks::{BLOCK, Block, Blocks};
use crate::judge::Verdict;
use crate::rejects::{Lines, Rejects};
use crate::tally::Tally;

/// What a worker tells of the block at hand, record by record.
#[derive(Debug, Default)]
pub struct Notes {
    lines: Lines,
    tally: Tally,
}

impl Notes {
    /// Notes the next record, of so many lines, and whether its row is kept.
    #[inline]
    pub fn record(&mut self, verdict: &Verdict<'_>, lines: u64) -> bool {
        let line = self.lines.count;
        self.lines.count += lines;
        match verdict {
            Verdict::Clean(row) => {
                let kept = row.kept();
                self.tally.clean += 1;
                self.tally.kept += u64::from(kept);
                return kept;
            }
            Verdict::Dropped => self.tally.dropped += 1,
            Verdict::Rejected(reason) => {
                self.tally.rejected += 1;
                self.lines.rejects.push((line, *reason));
            }
        }
        false
    }
}

/// Has every block worked on, by at most `threads` at a time, and gives back the workers.
///
/// `threads` blocks are in memory, whatever the file's size.
pub fn sweep<W: Send>(
    flights: &Path,
    rejects: &Path,
    threads: usize,
    make: impl Fn() -> W + Sync,
    work: impl Fn(&mut W, &Block, &mut Notes) -> Result<(), Failure> + Sync,
) -> Result<(Vec<W>, Tally), Failure> {
    let blocks = Mutex::new(Blocks::open(flights)?);
    let rejects = Mutex::new(Rejects::create(rejects)?);
    let run = || {
        let mut worker = make();
        let tally = drain(&blocks, &rejects, |block, notes| work(&mut worker, block, notes));
        if tally.is_err() {
            lock(&blocks).stop();
        }
        tally.map(|tally| (worker, tally))
    };
    let mut workers = Vec::new();
    let mut tally = Tally::default();
    for result in each(threads, run) {
        let (worker, part) = result?;
        workers.push(worker);
        tally += part;
    }
    let mut rejects = lock(&rejects);
    rejects.finish()?;
    tally.reject_lines = rejects.sum;
    Ok((workers, tally))
}

/// Works on blocks until there are none.
fn drain(
    blocks: &Mutex<Blocks>,
    rejects: &Mutex<Rejects>,
    mut work: impl FnMut(&Block, &mut Notes) -> Result<(), Failure>,
) -> Result<Tally, Failure> {
    let (mut block, mut notes) = (Block::new(BLOCK), Notes::default());
    while lock(blocks).advance(&mut block)? {
        work(&block, &mut notes)?;
        lock(rejects).take(block.index, &mut notes.lines)?;
    }
    Ok(notes.tally)
}

/// The results of as many threads; one works on the caller's.
fn each<R: Send>(threads: usize, run: impl Fn() -> R + Sync) -> Vec<R> {
    thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(&run)).collect();
        let own = run();
        let join = |other: thread::ScopedJoinHandle<'_, R>| {
            other.join().expect("a panic has ended the program before")
        };
        std::iter::once(own).chain(others.into_iter().map(join)).collect()
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("a panic has ended the program before")
}
