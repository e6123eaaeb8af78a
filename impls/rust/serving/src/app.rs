//! What the server knows, and what it makes of a flight that was read.
use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use bench_protocol::{Failure, Phases, Request, now_ns};
use kernels::Trees;
use serde::{Deserialize, Serialize};

use crate::flight::{Batch, Flight, Object};
use crate::metrics::Metrics;
use crate::store::{Entity, Record, Store};

/// Rows of a batch.
const MOST: usize = 1_024;
const COLLECTOR: &str = "default";

pub struct App {
    trees: Trees,
    version: String,
    codes: [HashMap<String, f32>; 3],
    store: Store,
    pub metrics: Metrics,
    draining: AtomicBool,
    /// The port of the service that requests are passed on to, where the case has one.
    pub downstream: Option<u16>,
}

#[derive(Debug, Serialize)]
pub struct Prediction<'a> {
    pub probability: f64,
    pub model: &'a str,
}

#[derive(Debug, Serialize)]
pub struct Predictions<'a> {
    pub probabilities: Vec<f64>,
    pub model: &'a str,
}

/// The body of every answer that is an error.
#[derive(Debug, Serialize)]
pub struct Refused {
    pub error: String,
}

struct Row<'a> {
    values: [f32; 10],
    record: Option<&'a Record>,
}

#[derive(Deserialize)]
struct Categories {
    carrier: Vec<String>,
    origin: Vec<String>,
    dest: Vec<String>,
}

impl App {
    pub fn check(request: &Request) -> Result<(), Failure> {
        match request.params.get("collector").and_then(|value| value.as_str()) {
            None | Some(COLLECTOR) => Ok(()),
            Some(other) => {
                Err(Failure::unsupported(format!("no collector '{other}' here; there is none")))
            }
        }
    }

    pub fn load(request: &Request, phases: &mut Phases) -> Result<Self, Failure> {
        let downstream = downstream(request)?;
        let begun = now_ns();
        let trees = Trees::load(request.input("arrays")?)?;
        let categories: Categories = serde_json::from_str(&text(request.input("categories")?)?)
            .map_err(|error| Failure::input(format!("categories: {error}")))?;
        let codes = [categories.carrier, categories.origin, categories.dest].map(coded);
        let version = text(request.input("version")?)?.trim().to_owned();
        let loaded = now_ns();
        let entities =
            request.params.get("entities").and_then(|value| value.as_u64()).unwrap_or_default();
        let store = Store::load(request.input("entities")?, entities as usize)?;
        let stored = now_ns();
        let app = Self {
            trees,
            version,
            codes,
            store,
            metrics: Metrics::new(),
            draining: AtomicBool::new(false),
            downstream,
        };
        app.probability(&[f32::NAN; 10]);
        phases.extend([
            ("model", loaded - begun),
            ("store", stored - loaded),
            ("first", now_ns() - stored),
        ]);
        Ok(app)
    }

    pub fn predict<S: AsRef<str>>(&self, flight: &Flight<S>) -> Result<Prediction<'_>, String> {
        let row = self.row(flight)?;
        Ok(Prediction { probability: self.answer(&row), model: &self.version })
    }

    /// All rows are checked before the first is answered.
    pub fn predict_all<S: AsRef<str>>(&self, batch: &Batch<S>) -> Result<Predictions<'_>, String> {
        if batch.rows.is_empty() || batch.rows.len() > MOST {
            return Err(format!("rows: {} is not in 1 to {MOST}", batch.rows.len()));
        }
        let placed = |(i, Object(flight)): (usize, &Object<Flight<S>>)| {
            self.row(flight).map_err(|why| format!("rows[{i}].{why}"))
        };
        let rows = batch.rows.iter().enumerate().map(placed).collect::<Result<Vec<_>, _>>()?;
        let probabilities = rows.iter().map(|row| self.answer(row)).collect();
        Ok(Predictions { probabilities, model: &self.version })
    }

    pub fn entity<'a>(&self, id: &'a str) -> Option<Entity<'a>> {
        self.store.entity(id)
    }

    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    pub fn draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    fn row<S: AsRef<str>>(&self, flight: &Flight<S>) -> Result<Row<'_>, String> {
        let [month, weekday, minute, distance] = flight.numbers()?;
        let own = flight.weather()?;
        let [carrier, origin, dest] = self.names(flight)?;
        let record =
            flight.entity.as_ref().map(|id| self.record(id.as_ref(), flight)).transpose()?;
        let [temp, wind_speed, visib] = record.map_or(own, |record| record.weather);
        let values =
            [month, weekday, minute, distance, carrier, origin, dest, temp, wind_speed, visib];
        Ok(Row { values, record })
    }

    fn names<S: AsRef<str>>(&self, flight: &Flight<S>) -> Result<[f32; 3], String> {
        let mut found = [0.0; 3];
        let named =
            [("carrier", &flight.carrier), ("origin", &flight.origin), ("dest", &flight.dest)];
        for ((slot, codes), (name, value)) in found.iter_mut().zip(&self.codes).zip(named) {
            let value = value.as_ref();
            *slot = *codes.get(value).ok_or_else(|| format!("{name}: {value:?} is not known"))?;
        }
        Ok(found)
    }

    fn record<S>(&self, id: &str, flight: &Flight<S>) -> Result<&Record, String> {
        let own =
            [("temp", flight.temp), ("wind_speed", flight.wind_speed), ("visib", flight.visib)];
        if let Some((name, _)) = own.iter().find(|(_, value)| value.is_some()) {
            return Err(format!("{name}: the entity's record has the weather"));
        }
        self.store.find(id).ok_or_else(|| format!("entity: {id:?} is not known"))
    }

    fn answer(&self, row: &Row<'_>) -> f64 {
        let probability = self.probability(&row.values);
        if let Some(record) = row.record {
            record.note(probability);
            self.metrics.updated();
        }
        probability
    }

    fn probability(&self, row: &[f32; 10]) -> f64 {
        let mut out = [0.0];
        self.trees.predict(row, &mut out);
        out[0]
    }
}

fn downstream(request: &Request) -> Result<Option<u16>, Failure> {
    let port = |value: &serde_json::Value| {
        let port = value.as_u64().and_then(|port| u16::try_from(port).ok());
        port.filter(|port| *port > 0).ok_or_else(|| {
            Failure::input(format!("the parameter downstream_port is {value}; it must be a port"))
        })
    };
    request.params.get("downstream_port").map(port).transpose()
}

fn coded(names: Vec<String>) -> HashMap<String, f32> {
    names.into_iter().enumerate().map(|(code, name)| (name, code as f32)).collect()
}

fn text(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| Failure::input(format!("{}: {error}", path.display())))
}
