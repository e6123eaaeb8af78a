//! The course of a job: hello, request, ready, load, passes of each step, pauses, stalls, done; or error.
use std::collections::BTreeMap;
use std::io::{self, BufRead};
use std::process::{self, ExitCode};
use std::{panic, thread};

use crate::answer::{self, Answer, Check};
use crate::clock::{self, Timing};
use crate::event::{Event, Identity, PROTOCOL, Pauses, emit};
use crate::failure::Failure;
use crate::meter::Meter;
use crate::outputs::{self, Outputs};
use crate::request::Request;

/// One workload as one variant does it. The input is touched by `load` for the first time.
pub trait Workload: Sized {
    type Answer: Answer;

    /// Starts the engine with the threads asked for, and says how many it will use.
    fn start(request: &Request) -> Result<usize, Failure>;

    /// Brings the input into the engine's own memory format.
    fn load(request: &Request) -> Result<Self, Failure>;

    /// Input rows that the last pass went over, the unit in which throughput is counted; asked after `load` too.
    fn units(&self) -> u64;

    /// The timed work of one pass. The answer is dropped outside the timed section.
    fn run(&mut self, step: &str) -> Result<Self::Answer, Failure>;

    /// Parts of the last pass's timed section, in nanoseconds; asked after `load` too.
    fn phases(&self) -> BTreeMap<&'static str, u64> {
        BTreeMap::new()
    }

    /// The nanoseconds of each query of the last pass, in order; empty where its step asks for none.
    fn queries(&self) -> &[u64] {
        &[]
    }
}

/// Speaks for a variant until the harness closes its end. `dispatch` names the workloads it takes.
pub fn serve(
    identity: &Identity<'_>,
    dispatch: impl FnOnce(Job) -> Result<(), Failure>,
) -> ExitCode {
    report_panics();
    match converse(identity, dispatch) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            outputs::discard();
            refuse(&failure)
        }
    }
}

/// Ends a variant as an `error` event; called by itself where not even `hello` is possible.
pub fn refuse(failure: &Failure) -> ExitCode {
    report(failure);
    ExitCode::FAILURE
}

/// A panic of any thread ends the job as an `error` event, after the usual message on standard error.
fn report_panics() {
    let default = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        default(info);
        outputs::discard();
        report(&Failure::internal(info.to_string()));
        process::exit(1);
    }));
}

fn report(failure: &Failure) {
    let event = Event::Error { kind: failure.kind, message: &failure.message };
    if emit(&event).is_err() {
        eprintln!("{failure}");
    }
}

fn converse(
    identity: &Identity<'_>,
    dispatch: impl FnOnce(Job) -> Result<(), Failure>,
) -> Result<(), Failure> {
    emit(&hello(identity))?;
    let mut line = String::new();
    if io::stdin().lock().read_line(&mut line)? == 0 {
        return Ok(());
    }
    let request = Request::parse(&line)?;
    dispatch(Job { request, outputs: Outputs::default(), samples: 0 })
}

/// Until the line that gives the next pass its turn, or the end of standard input.
fn wait_for_turn() -> Result<(), Failure> {
    io::stdin().lock().skip_until(b'\n')?;
    Ok(())
}

fn hello<'a>(identity: &Identity<'a>) -> Event<'a> {
    Event::Hello {
        protocol: PROTOCOL,
        language: "rust",
        variant: identity.variant,
        runtime: env!("RUSTC_VERSION"),
        libraries: identity.libraries.iter().copied().collect(),
        parallelism: thread::available_parallelism().ok().map(usize::from),
        clock: "CLOCK_MONOTONIC",
        allocator: identity.allocator,
        now_ns: clock::now_ns(),
    }
}

/// A request on its way through one workload.
pub struct Job {
    request: Request,
    outputs: Outputs,
    samples: u32,
}

impl Job {
    pub fn workload(&self) -> &str {
        &self.request.workload
    }

    pub fn unsupported(self) -> Result<(), Failure> {
        Err(Failure::unsupported(format!("no workload '{}' here", self.request.workload)))
    }

    pub(crate) fn into_request(self) -> Request {
        self.request
    }

    pub fn run<W: Workload>(mut self) -> Result<(), Failure> {
        self.outputs = Outputs::open(self.request.outputs.take())?;
        self.request.outputs = self.outputs.working();
        let threads = W::start(&self.request)?;
        emit(&Event::Ready { now_ns: clock::now_ns(), threads })?;
        let meter = self.request.meter.map(Meter::start).transpose()?;
        // Held until the end of standard input, so that the last figures show a job that is at work.
        let _held = self.measure::<W>()?;
        emit(&Event::Pauses(Pauses::none()))?;
        if let Some(meter) = meter {
            emit(&Event::Stalls(meter.finish()))?;
        }
        emit(&Event::Done {
            now_ns: clock::now_ns(),
            usage: clock::resources(),
            runtime_memory: BTreeMap::new(),
            served: None,
        })?;
        io::copy(&mut io::stdin().lock(), &mut io::sink())?;
        Ok(())
    }

    fn measure<W: Workload>(&mut self) -> Result<W, Failure> {
        let (loaded, timing) = clock::timed(|| W::load(&self.request));
        let mut workload = loaded?;
        self.sample("load", 1, false, timing, &workload, None)?;
        for step in self.request.steps.clone() {
            self.passes(&mut workload, &step)?;
        }
        Ok(workload)
    }

    fn passes<W: Workload>(&mut self, workload: &mut W, step: &str) -> Result<(), Failure> {
        let (warmup, passes) = (self.request.warmup, self.request.warmup + self.request.timed);
        for pass in 1..=passes {
            self.outputs.prepare(step)?;
            if self.request.turns {
                wait_for_turn()?;
            }
            let (result, timing) = clock::timed(|| workload.run(step));
            let mut answer = result?;
            let written = self.outputs.publish()?;
            let check = answer.check()?;
            let rows = check.rows;
            self.sample(step, pass, pass <= warmup, timing, workload, Some(check))?;
            if pass == passes && written == 0 {
                self.keep(&mut answer, step, rows)?;
            }
        }
        Ok(())
    }

    fn sample<W: Workload>(
        &mut self,
        step: &str,
        pass: u32,
        warmup: bool,
        timing: Timing,
        workload: &W,
        check: Option<Check>,
    ) -> Result<(), Failure> {
        let index = self.samples;
        self.samples += 1;
        let units = workload.units();
        let (phases, queries) = (workload.phases(), workload.queries());
        let sample =
            Event::Sample { index, step, pass, warmup, timing, units, check, phases, queries };
        Ok(emit(&sample)?)
    }

    fn keep(&self, answer: &mut impl Answer, step: &str, rows: u64) -> Result<(), Failure> {
        let Some(folder) = &self.request.answers else { return Ok(()) };
        let answer::Written { path, sha256 } = answer::write(answer, folder, step)?;
        Ok(emit(&Event::Answer { step, path: &path, rows, sha256 })?)
    }
}
