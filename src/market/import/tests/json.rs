use events::{Interval, Market};

use super::{all, gzip, read, rejected, told};
use crate::market::import::{Format, ImportOptions, WarningKind};

fn object(symbol: &str, zone: &str, key: &str, bars: &str) -> String {
    format!(
        r#"{{"Meta Data": {{"1. Information": "x", "2. Symbol": "{symbol}", "3. Last Refreshed": "2025-11-10",
            "4. Interval": "60min", "5. Output Size": "Full size", "6. Time Zone": "{zone}"}}, "{key}": {{{bars}}}}}"#
    )
    .replace('\n', " ")
}

const BAR: &str = r#"{"4. sell price": "3.0000", "1. buy price": "2", "2. high": "4.50", "3. low": "1", "5. volume": "77"}"#;
const HOUR: &str = "Time Series (60min)";

#[test]
fn a_line_per_symbol_with_either_name_for_open_and_close() {
    let own = r#""2025-11-03 10:00:00": {"1. open": 2.5, "2. high": 4, "3. low": 1, "4. close": 3, "5. volume": 7}"#;
    let text = format!(
        "{}\n\n{}\n",
        object("AAPL", "US/Eastern", HOUR, &format!(r#""2025-10-31 9:30:00": {BAR}"#)),
        object("MSFT", "US/Eastern", HOUR, own)
    );
    let (bars, report) = read("merged.jsonl", text.as_bytes());
    assert_eq!(
        all(&bars),
        ["AAPL 60min 2025-10-31T13:30:00Z 2 4.5 1 3 77", "MSFT 60min 2025-11-03T15:00:00Z 2.5 4 1 3 7"]
    );
    assert_eq!((report.format, report.lines_read, report.symbols), (Format::MergedJsonl, 3, 2));
    assert_eq!(report.zones_used["US/Eastern"], 2);
    assert_eq!(read("merged.jsonl.gz", &gzip(text.as_bytes())).0, bars);
}

#[test]
fn the_cut_newest_bar_is_open_only() {
    let bars = r#""2025-11-03 10:00:00": {"1. buy price": "2"}, "2025-11-03 11:00:00": {"1. buy price": "2", "5. volume": "9"}"#;
    let (bars, report) = read("m.jsonl", object("A", "US/Eastern", HOUR, bars).as_bytes());
    assert_eq!(all(&bars)[0], "A 60min 2025-11-03T15:00:00Z 2 - - - -");
    assert_eq!(all(&bars)[1], "A 60min 2025-11-03T16:00:00Z 2 - - - -");
    assert_eq!((report.open_only, report.rejected_count), (2, 0));
}

#[test]
fn a_daily_file_without_interval_shifts_its_meta_keys() {
    let text = r#"{"Meta Data": {"1. Information": "x", "2. Symbol": "600519.SHH", "2.1. Name": "n", "3. Last Refreshed": "2025-11-14",
        "4. Output Size": "Full", "5. Time Zone": "US/Eastern", "6. Mood": "fine"},
        "Time Series (Daily)": {"2025-10-09": {"1. open": "2", "2. high": "4", "3. low": "1", "4. close": "3", "5. volume": "100"}}}"#;
    let (bars, report) = read("daily_prices_600519.SHH.json", text.as_bytes());
    assert_eq!(all(&bars), ["600519.SH 1d 2025-10-09T00:00:00Z 2 4 1 3 100"]);
    assert_eq!(report.warnings[&WarningKind::ZoneDisagrees].count, 1);
    assert_eq!(report.zones_used["Asia/Shanghai"], 1);
    assert_eq!(report.unknown_keys["6. Mood"], 1);
}

#[test]
fn a_pretty_printed_object_reports_its_own_lines() {
    let text = "{\n  \"Meta Data\": {\n    \"2. Symbol\": \"A\",\n    \"6. Time Zone\": \"US/Eastern\"\n  },\n\n  \
                \"Time Series (60min)\": {\n    \"2025-11-03 10:00:00\": {\n      \"1. open\": \"2\",\n      \
                \"4. close\": \"x\"\n    },\n    \"2025-11-03 11:00:00\": {\n      \"1. open\": \"2\"\n    },\n    \
                \"soon\": {\"1. open\": \"2\"},\n    \"2025-11-03 12:00:00\": 7\n  }\n}\n";
    let (bars, report) = read("A.json", text.as_bytes());
    assert_eq!(report.format, Format::SeriesJson);
    assert_eq!(all(&bars), ["A 60min 2025-11-03T16:00:00Z 2 - - - -"]);
    assert_eq!(
        rejected(&report),
        [
            "8:19 close \"x\" is not a decimal number",
            "15:- \"soon\" is not a date or time",
            "16:28 \"2025-11-03 12:00:00\" is not an object",
        ]
    );
}

#[test]
fn hours_in_china_are_stamped_at_their_end_and_counted_in_lots() {
    let line = object("600519.SH", "Asia/Shanghai", HOUR, &format!(r#""2025-10-09 10:30:00": {BAR}"#));
    let (bars, _) = read("merged_hourly.jsonl", line.as_bytes());
    assert_eq!(all(&bars), ["600519.SH 60min 2025-10-09T01:30:00Z 2 4.5 1 3 7700"]);
}

#[test]
fn the_zone_is_told_or_the_files_or_the_markets() {
    let hour = format!(r#""2025-07-01 10:00:00": {BAR}"#);
    let start = |symbol: &str, zone: &str, options| {
        let (bars, report) = told("m.jsonl", object(symbol, zone, HOUR, &hour).as_bytes(), options);
        let kinds: Vec<_> = report.warnings.keys().copied().collect();
        (bars[0].start.to_string(), report.zones_used.into_keys().next().unwrap(), kinds)
    };
    let untold = ImportOptions::default;
    let at = |start: &str, zone: &str| (start.to_owned(), zone.to_owned(), vec![]);
    assert_eq!(start("VOD.L", "Europe/London", untold()), at("2025-07-01T09:00:00Z", "Europe/London"));
    assert_eq!(start("BTC-USDT", "UTC", untold()), at("2025-07-01T10:00:00Z", "UTC"));
    let wrong = start("BTC-USDT", "US/Eastern", untold());
    assert_eq!(wrong, ("2025-07-01T10:00:00Z".into(), "UTC".into(), vec![WarningKind::ZoneDisagrees]));
    let unknown = start("AAPL", "Middle/Earth", untold());
    assert_eq!(
        unknown,
        ("2025-07-01T14:00:00Z".into(), "America/New_York".into(), vec![WarningKind::ZoneUnknown])
    );
    let told = ImportOptions { zone: Some("Asia/Tokyo".to_owned()), ..untold() };
    assert_eq!(start("AAPL", "US/Eastern", told), at("2025-07-01T01:00:00Z", "Asia/Tokyo"));
    let market = ImportOptions { market: Some(Market::China), ..untold() };
    assert_eq!(start("X", "US/Eastern", market).1, "Asia/Shanghai");
}

#[test]
fn a_bad_line_is_named_and_the_others_are_read() {
    let good = object("A", "UTC", HOUR, &format!(r#""2025-11-03 10:00:00": {BAR}"#));
    let twice = format!("{{\"{HOUR}\": {{}}, \"Time Series (Daily)\": {{}}}}");
    let lines = [
        "{\"Meta Data\": {\"2. Symbol\": \"A\"",
        "{}",
        "{\"Time Series (60min)\": {}, \"note\": 1}",
        &twice,
        "[]",
        &object("A", "UTC", "Time Series (5min)", ""),
        "{\"Meta Data\": 3, \"Time Series (60min)\": {}}",
        &good,
    ];
    let (bars, report) = read("m.jsonl", lines.join("\n").as_bytes());
    assert_eq!(bars.len(), 1);
    assert_eq!(
        rejected(&report),
        [
            "1:31 not JSON: EOF while parsing an object",
            "2:- no key starts with \"Time Series\"",
            "3:- no symbol",
            "4:- more than one key starts with \"Time Series\"",
            "5:- the line is not an object",
            "6:- bars of \"Time Series (5min)\" are not kept: only Daily, 60min and 1min",
            "7:- Meta Data is not an object",
        ]
    );
    assert_eq!(report.unknown_keys["note"], 1);
}

#[test]
fn bad_bars_are_named_by_place_and_unknown_keys_counted() {
    let bars = r#""2025-11-03 10:00:00": {"1. buy price": "2", "1. open": "2"}, "2025-11-03 11:00:00": {"1. open": "-2", "6. mood": "x"},
        "2025-11-03 12:00:00": {"1. open": null}, "2025-11-03 13:00:00": {"1. open": "2", "2. high": "3"},
        "2025-11-03 14:00:00": {"1. open": "2"}, "2025-11-03 14:00:00": {"1. open": "2"}, "2025-11-03": {"1. open": "2"}"#;
    let line = object("A", "US/Eastern", HOUR, &bars.replace('\n', " "));
    let (bars, report) = read("m.jsonl", line.as_bytes());
    assert_eq!(bars.len(), 1);
    let reasons: Vec<_> = report.rejected.iter().map(|row| row.reason.as_str()).collect();
    assert_eq!(
        reasons,
        [
            "\"1. open\" occurs twice",
            "open \"-2\" is not above zero",
            "low is missing",
            "A has a bar of 2025-11-03 14:00:00 already",
            "\"2025-11-03\" has no time of day",
        ]
    );
    let negative = report.rejected[1].column.unwrap();
    assert_eq!(&line[negative as usize - 1..][..4], "\"-2\"");
    assert_eq!(report.unknown_keys["6. mood"], 1);
    assert_eq!(report.warnings[&WarningKind::Empty].count, 1);
}

#[test]
fn one_symbol_over_two_lines_is_one_series() {
    let bar = format!(r#""2025-11-03 10:00:00": {BAR}"#);
    let text = [object("A", "UTC", HOUR, &bar), object("a", "UTC", HOUR, &bar)].join("\n");
    let (bars, report) = read("m.jsonl", text.as_bytes());
    assert_eq!((bars.len(), report.rejected_count, report.symbols), (1, 1, 1));
    assert_eq!(bars[0].interval, Interval::Hour);
}
