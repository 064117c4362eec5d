//! Bars, symbols and quotes.

use std::collections::BTreeSet;
use std::sync::Arc;

use events::{Price, Quantity, Symbol};
use serde_json::{Value, json};
use tapedeck::http::quotes::{Quote, QuoteBoard, QuoteNews};
use tokio::sync::broadcast;

use super::kit::{deck_with, idle_deck};
use super::sse::Following;

#[tokio::test(flavor = "multi_thread")]
async fn coverage_names_symbols_and_their_bars() {
    let deck = idle_deck().await;
    let reply = deck.get("/symbols").await;
    let symbols: Vec<_> = reply.items().iter().map(|row| row["symbol"].as_str().unwrap()).collect();
    assert_eq!(symbols, ["AAPL", "MSFT", "QQQ"]);
    assert_eq!(reply.meta()["total"], 3);
    assert_eq!(reply.items()[0]["bars"], 60);
    assert_eq!(reply.items()[0]["first_start_at"], "2025-01-01T00:00:00Z");
    assert_eq!(reply.items()[0]["currency"], "USD");
    assert!(deck.get("/symbols?interval=1min").await.items().is_empty());
    let page = deck.get("/symbols?limit=2").await;
    let rest = deck.get(&format!("/symbols?limit=2&cursor={}", page.next_cursor().unwrap())).await;
    assert_eq!((rest.items().len(), rest.next_cursor()), (1, None));
    assert_eq!(deck.get("/symbols?symbols=msft").await.items()[0]["symbol"], "MSFT");
}

fn dates(bars: &[Value]) -> Vec<&str> {
    bars.iter().map(|bar| &bar["start_at"].as_str().unwrap()[..10]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn bars_come_newest_first_in_pages_and_ranges() {
    let deck = idle_deck().await;
    let page = deck.get("/bars?symbol=aapl&limit=2").await;
    assert_eq!(dates(page.items()), ["2025-03-01", "2025-02-28"]);
    let next = deck.get(&format!("/bars?symbol=AAPL&limit=2&cursor={}", page.next_cursor().unwrap())).await;
    assert_eq!(dates(next.items()), ["2025-02-27", "2025-02-26"]);
    let range = "/bars?symbol=AAPL&order=oldest&from=2025-01-02&to=2025-01-04";
    let bars = deck.get(range).await;
    assert_eq!(dates(bars.items()), ["2025-01-02", "2025-01-03", "2025-01-04"]);
    let first = &bars.items()[0];
    assert_eq!(
        (&first["open"], &first["high"], &first["volume"]),
        (&json!("101.1"), &json!("101.6"), &json!("1000"))
    );
    let instant = deck.get("/bars?symbol=AAPL&from=2025-02-28T00:00:00Z&to=2025-03-01T00:00:00Z").await;
    assert_eq!(dates(instant.items()), ["2025-02-28"]);
    assert!(deck.get("/bars?symbol=AAPL&from=2030-01-01").await.items().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_questions_about_bars_are_refused() {
    let deck = idle_deck().await;
    let refused =
        async |query: &str| deck.get(&format!("/bars?{query}")).await.problem(422, "validation_failed");
    assert_eq!(refused("symbol=NOPE").await, ["symbol: unknown_symbol"]);
    assert_eq!(refused("").await, ["symbol: required"]);
    assert_eq!(
        refused("symbol=A%20B&interval=2d&from=today&order=up&vintage=x").await,
        ["symbol: invalid", "interval: invalid", "from: invalid", "order: invalid", "vintage: invalid"]
    );
    assert_eq!(refused("symbol=AAPL&from=2025-02-01&to=2025-01-01").await, ["to: before_from"]);
    assert_eq!(refused("symbol=AAPL&cursor=7600000000000000aa").await, ["cursor: invalid"]);
}

/// A board with fixed quotes, and others to tell.
struct Board {
    quotes: Vec<Quote>,
    news: broadcast::Sender<QuoteNews>,
}

impl QuoteBoard for Board {
    fn all(&self) -> Vec<Quote> {
        self.quotes.clone()
    }

    fn find(&self, symbol: &Symbol) -> Option<Quote> {
        self.quotes.iter().find(|quote| quote.symbol == *symbol).cloned()
    }

    fn follow(&self) -> broadcast::Receiver<QuoteNews> {
        self.news.subscribe()
    }
}

fn quote(symbol: &str, price: i64, stale: bool) -> Quote {
    let (price, quantity) = (Price::whole(price).unwrap(), Quantity::whole(5));
    let occurred_at = "2025-11-03T15:00:00Z".parse().unwrap();
    Quote { symbol: symbol.parse().unwrap(), price, quantity, occurred_at, received_at: occurred_at, stale }
}

#[tokio::test(flavor = "multi_thread")]
async fn quotes_are_listed_found_and_followed() {
    let quotes = vec![quote("AAPL", 1, false), quote("MSFT", 1, true)];
    let news = broadcast::Sender::new(2);
    let deck = deck_with(&BTreeSet::new(), Arc::new(Board { quotes, news: news.clone() })).await;
    assert_eq!(deck.get("/quotes").await.items().len(), 2);
    assert_eq!(deck.get("/quotes?symbols=msft").await.items()[0]["stale"], true);
    let found = deck.get("/quotes/aapl").await;
    assert_eq!((&found.data(200)["price"], &found.data(200)["quantity"]), (&json!("1"), &json!("5")));
    deck.get("/quotes/QQQ").await.problem(404, "not_found");
    let mut stream = deck.follow("/quotes/stream?symbols=AAPL", None).await;
    let begun = stream.take(2).await;
    assert_eq!((begun[0].name.as_str(), begun[1].name.as_str()), ("connected", "quote"));
    for told in [quote("MSFT", 2, false), quote("AAPL", 3, false)] {
        news.send(QuoteNews::Quote(told)).unwrap();
    }
    assert_eq!(stream.next().await.unwrap().data["price"], "3");
    news.send(QuoteNews::Missed(7)).unwrap();
    let gap = stream.next().await.unwrap();
    assert_eq!((gap.name.as_str(), &gap.data), ("gap", &json!({"missed": 7})));
}
