//! Commands over NATS are carried out once, whatever happens to server and worker.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actors::work_queue::{
    CommandHandler, CommandMessage, CommandPublisher, CommandWorker, DeadLetterState, DeadLetters,
    HandleError, WorkQueueOptions, ensure_stream,
};
use actors::{CommandEnvelope, DirectoryOptions};
use async_nats::jetstream::{self, Context};
use bytes::Bytes;
use events::CommandId;
use events::log::Log;
use tapedeck::config::SecretUrl;
use tapedeck::embedded::{Nats, NatsOptions};

use super::kit::{Tills, coin, folded, tills};
use crate::support::services::{nats_url, test_config};
use crate::support::tape::fresh_log;
use crate::support::waiting::until;

/// A queue of its own on a shared server.
fn queue(name: &str) -> WorkQueueOptions {
    WorkQueueOptions {
        stream: format!("CMD_{name}"),
        subjects: format!("test.{name}"),
        ack_wait: Duration::from_secs(1),
        retry_after: Duration::from_millis(20),
        look_every: Duration::from_millis(200),
        ..WorkQueueOptions::default()
    }
}

async fn connected(url: &SecretUrl) -> Context {
    jetstream::new(tapedeck::embedded::nats::connect(url, async_nats::ConnectOptions::new()).await.unwrap())
}

async fn shared() -> Context {
    connected(&nats_url()).await
}

/// Puts the amount of the message into the till `hot`; what is not an amount is a mistake.
#[derive(Clone)]
struct Putting {
    tills: Tills,
    /// Deliveries by command, and how many of them fail.
    seen: Arc<Mutex<BTreeMap<CommandId, u32>>>,
    fail_first: u32,
    slow: Duration,
}

impl Putting {
    fn new(tills: &Tills) -> Self {
        Self { tills: tills.clone(), seen: Arc::default(), fail_first: 0, slow: Duration::ZERO }
    }

    fn deliveries(&self) -> u32 {
        self.seen.lock().unwrap().values().sum()
    }
}

impl CommandHandler for Putting {
    async fn handle(&self, message: CommandMessage) -> Result<Bytes, HandleError> {
        let delivery = {
            let mut seen = self.seen.lock().unwrap();
            let delivery = seen.entry(message.command_id).or_default();
            *delivery += 1;
            *delivery
        };
        let text = String::from_utf8_lossy(&message.payload).into_owned();
        assert_ne!(text, "panic", "as asked");
        let amount = text
            .parse()
            .map_err(|_| HandleError::Permanent { reason: format!("{text} is not an amount") })?;
        if delivery <= self.fail_first {
            return Err(HandleError::Transient { reason: "not yet".to_owned() });
        }
        tokio::time::sleep(self.slow).await;
        let put = CommandEnvelope::new(coin(amount), message.command_id);
        let receipt = self.tills.execute("hot", put).await;
        receipt
            .map(|receipt| receipt.position.to_string().into())
            .map_err(|error| HandleError::Transient { reason: error.to_string() })
    }
}

struct Desk {
    log: Log,
    tills: Tills,
    jetstream: Context,
    options: WorkQueueOptions,
    publisher: CommandPublisher,
}

impl Desk {
    async fn at(jetstream: Context, options: WorkQueueOptions) -> Self {
        let log = fresh_log().await;
        let tills = tills(&log, DirectoryOptions::default()).await;
        ensure_stream(&jetstream, &options).await.unwrap();
        let publisher = CommandPublisher::new(jetstream.clone(), options.clone());
        Self { log, tills, jetstream, options, publisher }
    }

    fn worker(&self, handler: &Putting) -> CommandWorker {
        let letters = DeadLetters::new(self.log.clone());
        CommandWorker::start(self.jetstream.clone(), "till", self.options.clone(), letters, handler.clone())
    }

    async fn put(&self, text: &str) -> CommandId {
        let id = CommandId::generate();
        self.publisher.publish("till", "hot", id, text.to_owned().into()).await.unwrap();
        id
    }

    async fn coins(&self) -> u64 {
        folded(&self.log, &self.tills, "hot").await.0.coins
    }

    async fn queued(&self) -> u64 {
        let stream = self.jetstream.get_stream(&self.options.stream).await.unwrap();
        stream.cached_info().state.messages
    }
}

/// EL-132, EL-133.
#[tokio::test]
async fn every_command_is_carried_out_once_and_leaves_the_queue() {
    let desk = Desk::at(shared().await, queue("once")).await;
    let handler = Putting::new(&desk.tills);
    let worker = desk.worker(&handler);
    for _ in 0..100 {
        desk.put("1").await;
    }
    until("all are done", || worker.stats().done == 100).await;
    assert_eq!((desk.coins().await, desk.queued().await), (100, 0));
    worker.stop().await;
}

/// EL-131.
#[tokio::test]
async fn publishing_the_same_command_twice_queues_it_once() {
    let desk = Desk::at(shared().await, queue("twice")).await;
    let id = CommandId::generate();
    let first = desk.publisher.publish("till", "hot", id, "1".into()).await.unwrap();
    let second = desk.publisher.publish("till", "hot", id, "1".into()).await.unwrap();
    assert_eq!((first.duplicate, second.duplicate), (false, true));
    assert_eq!(desk.queued().await, 1);
}

/// EL-130.
#[tokio::test]
async fn a_full_queue_refuses_instead_of_forgetting() {
    let options = WorkQueueOptions { bytes_max: 10_000, ..queue("full") };
    let desk = Desk::at(shared().await, options).await;
    let refused =
        desk.publisher.publish("till", "hot", CommandId::generate(), vec![b'1'; 20_000].into()).await;
    assert!(refused.is_err());
    assert_eq!(desk.queued().await, 0);
}

/// EL-133, EL-134.
#[tokio::test]
async fn work_longer_than_the_patience_of_the_server_is_not_delivered_again() {
    let desk = Desk::at(shared().await, queue("long")).await;
    let handler = Putting { slow: Duration::from_secs(3), ..Putting::new(&desk.tills) };
    let worker = desk.worker(&handler);
    desk.put("1").await;
    until("it is done", || worker.stats().done == 1).await;
    assert_eq!(handler.deliveries(), 1);
    worker.stop().await;
}

/// EL-135, EL-137.
#[tokio::test]
async fn a_command_that_keeps_failing_is_kept_as_a_dead_letter_and_can_be_sent_again() {
    let desk = Desk::at(shared().await, queue("dead")).await;
    let handler = Putting { fail_first: 5, ..Putting::new(&desk.tills) };
    let worker = desk.worker(&handler);
    let failing = desk.put("7").await;
    let nonsense = desk.put("seven").await;
    let panicking = desk.put("panic").await;
    until("all were given up", || worker.stats().dead == 3).await;
    let letters = DeadLetters::new(desk.log.clone());
    let kept = letters.list(None, None, 10).await.unwrap();
    let of = |id| kept.iter().find(|letter| letter.command_id == id).unwrap();
    assert_eq!((of(failing).deliveries, of(failing).error.as_str()), (5, "not yet"));
    assert_eq!((of(nonsense).deliveries, of(nonsense).error.as_str()), (1, "seven is not an amount"));
    assert!(of(panicking).error.contains("panicked"));
    assert_eq!((desk.coins().await, desk.queued().await), (0, 0));

    letters.replay(failing, &desk.publisher, "olga").await.unwrap();
    until("it is done at last", || worker.stats().done == 1).await;
    assert_eq!(desk.coins().await, 1);
    let kept = letters.list(Some(DeadLetterState::Retried), None, 10).await.unwrap();
    let retried: Vec<_> =
        kept.iter().map(|letter| (letter.command_id, letter.resolved_by.as_deref())).collect();
    assert_eq!(retried, [(failing, Some("olga"))]);
    letters.discard(nonsense, "not a number", "olga").await.unwrap();
    let waiting = letters.list(Some(DeadLetterState::Parked), None, 1).await.unwrap();
    let beyond = Some((waiting[0].at, waiting[0].command_id));
    assert_eq!(waiting[0].command_id, panicking);
    assert!(letters.list(Some(DeadLetterState::Parked), beyond, 1).await.unwrap().is_empty());
    let given_up = letters.list(Some(DeadLetterState::Discarded), None, 10).await.unwrap();
    assert_eq!(given_up[0].resolved_reason.as_deref(), Some("not a number"));
    worker.stop().await;
}

/// EL-133.
#[tokio::test]
async fn a_worker_that_leaves_gives_its_work_to_another() {
    let desk = Desk::at(shared().await, queue("leave")).await;
    let slow = Putting { slow: Duration::from_secs(600), ..Putting::new(&desk.tills) };
    let first = desk.worker(&slow);
    for _ in 0..5 {
        desk.put("1").await;
    }
    until("the first has them", || slow.deliveries() == 5).await;
    first.stop().await;
    let second = desk.worker(&Putting::new(&desk.tills));
    until("the second has done them", || second.stats().done == 5).await;
    assert_eq!(desk.coins().await, 5);
    second.stop().await;
}

/// EL-136.
#[tokio::test]
async fn a_deleted_consumer_is_built_again() {
    let desk = Desk::at(shared().await, queue("deleted")).await;
    let worker = desk.worker(&Putting::new(&desk.tills));
    desk.put("1").await;
    until("one is done", || worker.stats().done == 1).await;
    let stream = desk.jetstream.get_stream(&desk.options.stream).await.unwrap();
    let name = format!("{}-1-till", desk.options.stream);
    stream.delete_consumer(&name).await.unwrap();
    desk.put("1").await;
    until("the other is done", || worker.stats().done == 2).await;
    assert!(worker.stats().rebuilt > 0);
    worker.stop().await;
}

/// EL-136.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_loses_and_doubles_nothing() {
    let nats = Nats::start(&NatsOptions::of(&test_config("queue-outage"))).await.unwrap();
    let desk = Desk::at(connected(&nats.url()).await, queue("killed")).await;
    let handler = Putting { slow: Duration::from_millis(20), ..Putting::new(&desk.tills) };
    let worker = desk.worker(&handler);
    for _ in 0..200 {
        desk.put("1").await;
    }
    until("some are done", || worker.stats().done > 10).await;
    let pid = nix::unistd::Pid::from_raw(nats.pid().unwrap().cast_signed());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).unwrap();
    until("nats-server is dead", || nats.pid().is_none()).await;
    nats.ensure_running().await.unwrap();
    let begun = std::time::Instant::now();
    while desk.coins().await < 200 || desk.queued().await > 0 {
        let (coins, queued) = (desk.coins().await, desk.queued().await);
        let stats = worker.stats();
        assert!(begun.elapsed() < Duration::from_secs(60), "{coins} coins, {queued} queued, {stats:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(desk.coins().await, 200);
    worker.stop().await;
}

#[tokio::test]
async fn a_sender_that_waits_gets_the_reply_after_the_commit() {
    let desk = Desk::at(shared().await, queue("reply")).await;
    let worker = desk.worker(&Putting::new(&desk.tills));
    let client = desk.jetstream.client();
    let inbox = client.new_inbox();
    let mut replies = client.subscribe(inbox.clone()).await.unwrap();
    let message = jetstream::message::PublishMessage::build()
        .message_id(CommandId::generate().to_string())
        .header(actors::work_queue::REPLY_TO_HEADER, inbox.as_str())
        .payload("1".into());
    let subject = desk.options.subject("till", "hot");
    desk.jetstream.send_publish(subject, message).await.unwrap().await.unwrap();
    let reply =
        tokio::time::timeout(Duration::from_secs(30), futures_util::StreamExt::next(&mut replies)).await;
    assert_eq!(reply.unwrap().unwrap().payload, "1");
    assert_eq!(desk.coins().await, 1);
    worker.stop().await;
}
