//! The lines that an implementation writes, one JSON object each.
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use crate::answer::Check;
use crate::clock::{Resources, Timing};
use crate::failure::Kind;
use crate::meter::Stalls;

pub const PROTOCOL: u32 = 1;

/// What a variant says of itself.
#[derive(Clone, Copy, Debug)]
pub struct Identity<'a> {
    pub variant: &'a str,
    /// Name and version of each library that does the work; one that is loaded at run time is asked for its own.
    pub libraries: &'a [(&'a str, &'a str)],
    pub allocator: &'a str,
}

#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Event<'a> {
    Hello {
        protocol: u32,
        language: &'static str,
        variant: &'a str,
        runtime: &'static str,
        libraries: BTreeMap<&'a str, &'a str>,
        parallelism: Option<usize>,
        clock: &'static str,
        allocator: &'a str,
        now_ns: u64,
    },
    Ready {
        now_ns: u64,
        threads: usize,
    },
    Sample {
        index: u32,
        step: &'a str,
        pass: u32,
        warmup: bool,
        #[serde(flatten)]
        timing: Timing,
        units: u64,
        check: Option<Check>,
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        phases: BTreeMap<&'static str, u64>,
        #[serde(skip_serializing_if = "<[u64]>::is_empty")]
        queries: &'a [u64],
    },
    Answer {
        step: &'a str,
        path: &'a Path,
        rows: u64,
        sha256: String,
    },
    Serving {
        port: u16,
        now_ns: u64,
    },
    Pauses(Pauses),
    Stalls(Stalls),
    Done {
        now_ns: u64,
        usage: Resources,
        runtime_memory: BTreeMap<&'static str, u64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        served: Option<u64>,
    },
    Error {
        kind: Kind,
        message: &'a str,
    },
}

/// The pauses of a language that has no collector: these zeros are known, not assumed.
#[derive(Debug, Serialize)]
pub struct Pauses {
    collector: &'static str,
    count: u64,
    total_ns: u64,
    cpu_share: f64,
    events: [u64; 0],
    dropped: u64,
    clock_error_ns: Option<u64>,
}

impl Pauses {
    pub fn none() -> Self {
        Self {
            collector: "none",
            count: 0,
            total_ns: 0,
            cpu_share: 0.0,
            events: [],
            dropped: 0,
            clock_error_ns: None,
        }
    }
}

/// Writes one line and flushes it. A harness that has gone away is found out by the caller.
pub fn emit(event: &Event<'_>) -> io::Result<()> {
    let mut line = serde_json::to_vec(event)?;
    line.push(b'\n');
    let mut out = io::stdout().lock();
    out.write_all(&line)?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_carries_its_name() {
        let line = serde_json::to_string(&Event::Ready { now_ns: 5, threads: 1 }).unwrap();
        assert_eq!(line, r#"{"event":"ready","now_ns":5,"threads":1}"#);
    }

    #[test]
    fn what_a_sample_was_not_asked_for_is_left_out() {
        let timing = Timing { start_ns: 1, wall_ns: 2, user_ns: 3, system_ns: 0 };
        let sample = |queries, phases| {
            let (index, pass, warmup, units, check) = (0, 1, false, 4, None);
            let step = "load";
            let sample =
                Event::Sample { index, step, pass, warmup, timing, units, check, phases, queries };
            serde_json::to_string(&sample).unwrap()
        };
        let bare = sample(&[], BTreeMap::new());
        assert!(bare.ends_with(r#""units":4,"check":null}"#), "{bare}");
        let full = sample(&[70, 50], BTreeMap::from([("model", 9)]));
        assert!(
            full.ends_with(r#""check":null,"phases":{"model":9},"queries":[70,50]}"#),
            "{full}"
        );
    }

    #[test]
    fn no_collector_means_no_pauses() {
        let line = serde_json::to_string(&Event::Pauses(Pauses::none())).unwrap();
        assert_eq!(
            line,
            r#"{"event":"pauses","collector":"none","count":0,"total_ns":0,"cpu_share":0.0,"events":[],"dropped":0,"clock_error_ns":null}"#
        );
    }
}
