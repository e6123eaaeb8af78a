//! The stall meter: a thread that sleeps a fixed short time, again and again, and notes by how much it overslept.
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde::Serialize;

use crate::clock::now_ns;
use crate::request::MeterSettings;

const KEPT: usize = 4096;
const BUCKETS: usize = 32;

pub struct Meter {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Stalls>,
}

impl Meter {
    pub fn start(settings: MeterSettings) -> io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::Builder::new()
            .name("stall-meter".into())
            .spawn(move || watch(settings, &stopped))?;
        Ok(Self { stop, thread })
    }

    /// Waits for the sleep under way, at most one interval.
    pub fn finish(self) -> Stalls {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("the meter only sleeps and counts")
    }
}

fn watch(settings: MeterSettings, stop: &AtomicBool) -> Stalls {
    let interval = Duration::from_nanos(settings.interval_ns);
    let mut recorder = Recorder::new(settings);
    while !stop.load(Ordering::Relaxed) {
        let due_ns = now_ns() + settings.interval_ns;
        thread::sleep(interval);
        recorder.note(due_ns, now_ns().saturating_sub(due_ns));
    }
    recorder.finish()
}

#[derive(Debug, Serialize)]
pub struct Stalls {
    interval_ns: u64,
    threshold_ns: u64,
    count: u64,
    total_over_ns: u64,
    max_over_ns: u64,
    histogram: [u64; BUCKETS],
    events: Vec<Stall>,
    dropped: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Stall {
    start_ns: u64,
    wall_ns: u64,
}

/// What a sleeper notes: a heap with its shortest stall on top, so that the one to drop is at hand when it is full.
pub struct Recorder {
    stalls: Stalls,
    longest: BinaryHeap<Reverse<(u64, u64)>>,
}

impl Recorder {
    pub fn new(settings: MeterSettings) -> Self {
        let stalls = Stalls {
            interval_ns: settings.interval_ns,
            threshold_ns: settings.threshold_ns,
            count: 0,
            total_over_ns: 0,
            max_over_ns: 0,
            histogram: [0; BUCKETS],
            events: Vec::new(),
            dropped: 0,
        };
        Self { stalls, longest: BinaryHeap::with_capacity(KEPT + 1) }
    }

    pub fn note(&mut self, due_ns: u64, over_ns: u64) {
        self.stalls.count += 1;
        self.stalls.total_over_ns += over_ns;
        self.stalls.max_over_ns = self.stalls.max_over_ns.max(over_ns);
        self.stalls.histogram[bucket(over_ns)] += 1;
        if over_ns > self.stalls.threshold_ns {
            self.longest.push(Reverse((over_ns, due_ns)));
            if self.longest.len() > KEPT {
                self.longest.pop();
                self.stalls.dropped += 1;
            }
        }
    }

    pub fn finish(self) -> Stalls {
        let mut events: Vec<Stall> = self
            .longest
            .into_iter()
            .map(|Reverse((wall_ns, start_ns))| Stall { start_ns, wall_ns })
            .collect();
        events.sort_unstable_by_key(|stall| stall.start_ns);
        Stalls { events, ..self.stalls }
    }
}

/// Entry i counts [2^i, 2^(i+1)) microseconds, entry 0 all below two, the last all above.
fn bucket(over_ns: u64) -> usize {
    let microseconds = (over_ns / 1_000).max(1);
    (microseconds.ilog2() as usize).min(BUCKETS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: MeterSettings = MeterSettings { interval_ns: 1_000_000, threshold_ns: 10 };

    #[test]
    fn buckets_double() {
        let edges = [0, 1_999, 2_000, 3_999, 4_000, u64::MAX];
        assert_eq!(edges.map(bucket), [0, 0, 1, 1, 2, BUCKETS - 1]);
    }

    #[test]
    fn only_stalls_over_the_threshold_are_events() {
        let mut recorder = Recorder::new(SETTINGS);
        recorder.note(100, 10);
        recorder.note(200, 11);
        let stalls = recorder.finish();
        assert_eq!((stalls.count, stalls.total_over_ns, stalls.max_over_ns), (2, 21, 11));
        assert_eq!(stalls.events, [Stall { start_ns: 200, wall_ns: 11 }]);
    }

    #[test]
    fn the_longest_are_kept_in_order_of_time() {
        let mut recorder = Recorder::new(SETTINGS);
        for i in 0..KEPT as u64 + 3 {
            recorder.note(i, 1_000 + i);
        }
        let stalls = recorder.finish();
        assert_eq!((stalls.events.len(), stalls.dropped), (KEPT, 3));
        assert_eq!(stalls.events[0], Stall { start_ns: 3, wall_ns: 1_003 });
    }

    #[test]
    fn a_meter_counts_while_it_runs() {
        let meter = Meter::start(SETTINGS).unwrap();
        thread::sleep(Duration::from_millis(10));
        assert!(meter.finish().count >= 2);
    }
}
