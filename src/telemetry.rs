//! What the program tells about itself: its log, its traces and its metrics.

pub mod metrics;
mod process;
mod snapshot;

use std::time::Duration;

use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{ExporterBuildError, Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::filter::{FilterExt, ParseError, filter_fn};
use tracing_subscriber::layer::Filter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{EnvFilter, Layer};

use crate::config::{LogFormat, TelemetryConfig};
use crate::tls;
pub use metrics::Metrics;

/// A pool tells of every connection that ended, also when a private server is stopped in order; whoever then asks for a
/// connection learns of what matters. A level that names the target has the last word.
const QUIET: &str = "deadpool.postgres=error";
/// How long a collector may take for one batch of spans, and for the last one when the program ends.
const COLLECTOR_PATIENCE: Duration = Duration::from_secs(5);

/// The log and the traces of this process; what has not been sent is sent when this is dropped.
#[derive(Debug)]
pub struct Telemetry {
    traces: Option<SdkTracerProvider>,
}

/// Why there is no telemetry.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// `telemetry.level` or `telemetry.otlp_level` cannot be read.
    #[error("{setting} is not a level or a list of target=level")]
    Level {
        /// The setting.
        setting: &'static str,
        /// What is wrong.
        #[source]
        source: ParseError,
    },
    /// The collector's address cannot be used.
    #[error("traces cannot be sent to telemetry.otlp_endpoint")]
    Collector(#[from] ExporterBuildError),
    /// The client that sends traces cannot be made.
    #[error("there is no HTTP client to send traces with")]
    Client(#[from] reqwest::Error),
    /// Nobody can be trusted to vouch for the collector.
    #[error("there is no TLS to send traces with")]
    Trust(#[from] tls::TrustError),
    /// This process has telemetry already.
    #[error("the log was started before")]
    Again(#[from] TryInitError),
}

impl Telemetry {
    /// Starts the log, on standard error because standard output is for what was asked, and sends traces if the
    /// configuration says where. Called before there is a runtime: the sender of traces has a thread of its own.
    pub fn start(config: &TelemetryConfig) -> Result<Self, TelemetryError> {
        let level = filter("telemetry.level", &config.level)?;
        let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
        let lines = match config.format {
            LogFormat::Text => lines.with_filter(level).boxed(),
            LogFormat::Json => lines.json().with_filter(level).boxed(),
        };
        let traces = config.otlp_endpoint.as_deref().map(provider).transpose()?;
        let spans = match &traces {
            Some(provider) => {
                let tracer: SdkTracer = provider.tracer(env!("CARGO_PKG_NAME"));
                let level = filter("telemetry.otlp_level", &config.otlp_level)?;
                Some(tracing_opentelemetry::layer().with_tracer(tracer).with_filter(level))
            }
            None => None,
        };
        tracing_subscriber::registry().with(lines).with(spans).try_init()?;
        Ok(Self { traces })
    }
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        let Some(traces) = self.traces.take() else { return };
        if let Err(error) = traces.shutdown_with_timeout(COLLECTOR_PATIENCE) {
            tracing::warn!(error = %error, "The last traces were not sent: {error}");
        }
    }
}

/// The database's client writes the parameters of every statement at debug level: users' texts, and hashes of passwords
/// and tokens. No setting lets that through.
const TELLS_PARAMETERS: &str = "tokio_postgres";

/// What `text` asks for, except what must never be written.
fn filter<S: Subscriber>(
    setting: &'static str,
    text: &str,
) -> Result<impl Filter<S> + use<S>, TelemetryError> {
    let asked = EnvFilter::try_new(format!("{QUIET},{text}"))
        .map_err(|source| TelemetryError::Level { setting, source })?;
    let harmless = |record: &Metadata<'_>| {
        !record.target().starts_with(TELLS_PARAMETERS) || *record.level() <= Level::INFO
    };
    Ok(asked.and(filter_fn(harmless)))
}

fn provider(endpoint: &str) -> Result<SdkTracerProvider, TelemetryError> {
    let client = reqwest::blocking::Client::builder()
        .timeout(COLLECTOR_PATIENCE)
        .tls_backend_preconfigured(tls::client_config(None)?)
        .build()?;
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(client)
        .with_endpoint(endpoint)
        .with_protocol(Protocol::HttpBinary)
        .with_timeout(COLLECTOR_PATIENCE)
        .build()?;
    let resource = Resource::builder().with_service_name(env!("CARGO_PKG_NAME")).build();
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build())
}
