//! Files into the store, once.

use std::path::{Path, PathBuf};

use events::Interval;
use projections::bars::{self, BarsQuery, Vintage};
use tapedeck::market::import::{BarReader, ImportError, ImportOptions, Imported, Strictness, import_path};
use tokio_postgres::Client;

use super::{at, bars_stored, counts, flat, store, stored};
use crate::support::folders::fresh_folder;

fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

async fn import(client: &mut Client, path: &Path) -> Imported {
    import_path(client, path, ImportOptions::default(), Strictness::Lenient, at()).await.unwrap()
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

fn written(hint: &str, text: &str) -> PathBuf {
    let path = fresh_folder(hint).join("closes.csv");
    std::fs::write(&path, text).unwrap();
    path
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
