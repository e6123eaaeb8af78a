//! The service behind the server under test: answers each request a fixed time after its last byte has come.
//!
//! It takes its turn in the loop of the load, since both have one CPU: a thread of its own that spins would take that from the
//! other for milliseconds at a time. One request of a connection is under way at once, and nothing more is read meanwhile.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};

use hdrhistogram::Histogram;

use crate::ask::Asked;
use crate::http::{self, Request};
use crate::keep::{empty, fnv};
use crate::schedule::mixed;
use crate::sys::{Poll, listen, now};

const LINE: &str = "POST /predict HTTP/1.1";
const LISTENER: usize = usize::MAX;
const BACKLOG: i32 = 4096;
/// A pool may open connections beyond what it needs at once: it dials while another comes free.
const SPARE: usize = 4;

struct Line {
    socket: TcpStream,
    heard: Vec<u8>,
    waits: bool,
}

struct Due {
    at: u64,
    line: usize,
    probability: f64,
    close: bool,
}

pub struct Downstream {
    listener: TcpListener,
    poll: Poll,
    ready: Vec<usize>,
    lines: Vec<Option<Line>>,
    free: Vec<usize>,
    /// In the order in which they are due, as all wait for the same time.
    due: VecDeque<Due>,
    delay: u64,
    lateness: Histogram<u64>,
}

impl Downstream {
    /// Listens. An error is one line for the user.
    pub fn new(asked: Asked, connections: usize) -> Result<Self, String> {
        if !(asked.delay_ms >= 0.0 && asked.delay_ms.is_finite()) {
            return Err(format!("the downstream: a delay of {} ms", asked.delay_ms));
        }
        let why = |e| format!("the downstream, 127.0.0.1:{}: {e}", asked.port);
        let (listener, poll) =
            (listen(asked.port, BACKLOG).map_err(why)?, Poll::new().map_err(why)?);
        poll.add(&listener, LISTENER).map_err(why)?;
        let most = SPARE * (connections + 16);
        Ok(Self {
            listener,
            poll,
            ready: Vec::with_capacity(1024),
            lines: (0..most).map(|_| None).collect(),
            free: (0..most).rev().collect(),
            due: VecDeque::with_capacity(most),
            delay: (asked.delay_ms * 1e6) as u64,
            lateness: empty(),
        })
    }

    /// Takes what has come and answers what is due, without waiting for either.
    pub fn turn(&mut self) -> io::Result<()> {
        let mut ready = std::mem::take(&mut self.ready);
        self.poll.wait(0, &mut ready);
        for &at in &ready {
            if at == LISTENER { self.accept()? } else { self.hear(at) }
        }
        self.ready = ready;
        while let Some(due) = self.due.pop_front_if(|due| due.at <= now()) {
            self.lateness.saturating_record((now() - due.at).max(1));
            self.answer(&due);
        }
        Ok(())
    }

    /// How late its answers were since the last asking. How long a request lay unread before is not in it: of the same order, for
    /// reading and answering have their turn in the same loop.
    pub fn lateness(&mut self) -> Histogram<u64> {
        std::mem::replace(&mut self.lateness, empty())
    }

    /// Connections beyond the bound are closed at once.
    fn accept(&mut self) -> io::Result<()> {
        loop {
            match self.listener.accept() {
                Ok((socket, _)) => {
                    if let Some(at) = self.free.pop() {
                        self.take(at, socket)?;
                    }
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(e)
                    if matches!(
                        e.kind(),
                        ErrorKind::Interrupted | ErrorKind::ConnectionAborted
                    ) => {}
                Err(e) => return Err(e),
            }
        }
    }

    fn take(&mut self, at: usize, socket: TcpStream) -> io::Result<()> {
        socket.set_nodelay(true)?;
        socket.set_nonblocking(true)?;
        self.poll.add(&socket, at)?;
        self.lines[at] = Some(Line { socket, heard: Vec::with_capacity(1024), waits: false });
        Ok(())
    }

    /// Reads until a request is whole, or nothing more is there.
    fn hear(&mut self, at: usize) {
        let mut piece = [0; 16 << 10];
        while let Some(line) = self.lines[at].as_mut().filter(|line| !line.waits) {
            match line.socket.read(&mut piece) {
                Ok(0) => self.close(at),
                Ok(n) => {
                    line.heard.extend_from_slice(&piece[..n]);
                    self.understand(at);
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => return,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(_) => self.close(at),
            }
        }
    }

    fn understand(&mut self, at: usize) {
        let Some(line) = &mut self.lines[at] else { return };
        match http::request(&line.heard, LINE) {
            Ok(None) => {}
            Ok(Some((Request { body, close }, used))) => {
                line.heard.drain(..used);
                line.waits = true;
                let probability = probability(&body);
                self.due.push_back(Due { at: now() + self.delay, line: at, probability, close });
            }
            Err(http::Malformed) => {
                // Whether it is read or not, the connection ends.
                let _ = line.socket.write(&said(
                    "400 Bad Request",
                    r#"{"error": "no request to /predict"}"#,
                    true,
                ));
                self.close(at);
            }
        }
    }

    /// An answer is small and the only one under way: a connection that doesn't take it whole is not read by anyone.
    fn answer(&mut self, due: &Due) {
        let Some(line) = &mut self.lines[due.line] else { return };
        let text = said(
            "200 OK",
            &format!(r#"{{"probability": {:?}, "model": "downstream"}}"#, due.probability),
            due.close,
        );
        let whole = line.socket.write(&text).is_ok_and(|n| n == text.len());
        line.waits = false;
        if !whole || due.close {
            self.close(due.line);
            return;
        }
        if !line.heard.is_empty() {
            self.understand(due.line);
        }
        self.hear(due.line);
    }

    fn close(&mut self, at: usize) {
        if self.lines[at].take().is_some() {
            self.free.push(at);
        }
    }
}

/// In [0, 1), by all bytes of the body, so that an answer to another body is seen. Mixed, for the last bytes hardly reach the upper
/// bits of FNV-1a: a body spoilt there would pass within any tolerance.
fn probability(body: &[u8]) -> f64 {
    (mixed(fnv(body.iter())) >> 11) as f64 / (1u64 << 53) as f64
}

fn said(status: &str, body: &str, close: bool) -> Vec<u8> {
    let last = if close { "Connection: close\r\n" } else { "" };
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{last}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand in Python; the oracle of the workload that uses it has the same.
    #[test]
    fn probabilities_of_known_bodies() {
        assert_eq!(probability(b""), 0.9576734252420561);
        assert_eq!(probability(b"{\"n\": 1}"), 0.9463167108040934);
    }

    #[test]
    fn a_last_byte_moves_it_far() {
        let (one, other) = (probability(b"{\"n\": 1}"), probability(b"{\"n\": 1]"));
        assert!((one - other).abs() > 1e-3, "{one} {other}");
    }
}
