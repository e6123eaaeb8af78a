//! What is asked for: one JSON object on standard input.

use serde::Deserialize;

#[derive(Deserialize)]
pub struct Ask {
    pub host: String,
    pub port: u16,
    pub connections: usize,
    pub cpu: Option<usize>,
    pub spin: bool,
    pub path: String,
    pub requests: String,
    pub seed: u64,
    pub records: String,
    pub answers: String,
    pub timeout_s: f64,
    pub phases: Vec<Phase>,
    pub downstream: Option<Asked>,
}

/// The service behind the server under test: where it listens on the loopback, and how long an answer takes.
#[derive(Clone, Copy, Deserialize)]
pub struct Asked {
    pub port: u16,
    pub delay_ms: f64,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Arrivals {
    Closed,
    Constant,
    Poisson,
    Step,
    Ramp,
}

/// `rate` a second, or `share` of what the latest closed phase got through; `to` is where a step or a ramp ends: a share too
/// where `share` is one. A step comes after the part `turn` of its seconds, half of them without a word.
///
/// After its seconds a phase goes on for as long as answers come: it ends when none has come for `drain_s`.
#[derive(Deserialize)]
pub struct Phase {
    pub arrivals: Arrivals,
    pub rate: Option<f64>,
    pub share: Option<f64>,
    pub to: Option<f64>,
    pub turn: Option<f64>,
    pub seconds: Option<f64>,
    pub count: Option<u64>,
    pub drain_s: f64,
}
