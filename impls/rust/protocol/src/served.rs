//! The course of a job that serves: ready, load, serving until SIGTERM, then pauses, stalls, done.
use std::collections::BTreeMap;
use std::io;
use std::net::TcpListener;
use std::panic;

use crate::clock::{self, timed};
use crate::event::{Event, Pauses, emit};
use crate::failure::Failure;
use crate::job::Job;
use crate::meter::Stalls;
use crate::request::{Request, Serve};

/// A server as one variant does it.
pub trait Server: Sized {
    /// Says how many threads will serve; what is wrong with the request is said here, before it is loaded.
    fn start(request: &Request) -> Result<usize, Failure>;

    /// Reads model and store, and answers one prediction inside; notes the nanoseconds of each part.
    fn load(request: &Request, phases: &mut Phases) -> Result<Self, Failure>;

    /// Serves until SIGTERM, drains, and says what it did. `listening` is called once SIGTERM would be heard.
    fn serve(
        self,
        listener: TcpListener,
        request: &Request,
        listening: impl FnOnce() -> Result<(), Failure>,
    ) -> Result<Served, Failure>;
}

pub type Phases = BTreeMap<&'static str, u64>;

/// What a server did: the answers it has sent, of any status, and what its own stall meter saw.
pub struct Served {
    pub answers: u64,
    pub stalls: Option<Stalls>,
}

impl Job {
    pub fn serve<S: Server>(self) -> Result<(), Failure> {
        let request = self.into_request();
        let asked =
            request.serve.clone().ok_or_else(|| Failure::input("the request has no 'serve'"))?;
        let threads = S::start(&request)?;
        emit(&Event::Ready { now_ns: clock::now_ns(), threads })?;
        let mut phases = Phases::new();
        let (loaded, timing) =
            timed(|| S::load(&request, &mut phases).and_then(|made| Ok((made, bind(&asked)?))));
        let (server, listener) = loaded?;
        let port = listener.local_addr()?.port();
        emit(&Event::Sample {
            index: 0,
            step: "load",
            pass: 1,
            warmup: false,
            timing,
            units: 0,
            check: None,
            phases,
            queries: &[],
        })?;
        // From here on a panic is a failed request, not the end of the job.
        drop(panic::take_hook());
        let served = server.serve(listener, &request, || {
            Ok(emit(&Event::Serving { port, now_ns: clock::now_ns() })?)
        })?;
        emit(&Event::Pauses(Pauses::none()))?;
        if let Some(stalls) = served.stalls {
            emit(&Event::Stalls(stalls))?;
        }
        emit(&Event::Done {
            now_ns: clock::now_ns(),
            usage: clock::resources(),
            runtime_memory: BTreeMap::new(),
            served: Some(served.answers),
        })?;
        io::copy(&mut io::stdin().lock(), &mut io::sink())?;
        Ok(())
    }
}

/// The backlog is the system's largest: on Linux the standard library asks for no less.
fn bind(asked: &Serve) -> Result<TcpListener, Failure> {
    let address = (asked.host.as_str(), asked.port);
    TcpListener::bind(address)
        .map_err(|error| Failure::input(format!("{}:{}: {error}", asked.host, asked.port)))
}
