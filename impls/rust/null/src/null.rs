//! request-server by lookup: the course around the one loop.
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use bench_protocol::{Failure, Meter, Phases, Request, Served, Server, now_ns};
use signal_hook::consts::SIGTERM;
use signal_hook::flag;

use crate::answers::Answers;
use crate::server;

pub struct Null(Answers);

impl Server for Null {
    fn start(_: &Request) -> Result<usize, Failure> {
        Ok(1)
    }

    fn load(request: &Request, phases: &mut Phases) -> Result<Self, Failure> {
        let begun = now_ns();
        let answers = Answers::load(request)?;
        phases.insert("model", now_ns() - begun);
        Ok(Self(answers))
    }

    fn serve(
        self,
        listener: TcpListener,
        request: &Request,
        listening: impl FnOnce() -> Result<(), Failure>,
    ) -> Result<Served, Failure> {
        let stop = Arc::new(AtomicBool::new(false));
        flag::register(SIGTERM, Arc::clone(&stop))?;
        let server = server::Server::new(listener, &self.0)?;
        let meter = request.meter.map(Meter::start).transpose()?;
        listening()?;
        let answers = server.run(&stop)?;
        Ok(Served { answers, stalls: meter.map(Meter::finish) })
    }
}
