//! Hands completed bars to the store, in order, for as long as the store takes to come back.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::CompletedBar;
use crate::ports::{BarSink, PortError};

/// Bars handed over at once.
const BATCH: usize = 1_000;

pub(super) fn start<S: BarSink>(
    sink: S,
    waiting_max: usize,
    leaving: CancellationToken,
) -> (mpsc::Sender<CompletedBar>, JoinHandle<()>) {
    let (sender, mut bars) = mpsc::channel(waiting_max.max(1));
    let task = tokio::spawn(async move {
        let mut batch = Vec::new();
        while bars.recv_many(&mut batch, BATCH).await > 0 {
            keep(&sink, &batch, &leaving).await;
            batch.clear();
        }
    });
    (sender, task)
}

async fn keep<S: BarSink>(sink: &S, batch: &[CompletedBar], leaving: &CancellationToken) {
    const BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
    let mut backoff = BACKOFF.0;
    loop {
        match sink.keep(batch).await {
            Ok(()) => return,
            Err(PortError::Permanent { reason }) => {
                let count = batch.len();
                tracing::error!(reason, "{count} completed bars were refused by the store: {reason}");
                return;
            }
            Err(PortError::Transient { reason }) if leaving.is_cancelled() => {
                let count = batch.len();
                tracing::error!(reason, "{count} completed bars are lost, the store is away: {reason}");
                return;
            }
            Err(PortError::Transient { reason }) => {
                tracing::warn!(reason, "Completed bars wait for the store: {reason}");
                // Cancelled or not, it is tried once more.
                let _ = tokio::time::timeout(backoff, leaving.cancelled()).await;
                backoff = (backoff * 2).min(BACKOFF.1);
            }
        }
    }
}
