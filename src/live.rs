//! Live prices as the API shows them: the feed behind the board of quotes, its minute bars in the market store.

use actors::feed::{CompletedBar, Feed, FeedEvent, FeedOptions, Listener};
use actors::ports::{BarSink, PortError};
use deadpool_postgres::Pool;
use events::causes::whole_chain;
use events::{Interval, Symbol};
use jiff::SignedDuration;
use projections::bars::{self, BarPrices, ImportedBar, Source};
use tokio::sync::broadcast;
use tokio::task::AbortHandle;

use crate::app::App;
use crate::http::quotes::{Quote, QuoteBoard, QuoteNews};

/// Quotes that a slow follower may be behind before it is told that it missed some.
const FOLLOWERS_BEHIND: usize = 4_096;

/// A feed at work and the board it keeps.
#[derive(Debug)]
pub struct LiveQuotes {
    feed: Feed,
    followers: broadcast::Sender<QuoteNews>,
    relaying: AbortHandle,
}

impl LiveQuotes {
    /// Follows the ticks on the application's message server; completed minutes go to its market store.
    pub fn start(app: &App) -> Self {
        let jetstream = async_nats::jetstream::new(app.nats.clone());
        let feed = Feed::start(jetstream, FeedOptions::default(), MarketStore(app.reads.clone()));
        let (followers, _) = broadcast::channel(FOLLOWERS_BEHIND);
        let relaying = tokio::spawn(relay(feed.clone(), feed.listen(), followers.clone())).abort_handle();
        Self { feed, followers, relaying }
    }

    /// Keeps the bars that are complete and ends.
    pub async fn stop(&self) {
        self.feed.stop().await;
        self.relaying.abort();
    }
}

async fn relay(feed: Feed, mut listener: Listener, followers: broadcast::Sender<QuoteNews>) {
    while let Some(event) = listener.next().await {
        let news = match event {
            FeedEvent::Tick(tick) => shown(&feed, &tick.symbol).map(QuoteNews::Quote),
            FeedEvent::Missed(missed) => Some(QuoteNews::Missed(missed)),
            FeedEvent::Bar(_) => None,
        };
        // Without followers nobody needs it.
        let _ = news.map(|news| followers.send(news));
    }
}

fn shown(feed: &Feed, symbol: &Symbol) -> Option<Quote> {
    let now = events::time::now();
    let (quote, stale) = feed.quote(symbol, now)?;
    Some(Quote {
        symbol: symbol.clone(),
        price: quote.price,
        quantity: Some(quote.size),
        occurred_at: quote.at,
        received_at: quote.received_at,
        stale: stale.is_some(),
    })
}

impl QuoteBoard for LiveQuotes {
    fn all(&self) -> Vec<Quote> {
        self.feed.symbols().iter().filter_map(|symbol| shown(&self.feed, symbol)).collect()
    }

    fn find(&self, symbol: &Symbol) -> Option<Quote> {
        shown(&self.feed, symbol)
    }

    fn follow(&self) -> broadcast::Receiver<QuoteNews> {
        self.followers.subscribe()
    }
}

/// The market store as the place of the feed's bars.
struct MarketStore(Pool);

impl BarSink for MarketStore {
    async fn keep(&self, completed: &[CompletedBar]) -> Result<(), PortError> {
        let transient = |reason: String| PortError::Transient { reason };
        let mut client = self.0.get().await.map_err(|error| transient(error.to_string()))?;
        let source = Source { name: "ticks".to_owned(), format: "ticks".to_owned(), identity: None };
        let report = serde_json::json!({ "bars": completed.len() });
        let bars = completed.iter().map(stored);
        bars::load(&mut client, source, bars, &report, events::time::now())
            .await
            .map_err(|error| transient(whole_chain(&error)))?;
        Ok(())
    }
}

fn stored(completed: &CompletedBar) -> ImportedBar {
    let bar = completed.bar;
    ImportedBar {
        symbol: completed.symbol.clone(),
        interval: Interval::Minute,
        start: completed.start,
        end: completed.start.saturating_add(SignedDuration::from_mins(1)).unwrap_or(completed.start),
        prices: BarPrices::Full { open: bar.open, high: bar.high, low: bar.low, close: bar.close },
        volume: Some(completed.volume.to_decimal()),
        adjusted_close: None,
    }
}
