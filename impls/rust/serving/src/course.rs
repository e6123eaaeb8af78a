//! A served job on tokio: runtime, SIGTERM, and the stall meter as a task of the runtime that serves.
use std::io;
use std::time::Duration;

use bench_protocol::{Failure, MeterSettings, Recorder, Request, Served, Stalls, now_ns};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;
use tokio::time::sleep;

use crate::serve::Limits;

/// Beyond what is asked for: a look at /healthz must come through, and files are open besides.
const SPARE: usize = 64;

pub struct Course {
    pub limits: Limits,
    runtime: Runtime,
    meter: Option<MeterSettings>,
}

impl Course {
    /// One thread serves on its own; more share the connections and steal each other's work.
    pub fn new(request: &Request) -> Result<Self, Failure> {
        let runtime = match request.threads {
            1 => Builder::new_current_thread().enable_all().build()?,
            threads => Builder::new_multi_thread().worker_threads(threads).enable_all().build()?,
        };
        Ok(Self { limits: Limits::of(request)?, runtime, meter: request.meter })
    }

    /// Runs `serve` until it ends; it is handed what ends at SIGTERM, heard from before `listening` on.
    pub fn run<F>(
        self,
        listening: impl FnOnce() -> Result<(), Failure>,
        serve: impl FnOnce(Terminated) -> F,
    ) -> Result<Served, Failure>
    where
        F: Future<Output = io::Result<u64>>,
    {
        self.runtime.block_on(async move {
            let terminated = Terminated::new()?;
            let (stop, stopped) = oneshot::channel();
            let meter = self.meter.map(|settings| tokio::spawn(meter(settings, stopped)));
            listening()?;
            let answers = serve(terminated).await?;
            drop(stop);
            let stalls = match meter {
                Some(task) => Some(
                    task.await
                        .map_err(|error| Failure::internal(format!("the stall meter: {error}")))?,
                ),
                None => None,
            };
            Ok(Served { answers, stalls })
        })
    }
}

pub struct Terminated(Signal);

impl Terminated {
    pub fn new() -> io::Result<Self> {
        signal(SignalKind::terminate()).map(Self)
    }

    pub async fn wait(mut self) {
        self.0.recv().await;
    }
}

/// The stall meter as a task: it waits for its turn like a request does. It ends with the other end of `stopped`.
pub async fn meter(settings: MeterSettings, mut stopped: oneshot::Receiver<()>) -> Stalls {
    let (interval, mut recorder) =
        (Duration::from_nanos(settings.interval_ns), Recorder::new(settings));
    while matches!(stopped.try_recv(), Err(oneshot::error::TryRecvError::Empty)) {
        let due = now_ns() + settings.interval_ns;
        sleep(interval).await;
        recorder.note(due, now_ns().saturating_sub(due));
    }
    recorder.finish()
}

impl Limits {
    /// As many connections as are asked for and some, once the process may have so many files open.
    pub fn of(request: &Request) -> Result<Self, Failure> {
        let connections = request.serve.as_ref().map_or(0, |serve| serve.connections) + SPARE;
        let behind = if request.params.contains_key("downstream_port") { connections } else { 0 };
        raise_files(connections + behind + SPARE)?;
        Ok(Self { connections })
    }
}

/// The soft limit of open files, raised as far as is needed and allowed.
fn raise_files(needed: usize) -> Result<(), Failure> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).map_err(io::Error::from)?;
    let wanted = needed as u64;
    if wanted > hard {
        return Err(Failure::unsupported(format!(
            "{needed} open files are needed, {hard} are allowed"
        )));
    }
    if soft < wanted {
        setrlimit(Resource::RLIMIT_NOFILE, wanted, hard).map_err(io::Error::from)?;
    }
    Ok(())
}
