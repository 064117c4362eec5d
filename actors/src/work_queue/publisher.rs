//! Puts commands on the work queue.

use async_nats::jetstream::Context;
use async_nats::jetstream::context::{PublishError as NatsPublishError, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use bytes::Bytes;
use events::CommandId;

use super::{COMMAND_ID_HEADER, WorkQueueOptions};

/// Puts commands on the work queue; cheap to clone.
#[derive(Debug, Clone)]
pub struct CommandPublisher {
    jetstream: Context,
    options: WorkQueueOptions,
}

/// A command is on the queue, durably.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    /// Its place in the queue.
    pub sequence: u64,
    /// It was there already.
    pub duplicate: bool,
}

/// A command is not known to be on the queue: publish it again under the same id.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The queue does not exist, or has reached its limit of bytes.
    #[error("the work queue does not take commands now")]
    Refused(#[source] NatsPublishError),
    /// The server did not answer.
    #[error("the work queue did not acknowledge the command")]
    NoAnswer(#[source] NatsPublishError),
}

impl CommandPublisher {
    /// A publisher to the queue of `options`, which must exist.
    pub fn new(jetstream: Context, options: WorkQueueOptions) -> Self {
        Self { jetstream, options }
    }

    /// Puts a command for the stream `key` of `category` on the queue and waits until the server has it.
    pub async fn publish(
        &self,
        category: &str,
        key: &str,
        command_id: CommandId,
        payload: Bytes,
    ) -> Result<Published, PublishError> {
        let subject = self.options.subject(category, key);
        self.publish_as(subject, &command_id.to_string(), command_id, payload).await
    }

    /// Under a message id of its own: the server would swallow what it remembers as delivered.
    pub(super) async fn publish_as(
        &self,
        subject: String,
        message_id: &str,
        command_id: CommandId,
        payload: Bytes,
    ) -> Result<Published, PublishError> {
        let message = PublishMessage::build()
            .message_id(message_id)
            .header(COMMAND_ID_HEADER, command_id.to_string().as_str())
            .payload(payload);
        let acknowledging =
            self.jetstream.send_publish(subject, message).await.map_err(refused_or_no_answer)?;
        // Without the acknowledgement nothing is known (EL-131).
        let acknowledged = acknowledging.await.map_err(refused_or_no_answer)?;
        Ok(Published { sequence: acknowledged.sequence, duplicate: acknowledged.duplicate })
    }
}

fn refused_or_no_answer(error: NatsPublishError) -> PublishError {
    match error.kind() {
        PublishErrorKind::TimedOut | PublishErrorKind::BrokenPipe => PublishError::NoAnswer(error),
        _ => PublishError::Refused(error),
    }
}
