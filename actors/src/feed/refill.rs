//! Reads missing ticks again from the stream that captured them.

use std::time::{Duration, Instant};

use async_nats::jetstream::{Context, consumer};
use futures_util::StreamExt;

use super::Tick;

/// Missing ticks of one symbol.
#[derive(Debug, Clone)]
pub(super) struct Missing {
    pub(super) subject: String,
    pub(super) from: u64,
    pub(super) to: u64,
    /// Everything missing was captured after this place of the stream.
    pub(super) floor: u64,
}

/// What was found of them.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) ticks: Vec<Tick>,
    /// The place in the stream of the last of them: what is missing later comes after it.
    pub(super) floor: u64,
}

/// How long the capturing stream may need to have them.
const PATIENCE: Duration = Duration::from_secs(15);

impl Missing {
    /// Those of the missing ticks that can be found.
    pub(super) async fn find(&self, jetstream: &Context, stream: &str) -> Found {
        const BETWEEN: Duration = Duration::from_millis(100);
        let begun = Instant::now();
        let mut found = Found { ticks: Vec::new(), floor: self.floor };
        while begun.elapsed() < PATIENCE {
            match tokio::time::timeout(PATIENCE, self.read(jetstream, stream)).await {
                Ok(Ok(again)) => found = again,
                Err(_) => {
                    tracing::warn!("Captured ticks of {} cannot be read in time", self.subject);
                }
                Ok(Err(error)) => {
                    tracing::warn!(error = %error, "Captured ticks of {} cannot be read: {error}", self.subject);
                }
            }
            let wanted = usize::try_from(self.to - self.from + 1).unwrap_or(usize::MAX);
            if found.ticks.len() >= wanted {
                break;
            }
            tokio::time::sleep(BETWEEN).await;
        }
        found
    }

    async fn read(
        &self,
        jetstream: &Context,
        stream: &str,
    ) -> Result<Found, Box<dyn std::error::Error + Send + Sync>> {
        // Small, so that it fits the buffer of any subscription.
        const BATCH: usize = 200;
        let stream = jetstream.get_stream(stream).await?;
        let config = consumer::pull::Config {
            deliver_policy: consumer::DeliverPolicy::ByStartSequence { start_sequence: self.floor + 1 },
            filter_subject: self.subject.clone(),
            ack_policy: consumer::AckPolicy::None,
            inactive_threshold: PATIENCE * 2,
            ..consumer::pull::Config::default()
        };
        let consumer = stream.create_consumer(config).await?;
        let mut found = Found { ticks: Vec::new(), floor: self.floor };
        loop {
            let mut batch = consumer.fetch().max_messages(BATCH).messages().await?;
            let mut seen = 0;
            while let Some(message) = batch.next().await {
                let message = message?;
                seen += 1;
                let Ok(tick) = serde_json::from_slice::<Tick>(&message.payload) else { continue };
                if tick.seq > self.to {
                    return Ok(found);
                }
                if let Ok(info) = message.info() {
                    found.floor = info.stream_sequence;
                }
                if tick.seq >= self.from {
                    found.ticks.push(tick);
                }
            }
            if seen < BATCH {
                return Ok(found);
            }
        }
    }
}
