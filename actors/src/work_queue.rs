//! Commands over NATS: a work queue that delivers at least once to idempotent handlers.
//!
//! A command is published under its id and acknowledged by the server before its sender goes on. A worker carries it
//! out, waits until that is durable, then acknowledges it: killed in between, the command is delivered again and finds
//! its first answer. What keeps failing ends in the table `dead_letters`, where an operator sees it.

mod dead_letters;
mod publisher;
mod worker;

use std::time::Duration;

use async_nats::jetstream::context::CreateStreamError;
use async_nats::jetstream::{Context, consumer, stream};
use events::Tenant;

pub use dead_letters::{DeadLetter, DeadLetterError, DeadLetterState, DeadLetters};
pub use publisher::{CommandPublisher, PublishError, Published};
pub use worker::{CommandHandler, CommandMessage, CommandWorker, HandleError, WorkerStats};

/// Over how many subjects the commands of a category are spread, by their key.
pub const PARTITIONS: u64 = 64;
/// Header with the command's id; the message id may differ when a dead letter is sent again.
pub const COMMAND_ID_HEADER: &str = "Td-Command-Id";
/// Header with the subject on which the sender waits for the reply, if it does.
pub const REPLY_TO_HEADER: &str = "Td-Reply-To";

/// Bounds and times of the work queue.
#[derive(Debug, Clone)]
pub struct WorkQueueOptions {
    /// Name of the JetStream stream.
    pub stream: String,
    /// First tokens of every subject.
    pub subjects: String,
    /// Whose commands they are.
    pub tenant: Tenant,
    /// Bytes the queue may hold; when it is full, publishing fails.
    pub bytes_max: i64,
    /// Copies the servers keep.
    pub replicas: usize,
    /// How long a message id is remembered by the server.
    pub duplicate_window: Duration,
    /// After how long without an acknowledgement or sign of life a message is delivered again.
    pub ack_wait: Duration,
    /// Messages being worked on at once, by all workers of a category together.
    pub at_once: usize,
    /// The delivery after whose failure a message is a dead letter.
    pub deliveries_max: u32,
    /// Wait before the second delivery; doubles with each, with some jitter.
    pub retry_after: Duration,
    /// How often a worker looks for messages that a killed server has forgotten to deliver.
    pub look_every: Duration,
}

impl Default for WorkQueueOptions {
    fn default() -> Self {
        Self {
            stream: "TD_CMD".to_owned(),
            subjects: "td.cmd.v1".to_owned(),
            tenant: Tenant::LOCAL,
            bytes_max: 256 << 20,
            replicas: 1,
            duplicate_window: Duration::from_secs(300),
            ack_wait: Duration::from_secs(30),
            at_once: 64,
            deliveries_max: 5,
            retry_after: Duration::from_secs(1),
            look_every: Duration::from_secs(30),
        }
    }
}

impl WorkQueueOptions {
    /// The subject of a command of `category` for the stream with `key`.
    pub fn subject(&self, category: &str, key: &str) -> String {
        format!("{}.{}.{category}.p{:02}", self.subjects, self.tenant.0, partition_of(key))
    }

    fn stream_config(&self) -> stream::Config {
        stream::Config {
            name: self.stream.clone(),
            subjects: vec![format!("{}.>", self.subjects)],
            retention: stream::RetentionPolicy::WorkQueue,
            storage: stream::StorageType::File,
            // Full means that publishing fails: the sender must know.
            discard: stream::DiscardPolicy::New,
            max_bytes: self.bytes_max,
            duplicate_window: self.duplicate_window,
            num_replicas: self.replicas,
            ..stream::Config::default()
        }
    }

    fn consumer_name(&self, category: &str) -> String {
        format!("{}-{}-{category}", self.stream, self.tenant.0)
    }

    fn subjects_of(&self, category: &str) -> String {
        format!("{}.{}.{category}.*", self.subjects, self.tenant.0)
    }

    fn consumer_config(&self, category: &str) -> consumer::pull::Config {
        consumer::pull::Config {
            durable_name: Some(self.consumer_name(category)),
            filter_subject: self.subjects_of(category),
            ack_policy: consumer::AckPolicy::Explicit,
            ack_wait: self.ack_wait,
            // Dead letters are counted and kept by us; the server's own limit would leave them in the queue.
            max_deliver: -1,
            max_ack_pending: i64::try_from(self.at_once).unwrap_or(i64::MAX),
            ..consumer::pull::Config::default()
        }
    }
}

/// Creates the stream, or brings it to these options.
pub async fn ensure_stream(jetstream: &Context, options: &WorkQueueOptions) -> Result<(), CreateStreamError> {
    jetstream.create_or_update_stream(options.stream_config()).await?;
    Ok(())
}

/// What waits on the queue for the workers of one category.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueLag {
    /// Commands that no worker has been given.
    pub pending: u64,
    /// Commands that a worker has been given and that are not acknowledged.
    pub in_work: u64,
}

/// Asks the server what waits for `category`; nothing before its first worker, and while the server is away.
pub async fn lag(jetstream: &Context, options: &WorkQueueOptions, category: &str) -> Option<QueueLag> {
    let stream = jetstream.get_stream(&options.stream).await.ok()?;
    let info = stream.consumer_info(options.consumer_name(category)).await.ok()?;
    Some(QueueLag { pending: info.num_pending, in_work: u64::try_from(info.num_ack_pending).unwrap_or(0) })
}

/// The same key is always in the same partition (FNV-1a), on every machine.
fn partition_of(key: &str) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325_u64;
    let hash = key.bytes().fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    hash % PARTITIONS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_names_tenant_category_and_partition() {
        let options = WorkQueueOptions::default();
        assert_eq!(options.subject("run", ""), "td.cmd.v1.1.run.p37");
        assert_eq!(options.subject("run", "a"), options.subject("run", "a"));
    }

    #[test]
    fn keys_spread_over_all_partitions() {
        let mut seen: Vec<_> = (0..1_000).map(|key: u32| partition_of(&key.to_string())).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), usize::try_from(PARTITIONS).unwrap());
    }
}
