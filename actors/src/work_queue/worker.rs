//! Takes commands from the work queue and has them carried out.

use std::hash::{BuildHasher, RandomState};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use async_nats::jetstream::consumer::{Consumer, pull};
use async_nats::jetstream::stream::Stream;
use async_nats::jetstream::{AckKind, Context, Message};
use bytes::Bytes;
use events::CommandId;
use futures_util::{FutureExt, StreamExt};
use serde::Serialize;
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use super::{COMMAND_ID_HEADER, DeadLetters, REPLY_TO_HEADER, WorkQueueOptions, ensure_stream};

/// A command as it was delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandMessage {
    /// The same at every delivery: carrying it out twice must have one effect.
    pub command_id: CommandId,
    /// The subject it was published on.
    pub subject: String,
    /// What it says.
    pub payload: Bytes,
    /// 1 at the first delivery.
    pub delivery: u32,
}

/// A command was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HandleError {
    /// Trying again may help.
    #[error("{reason}")]
    Transient {
        /// What happened.
        reason: String,
    },
    /// It makes no sense, or will never be allowed.
    #[error("{reason}")]
    Permanent {
        /// What is wrong.
        reason: String,
    },
}

/// What carries out the commands of a category.
pub trait CommandHandler: Send + Sync + 'static {
    /// Carries out a command; its effects are durable when this answers. The answer goes to the sender if it waits for
    /// one. Dropped when the worker stops; the command is then delivered again.
    fn handle(&self, message: CommandMessage) -> impl Future<Output = Result<Bytes, HandleError>> + Send;
}

/// What a worker has done so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct WorkerStats {
    /// Commands carried out and acknowledged.
    pub done: u64,
    /// Commands given back to be delivered again.
    pub retried: u64,
    /// Commands given up.
    pub dead: u64,
    /// Times the flow of messages broke and was built again.
    pub rebuilt: u64,
}

#[derive(Debug, Default)]
struct Counters {
    done: AtomicU64,
    retried: AtomicU64,
    dead: AtomicU64,
    rebuilt: AtomicU64,
}

/// A worker at work on the commands of one category.
#[derive(Debug)]
pub struct CommandWorker {
    leaving: CancellationToken,
    counters: Arc<Counters>,
    task: JoinHandle<()>,
}

impl CommandWorker {
    /// Starts to work; survives restarts of the server and deletion of the queue or its consumer.
    pub fn start<H: CommandHandler>(
        jetstream: Context,
        category: &str,
        options: WorkQueueOptions,
        dead_letters: DeadLetters,
        handler: H,
    ) -> Self {
        let (leaving, counters) = (CancellationToken::new(), Arc::<Counters>::default());
        let work = Work {
            jetstream,
            category: category.to_owned(),
            options,
            dead_letters,
            handler,
            counters: counters.clone(),
            leaving: leaving.clone(),
        };
        let task = tokio::spawn(Arc::new(work).run());
        Self { leaving, counters, task }
    }

    /// What it has done so far.
    pub fn stats(&self) -> WorkerStats {
        WorkerStats {
            done: self.counters.done.load(Relaxed),
            retried: self.counters.retried.load(Relaxed),
            dead: self.counters.dead.load(Relaxed),
            rebuilt: self.counters.rebuilt.load(Relaxed),
        }
    }

    /// Stops taking commands and gives back those in work.
    pub async fn stop(self) {
        self.leaving.cancel();
        // A worker that panicked has nothing left to give back.
        let _ = self.task.await;
    }
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Messages that nobody would deliver; the same at two looks, with nothing delivered in between, is no coincidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stranded {
    messages: usize,
    last_delivered: u64,
}

struct Work<H> {
    jetstream: Context,
    category: String,
    options: WorkQueueOptions,
    dead_letters: DeadLetters,
    handler: H,
    counters: Arc<Counters>,
    leaving: CancellationToken,
}

impl<H: CommandHandler> Work<H> {
    async fn run(self: Arc<Self>) {
        const BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
        let mut backoff = BACKOFF.0;
        let mut in_work = JoinSet::new();
        while !self.leaving.is_cancelled() {
            let mut delivered = false;
            if let Err(error) = self.serve(&mut in_work, &mut delivered).await {
                self.counters.rebuilt.fetch_add(1, Relaxed);
                tracing::warn!(error = %error, "The work queue of {} was interrupted: {error}", self.category);
                backoff = if delivered { BACKOFF.0 } else { (backoff * 2).min(BACKOFF.1) };
                // Cancelled or not, the loop looks.
                let _ = tokio::time::timeout(backoff, self.leaving.cancelled()).await;
            }
        }
        while in_work.join_next().await.is_some() {}
    }

    /// Takes messages until the worker leaves or their flow breaks.
    async fn serve(self: &Arc<Self>, in_work: &mut JoinSet<()>, delivered: &mut bool) -> Result<(), Failure> {
        const HEARTBEAT: Duration = Duration::from_secs(2);
        const PULL: Duration = Duration::from_secs(10);
        ensure_stream(&self.jetstream, &self.options).await?;
        let stream = self.jetstream.get_stream(&self.options.stream).await?;
        let consumer: Consumer<pull::Config> =
            stream.create_consumer(self.options.consumer_config(&self.category)).await?;
        let mut messages = consumer
            .stream()
            .max_messages_per_batch(self.options.at_once)
            .heartbeat(HEARTBEAT)
            .expires(PULL)
            .messages()
            .await?;
        let mut look = tokio::time::interval(self.options.look_every.max(Duration::from_millis(1)));
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut looking = JoinSet::new();
        let mut seen_stranded = None;
        loop {
            tokio::select! {
                () = self.leaving.cancelled() => return Ok(()),
                _ = look.tick(), if looking.is_empty() => {
                    let (work, stream) = (self.clone(), stream.clone());
                    looking.spawn(async move { work.stranded(&stream).await });
                }
                Some(Ok(stranded)) = looking.join_next() => {
                    if stranded.is_some() && stranded == seen_stranded {
                        // A new consumer delivers everything that is there; what was done before gets its first answer.
                        stream.delete_consumer(&self.options.consumer_name(&self.category)).await?;
                        return Err("messages were stranded and are delivered again".into());
                    }
                    seen_stranded = stranded;
                }
                Some(_) = in_work.join_next() => {}
                message = messages.next() => {
                    let message = message.ok_or("the flow of messages ended")??;
                    *delivered = true;
                    let work = self.clone();
                    // The server delivers no more than `at_once` unacknowledged messages: that bounds the tasks.
                    in_work.spawn(async move { work.carry_out(message).await });
                }
            }
        }
    }

    /// Messages that are in the queue, though the server neither waits for an acknowledgement of them nor would deliver
    /// them. A server that was killed leaves such messages: what it remembers of deliveries, acknowledgements and
    /// removals was written at different times.
    async fn stranded(&self, stream: &Stream) -> Option<Stranded> {
        // A server that does not answer is asked again at the next look. The queue is asked before the consumer, so that
        // what is in it and was not delivered yet is known to the consumer.
        let mut subjects = stream.info_with_subjects(self.options.subjects_of(&self.category)).await.ok()?;
        let mut messages = 0;
        while let Some(subject) = subjects.next().await {
            messages += subject.ok()?.1;
        }
        let consumer = stream.consumer_info(self.options.consumer_name(&self.category)).await.ok()?;
        let idle = consumer.num_pending == 0 && consumer.num_ack_pending == 0;
        let last_delivered = consumer.delivered.consumer_sequence;
        (idle && messages > 0).then_some(Stranded { messages, last_delivered })
    }

    async fn carry_out(&self, message: Message) {
        let command = match command_of(&message) {
            Ok(command) => command,
            Err(reason) => {
                tracing::error!(subject = %message.subject, "A message that is no command was dropped: {reason}");
                // If this is lost, the message comes again and is dropped then.
                let _ = message.double_ack_with(AckKind::Term).await;
                return;
            }
        };
        let handled = tokio::select! {
            handled = AssertUnwindSafe(self.handler.handle(command.clone())).catch_unwind() => handled,
            never = self.show_life(&message) => never,
            () = self.leaving.cancelled() => return self.give_back(&message, Duration::from_millis(100)).await,
        };
        let handled = handled.unwrap_or_else(|_| {
            Err(HandleError::Transient { reason: "carrying out the command panicked".to_owned() })
        });
        match handled {
            Ok(reply) => self.done(&message, reply).await,
            Err(HandleError::Transient { .. }) if command.delivery < self.options.deliveries_max => {
                self.give_back(&message, self.delay(&command)).await;
            }
            Err(error) => self.give_up(&message, &command, &error).await,
        }
    }

    /// Tells the server that the work goes on, so that the message is not delivered again meanwhile.
    async fn show_life<R>(&self, message: &Message) -> R {
        let mut life = tokio::time::interval((self.options.ack_wait / 3).max(Duration::from_millis(1)));
        loop {
            life.tick().await;
            // If this is lost, the message may be delivered again, and finds the first answer.
            let _ = message.ack_with(AckKind::Progress).await;
        }
    }

    /// The effects are durable: acknowledge, wait until the server knows, then reply (EL-133).
    async fn done(&self, message: &Message, reply: Bytes) {
        if let Err(error) = message.double_ack().await {
            tracing::warn!(error = %error, "An acknowledgement was lost; the command comes again: {error}");
            return;
        }
        self.counters.done.fetch_add(1, Relaxed);
        if let Some(subject) = header(message, REPLY_TO_HEADER) {
            // A sender who has gone does not need it.
            let _ = self.jetstream.client().publish(subject.to_owned(), reply).await;
        }
    }

    async fn give_back(&self, message: &Message, delay: Duration) {
        self.counters.retried.fetch_add(1, Relaxed);
        // If this is lost, the message comes again after `ack_wait`.
        let _ = message.ack_with(AckKind::Nak(Some(delay))).await;
    }

    /// Keeps a dead letter, then ends the message. While it cannot be kept, the message stays in the queue.
    async fn give_up(&self, message: &Message, command: &CommandMessage, error: &HandleError) {
        let CommandMessage { command_id, subject, payload, delivery } = command;
        let text = error.to_string();
        if let Err(error) = self.dead_letters.keep(*command_id, subject, payload, *delivery, &text).await {
            tracing::warn!(error = %error, "A dead letter cannot be kept yet: {error}");
            return self.give_back(message, self.delay(command)).await;
        }
        tracing::error!(command.id = %command_id, "Command {command_id} was given up after {delivery} deliveries: {text}");
        // If this is lost, the message comes again and is kept again, as the same letter.
        let _ = message.double_ack_with(AckKind::Term).await;
        // Last: whoever reads it finds the queue without the message.
        self.counters.dead.fetch_add(1, Relaxed);
    }

    /// Doubles with each delivery, up to a minute; the jitter keeps many from coming back at once.
    fn delay(&self, command: &CommandMessage) -> Duration {
        const LONGEST: Duration = Duration::from_secs(60);
        let doublings = command.delivery.saturating_sub(1).min(10);
        let delay = self.options.retry_after.saturating_mul(1 << doublings).min(LONGEST);
        let percent = RandomState::new().hash_one(command.command_id) % 50;
        delay + delay * u32::try_from(percent).unwrap_or_default() / 100
    }
}

fn command_of(message: &Message) -> Result<CommandMessage, String> {
    let id = header(message, COMMAND_ID_HEADER)
        .or_else(|| header(message, async_nats::header::NATS_MESSAGE_ID.as_ref()))
        .ok_or("it has no command id")?;
    let info = message.info().map_err(|error| error.to_string())?;
    Ok(CommandMessage {
        command_id: id.parse().map_err(|_| format!("{id} is not a command id"))?,
        subject: message.subject.to_string(),
        payload: message.payload.clone(),
        delivery: u32::try_from(info.delivered).unwrap_or(u32::MAX),
    })
}

fn header<'a>(message: &'a Message, name: &str) -> Option<&'a str> {
    message.headers.as_ref()?.get(name).map(async_nats::HeaderValue::as_str)
}
