//! The one task that follows the ticks: it owns what is known of each symbol.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use async_nats::jetstream::Context;
use events::Symbol;
use futures_util::StreamExt;
use jiff::SignedDuration;
use tokio::sync::{Semaphore, broadcast, mpsc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::quotes::Quotes;
use super::refill::{Found, Missing};
use super::track::{Step, Track, missing_between};
use super::{CompletedBar, Counters, FeedEvent, FeedOptions, Tick, ensure_tick_stream};

/// How often the end of the capturing stream is looked up and overdue minutes are completed.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How many looks at the end of the capturing stream are remembered.
const LOOKS_KEPT: usize = 30;

/// Gaps that are being refilled at once; there is one per symbol at most.
const REFILLS_AT_ONCE: usize = 16;

/// Reading again what was missing of a symbol ended.
struct Refill {
    symbol: Symbol,
    subject: String,
    found: Found,
}

pub(super) struct Live {
    jetstream: Context,
    options: FeedOptions,
    quotes: Arc<Quotes>,
    events: broadcast::Sender<FeedEvent>,
    counters: Arc<Counters>,
    bars: mpsc::Sender<CompletedBar>,
    tracks: HashMap<Symbol, Track>,
    refills: JoinSet<Refill>,
    refilling: Arc<Semaphore>,
    /// The end of the capturing stream at the last looks, oldest first. A tick that is used now may have waited in the
    /// subscription, so only an old end is surely before it.
    captured: VecDeque<u64>,
}

impl Live {
    pub(super) fn new(
        jetstream: Context,
        options: FeedOptions,
        quotes: Arc<Quotes>,
        events: broadcast::Sender<FeedEvent>,
        counters: Arc<Counters>,
        bars: mpsc::Sender<CompletedBar>,
    ) -> Self {
        let (tracks, refills) = (HashMap::new(), JoinSet::new());
        let refilling = Arc::new(Semaphore::new(REFILLS_AT_ONCE));
        Self {
            refilling,
            jetstream,
            options,
            quotes,
            events,
            counters,
            bars,
            tracks,
            refills,
            captured: VecDeque::new(),
        }
    }

    pub(super) async fn run(mut self, leaving: CancellationToken) {
        const AGAIN_AFTER: Duration = Duration::from_secs(1);
        while !leaving.is_cancelled() {
            if let Err(error) = self.follow(&leaving).await {
                tracing::warn!(error = %error, "The feed of ticks was interrupted: {error}");
                // Cancelled or not, the loop looks.
                let _ = tokio::time::timeout(AGAIN_AFTER, leaving.cancelled()).await;
            }
        }
    }

    async fn follow(
        &mut self,
        leaving: &CancellationToken,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        ensure_tick_stream(&self.jetstream, &self.options).await?;
        let subjects = format!("{}.>", self.options.subjects);
        let mut ticks = self.jetstream.client().subscribe(subjects).await?;
        let mut look = tokio::time::interval(LOOK_EVERY);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut looking = JoinSet::new();
        loop {
            tokio::select! {
                () = leaving.cancelled() => return Ok(()),
                message = ticks.next() => {
                    let message = message.ok_or("the connection was closed")?;
                    self.hear(&message);
                }
                Some(Ok(refill)) = self.refills.join_next() => self.refilled(refill),
                Some(Ok(Some(captured))) = looking.join_next() => {
                    self.captured.push_back(captured);
                    if self.captured.len() > LOOKS_KEPT {
                        self.captured.pop_front();
                    }
                }
                _ = look.tick() => {
                    self.complete_minutes();
                    if looking.is_empty() {
                        let (jetstream, stream) = (self.jetstream.clone(), self.options.stream.clone());
                        // Beside the ticks: a server that is slow to answer must not hold them up.
                        looking.spawn(async move {
                            Some(jetstream.get_stream(stream).await.ok()?.cached_info().state.last_sequence)
                        });
                    }
                }
            }
        }
    }

    fn hear(&mut self, message: &async_nats::Message) {
        let Ok(tick) = serde_json::from_slice::<Tick>(&message.payload) else {
            self.counters.ignored.fetch_add(1, Relaxed);
            return;
        };
        let symbol = tick.symbol.clone();
        if !self.tracks.contains_key(&symbol) && self.tracks.len() >= self.options.symbols_max {
            self.counters.ignored.fetch_add(1, Relaxed);
            return;
        }
        let track = self.tracks.entry(symbol.clone()).or_default();
        let before = track.last_seq().filter(|last| tick.seq > *last);
        let step = track.arrive(tick, self.options.waiting_max);
        self.advance(&symbol, &message.subject, before, step);
    }

    fn refilled(&mut self, refill: Refill) {
        let Refill { symbol, subject, found } = refill;
        let Some(track) = self.tracks.get_mut(&symbol) else { return };
        let before = track.last_seq();
        track.floor = track.floor.max(found.floor);
        self.counters.refilled.fetch_add(found.ticks.len() as u64, Relaxed);
        let step = track.found(found.ticks);
        self.advance(&symbol, &subject, before, step);
    }

    /// Uses ticks in their order and has missing ones read again.
    fn advance(&mut self, symbol: &Symbol, subject: &str, mut before: Option<u64>, step: Step) {
        let Some(track) = self.tracks.get_mut(symbol) else { return };
        if !step.ready.is_empty() && self.captured.len() >= LOOKS_KEPT {
            track.floor = track.floor.max(self.captured.front().copied().unwrap_or(0));
        }
        let mut completed = Vec::new();
        for tick in step.ready {
            let missing = missing_between(before, &tick);
            self.counters.lost.fetch_add(missing, Relaxed);
            self.counters.ticks.fetch_add(1, Relaxed);
            before = Some(tick.seq);
            completed.extend(track.minute.add(&tick, missing));
            // Without listeners nobody needs it.
            let _ = self.events.send(FeedEvent::Tick(Arc::new(tick)));
        }
        if let Some(newest) = track.newest() {
            self.quotes.show(newest, track.has_gap());
        }
        let floor = track.floor;
        completed.into_iter().for_each(|bar| self.completed(bar));
        if let Some((from, to)) = step.missing {
            self.counters.gaps.fetch_add(1, Relaxed);
            self.refill(symbol.clone(), Missing { subject: subject.to_owned(), from, to, floor });
        }
    }

    fn refill(&mut self, symbol: Symbol, missing: Missing) {
        let (jetstream, stream) = (self.jetstream.clone(), self.options.stream.clone());
        let permits = self.refilling.clone();
        self.refills.spawn(async move {
            // The semaphore is never closed; without a permit nothing would be bounded, but nothing would be wrong.
            let _permit = permits.acquire().await;
            let found = missing.find(&jetstream, &stream).await;
            Refill { symbol, subject: missing.subject, found }
        });
    }

    fn complete_minutes(&mut self) {
        let now = events::time::now();
        let grace = SignedDuration::try_from(self.options.grace).unwrap_or(SignedDuration::MAX);
        let settled = self.tracks.values_mut().filter(|track| !track.has_gap());
        let over: Vec<_> = settled.filter_map(|track| track.minute.complete(now, grace)).collect();
        over.into_iter().for_each(|bar| self.completed(bar));
    }

    fn completed(&self, bar: CompletedBar) {
        self.counters.bars.fetch_add(1, Relaxed);
        // Without listeners nobody needs it.
        let _ = self.events.send(FeedEvent::Bar(Arc::new(bar.clone())));
        if let Err(error) = self.bars.try_send(bar) {
            self.counters.bars_lost.fetch_add(1, Relaxed);
            tracing::error!(error = %error, "A completed bar is lost, too many wait for the store");
        }
    }
}
