//! What Prometheus asks for. The handles of each path's usual answers are kept, since finding one by its labels costs a hash.
use std::time::Duration;

use prometheus::{
    Encoder, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts, Registry,
    TextEncoder,
};

/// A path as a label: the route, not what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    Predict,
    Batch,
    Entity,
    Health,
    Metrics,
    Forward,
    Other,
}

const PATHS: [&str; 7] =
    ["/predict", "/predict/batch", "/entities/{id}", "/healthz", "/metrics", "/forward", "other"];

impl Path {
    pub fn of(route: Option<&str>) -> Self {
        let all =
            [Self::Predict, Self::Batch, Self::Entity, Self::Health, Self::Metrics, Self::Forward];
        all.into_iter().find(|path| route == Some(PATHS[*path as usize])).unwrap_or(Self::Other)
    }
}

pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    good: [IntCounter; PATHS.len()],
    seconds: [Histogram; PATHS.len()],
    updates: IntCounter,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    pub fn new() -> Self {
        let (registry, names) =
            (Registry::new(), "names and labels are lawful and stand here once");
        let asked = Opts::new("http_requests_total", "Requests answered.");
        let requests = IntCounterVec::new(asked, &["code", "path"]).expect(names);
        let took = HistogramOpts::new("http_request_duration_seconds", "Time in the handler.")
            .buckets(prometheus::exponential_buckets(1e-5, 2.0, 16).expect(names));
        let seconds = HistogramVec::new(took, &["path"]).expect(names);
        let updates =
            IntCounter::new("feature_store_updates_total", "Records updated.").expect(names);
        for collector in [
            Box::new(requests.clone()) as Box<dyn prometheus::core::Collector>,
            Box::new(seconds.clone()),
            Box::new(updates.clone()),
        ] {
            registry.register(collector).expect(names);
        }
        let good = PATHS.map(|path| requests.with_label_values(&["200", path]));
        let seconds = PATHS.map(|path| seconds.with_label_values(&[path]));
        Self { registry, requests, good, seconds, updates }
    }

    pub fn answered(&self, path: Path, status: u16, took: Duration) {
        match status {
            200 => self.good[path as usize].inc(),
            other => self
                .requests
                .with_label_values(&[other.to_string().as_str(), PATHS[path as usize]])
                .inc(),
        }
        self.seconds[path as usize].observe(took.as_secs_f64());
    }

    pub fn updated(&self) {
        self.updates.inc();
    }

    /// Prometheus' text format, version 0.0.4.
    pub fn text(&self) -> Vec<u8> {
        let mut text = Vec::new();
        TextEncoder::new()
            .encode(&self.registry.gather(), &mut text)
            .expect("a vector takes all that is written");
        text
    }

    pub const CONTENT_TYPE: &str = prometheus::TEXT_FORMAT;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_code_and_route() {
        let metrics = Metrics::new();
        metrics.answered(Path::of(Some("/predict")), 200, Duration::from_micros(20));
        metrics.answered(Path::of(Some("/nowhere")), 404, Duration::from_micros(5));
        metrics.updated();
        let text = String::from_utf8(metrics.text()).unwrap();
        for line in [
            r#"http_requests_total{code="200",path="/predict"} 1"#,
            r#"http_requests_total{code="404",path="other"} 1"#,
            r#"http_request_duration_seconds_count{path="/predict"} 1"#,
            "feature_store_updates_total 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }
}
