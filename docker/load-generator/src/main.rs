//! Makes HTTP requests on a schedule fixed in advance, from one thread, and keeps a record of each.

mod ask;
mod downstream;
mod http;
mod keep;
mod load;
mod schedule;
mod sys;

use std::io::{self, BufRead, Read, Write};
use std::process::ExitCode;

use ask::{Arrivals, Ask, Phase};
use load::Load;
use schedule::Rates;
use serde_json::{Value, json};
use sys::now;

/// Between the word that a phase begins and its first instant.
const AHEAD_NS: u64 = 2_000_000;

fn main() -> ExitCode {
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    tell(&json!({
        "event": "hello", "protocol": 1, "language": "Rust", "variant": "loadgen", "runtime": "Rust, one thread on epoll",
        "libraries": {"hdrhistogram": "7.6.0"}, "parallelism": cpus, "clock": "CLOCK_MONOTONIC", "allocator": null, "now_ns": now(),
    }));
    let mut line = String::new();
    match io::stdin().lock().read_line(&mut line) {
        Ok(0) => return ExitCode::SUCCESS,
        Ok(_) => {}
        Err(error) => return failed(&error.to_string()),
    }
    match run(&line) {
        Ok(()) => {
            tell(&json!({"event": "done", "now_ns": now()}));
            let _ = io::stdin().lock().read_to_string(&mut line);
            ExitCode::SUCCESS
        }
        Err(why) => failed(&why),
    }
}

fn failed(why: &str) -> ExitCode {
    tell(&json!({"event": "error", "message": why}));
    ExitCode::FAILURE
}

fn tell(event: &Value) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{event}").and_then(|()| out.flush());
}

fn run(line: &str) -> Result<(), String> {
    let ask: Ask = serde_json::from_str(line).map_err(|e| format!("the request: {e}"))?;
    if let Some(cpu) = ask.cpu {
        sys::pin(cpu).map_err(|e| format!("CPU {cpu}: {e}"))?;
    }
    sys::raise_file_limit();
    let bodies = rendered(&ask)?;
    let mut load = Load::new(&ask, bodies)?;
    tell(&json!({"event": "connected", "connections": ask.connections, "now_ns": now()}));
    let mut closed_rate = None;
    for (number, phase) in ask.phases.iter().enumerate() {
        let through = one(&mut load, number, phase, closed_rate)?;
        if phase.arrivals == Arrivals::Closed {
            closed_rate = Some(through);
        }
    }
    Ok(())
}

/// Answers a second of the phase.
fn one(
    load: &mut Load,
    number: usize,
    phase: &Phase,
    closed_rate: Option<f64>,
) -> Result<f64, String> {
    let rates = rates(phase, closed_rate).map_err(|why| format!("phase {number}: {why}"))?;
    let start = now() + AHEAD_NS;
    tell(
        &json!({"event": "begun", "phase": number, "start_ns": start, "rate": rates.map(|r| r.from)}),
    );
    let before = sys::spent();
    let (tally, first) =
        load.phase(number, phase, rates, start).map_err(|e| format!("phase {number}: {e}"))?;
    let (after, wall) = (sys::spent(), tally.last_done.saturating_sub(start));
    let mut told = tally.told();
    for (name, value) in [
        ("phase", number as u64),
        ("start_ns", start),
        ("wall_ns", wall),
        ("first_record", first),
        ("records", load.records() - first),
        ("user_ns", after.0 - before.0),
        ("system_ns", after.1 - before.1),
    ] {
        told[name] = json!(value);
    }
    told["event"] = json!("phase");
    tell(&told);
    Ok(if wall > 0 { tally.answered as f64 * 1e9 / wall as f64 } else { 0.0 })
}

fn rates(phase: &Phase, closed_rate: Option<f64>) -> Result<Option<Rates>, String> {
    if phase.seconds.is_none() && phase.count.is_none() {
        return Err("neither seconds nor count".into());
    }
    if let Some(turn) = phase.turn.filter(|turn| !(*turn > 0.0 && *turn < 1.0)) {
        return Err(format!("a turn of {turn}, which is no part of the phase"));
    }
    Rates::of(phase, closed_rate)
}

/// Each body as the whole request that is sent.
fn rendered(ask: &Ask) -> Result<Vec<Vec<u8>>, String> {
    let text =
        std::fs::read_to_string(&ask.requests).map_err(|e| format!("{}: {e}", ask.requests))?;
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: {}:{}\r\nContent-Type: application/json\r\nContent-Length: ",
        ask.path, ask.host, ask.port
    );
    let made: Vec<Vec<u8>> = text
        .lines()
        .map(|body| format!("{head}{}\r\n\r\n{body}", body.len()).into_bytes())
        .collect();
    if made.is_empty() { Err(format!("{}: no request in it", ask.requests)) } else { Ok(made) }
}
