//! The feed keeps every tick in order, and says so when it cannot.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use actors::feed::{
    CompletedBar, Feed, FeedEvent, FeedOptions, Stale, Tick, TickPublisher, ensure_tick_stream,
};
use actors::ports::{BarSink, PortError};
use async_nats::jetstream;
use events::{Price, Quantity, Symbol};
use jiff::{SignedDuration, Timestamp};
use tapedeck::http::quotes::QuoteBoard;
use tapedeck::live::LiveQuotes;

use crate::support::app::{application, shared_config};
use crate::support::services::nats_url;
use crate::support::waiting::until;

#[derive(Clone, Default)]
struct Kept {
    bars: Arc<Mutex<Vec<CompletedBar>>>,
    /// So many times the store is away.
    away: Arc<Mutex<u32>>,
}

impl BarSink for Kept {
    async fn keep(&self, bars: &[CompletedBar]) -> Result<(), PortError> {
        {
            let mut away = self.away.lock().unwrap();
            if *away > 0 {
                *away -= 1;
                return Err(PortError::Transient { reason: "away".to_owned() });
            }
        }
        self.bars.lock().unwrap().extend_from_slice(bars);
        Ok(())
    }
}

impl Kept {
    fn bars(&self) -> Vec<CompletedBar> {
        self.bars.lock().unwrap().clone()
    }
}

fn own(name: &str) -> FeedOptions {
    FeedOptions {
        subjects: format!("ticks.{name}"),
        stream: format!("TICK_{name}"),
        grace: Duration::ZERO,
        ..FeedOptions::default()
    }
}

async fn client(options: async_nats::ConnectOptions) -> async_nats::Client {
    tapedeck::embedded::nats::connect(&nats_url(), options).await.unwrap()
}

async fn publisher(options: &FeedOptions) -> TickPublisher {
    let client = client(async_nats::ConnectOptions::new()).await;
    ensure_tick_stream(&jetstream::new(client.clone()), options).await.unwrap();
    TickPublisher::new(client, options, "test")
}

/// Follows with a subscription that holds up to `capacity` messages, and waits until it hears.
async fn follow(options: &FeedOptions, capacity: usize, kept: &Kept) -> Feed {
    let client = client(async_nats::ConnectOptions::new().subscription_capacity(capacity)).await;
    let feed = Feed::start(jetstream::new(client), options.clone(), kept.clone());
    let publisher = publisher(options).await;
    let probe: Symbol = "PROBE".parse().unwrap();
    let mut seq = 0;
    while feed.quote(&probe, now()).is_none() {
        seq += 1;
        publisher.publish(&tick("PROBE", seq, now())).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    feed
}

fn now() -> Timestamp {
    events::time::now()
}

fn tick(symbol: &str, seq: u64, at: Timestamp) -> Tick {
    Tick {
        symbol: symbol.parse().unwrap(),
        price: Price::whole(100 + seq.cast_signed() % 7).unwrap(),
        size: Quantity::whole(1).unwrap(),
        at,
        seq,
    }
}

/// An instant long ago, on a full minute.
fn minute(number: i64) -> Timestamp {
    Timestamp::from_second(1_762_180_200 + 60 * number).unwrap()
}

/// EL-141.
#[tokio::test]
async fn the_newest_tick_is_the_quote_until_it_is_old() {
    let options = own("quote");
    let feed = follow(&options, 1_000, &Kept::default()).await;
    let publisher = publisher(&options).await;
    let symbol: Symbol = "600519.SH".parse().unwrap();
    for seq in 1..=3 {
        publisher.publish(&tick("600519.SH", seq, now())).await.unwrap();
    }
    let newest =
        || feed.quote(&symbol, now()).is_some_and(|(quote, stale)| quote.seq == 3 && stale.is_none());
    until("the third is the quote", newest).await;
    let later = now() + SignedDuration::from_secs(61);
    let Some((_, Some(Stale::Old { age_ms }))) = feed.quote(&symbol, later) else { panic!("not stale") };
    assert!(age_ms > 60_000);
    feed.stop().await;
}

/// EL-143.
#[tokio::test(flavor = "multi_thread")]
async fn ticks_are_no_events_and_a_quote_is_price_time_and_number() {
    let running = application(shared_config("ticks").await).await;
    let quotes = LiveQuotes::start(&running.app);
    let listening = own("events");
    let feed = follow(&listening, 1_000, &Kept::default()).await;
    let symbol: Symbol = "TICKED".parse().unwrap();
    for options in [FeedOptions::default(), listening] {
        let publisher = publisher(&options).await;
        let shown = || match options.stream.as_str() {
            "TD_TICK" => quotes.find(&symbol).is_some(),
            _ => feed.quote(&symbol, minute(7)).is_some(),
        };
        let mut seq = 0;
        while !shown() {
            seq += 1;
            publisher.publish(&tick("TICKED", seq, minute(7))).await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    let (quote, _) = feed.quote(&symbol, minute(7)).unwrap();
    let sent = tick("TICKED", quote.seq, minute(7));
    assert_eq!((quote.price, quote.at), (sent.price, sent.at), "what a decision would record");
    quotes.stop().await;
    feed.stop().await;
    assert_eq!(running.app.log.head().await.unwrap().0, 0, "a tick reached the log");
    running.stop().await.unwrap();
}

#[tokio::test]
async fn minutes_become_bars_and_wait_for_a_store_that_is_away() {
    let options = own("bars");
    let kept = Kept { away: Arc::new(Mutex::new(2)), ..Kept::default() };
    let feed = follow(&options, 1_000, &kept).await;
    let publisher = publisher(&options).await;
    let seconds = [(0, 1), (0, 30), (0, 59), (2, 0)];
    for (seq, (in_minute, second)) in (1..).zip(seconds) {
        let at = minute(in_minute) + SignedDuration::from_secs(second);
        publisher.publish(&tick("AAPL", seq, at)).await.unwrap();
    }
    let of_aapl = || kept.bars().into_iter().filter(|bar| bar.symbol.as_str() == "AAPL").collect::<Vec<_>>();
    // The first by a later tick, the second because its minute is long over.
    until("both bars are kept", || of_aapl().len() == 2).await;
    let bars = of_aapl();
    assert_eq!((bars[0].start, bars[0].ticks, bars[0].missing), (minute(0), 3, 0));
    assert_eq!((bars[1].start, bars[1].ticks), (minute(2), 1));
    feed.stop().await;
}

/// EL-140, EL-142.
#[tokio::test(flavor = "multi_thread")]
async fn ticks_dropped_by_a_slow_subscription_are_read_again() {
    // Fewer than may wait for one symbol, so that none has to be given up.
    const TICKS: u64 = 5_000;
    let options = own("dropped");
    let feed = follow(&options, 256, &Kept::default()).await;
    let before = feed.stats().ticks;
    let publisher = publisher(&options).await;
    for seq in 1..TICKS {
        publisher.publish(&tick("AAPL", seq, minute(0))).await.unwrap();
    }
    // Later ticks reveal that the last ones were dropped too.
    let mut sent = TICKS;
    let begun = std::time::Instant::now();
    while feed.stats().ticks - before < TICKS {
        assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", feed.stats());
        publisher.publish(&tick("AAPL", sent, minute(0))).await.unwrap();
        sent += 1;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let stats = feed.stats();
    println!("{stats:?}");
    assert!(stats.gaps > 0, "the subscription was not slow enough: {stats:?}");
    assert_eq!(stats.lost, 0);
    feed.stop().await;
}

/// EL-142.
#[tokio::test]
async fn a_quote_is_stale_while_ticks_before_it_are_missing() {
    let options = own("missing");
    let kept = Kept::default();
    let feed = follow(&options, 1_000, &kept).await;
    let publisher = publisher(&options).await;
    let symbol: Symbol = "AAPL".parse().unwrap();
    publisher.publish(&tick("AAPL", 1, minute(0))).await.unwrap();
    // The second was never sent by anyone.
    publisher.publish(&tick("AAPL", 3, minute(0))).await.unwrap();
    let stale = || feed.quote(&symbol, minute(0)).is_some_and(|(_, stale)| stale == Some(Stale::Gap));
    until("the gap is seen", stale).await;
    until("the missing one is given up", || feed.stats().lost == 1).await;
    assert_eq!(feed.quote(&symbol, minute(0)).unwrap().1, None);
    publisher.publish(&tick("AAPL", 4, minute(1))).await.unwrap();
    until("the bar is kept", || kept.bars().iter().any(|bar| bar.start == minute(0) && bar.missing == 1))
        .await;
    feed.stop().await;
}

#[tokio::test]
async fn a_listener_that_is_too_slow_is_told_what_it_missed() {
    let options = FeedOptions { listeners_behind: 8, ..own("listen") };
    let feed = follow(&options, 1_000, &Kept::default()).await;
    let mut listener = feed.listen();
    let publisher = publisher(&options).await;
    for seq in 1..=100 {
        publisher.publish(&tick("AAPL", seq, minute(0))).await.unwrap();
    }
    let symbol: Symbol = "AAPL".parse().unwrap();
    until("all arrived", || feed.quote(&symbol, now()).is_some_and(|(quote, _)| quote.seq == 100)).await;
    let Some(FeedEvent::Missed(missed)) = listener.next().await else { panic!("nothing was missed") };
    assert!(missed >= 90);
    let Some(FeedEvent::Tick(next)) = listener.next().await else { panic!("nothing is left") };
    assert!(next.seq > 90);
    feed.stop().await;
}
