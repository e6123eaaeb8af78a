//! A file's blocks dealt out to the pool's threads: sifted in turn, then read, worked on and given to a sink side by side.
use std::fmt::Write;
use std::path::Path;
use std::sync::{Mutex, MutexGuard};

use bench_protocol::Failure;
use flight_rules::{Blocks, Output, Reason, Tally};
use polars_core::runtime::RAYON;

use super::sift::{Sifted, Sifter};
use super::sinks::Sink;
use super::tables::Tables;
use super::typed::Reader;

/// As many blocks as there are threads are in memory, whatever the file's size.
///
/// The threads are those of Polars' own pool, in which its operations stay where they are called.
pub fn sweep(
    flights: &Path,
    rejects: &Path,
    tables: &Tables,
    sink: &impl Sink,
) -> Result<Tally, Failure> {
    let sifter = Mutex::new(Sifter::new(Blocks::open(flights)?));
    let mut rejects = Output::create(rejects)?;
    rejects.write(b"line,reason\n")?;
    let rejects = Mutex::new(rejects);
    let run = || {
        let tally = drain(&sifter, &rejects, tables, sink);
        if tally.is_err() {
            lock(&sifter).stop();
        }
        tally
    };
    // A file without blocks has its columns all the same.
    sink.take(Reader::new().kept(&mut Sifted::default())?, tables)?;
    let tallies = RAYON.with(|pool| pool.broadcast(|_| run()));
    tallies.into_iter().try_fold(Tally::default(), |mut sum, tally| {
        sum += tally?;
        Ok(sum)
    })
}

/// Works on blocks until there are none. Nothing of Polars is called under a lock: its pool might begin other work meanwhile.
fn drain(
    sifter: &Mutex<Sifter>,
    rejects: &Mutex<Output>,
    tables: &Tables,
    sink: &impl Sink,
) -> Result<Tally, Failure> {
    let (reader, mut sifted, mut tally) = (Reader::new(), Sifted::default(), Tally::default());
    while lock(sifter).advance(&mut sifted)? {
        let kept = reader.kept(&mut sifted)?;
        sink.take(kept, tables)?;
        lock(rejects).write(lines(&sifted.rejects).as_bytes())?;
        tally += sifted.tally;
    }
    Ok(tally)
}

fn lines(rejects: &[(u64, Reason)]) -> String {
    rejects.iter().fold(String::new(), |mut lines, (line, reason)| {
        writeln!(lines, "{line},{reason}").expect("memory takes what is written");
        lines
    })
}

pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("a panic has ended the program before")
}
