//! The loop: what is due goes out on a free connection, what comes in is recorded; one thread, no sleep while it spins.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::ask::{Ask, Phase};
use crate::downstream::Downstream;
use crate::http;
use crate::keep::{Failure, Keeper, Record, Tally, digest};
use crate::schedule::{Order, Rates, Schedule};
use crate::sys::{Poll, now};

/// The file is written while nothing is due for so long.
const LEISURE_NS: u64 = 300_000;
const SWEEP_NS: u64 = 50_000_000;
const CONNECT: Duration = Duration::from_secs(5);

struct Connection {
    socket: Option<TcpStream>,
    under_way: Option<Record>,
    unsent: usize,
    heard: Vec<u8>,
    free: u64,
}

pub struct Load<'a> {
    ask: &'a Ask,
    bodies: Vec<Vec<u8>>,
    address: SocketAddr,
    poll: Poll,
    connections: Vec<Connection>,
    idle: VecDeque<usize>,
    order: Order,
    keeper: Keeper,
    tally: Tally,
    busy: usize,
    downstream: Option<Downstream>,
}

impl<'a> Load<'a> {
    /// Opens all connections, once what is behind the server listens. An error is one line for the user.
    pub fn new(ask: &'a Ask, bodies: Vec<Vec<u8>>) -> Result<Self, String> {
        let address = format!("{}:{}", ask.host, ask.port)
            .parse()
            .map_err(|e| format!("{}:{}: {e}", ask.host, ask.port))?;
        let keeper = Keeper::new(&ask.records, &ask.answers, bodies.len())
            .map_err(|e| format!("{}: {e}", ask.records))?;
        let poll = Poll::new().map_err(|e| format!("epoll: {e}"))?;
        let downstream = ask.downstream.map(|asked| Downstream::new(asked, ask.connections));
        let downstream = downstream.transpose()?;
        let order = Order::new(ask.seed, bodies.len());
        let (connections, idle) = (Vec::with_capacity(ask.connections), VecDeque::new());
        let mut made = Self {
            ask,
            bodies,
            address,
            poll,
            connections,
            idle,
            order,
            keeper,
            tally: Tally::new(),
            busy: 0,
            downstream,
        };
        for at in 0..ask.connections {
            made.connections.push(Connection {
                socket: None,
                under_way: None,
                unsent: 0,
                heard: Vec::with_capacity(4096),
                free: 0,
            });
            made.open(at)
                .map_err(|e| format!("connection {} of {}: {e}", at + 1, ask.connections))?;
            made.idle.push_back(at);
        }
        Ok(made)
    }

    fn open(&mut self, at: usize) -> io::Result<()> {
        let socket = TcpStream::connect_timeout(&self.address, CONNECT)?;
        socket.set_nodelay(true)?;
        socket.set_nonblocking(true)?;
        self.poll.add(&socket, at)?;
        let connection = &mut self.connections[at];
        connection.heard.clear();
        connection.unsent = 0;
        connection.socket = Some(socket);
        Ok(())
    }

    /// One phase from its start to its last answer, or to the end of its drain; closed without `rates`.
    pub fn phase(
        &mut self,
        number: usize,
        phase: &Phase,
        rates: Option<Rates>,
        start: u64,
    ) -> io::Result<(Tally, u64)> {
        let seconds = phase.seconds.unwrap_or(f64::INFINITY);
        let end = start.saturating_add((seconds * 1e9).min(1e18) as u64);
        let patience = (phase.drain_s * 1e9) as u64;
        let closed = rates.is_none();
        let seed = self.ask.seed;
        let mut schedule =
            rates.into_iter().flat_map(|rates| Schedule::new(seed, number, phase, rates));
        let mut left = if closed { phase.count.unwrap_or(u64::MAX) } else { 0 };
        let mut next = schedule.next();
        let (mut queue, mut ready, mut sweep) = (VecDeque::new(), Vec::with_capacity(1024), 0);
        let first = self.keeper.count;
        loop {
            let t = now();
            while let Some(after) = next.filter(|after| start + after <= t) {
                queue.push_back(start + after);
                self.tally.due += 1;
                next = schedule.next();
            }
            self.tally.queue_max = self.tally.queue_max.max(queue.len());
            while let Some(intended) = queue.front().copied().filter(|_| !self.idle.is_empty()) {
                queue.pop_front();
                self.send(Some(intended), queue.len())?;
            }
            while closed && left > 0 && t < end && !self.idle.is_empty() {
                left -= 1;
                self.tally.due += 1;
                self.send(None, 0)?;
            }
            let over =
                if closed { left == 0 || t >= end } else { next.is_none() && queue.is_empty() };
            // A backlog that is being answered is not cut short, however long: whoever answers nothing any more is given up.
            let limit = end.max(self.tally.last_done).saturating_add(patience);
            if (over && self.busy == 0) || t >= limit {
                break;
            }
            let calm = !self.ask.spin
                && self.downstream.is_none()
                && self.idle.len() + self.busy > 0
                && next.is_none_or(|after| start + after > t + 2_000_000);
            self.poll.wait(i32::from(calm), &mut ready);
            for &at in &ready {
                self.serve(at)?;
            }
            if let Some(downstream) = &mut self.downstream {
                downstream.turn()?;
            }
            if t >= sweep {
                sweep = t + SWEEP_NS;
                self.time_out(t)?;
            }
            if next.is_some_and(|after| start + after > t + LEISURE_NS) {
                self.keeper.spare()?;
            }
        }
        self.give_up(&mut queue)?;
        self.keeper.finish()?;
        self.tally.downstream = self.downstream.as_mut().map(Downstream::lateness);
        Ok((std::mem::replace(&mut self.tally, Tally::new()), first))
    }

    pub fn records(&self) -> u64 {
        self.keeper.count
    }

    /// The next body on the connection that has been free for longest; without an intended instant it is due now.
    fn send(&mut self, intended: Option<u64>, queue: usize) -> io::Result<()> {
        let at = self.idle.pop_front().expect("asked only where one is idle");
        let request = self.order.draw();
        let refused = self.connections[at].socket.is_none() && self.open(at).is_err();
        let sent = now();
        let connection = &mut self.connections[at];
        let mut record = Record {
            intended: intended.unwrap_or(sent),
            free: connection.free,
            sent,
            first_byte: 0,
            done: 0,
            digest: 0,
            request,
            connection: at as u32,
            queue: queue as u32,
            status: 0,
            failure: Failure::None,
        };
        self.busy += 1;
        if refused {
            record.sent = 0;
            connection.under_way = Some(record);
            return self.fail(at, Failure::Refused);
        }
        connection.under_way = Some(record);
        connection.unsent = self.bodies[request as usize].len();
        self.write(at)
    }

    fn write(&mut self, at: usize) -> io::Result<()> {
        let connection = &mut self.connections[at];
        let (Some(record), Some(socket)) = (&connection.under_way, &mut connection.socket) else {
            return Ok(());
        };
        let whole = &self.bodies[record.request as usize];
        while connection.unsent > 0 {
            match socket.write(&whole[whole.len() - connection.unsent..]) {
                Ok(n) => connection.unsent -= n,
                Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(_) => return self.fail(at, Failure::Closed),
            }
        }
        Ok(())
    }

    /// Reads all that has come on a connection; one that ends without a request under way is opened anew when it is needed.
    fn serve(&mut self, at: usize) -> io::Result<()> {
        if self.connections[at].unsent > 0 {
            self.write(at)?;
        }
        let mut piece = [0; 16 << 10];
        loop {
            let connection = &mut self.connections[at];
            let Some(socket) = &mut connection.socket else {
                return Ok(());
            };
            match socket.read(&mut piece) {
                Ok(0) => return self.fail(at, Failure::Closed),
                Ok(n) => {
                    let Some(record) = &mut connection.under_way else {
                        return self.fail(at, Failure::Malformed);
                    };
                    if record.first_byte == 0 {
                        record.first_byte = now();
                    }
                    connection.heard.extend_from_slice(&piece[..n]);
                    self.hear(at)?;
                    if n < piece.len() {
                        return Ok(());
                    }
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(_) => return self.fail(at, Failure::Closed),
            }
        }
    }

    fn hear(&mut self, at: usize) -> io::Result<()> {
        let connection = &mut self.connections[at];
        let (answer, used) = match http::answer(&connection.heard) {
            Ok(None) => return Ok(()),
            Ok(Some(found)) => found,
            Err(http::Malformed) => return self.fail(at, Failure::Malformed),
        };
        if used != connection.heard.len() || connection.unsent > 0 {
            return self.fail(at, Failure::Malformed);
        }
        let Some(mut record) = connection.under_way.take() else {
            return Ok(());
        };
        connection.heard.clear();
        record.done = now();
        record.status = answer.status;
        record.digest = digest(answer.status, &answer.body);
        connection.free = record.done;
        if answer.close {
            connection.socket = None;
        }
        self.idle.push_back(at);
        self.busy -= 1;
        self.tally.changed += u64::from(self.keeper.changed(
            record.request,
            record.status,
            &answer.body,
            record.digest,
        )?);
        self.tally.count(&record);
        self.keeper.keep(&record)
    }

    /// Ends a connection and what was under way on it, which is never sent again.
    fn fail(&mut self, at: usize, failure: Failure) -> io::Result<()> {
        let connection = &mut self.connections[at];
        connection.socket = None;
        connection.unsent = 0;
        connection.heard.clear();
        connection.free = now();
        let Some(mut record) = connection.under_way.take() else {
            return Ok(());
        };
        record.failure = failure;
        self.idle.push_back(at);
        self.busy -= 1;
        self.tally.count(&record);
        self.keeper.keep(&record)
    }

    fn time_out(&mut self, t: u64) -> io::Result<()> {
        let limit = (self.ask.timeout_s * 1e9) as u64;
        for at in 0..self.connections.len() {
            if self.connections[at]
                .under_way
                .is_some_and(|record| t > record.sent.saturating_add(limit))
            {
                self.fail(at, Failure::Timeout)?;
            }
        }
        Ok(())
    }

    /// At the end of the drain: what is under way, and what was never sent.
    fn give_up(&mut self, queue: &mut VecDeque<u64>) -> io::Result<()> {
        for at in 0..self.connections.len() {
            if self.connections[at].under_way.is_some() {
                self.fail(at, Failure::Unanswered)?;
            }
        }
        for intended in queue.drain(..) {
            let (request, failure) = (self.order.draw(), Failure::Unanswered);
            let none = Record {
                intended,
                free: 0,
                sent: 0,
                first_byte: 0,
                done: 0,
                digest: 0,
                request,
                connection: 0,
                queue: 0,
                status: 0,
                failure,
            };
            self.tally.count(&none);
            self.keeper.keep(&none)?;
        }
        Ok(())
    }
}
