//! Every body of the input `requests` with its whole answer, worked out before anything is served.
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use bench_protocol::{Failure, Request};
use kernels::Trees;
use rustc_hash::FxHashMap;
use serde::Deserialize;

use crate::line::Asked;

pub struct Answers {
    by_body: FxHashMap<Box<[u8]>, Box<[u8]>>,
    healthy: Box<[u8]>,
    unknown: Box<[u8]>,
}

/// A body as the workload's generator writes it; what is missing is not known.
#[derive(Deserialize)]
struct Flight<'a> {
    month: f32,
    weekday: f32,
    minute_of_day: f32,
    distance: f32,
    carrier: &'a str,
    origin: &'a str,
    dest: &'a str,
    temp: Option<f32>,
    wind_speed: Option<f32>,
    visib: Option<f32>,
    entity: Option<&'a str>,
}

#[derive(Deserialize)]
struct Categories {
    carrier: Vec<String>,
    origin: Vec<String>,
    dest: Vec<String>,
}

type Weather = [f32; 3];

impl Answers {
    pub fn load(request: &Request) -> Result<Self, Failure> {
        let trees = Trees::load(request.input("arrays")?)?;
        let weather = weather(request.input("entities")?)?;
        let categories: Categories = serde_json::from_str(&text(request.input("categories")?)?)
            .map_err(|error| Failure::input(format!("categories: {error}")))?;
        let version = text(request.input("version")?)?;
        let path = request.input("requests")?;
        let mut by_body = HashMap::default();
        for (number, line) in text(path)?.lines().enumerate() {
            let refuse = |why: &dyn std::fmt::Display| {
                Failure::input(format!("{}:{}: {why}", path.display(), number + 1))
            };
            let flight: Flight<'_> = serde_json::from_str(line).map_err(|error| refuse(&error))?;
            let row =
                row(&flight, &categories, &weather).ok_or_else(|| refuse(&"an unknown name"))?;
            let mut probability = [0.0];
            trees.predict(&row, &mut probability);
            let body =
                format!(r#"{{"probability":{:?},"model":"{}"}}"#, probability[0], version.trim());
            by_body.insert(line.as_bytes().into(), response("200 OK", &body));
        }
        Ok(Self {
            by_body,
            healthy: response("200 OK", r#"{"status":"ok"}"#),
            unknown: response(
                "404 Not Found",
                r#"{"error":"not one of the bodies that it has answers to"}"#,
            ),
        })
    }

    pub fn find(&self, asked: &Asked<'_>) -> &[u8] {
        if asked.get {
            return &self.healthy;
        }
        self.by_body.get(asked.body).unwrap_or(&self.unknown)
    }
}

fn response(status: &str, body: &str) -> Box<[u8]> {
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
    .into()
}

fn text(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path)
        .map_err(|error| Failure::input(format!("{}: {error}", path.display())))
}

fn row(
    flight: &Flight<'_>,
    categories: &Categories,
    weather: &HashMap<String, Weather>,
) -> Option<[f32; 10]> {
    let code =
        |names: &[String], name: &str| names.iter().position(|n| n == name).map(|i| i as f32);
    let own = [flight.temp, flight.wind_speed, flight.visib].map(|value| value.unwrap_or(f32::NAN));
    let [temp, wind_speed, visib] =
        flight.entity.map_or(Some(&own), |id| weather.get(id)).copied()?;
    Some([
        flight.month,
        flight.weekday,
        flight.minute_of_day,
        flight.distance,
        code(&categories.carrier, flight.carrier)?,
        code(&categories.origin, flight.origin)?,
        code(&categories.dest, flight.dest)?,
        temp,
        wind_speed,
        visib,
    ])
}

fn weather(path: &Path) -> Result<HashMap<String, Weather>, Failure> {
    let refuse = |why: String| Failure::input(format!("{}: {why}", path.display()));
    let file = File::open(path).map_err(|error| refuse(error.to_string()))?;
    let mut found = HashMap::new();
    for (number, line) in BufReader::new(file).lines().enumerate().skip(1) {
        let line = line.map_err(|error| refuse(error.to_string()))?;
        let mut fields = line.split(',');
        let id = fields.next().unwrap_or_default().to_owned();
        let mut value = || match fields.next() {
            Some("") => Some(f32::NAN),
            Some(text) => text.parse().ok(),
            None => None,
        };
        let (temp, wind_speed, visib) = (value(), value(), value());
        let all = temp.zip(wind_speed).zip(visib).map(|((t, w), v)| [t, w, v]);
        found.insert(id, all.ok_or_else(|| refuse(format!("line {}: '{line}'", number + 1)))?);
    }
    Ok(found)
}
