//! What the kernel says of time and of this process.
use std::fs;

use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::time::TimeVal;
use nix::time::{ClockId, clock_gettime};
use serde::Serialize;

/// `std::time::Instant` reads the same clock but hides its value, which other processes must share.
pub fn now_ns() -> u64 {
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).expect("Linux has CLOCK_MONOTONIC");
    now.tv_sec() as u64 * 1_000_000_000 + now.tv_nsec() as u64
}

/// A section of work: when it began, how long it took, and the CPU time of the process within.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Timing {
    pub start_ns: u64,
    pub wall_ns: u64,
    pub user_ns: u64,
    pub system_ns: u64,
}

/// The clock is the innermost of the two, so that reading CPU times is not counted.
pub fn timed<T>(work: impl FnOnce() -> T) -> (T, Timing) {
    let before = usage();
    let start_ns = now_ns();
    let result = work();
    let wall_ns = now_ns() - start_ns;
    let after = usage();
    let timing = Timing {
        start_ns,
        wall_ns,
        user_ns: nanoseconds(after.user_time()) - nanoseconds(before.user_time()),
        system_ns: nanoseconds(after.system_time()) - nanoseconds(before.system_time()),
    };
    (result, timing)
}

#[derive(Debug, Serialize)]
pub struct Resources {
    minor_faults: i64,
    major_faults: i64,
    voluntary_switches: i64,
    involuntary_switches: i64,
    peak_rss_bytes: Option<u64>,
}

pub fn resources() -> Resources {
    let usage = usage();
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    Resources {
        minor_faults: usage.minor_page_faults(),
        major_faults: usage.major_page_faults(),
        voluntary_switches: usage.voluntary_context_switches(),
        involuntary_switches: usage.involuntary_context_switches(),
        peak_rss_bytes: peak_rss(&status),
    }
}

fn usage() -> Usage {
    getrusage(UsageWho::RUSAGE_SELF).expect("a process may ask for its own usage")
}

fn nanoseconds(time: TimeVal) -> u64 {
    time.tv_sec() as u64 * 1_000_000_000 + time.tv_usec() as u64 * 1_000
}

fn peak_rss(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_timed_section_covers_its_work() {
        let before = now_ns();
        let (answer, timing) = timed(|| {
            thread::sleep(Duration::from_millis(2));
            7
        });
        assert_eq!(answer, 7);
        assert!(timing.wall_ns >= 2_000_000);
        assert!(timing.start_ns >= before && timing.start_ns + timing.wall_ns <= now_ns());
    }

    #[test]
    fn the_peak_is_read_in_bytes_or_is_absent() {
        assert_eq!(peak_rss("Name:\tx\nVmHWM:\t    12 kB\n"), Some(12 * 1024));
        assert_eq!(peak_rss("Name:\tx\n"), None);
    }
}
