//! Puts ticks on NATS: for adapters of venues.

use async_nats::jetstream::context::CreateStreamError;
use async_nats::jetstream::{Context, stream};

use super::{FeedOptions, Tick, token_of};

/// A tick was not published.
#[derive(Debug, thiserror::Error)]
pub enum TickPublishError {
    /// It has no JSON form.
    #[error("the tick cannot be written as JSON")]
    Encode(#[from] serde_json::Error),
    /// The connection refused it.
    #[error("the tick could not be sent")]
    Send(#[from] async_nats::PublishError),
}

/// Publishes the ticks of a venue; cheap to clone.
#[derive(Debug, Clone)]
pub struct TickPublisher {
    client: async_nats::Client,
    prefix: String,
}

impl TickPublisher {
    /// A publisher of the ticks of `venue`.
    pub fn new(client: async_nats::Client, options: &FeedOptions, venue: &str) -> Self {
        Self { client, prefix: format!("{}.{}", options.subjects, token_of(venue)) }
    }

    /// Sends a tick to whoever listens now, and to the stream that captures ticks.
    pub async fn publish(&self, tick: &Tick) -> Result<(), TickPublishError> {
        let subject = format!("{}.{}", self.prefix, token_of(tick.symbol.as_str()));
        Ok(self.client.publish(subject, serde_json::to_vec(tick)?.into()).await?)
    }
}

/// Creates the stream that captures ticks, or brings it to these options.
pub async fn ensure_tick_stream(jetstream: &Context, options: &FeedOptions) -> Result<(), CreateStreamError> {
    let config = stream::Config {
        name: options.stream.clone(),
        subjects: vec![format!("{}.>", options.subjects)],
        retention: stream::RetentionPolicy::Limits,
        discard: stream::DiscardPolicy::Old,
        max_age: options.captured_for,
        max_bytes: options.captured_bytes,
        allow_direct: true,
        // Publishers do not wait: what counts is the newest tick.
        no_ack: true,
        ..stream::Config::default()
    };
    jetstream.create_or_update_stream(config).await?;
    Ok(())
}
