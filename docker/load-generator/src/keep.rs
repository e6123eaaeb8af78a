//! What is kept of each request: a record in a file, histograms of the phase, the first answer to each body.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};

use base64::Engine;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Serializer, V2DeflateSerializer};
use serde_json::{Value, json};

/// Written when nothing is due soon; twice that is never held.
const BUFFER: usize = 1 << 20;
const HIGHEST_NS: u64 = 3_600_000_000_000;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Failure {
    None,
    Timeout,
    Closed,
    Refused,
    Malformed,
    Unanswered,
}

const FAILURES: [(Failure, &str); 5] = [
    (Failure::Timeout, "timeout"),
    (Failure::Closed, "closed"),
    (Failure::Refused, "refused"),
    (Failure::Malformed, "malformed"),
    (Failure::Unanswered, "unanswered"),
];

/// Instants of CLOCK_MONOTONIC in nanoseconds, 0 where it did not get so far; `free` is when its connection could have taken it.
#[derive(Clone, Copy)]
pub struct Record {
    pub intended: u64,
    pub free: u64,
    pub sent: u64,
    pub first_byte: u64,
    pub done: u64,
    pub digest: u64,
    pub request: u32,
    pub connection: u32,
    pub queue: u32,
    pub status: u16,
    pub failure: Failure,
}

pub struct Keeper {
    records: File,
    buffer: Vec<u8>,
    answers: BufWriter<File>,
    /// Digest of the first answer to each body; 0: none yet.
    first: Vec<u64>,
    pub count: u64,
}

/// FNV-1a of status and body.
pub fn digest(status: u16, body: &[u8]) -> u64 {
    fnv(status.to_le_bytes().iter().chain(body)).max(1)
}

pub fn fnv<'a>(bytes: impl Iterator<Item = &'a u8>) -> u64 {
    let fold = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.fold(0xcbf2_9ce4_8422_2325, fold)
}

impl Keeper {
    pub fn new(records: &str, answers: &str, bodies: usize) -> io::Result<Self> {
        let answers = BufWriter::new(File::create(answers)?);
        Ok(Self {
            records: File::create(records)?,
            buffer: Vec::with_capacity(2 * BUFFER),
            answers,
            first: vec![0; bodies],
            count: 0,
        })
    }

    pub fn keep(&mut self, r: &Record) -> io::Result<()> {
        for word in [r.intended, r.sent, r.first_byte, r.done, r.digest] {
            self.buffer.extend_from_slice(&word.to_le_bytes());
        }
        for word in [r.request, r.connection, r.queue] {
            self.buffer.extend_from_slice(&word.to_le_bytes());
        }
        self.buffer.extend_from_slice(&r.status.to_le_bytes());
        self.buffer.extend_from_slice(&(r.failure as u16).to_le_bytes());
        self.count += 1;
        if self.buffer.len() >= 2 * BUFFER - 64 { self.flush() } else { Ok(()) }
    }

    /// At leisure: only where there is enough to be worth a call.
    pub fn spare(&mut self) -> io::Result<()> {
        if self.buffer.len() >= BUFFER { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.records.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }

    /// Whether the answer differs from the first to the same body; the first one is kept whole.
    pub fn changed(
        &mut self,
        request: u32,
        status: u16,
        body: &[u8],
        digest: u64,
    ) -> io::Result<bool> {
        let first = &mut self.first[request as usize];
        if *first == 0 {
            *first = digest;
            let body = String::from_utf8_lossy(body);
            serde_json::to_writer(
                &mut self.answers,
                &json!({"request": request, "status": status, "body": body}),
            )?;
            self.answers.write_all(b"\n")?;
        }
        Ok(*first != digest)
    }

    pub fn finish(&mut self) -> io::Result<()> {
        self.flush()?;
        self.answers.flush()
    }
}

pub struct Tally {
    pub due: u64,
    pub answered: u64,
    pub changed: u64,
    pub queue_max: usize,
    pub last_done: u64,
    failed: BTreeMap<Failure, u64>,
    statuses: BTreeMap<u16, u64>,
    response: Histogram<u64>,
    service: Histogram<u64>,
    lateness: Histogram<u64>,
    /// Of the service behind the server: from the instant at which an answer was due to its writing.
    pub downstream: Option<Histogram<u64>>,
}

pub fn empty() -> Histogram<u64> {
    Histogram::new_with_bounds(1, HIGHEST_NS, 3).expect("lawful bounds")
}

impl Tally {
    pub fn new() -> Self {
        Self {
            due: 0,
            answered: 0,
            changed: 0,
            queue_max: 0,
            last_done: 0,
            failed: BTreeMap::new(),
            statuses: BTreeMap::new(),
            response: empty(),
            service: empty(),
            lateness: empty(),
            downstream: None,
        }
    }

    pub fn count(&mut self, r: &Record) {
        if r.sent > 0 {
            self.lateness.saturating_record((r.sent - r.intended.max(r.free).min(r.sent)).max(1));
        }
        if r.failure != Failure::None {
            *self.failed.entry(r.failure).or_default() += 1;
            return;
        }
        self.answered += 1;
        self.last_done = self.last_done.max(r.done);
        *self.statuses.entry(r.status).or_default() += 1;
        self.response.saturating_record((r.done - r.intended).max(1));
        self.service.saturating_record((r.done - r.sent).max(1));
    }

    pub fn told(&self) -> Value {
        let failed: BTreeMap<&str, u64> = FAILURES
            .iter()
            .map(|(f, name)| (*name, self.failed.get(f).copied().unwrap_or(0)))
            .collect();
        let statuses: BTreeMap<String, u64> =
            self.statuses.iter().map(|(status, n)| (status.to_string(), *n)).collect();
        json!({
            "due": self.due, "answered": self.answered, "failed": failed, "statuses": statuses, "changed": self.changed,
            "queue_max": self.queue_max, "response": encoded(&self.response), "service": encoded(&self.service),
            "lateness": encoded(&self.lateness), "downstream": self.downstream.as_ref().map(encoded),
        })
    }
}

fn encoded(held: &Histogram<u64>) -> String {
    let mut bytes = Vec::new();
    V2DeflateSerializer::new()
        .serialize(held, &mut bytes)
        .expect("memory takes all that is written");
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
