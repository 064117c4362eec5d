//! The market store: vintages, what a second import changes, and bars read back as they were.

mod files;
mod pages;

use events::{Interval, Price, Symbol};
use jiff::{SignedDuration, Timestamp};
use projections::bars::{self, BarPrices, BarsQuery, Coverage, ImportedBar, Once, Source, Stored, Vintage};
use tokio_postgres::{Client, NoTls};

use crate::support::services::fresh_database;
use crate::support::tape::fresh_tape;

async fn store() -> Client {
    fresh_tape().await.connect().await.unwrap()
}

fn at() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

fn day(number: i64) -> Timestamp {
    Timestamp::from_second(number * 86_400).unwrap()
}

fn price(units: i64) -> Price {
    Price::from_units(units)
}

fn symbol(text: &str) -> Symbol {
    text.parse().unwrap()
}

fn bar(name: &str, number: i64, prices: BarPrices) -> ImportedBar {
    let (start, end) = (day(number), day(number) + SignedDuration::from_hours(24));
    ImportedBar {
        symbol: symbol(name),
        interval: Interval::Day,
        start,
        end,
        prices,
        volume: None,
        adjusted_close: None,
    }
}

fn flat(name: &str, number: i64, units: i64) -> ImportedBar {
    bar(name, number, BarPrices::Flat(price(units)))
}

fn feed() -> Source {
    Source { name: "test".to_owned(), format: "test".to_owned(), identity: None }
}

async fn stored(client: &mut Client, bars: Vec<ImportedBar>) -> Stored {
    match bars::load(client, feed(), bars, &serde_json::json!({}), at()).await.unwrap() {
        Once::New(stored) => stored,
        Once::Before(import) => panic!("a feed is never imported before: {import:?}"),
    }
}

fn counts(stored: &Stored) -> (Option<i64>, u64, u64, u64) {
    (stored.vintage.map(Vintage::number), stored.added, stored.changed, stored.unchanged)
}

async fn closes(client: &Client, name: &str, as_of: Option<i64>) -> Vec<i64> {
    let symbols = [symbol(name)];
    let query = BarsQuery {
        symbols: Some(&symbols),
        as_of: as_of.map(Vintage::new),
        ..BarsQuery::all(Interval::Day)
    };
    let bars = bars::read(client, &query).await.unwrap();
    bars.columns().first().map_or(vec![], |column| column.close.iter().map(|price| price.units()).collect())
}

#[tokio::test]
async fn a_different_value_is_a_new_vintage_and_an_equal_one_is_nothing() {
    let mut client = store().await;
    assert_eq!(bars::latest_vintage(&client).await.unwrap(), None);
    let first = stored(&mut client, vec![flat("A", 1, 10), flat("A", 2, 20), flat("B", 1, 5)]).await;
    assert_eq!(counts(&first), (Some(1), 3, 0, 0));
    let again = stored(&mut client, vec![flat("A", 1, 10), flat("B", 1, 5)]).await;
    assert_eq!(counts(&again), (None, 0, 0, 2));
    let corrected = stored(&mut client, vec![flat("A", 1, 10), flat("A", 2, 21), flat("A", 3, 30)]).await;
    assert_eq!(counts(&corrected), (Some(2), 1, 1, 1));
    assert!(corrected.import_id > again.import_id);
    assert_eq!(bars::latest_vintage(&client).await.unwrap(), Some(Vintage::new(2)));
    assert_eq!(closes(&client, "A", None).await, [10, 21, 30]);
    assert_eq!(closes(&client, "A", Some(1)).await, [10, 20], "as it was known");
    assert_eq!(closes(&client, "A", Some(0)).await, [0_i64; 0]);
}

#[tokio::test]
async fn a_later_file_completes_an_open_only_bar_and_an_earlier_one_does_not_cut_it_again() {
    let mut client = store().await;
    let open = bar("A", 1, BarPrices::OpenOnly(price(10)));
    let prices = BarPrices::Full { open: price(10), high: price(12), low: price(9), close: price(11) };
    let full = ImportedBar { volume: Some("1234.5".parse().unwrap()), ..bar("A", 1, prices) };
    stored(&mut client, vec![open.clone()]).await;
    assert_eq!(closes(&client, "A", None).await, [0]);
    assert_eq!(counts(&stored(&mut client, vec![full.clone()]).await), (Some(2), 0, 1, 0));
    assert_eq!(counts(&stored(&mut client, vec![open]).await), (None, 0, 0, 1));
    assert_eq!(closes(&client, "A", None).await, [11]);
    assert_eq!(closes(&client, "A", Some(1)).await, [0]);
    let another = bar("A", 1, BarPrices::OpenOnly(price(8)));
    assert_eq!(counts(&stored(&mut client, vec![another]).await), (Some(3), 0, 1, 0));
    let louder = ImportedBar { volume: Some("1235".parse().unwrap()), ..full };
    assert_eq!(counts(&stored(&mut client, vec![louder]).await), (Some(4), 0, 1, 0));
}

#[tokio::test]
async fn symbols_and_range_narrow_what_is_read() {
    let mut client = store().await;
    let rows =
        (1..=9).flat_map(|number| [flat("A", number, number), flat("B", number * 2, number)]).collect();
    stored(&mut client, rows).await;
    let symbols = [symbol("B"), symbol("A"), symbol("MISSING")];
    let query = BarsQuery {
        symbols: Some(&symbols),
        from: Some(day(3)),
        to: Some(day(7)),
        ..BarsQuery::all(Interval::Day)
    };
    let bars = bars::read(&client, &query).await.unwrap();
    assert_eq!(bars.starts(), [day(3), day(4), day(5), day(6)]);
    let names: Vec<_> = bars.columns().iter().map(|column| column.symbol.as_str()).collect();
    assert_eq!(names, ["A", "B"]);
    assert_eq!(*bars.columns()[1].close, [0, 2, 0, 3].map(price));
    let none = BarsQuery { symbols: Some(&[]), ..query };
    assert!(bars::read(&client, &none).await.unwrap().is_empty());
}

#[tokio::test]
async fn coverage_counts_each_bar_once_and_remembers() {
    let mut client = store().await;
    stored(&mut client, vec![flat("A", 3, 10), flat("A", 4, 20), flat("B", 1, 5)]).await;
    stored(&mut client, vec![flat("A", 4, 21), flat("A", 9, 30)]).await;
    let expected = |last, bars, vintage| Coverage {
        symbol: symbol("A"),
        interval: Interval::Day,
        first_start: day(3),
        last_start: day(last),
        bars,
        vintage: Vintage::new(vintage),
    };
    let now = bars::coverage(&client, None, Some(Interval::Day), None).await.unwrap();
    assert_eq!((now.len(), &now[0]), (2, &expected(9, 3, 2)));
    let then = bars::coverage(&client, Some(&[symbol("A")]), None, Some(Vintage::new(1))).await.unwrap();
    assert_eq!(then, [expected(4, 2, 1)]);
    assert!(bars::coverage(&client, None, Some(Interval::Hour), None).await.unwrap().is_empty());
}

async fn bars_stored(client: &Client) -> i64 {
    client.query_one("select count(*) from bars", &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn market_data_is_never_changed_or_deleted() {
    let mut client = store().await;
    stored(&mut client, vec![flat("A", 1, 1)]).await;
    for table in ["bar_chunks", "bar_series", "imports", "import_series"] {
        let column = if table == "bar_series" { "symbol" } else { "vintage" };
        for statement in [
            format!("update {table} set {column} = {column}"),
            format!("delete from {table}"),
            format!("truncate {table}"),
        ] {
            let error = client.batch_execute(&statement).await.unwrap_err();
            let message = error.as_db_error().unwrap().message().to_owned();
            assert_eq!(
                message,
                format!("{table} is insert-only: a correction is a new vintage"),
                "{statement}"
            );
        }
    }
}

#[tokio::test]
async fn people_see_decimals() {
    let mut client = store().await;
    let prices = BarPrices::OpenClose { open: price(150_000_000), close: price(1) };
    stored(&mut client, vec![flat("A", 1, 100), bar("A", 2, BarPrices::OpenOnly(price(7)))]).await;
    stored(&mut client, vec![bar("A", 1, prices)]).await;
    let rows = client
        .query(
            "select concat_ws(' ', vintage, open, coalesce(high::text, '-'), coalesce(low::text, '-'), \
             coalesce(close::text, '-'), flat, open_only, latest) from bars_decimal order by bar_start, vintage",
            &[],
        )
        .await
        .unwrap();
    let rows: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(
        rows,
        [
            "1 0.000001 0.000001 0.000001 0.000001 t f f",
            "2 1.5 1.5 0.00000001 0.00000001 f f t",
            "1 0.00000007 - - - f t t",
        ]
    );
}

#[tokio::test]
async fn imports_at_the_same_time_get_vintages_in_commit_order() {
    let tape = fresh_tape().await;
    let connect = || async { tape.connect().await.unwrap() };
    let imports = (1..=6).map(|number| {
        let connecting = connect();
        async move {
            let mut client = connecting.await;
            let bars = vec![flat("A", 1, number), flat("A", 10 + number, number)];
            stored(&mut client, bars).await.vintage.unwrap().number()
        }
    });
    let mut vintages = futures_util::future::join_all(imports).await;
    vintages.sort_unstable();
    assert_eq!(vintages, [1, 2, 3, 4, 5, 6]);
    let client = connect().await;
    assert_eq!(bars_stored(&client).await, 12);
    assert_eq!(closes(&client, "A", None).await.len(), 7);
}

#[tokio::test]
async fn a_bar_that_comes_twice_in_one_import_is_refused() {
    let mut client = store().await;
    let twice = vec![flat("A", 1, 1), flat("A", 1, 2)];
    let refused = bars::load(&mut client, feed(), twice, &serde_json::json!({}), at()).await.unwrap_err();
    assert_eq!(refused.to_string(), "checking that no bar comes twice failed");
    assert_eq!(bars_stored(&client).await, 0);
}

#[tokio::test]
async fn bars_kept_one_a_row_move_into_chunks() {
    let url = fresh_database("bars_moved").await;
    let (client, connection) = tokio_postgres::connect(url.expose(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(include_str!("../../migrations/V0002__bars.sql")).await.unwrap();
    client
        .batch_execute(
            "insert into bars
             select 1, start, start + interval '1 hour', vintage, 10 + vintage, null, null, close, null
             from generate_series(timestamptz '2025-01-01', '2026-01-01', '1 hour') start,
                  (values (1, null), (2, 12), (3, 40)) kind (vintage, close)
             where vintage = 1 or start < '2025-02-01';
             create table before as select * from bars",
        )
        .await
        .unwrap();
    client.batch_execute(include_str!("../../migrations/V0004__bar_chunks.sql")).await.unwrap();
    let columns = "series_id, bar_start, bar_end, vintage, open, high, low, close, volume";
    let differing = format!(
        "select count(*) from (select {columns} from before except all select {columns} from bars) lost"
    );
    assert_eq!(client.query_one(&differing, &[]).await.unwrap().get::<_, i64>(0), 0);
    assert_eq!(bars_stored(&client).await, 8_761 + 2 * 744);
    let chunks = client.query_one("select count(*) from bar_chunks", &[]).await.unwrap();
    assert_eq!(chunks.get::<_, i64>(0), 5);
}
