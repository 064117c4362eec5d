//! Metrics for Prometheus. Every label has few values: routes, categories, projections; never an id.

use std::fmt;
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::snapshot::Snapshot;
use crate::app::App;

/// Upper bounds in seconds of the classes of answers.
const ANSWER_BOUNDS_S: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];
/// What every name begins with.
const PREFIX: &str = "tapedeck";

/// A kind of request.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RouteLabels {
    /// The route with its placeholders; empty where there is none.
    pub route: String,
    /// The method; `other` for an unusual one.
    pub method: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AnswerLabels {
    route: String,
    method: &'static str,
    /// `2xx`, `3xx`, `4xx` or `5xx`.
    status: &'static str,
}

/// What this process counts of its own; everything else is asked when somebody reads the metrics.
pub struct Metrics {
    registry: Registry,
    answers: Family<AnswerLabels, Counter>,
    durations: Family<RouteLabels, Histogram, fn() -> Histogram>,
    underway: Gauge,
    throttled: Counter,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let durations = Family::new_with_constructor(class_of_answers as fn() -> Histogram);
        let metrics = Self {
            registry: Registry::with_prefix(PREFIX),
            answers: Family::default(),
            durations,
            underway: Gauge::default(),
            throttled: Counter::default(),
        };
        metrics.registered()
    }
}

fn class_of_answers() -> Histogram {
    Histogram::new(ANSWER_BOUNDS_S)
}

impl Metrics {
    fn registered(mut self) -> Self {
        let registry = &mut self.registry;
        registry.register(
            "http_answers",
            "Answers by route, method and class of status",
            self.answers.clone(),
        );
        registry.register(
            "http_answer_seconds",
            "Time to the beginning of an answer by route and method",
            self.durations.clone(),
        );
        registry.register("http_requests_underway", "Requests without an answer", self.underway.clone());
        registry.register(
            "http_throttled",
            "Requests turned away because their sender asked too often",
            self.throttled.clone(),
        );
        self
    }

    /// A request has come.
    pub fn began(&self) {
        self.underway.inc();
    }

    /// It was given up by its client before it was answered.
    pub fn ended(&self) {
        self.underway.dec();
    }

    /// It was answered.
    pub fn answered(&self, labels: RouteLabels, status: u16, took: Duration) {
        let RouteLabels { route, method } = labels.clone();
        self.answers.get_or_create(&AnswerLabels { route, method, status: class(status) }).inc();
        self.durations.get_or_create(&labels).observe(took.as_secs_f64());
    }

    /// Its sender asked too often.
    pub fn throttled(&self) {
        self.throttled.inc();
    }

    /// Everything, in the text format of OpenMetrics.
    pub async fn exposition(&self, app: &App) -> Result<String, fmt::Error> {
        let mut text = String::new();
        text::encode_registry(&mut text, &self.registry)?;
        let mut asked = Registry::with_prefix(PREFIX);
        asked.register_collector(Box::new(Snapshot::of(app).await));
        text::encode_registry(&mut text, &asked)?;
        text::encode_eof(&mut text)?;
        Ok(text)
    }
}

/// The usual methods by name.
pub fn method_name(method: &axum::http::Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

fn class(status: u16) -> &'static str {
    match status {
        100..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    }
}
