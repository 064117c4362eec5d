//! Closes in memory are those of the store, at every vintage.

use std::time::Instant;

use events::{Interval, Price, Symbol};
use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp};
use projections::bars::{self, BarPrices, DayBar, ImportedBar, Source, Vintage};
use projections::closes::{Adjustment, Closes, Known, PanelQuery};
use tokio_postgres::Client;

use crate::support::tape::fresh_tape;

fn symbol(text: &str) -> Symbol {
    text.parse().unwrap()
}

fn january(day: i8) -> Date {
    date(2025, 1, day)
}

fn price(whole: i64) -> Price {
    Price::whole(whole).unwrap()
}

fn bar(name: &str, date: Date, close: i64, adjusted: Option<i64>) -> ImportedBar {
    let start = date.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp();
    ImportedBar {
        symbol: symbol(name),
        interval: Interval::Day,
        start,
        end: start + SignedDuration::from_hours(24),
        prices: BarPrices::OpenClose { open: price(1), close: price(close) },
        volume: None,
        adjusted_close: adjusted.map(price),
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

async fn store(client: &mut Client, bars: Vec<ImportedBar>, imported_at: Timestamp) {
    let source = Source { name: "test".to_owned(), format: "test".to_owned(), identity: None };
    bars::load(client, source, bars, &serde_json::json!({}), imported_at).await.unwrap();
}

#[tokio::test]
async fn a_panel_has_the_sessions_of_the_calendar_at_every_vintage() {
    let tape = fresh_tape().await;
    let mut client = tape.connect().await.unwrap();
    // The 9th was a day of mourning; the 11th is a Saturday.
    let days = [7, 8, 9, 10, 11, 13];
    let bars = days.map(|day| bar("A", january(day), i64::from(day), None)).to_vec();
    let mut both = bars.clone();
    both.push(bar("B", january(10), 50, None));
    store(&mut client, both, at(100)).await;
    let closes = Closes::new(tape.pool(2).unwrap());
    let symbols = [symbol("B"), symbol("NONE"), symbol("A")];
    let panel = async |vintage| {
        let query = PanelQuery { symbols: &symbols, first: january(7), last: january(13), vintage };
        closes.panel(&query).await.unwrap()
    };
    let first = panel(Vintage::NEWEST).await;
    assert_eq!(first.sessions, [7, 8, 10, 13].map(january));
    assert_eq!((first.vintage, &first.missing), (Vintage::new(1), &vec![symbol("NONE")]));
    assert_eq!(first.columns[0].closes, [None, None, Some(price(50)), None]);
    let a = first.column(&symbol("A")).unwrap();
    assert_eq!(a.closes, [7, 8, 10, 13].map(|close| Some(price(close))));
    assert_eq!(a.adjusted, [7.0, 8.0, 10.0, 13.0].map(Some));
    assert_eq!(first.columns[0].series.on_or_before(january(13)).unwrap().date, january(10));

    store(&mut client, vec![bar("A", january(8), 80, None), bar("A", january(14), 14, None)], at(200)).await;
    let second = panel(closes.vintage(Known::Newest).await.unwrap()).await;
    assert_eq!(second.column(&symbol("A")).unwrap().closes[1], Some(price(80)));
    assert!(
        std::sync::Arc::ptr_eq(&first.columns[0].series, &second.columns[0].series),
        "B was not touched and stays in memory"
    );
    let then = closes.vintage(Known::AtInstant(at(150))).await.unwrap();
    assert_eq!(panel(then).await.column(&symbol("A")).unwrap().closes[1], Some(price(8)));
    assert_eq!(closes.vintage(Known::AtInstant(at(99))).await.unwrap(), Vintage::new(0));
    assert_eq!(panel(Vintage::new(0)).await.missing.len(), 3);
}

#[tokio::test]
async fn adjusted_closes_are_kept_beside_the_closes_and_not_forgotten() {
    let tape = fresh_tape().await;
    let mut client = tape.connect().await.unwrap();
    store(&mut client, vec![bar("A", january(7), 10, Some(5)), bar("A", january(8), 11, Some(6))], at(1))
        .await;
    // A source without adjusted closes says nothing about them; a split says something new about one.
    store(&mut client, vec![bar("A", january(7), 10, None)], at(2)).await;
    assert_eq!(bars::latest_vintage(&client).await.unwrap(), Some(Vintage::new(1)));
    store(&mut client, vec![bar("A", january(7), 10, Some(4))], at(3)).await;
    let closes = Closes::new(tape.pool(2).unwrap());
    let histories =
        async |vintage| closes.histories(&[symbol("A")], vintage).await.unwrap()[0].clone().unwrap();
    let adjusted = histories(Vintage::new(2)).await;
    assert_eq!(adjusted.adjustment(), Adjustment::Adjusted);
    let values: Vec<_> = adjusted.since(january(1)).map(|close| (close.close, close.adjusted)).collect();
    assert_eq!(values, [(price(10), Some(4.0)), (price(11), Some(6.0))]);
    let before = histories(Vintage::new(1)).await;
    assert_eq!(before.first().unwrap().adjusted, Some(5.0));
    let days =
        bars::daily_bars(&client, &[symbol("A")], january(8), january(31), Vintage::NEWEST).await.unwrap();
    let prices = BarPrices::OpenClose { open: price(1), close: price(11) };
    let day = DayBar { date: january(8), prices, volume: None, adjusted_close: Some(price(6)) };
    assert_eq!(days[&symbol("A")], [day]);
    let shown =
        client.query_one("select count(adjusted_close) from bars_decimal where latest", &[]).await.unwrap();
    assert_eq!(shown.get::<_, i64>(0), 2);
}

#[tokio::test]
async fn a_warm_panel_asks_no_database() {
    let tape = fresh_tape().await;
    let mut client = tape.connect().await.unwrap();
    let names: Vec<String> = (0..30).map(|number| format!("S{number}")).collect();
    let first = date(2024, 1, 2);
    let days: Vec<Date> = events::calendar::sessions(first, date(2025, 1, 2)).collect();
    let bars = names.iter().flat_map(|name| days.iter().map(|day| bar(name, *day, 7, None)));
    store(&mut client, bars.collect(), at(1)).await;
    let pool = tape.pool(1).unwrap();
    let closes = Closes::new(pool.clone());
    let symbols: Vec<Symbol> = names.iter().map(|name| symbol(name)).collect();
    let query = PanelQuery { symbols: &symbols, first, last: date(2025, 1, 2), vintage: Vintage::new(1) };
    assert_eq!(closes.panel(&query).await.unwrap().columns.len(), 30);
    // Without a free connection only memory can answer.
    let _taken = pool.get().await.unwrap();
    let begun = Instant::now();
    let panel = closes.panel(&query).await.unwrap();
    println!(
        "a warm panel of {} symbols and {} sessions took {:?}",
        panel.columns.len(),
        panel.sessions.len(),
        begun.elapsed()
    );
    assert_eq!((panel.columns.len(), panel.sessions.len()), (30, 253));
    assert!(panel.columns.iter().all(|column| column.closes.iter().all(Option::is_some)));
}
