//! One thread, one epoll set: an answer is found, not worked out, so that what is left is the cost of HTTP itself.
use std::io::{self, ErrorKind};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use polling::{Event, Events, PollMode, Poller};
use slab::Slab;

use crate::answers::Answers;
use crate::line::Line;

const LISTENER: usize = usize::MAX - 1;
const LOOK: Duration = Duration::from_millis(50);
/// What is answered once nothing has come for so long while it drains.
const QUIET: u32 = 2;

pub struct Server<'a> {
    listener: TcpListener,
    poller: Poller,
    lines: Slab<Line>,
    answers: &'a Answers,
    served: u64,
}

impl<'a> Server<'a> {
    pub fn new(listener: TcpListener, answers: &'a Answers) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let poller = Poller::new()?;
        // SAFETY: the listener lives as long as the poller, and is taken out of it before it is closed.
        unsafe { poller.add_with_mode(&listener, Event::readable(LISTENER), PollMode::Level)? };
        Ok(Self { listener, poller, lines: Slab::new(), answers, served: 0 })
    }

    /// Serves until `stop`, then what has been sent by then; how many answers in all.
    pub fn run(mut self, stop: &AtomicBool) -> io::Result<u64> {
        let (mut events, mut quiet) = (Events::new(), 0);
        while quiet < QUIET {
            events.clear();
            let came = match self.poller.wait(&mut events, Some(LOOK)) {
                Err(error) if error.kind() == ErrorKind::Interrupted => 0,
                other => other?,
            };
            for event in events.iter() {
                if event.key == LISTENER { self.accept()? } else { self.turn(event.key)? }
            }
            quiet = if stop.load(Ordering::Relaxed) && came == 0 { quiet + 1 } else { 0 };
        }
        self.poller.delete(&self.listener)?;
        Ok(self.served)
    }

    fn accept(&mut self) -> io::Result<()> {
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => self.take(stream)?,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    fn take(&mut self, stream: TcpStream) -> io::Result<()> {
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        let entry = self.lines.vacant_entry();
        // SAFETY: a line is taken out of the poller before its stream is closed.
        unsafe {
            self.poller.add_with_mode(&stream, Event::readable(entry.key()), PollMode::Level)?
        };
        entry.insert(Line::new(stream));
        Ok(())
    }

    fn turn(&mut self, key: usize) -> io::Result<()> {
        let line = &mut self.lines[key];
        let before = line.owes();
        match line.turn(|asked| self.answers.find(asked)) {
            Ok(answered) => {
                self.served += answered;
                if line.owes() != before {
                    let wanted = Event::new(key, true, line.owes());
                    self.poller.modify_with_mode(&line.stream, wanted, PollMode::Level)?;
                }
            }
            Err(_) => {
                self.poller.delete(&line.stream)?;
                self.lines.remove(key);
            }
        }
        Ok(())
    }
}
