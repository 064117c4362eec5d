//! The market store: vintages, what a second import changes, and bars read back as they were.

use std::path::{Path, PathBuf};

use events::{Interval, Price, Symbol};
use jiff::{SignedDuration, Timestamp};
use projections::bars::{
    self, BarPrices, BarsQuery, Coverage, ImportedBar, Once, Order, Page, PageQuery, Source, Stored, Vintage,
};
use tapedeck::market::import::{BarReader, ImportError, ImportOptions, Imported, Strictness, import_path};
use tokio_postgres::{Client, NoTls};

use crate::support::folders::fresh_folder;
use crate::support::services::fresh_database;

async fn store() -> Client {
    let url = fresh_database("bars").await;
    let (client, connection) = tokio_postgres::connect(url.expose(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(include_str!("../../migrations/V0002__bars.sql")).await.unwrap();
    client
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
    ImportedBar { symbol: symbol(name), interval: Interval::Day, start, end, prices, volume: None }
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

fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

async fn import(client: &mut Client, path: &Path) -> Imported {
    import_path(client, path, ImportOptions::default(), Strictness::Lenient, at()).await.unwrap()
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
async fn the_same_file_twice_changes_nothing_and_says_so() {
    let mut client = store().await;
    let path = file("tests/fixtures/aitrader/merged.jsonl.gz");
    let Imported::Now { stored, report } = import(&mut client, &path).await else { panic!("new") };
    assert_eq!(counts(&stored), (Some(1), 17_574, 0, 0));
    let Imported::Before(before) = import(&mut client, &path).await else { panic!("known") };
    assert_eq!(
        (before.import_id, before.vintage, before.added),
        (stored.import_id, Some(Vintage::new(1)), 17_574)
    );
    assert_eq!(before.report, serde_json::to_value(&report).unwrap());
    assert_eq!(before.imported_at, at());

    let unpacked = fresh_folder("unpacked").join("merged.jsonl");
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(
        &mut flate2::read::GzDecoder::new(std::fs::File::open(&path).unwrap()),
        &mut bytes,
    )
    .unwrap();
    std::fs::write(&unpacked, bytes).unwrap();
    let Imported::Now { stored, .. } = import(&mut client, &unpacked).await else { panic!("other bytes") };
    assert_eq!(counts(&stored), (None, 0, 0, 17_574), "another file with the same bars");

    let options = ImportOptions { zone: Some("UTC".to_owned()), ..ImportOptions::default() };
    let told = import_path(&mut client, &path, options, Strictness::Lenient, at()).await.unwrap();
    assert!(matches!(told, Imported::Now { .. }), "told otherwise it is another import");
    let rows = client.query("select vintage from imports order by import_id", &[]).await.unwrap();
    let vintages: Vec<Option<i64>> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(vintages, [Some(1), None, Some(2)]);
}

#[tokio::test]
async fn what_is_read_is_what_the_file_says() {
    let mut client = store().await;
    let path = file("tests/fixtures/aitrader/merged.jsonl.gz");
    import(&mut client, &path).await;
    let mut reader =
        BarReader::open("m", std::fs::File::open(&path).unwrap(), ImportOptions::default()).unwrap();
    let bars = bars::read(&client, &BarsQuery::all(Interval::Hour)).await.unwrap();
    assert_eq!((bars.len(), bars.columns().len()), (174, 101));
    for expected in reader.by_ref().map(Result::unwrap) {
        let column = &bars.columns()[bars.column_of(&expected.symbol).unwrap()];
        let index = bars.starts().binary_search(&expected.start).unwrap();
        assert_eq!(column.open_at(index), Some(expected.prices.open()));
        assert_eq!(column.close_at(index), expected.prices.close());
        let bar = column.bar_at(index);
        assert_eq!(bar.map(|bar| bar.high), expected.prices.high());
        assert_eq!(bar.map(|bar| bar.low), expected.prices.low());
    }
    assert!(bars::read(&client, &BarsQuery::all(Interval::Day)).await.unwrap().is_empty());
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

async fn page(client: &Client, order: Order, after: Option<Timestamp>, as_of: Option<Vintage>) -> Page {
    let name = symbol("A");
    let query = PageQuery {
        symbol: &name,
        interval: Interval::Day,
        order,
        from: Some(day(2)),
        to: Some(day(6)),
        as_of,
        after,
        limit: 3,
    };
    bars::page(client, &query).await.unwrap()
}

#[tokio::test]
async fn pages_follow_each_other_in_both_orders() {
    let mut client = store().await;
    stored(&mut client, (1..=9).map(|number| flat("A", number, number)).collect()).await;
    stored(&mut client, vec![bar("A", 4, BarPrices::OpenClose { open: price(4), close: price(44) })]).await;
    let closes = |page: &Page| -> Vec<_> {
        page.bars.iter().map(|bar| (bar.prices.close().unwrap().units(), bar.vintage.number())).collect()
    };
    let first = page(&client, Order::Newest, None, None).await;
    assert_eq!((closes(&first), first.next), (vec![(5, 1), (44, 2), (3, 1)], Some(day(3))));
    let second = page(&client, Order::Newest, first.next, None).await;
    assert_eq!((closes(&second), second.next), (vec![(2, 1)], None));
    let first = page(&client, Order::Oldest, None, Some(Vintage::new(1))).await;
    assert_eq!((closes(&first), first.next), (vec![(2, 1), (3, 1), (4, 1)], Some(day(4))));
    let second = page(&client, Order::Oldest, first.next, None).await;
    assert_eq!(closes(&second), [(5, 1)]);
}

fn written(hint: &str, text: &str) -> PathBuf {
    let path = fresh_folder(hint).join("closes.csv");
    std::fs::write(&path, text).unwrap();
    path
}

async fn bars_stored(client: &Client) -> i64 {
    client.query_one("select count(*) from bars", &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn a_strict_import_stores_all_or_nothing() {
    let mut client = store().await;
    let path = written("strict", "date,A,B\n2025-01-02,1,2\n2025-01-03,1,x\n");
    let strict = import_path(&mut client, &path, ImportOptions::default(), Strictness::Strict, at()).await;
    let Err(ImportError::Strict { report }) = strict else { panic!("{strict:?}") };
    assert_eq!((report.rejected_count, report.bars_accepted), (1, 3));
    assert_eq!((bars_stored(&client).await, bars::latest_vintage(&client).await.unwrap()), (0, None));
    let Imported::Now { stored, .. } = import(&mut client, &path).await else { panic!("nothing was kept") };
    assert_eq!(counts(&stored), (Some(1), 3, 0, 0));
}

#[tokio::test]
async fn a_file_that_breaks_off_stores_nothing() {
    let mut client = store().await;
    let bytes = std::fs::read(file("data/prices/sp500_20.csv.gz")).unwrap();
    let path = fresh_folder("cut").join("cut.csv.gz");
    std::fs::write(&path, &bytes[..bytes.len() - 100]).unwrap();
    let cut = import_path(&mut client, &path, ImportOptions::default(), Strictness::Lenient, at()).await;
    assert!(matches!(cut, Err(ImportError::Read { .. })), "{cut:?}");
    assert_eq!(bars_stored(&client).await, 0);
    assert_eq!(stored(&mut client, vec![flat("A", 1, 1)]).await.added, 1, "the connection goes on");
}

#[tokio::test]
async fn market_data_is_never_changed_or_deleted() {
    let mut client = store().await;
    stored(&mut client, vec![flat("A", 1, 1)]).await;
    for table in ["bars", "bar_series", "imports", "import_series"] {
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
    let url = fresh_database("bars_race").await;
    let connect = || async {
        let (client, connection) = tokio_postgres::connect(url.expose(), NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    };
    connect().await.batch_execute(include_str!("../../migrations/V0002__bars.sql")).await.unwrap();
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
