//! What the harness asks for: one JSON object on one line.
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::failure::Failure;

#[derive(Debug, Deserialize)]
pub struct Request {
    pub protocol: u32,
    pub workload: String,
    #[serde(default)]
    pub inputs: BTreeMap<String, PathBuf>,
    #[serde(default)]
    pub params: serde_json::Map<String, serde_json::Value>,
    pub steps: Vec<String>,
    pub warmup: u32,
    pub timed: u32,
    pub threads: usize,
    #[serde(default)]
    pub seed: u64,
    pub answers: Option<PathBuf>,
    /// On the wire the folder of finished outputs; to a workload its working folder, for steps that write.
    pub outputs: Option<PathBuf>,
    pub meter: Option<MeterSettings>,
    pub serve: Option<Serve>,
    /// Whether each pass waits for a line on standard input.
    #[serde(default)]
    pub turns: bool,
}

/// Where to listen (port 0: any that is free), and how many connections must be held.
#[derive(Clone, Debug, Deserialize)]
pub struct Serve {
    pub host: String,
    pub port: u16,
    pub connections: usize,
}

#[derive(Clone, Copy, Debug, Deserialize)]
pub struct MeterSettings {
    pub interval_ns: u64,
    pub threshold_ns: u64,
}

impl Request {
    pub fn parse(line: &str) -> Result<Self, Failure> {
        let version: Version = serde_json::from_str(line).map_err(malformed)?;
        if version.protocol != crate::event::PROTOCOL {
            return Err(Failure::unsupported(format!(
                "protocol {} is asked for, {} is spoken",
                version.protocol,
                crate::event::PROTOCOL
            )));
        }
        serde_json::from_str(line).map_err(malformed)
    }

    pub fn input(&self, name: &str) -> Result<&Path, Failure> {
        match self.inputs.get(name) {
            Some(path) => Ok(path),
            None => Err(Failure::input(format!("the request names no input '{name}'"))),
        }
    }
}

/// Read by itself first: the other fields of another version may well not parse.
#[derive(Deserialize)]
struct Version {
    protocol: u32,
}

fn malformed(error: serde_json::Error) -> Failure {
    Failure::input(format!("the request is malformed: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Kind;

    const LINE: &str = r#"{"protocol":1,"workload":"groupby","inputs":{"table":"/data/t.csv"},
        "params":{"rows":10},"steps":["q1"],"warmup":1,"timed":1,"threads":2,"seed":7,
        "time_limit_s":60,"answers":null,"meter":{"interval_ns":1,"threshold_ns":2},"later":[]}"#;

    #[test]
    fn reads_a_request_and_passes_over_unknown_fields() {
        let request = Request::parse(LINE).unwrap();
        assert_eq!(request.steps, ["q1"]);
        assert_eq!(request.input("table").unwrap(), Path::new("/data/t.csv"));
        assert_eq!(request.meter.unwrap().threshold_ns, 2);
        assert!(request.answers.is_none());
    }

    #[test]
    fn an_input_that_is_not_named_is_an_input_failure() {
        let failure = Request::parse(LINE).unwrap().input("model").unwrap_err();
        assert_eq!(failure.kind, Kind::Input);
    }

    #[test]
    fn another_protocol_is_unsupported_whatever_else_it_says() {
        let failure = Request::parse(r#"{"protocol":2}"#).unwrap_err();
        assert_eq!(failure.kind, Kind::Unsupported);
    }
}
