use events::{Interval, Price};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::{read, told};
use crate::market::import::{BarPrices, ImportOptions, ImportedBar};

fn prices() -> impl Strategy<Value = BarPrices> {
    let price = || (1_i64..=i64::MAX).prop_map(Price::from_units);
    let ordered = prop::array::uniform4(1_i64..=i64::MAX).prop_map(|mut units| {
        units.sort_unstable();
        let [low, open, close, high] = units.map(Price::from_units);
        BarPrices::Full { open, high, low, close }
    });
    prop_oneof![
        ordered,
        price().prop_map(BarPrices::OpenOnly),
        (price(), price()).prop_map(|(open, close)| BarPrices::OpenClose { open, close }),
    ]
}

fn bar() -> impl Strategy<Value = ImportedBar> {
    let volume = prop::option::of((0_i64..=i64::MAX, 0_u32..12));
    ("[A-Z][A-Z0-9.^=/_-]{0,20}X", 0_i64..30_000, prices(), volume).prop_map(
        |(symbol, day, prices, volume)| {
            let start = Timestamp::from_second(day * 86_400).unwrap();
            let volume =
                volume.map(|(units, scale)| Decimal::new(units, scale).normalize()).filter(|volume| {
                    match prices {
                        BarPrices::Full { .. } | BarPrices::Flat(_) => true,
                        BarPrices::OpenClose { .. } => !volume.is_zero(),
                        BarPrices::OpenOnly(_) => false,
                    }
                });
            ImportedBar {
                symbol: symbol.parse().unwrap(),
                interval: Interval::Day,
                start,
                end: start + SignedDuration::from_hours(24),
                prices,
                volume,
                adjusted_close: None,
            }
        },
    )
}

/// The fields as a source would write them: open, high, low, close, volume.
fn fields(bar: &ImportedBar) -> [Option<String>; 5] {
    let text = |price: Option<Price>| price.map(|price| price.to_string());
    let full = matches!(bar.prices, BarPrices::Full { .. });
    [
        text(Some(bar.prices.open())),
        text(bar.prices.high()).filter(|_| full),
        text(bar.prices.low()).filter(|_| full),
        text(bar.prices.close()),
        bar.volume.map(|volume| volume.to_string()),
    ]
}

fn as_csv(bar: &ImportedBar) -> String {
    let date = bar.start.to_string()[..10].to_owned();
    let cells = fields(bar).map(Option::unwrap_or_default).join(",");
    format!("symbol,date,open,high,low,close,volume\n{},{date},{cells}\n", bar.symbol)
}

fn as_json(bar: &ImportedBar) -> String {
    let names = ["1. buy price", "2. high", "3. low", "4. sell price", "5. volume"];
    let values: serde_json::Map<_, _> = names
        .iter()
        .zip(fields(bar))
        .filter_map(|(name, field)| Some(((*name).to_owned(), serde_json::Value::String(field?))))
        .collect();
    let date = bar.start.to_string()[..10].to_owned();
    serde_json::json!({
        "Meta Data": {"2. Symbol": bar.symbol.as_str(), "5. Time Zone": "America/New_York"},
        "Time Series (Daily)": {date: values},
    })
    .to_string()
}

proptest! {
    #[test]
    fn a_printed_bar_reads_back_from_every_format(bar in bar()) {
        prop_assert_eq!(&read("x.csv", as_csv(&bar).as_bytes()).0, std::slice::from_ref(&bar));
        prop_assert_eq!(&read("x.jsonl", as_json(&bar).as_bytes()).0, std::slice::from_ref(&bar));
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        drop(super::try_read("x", &bytes, ImportOptions::default()));
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in r#"(date|open|close|[{}\[\]:,"]|Time Series \(60min\)|2025-01-0[1-9]|[0-9.\n -]){0,60}"#) {
        drop(super::try_read("x", text.as_bytes(), ImportOptions::default()));
    }

    #[test]
    fn every_row_is_taken_or_rejected_or_empty(cells in prop::collection::vec("[0-9.x-]{0,4}", 1..50)) {
        let rows: String = cells.iter().zip(0..).map(|(cell, day)| {
            format!("{},{cell}\n", Timestamp::from_second(day * 86_400).unwrap().to_string().split_at(10).0)
        }).collect();
        let options = ImportOptions { format: Some(crate::market::import::Format::WideCsv), ..ImportOptions::default() };
        let (bars, report) = told("x.csv", format!("date,A\n{rows}").as_bytes(), options);
        let empty = report.warnings.values().map(|warned| warned.count).sum::<u64>();
        prop_assert_eq!(bars.len() as u64, report.bars_accepted);
        prop_assert_eq!(report.bars_accepted + report.rejected_count + empty, cells.len() as u64);
    }
}
