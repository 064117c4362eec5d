use events::{Interval, Market};

use super::{all, gzip, read, rejected, told, try_read};
use crate::market::import::{Format, ImportError, ImportOptions, StampMeaning, WarningKind};

const WIDE: &str = "date,AAPL,AMD\n2025-01-02,1.5,2\n2025-01-03,1.25,2.125\n";

#[test]
fn a_wide_file_has_a_flat_bar_per_cell() {
    let (bars, report) = read("closes.csv", WIDE.as_bytes());
    assert_eq!(
        all(&bars),
        [
            "AAPL 1d 2025-01-02T00:00:00Z 1.5 1.5 1.5 1.5 -",
            "AMD 1d 2025-01-02T00:00:00Z 2 2 2 2 -",
            "AAPL 1d 2025-01-03T00:00:00Z 1.25 1.25 1.25 1.25 -",
            "AMD 1d 2025-01-03T00:00:00Z 2.125 2.125 2.125 2.125 -",
        ]
    );
    assert_eq!(bars[0].end.to_string(), "2025-01-03T00:00:00Z");
    assert_eq!(report.format, Format::WideCsv);
    assert_eq!((report.lines_read, report.symbols, report.bars_accepted, report.flat), (3, 2, 4, 4));
    assert_eq!(report.rejected_count, 0);
}

#[test]
fn packing_marks_and_line_ends_do_not_matter() {
    let (expected, plain) = read("closes.csv", WIDE.as_bytes());
    let crlf = WIDE.replace('\n', "\r\n");
    let no_last_end = WIDE.trim_end();
    let marked = format!("\u{feff}{WIDE}");
    let spread = WIDE.replace('\n', "\n\n  \n");
    for text in [crlf.as_str(), no_last_end, &marked, &spread] {
        let (bars, report) = read("closes.csv", text.as_bytes());
        assert_eq!((bars, report.rejected_count), (expected.clone(), 0), "{text:?}");
        assert_ne!(report.sha256, plain.sha256);
    }
    let (bars, report) = read("closes.csv.gz", &gzip(WIDE.as_bytes()));
    assert_eq!((bars, report.lines_read), (expected, 3));
}

#[test]
fn a_column_without_a_usable_name_is_reported_once_and_left_out() {
    let (bars, report) = read("w.csv", b"date,A,,B C,A,D\n2025-01-02,1,2,3,4,5\n");
    assert_eq!(all(&bars), ["A 1d 2025-01-02T00:00:00Z 1 1 1 1 -", "D 1d 2025-01-02T00:00:00Z 5 5 5 5 -"]);
    assert_eq!(
        rejected(&report),
        [
            "1:3 the column has no name",
            "1:4 \"B C\" is not a symbol: 1 to 32 letters, digits or . - ^ = / _",
            "1:5 A occurs twice",
        ]
    );
}

#[test]
fn a_wide_file_may_leave_its_date_column_nameless_and_name_a_symbol_low() {
    let (bars, _) = read("w.csv", b",LOW,OPEN\n2025-01-02,1,2\n");
    assert_eq!(bars.len(), 2);
}

#[test]
fn bad_cells_and_rows_of_a_wide_file_are_named() {
    let text = "date,A,B\n2025-01-02,x,1\n2025-13-02,1,1\n2025-01-03,1\n2025-01-04,0,-1\n2025-01-05,1.123456789,\n\
                2025-01-02,3,3\n2025-01-06,99999999999999,1\n2025-01-07,\"1,000\",1\n2025-01-08,\"1,1\n";
    let (bars, report) = read("w.csv", text.as_bytes());
    assert_eq!(
        rejected(&report),
        [
            "2:2 close \"x\" is not a decimal number",
            "3:1 \"2025-13-02\" is not a date or time",
            "4:- 2 cells where the header has 3",
            "5:2 close \"0\" is not above zero",
            "5:3 close \"-1\" is not above zero",
            "6:2 close \"1.123456789\" is more than 8 decimal places",
            "7:- B has a bar of 2025-01-02 already",
            "8:2 close \"99999999999999\" is outside the range of this amount",
            "9:2 close \"1,000\" is not a decimal number",
            "10:- an opening quote without its end",
        ]
    );
    assert_eq!(bars.len(), 4, "B of lines 2, 8 and 9, A of line 7");
    assert_eq!(report.warnings[&WarningKind::Empty].first_lines, [6]);
}

#[test]
fn columns_of_bars_are_found_by_name() {
    let text = "Volume,CLOSE,Adj Close,High,Low,Open,Date,Ticker,Exchange\n\
                100.50,3,2.9,4,1,2,2025-01-02,aapl,XNAS\n0,3,2.9,4,1,2,2025-01-02,AMD,XNAS\n";
    let (bars, report) = read("any.csv", text.as_bytes());
    assert_eq!(
        all(&bars),
        ["AAPL 1d 2025-01-02T00:00:00Z 2 4 1 3 100.5", "AMD 1d 2025-01-02T00:00:00Z 2 4 1 3 0"]
    );
    assert_eq!(report.format, Format::OhlcvCsv);
    assert_eq!(report.unknown_keys.keys().collect::<Vec<_>>(), ["Exchange"]);
    assert!(bars.iter().all(|bar| bar.adjusted_close == Some("2.9".parse().unwrap())));
    assert!(report.warnings.is_empty());
}

#[test]
fn an_adjusted_close_must_be_a_price_and_stand_beside_a_close() {
    let text = "date,symbol,open,high,low,close,adj_close\n2025-01-02,A,2,4,1,3,0\n2025-01-03,A,2,4,1,3,\n\
                2025-01-06,A,2,,,,5\n";
    let (bars, report) = read("any.csv", text.as_bytes());
    assert_eq!(report.rejected[0].reason, "adjusted close \"0\" is not above zero");
    assert_eq!(bars.iter().map(|bar| bar.adjusted_close).collect::<Vec<_>>(), [None, None]);
}

#[test]
fn the_symbol_comes_from_the_option_or_the_name_of_the_file() {
    let text = b"date,close\n2025-01-02,3\n";
    let (bars, report) = read("/data/daily_prices_BRK-B.csv.gz", text);
    assert_eq!(all(&bars), ["BRK-B 1d 2025-01-02T00:00:00Z 3 3 3 3 -"]);
    assert!(report.warnings.contains_key(&WarningKind::SymbolFromFileName));
    let options = ImportOptions { symbol: Some("SPY".parse().unwrap()), ..ImportOptions::default() };
    let (bars, report) = told("x.csv", text, options);
    assert_eq!((bars[0].symbol.as_str(), report.warnings.len()), ("SPY", 0));
    let nameless = try_read("my prices.csv", text, ImportOptions::default());
    assert!(matches!(nameless, Err(ImportError::UnknownFormat { .. })));
}

#[test]
fn every_kind_of_bad_bar_is_named() {
    let text = "symbol,date,open,high,low,close,volume\n\
                A,2025-01-02,2,1,3,2,1\n,2025-01-02,2,3,1,2,1\nA B,2025-01-02,2,3,1,2,1\n\
                A,2025-01-02,2,3,,2,1\nA,2025-01-02,,3,1,2,1\nA,2025-01-02,2,3,1,2,-1\n\
                A,2025-01-02,2,3,1,2,many\n600519,2025-01-02,2,3,1,2,1\nA,yesterday,2,3,1,2,1\n";
    let (bars, report) = read("any.csv", text.as_bytes());
    assert!(bars.is_empty());
    assert_eq!(
        rejected(&report),
        [
            "2:4 high 1 is below low 3",
            "3:1 no symbol",
            "4:1 \"A B\" is not a symbol: 1 to 32 letters, digits or . - ^ = / _",
            "5:- low is missing",
            "6:- open is missing",
            "7:7 volume \"-1\" is below zero",
            "8:7 volume \"many\" is not a decimal number",
            "9:1 600519 is an A-share code without its exchange: .SH or .SZ is missing",
            "10:- \"yesterday\" is not a date or time",
        ]
    );
}

#[test]
fn odd_bars_are_taken_as_written_with_a_warning() {
    let text = "symbol,date,open,high,low,close\nA,2025-01-02,5,4,1,0.5\nA,2025-01-03,2,0.0000,0,3\n\
                A,2025-01-04,2,,,\nA,2025-01-05,null,null,null,null\n";
    let (bars, report) = read("any.csv", text.as_bytes());
    assert_eq!(
        all(&bars),
        [
            "A 1d 2025-01-02T00:00:00Z 5 4 1 0.5 -",
            "A 1d 2025-01-03T00:00:00Z 2 3 2 3 -",
            "A 1d 2025-01-04T00:00:00Z 2 - - - -",
        ]
    );
    let lines = |kind| report.warnings[&kind].first_lines.clone();
    assert_eq!(lines(WarningKind::OpenOutsideRange), [2]);
    assert_eq!(lines(WarningKind::CloseOutsideRange), [2]);
    assert_eq!(lines(WarningKind::RangeAbsent), [3]);
    assert_eq!(lines(WarningKind::Empty), [5]);
    assert_eq!((report.open_only, report.rejected_count), (1, 0));
}

#[test]
fn a_share_files_count_lots_and_stamp_the_end() {
    let daily = "ts_code,trade_date,open,high,low,close,pre_close,change,pct_chg,vol,amount\n\
                 600519.SH,20251009,2,4,1,3,2,1,50,12.34,5\n";
    let (bars, report) = read("daily_prices_sse_50.csv", daily.as_bytes());
    assert_eq!(all(&bars), ["600519.SH 1d 2025-10-09T00:00:00Z 2 4 1 3 1234"]);
    assert_eq!(report.unknown_keys.len(), 4);
    let hourly = "stock_name,stock_code,trade_date,open,close,high,low,volume\n\
                  x,600519.SHH,2025-10-09 10:30,2,3,4,1,7\nx,600519.SHH,2025-10-09 11:30,3,3,4,1,7\n";
    let (bars, report) = read("A_stock_hourly.csv", hourly.as_bytes());
    assert_eq!(all(&bars)[0], "600519.SH 60min 2025-10-09T01:30:00Z 2 4 1 3 700");
    assert_eq!(bars[0].end.to_string(), "2025-10-09T02:30:00Z");
    assert_eq!(report.zones_used["Asia/Shanghai"], 2);
}

#[test]
fn the_length_of_bars_is_learnt_from_their_stamps_or_told() {
    let rows = |second: &str| format!("datetime,close\n2025-01-02 10:00,1\n2025-01-02 {second},2\n");
    let (bars, _) = read("A.csv", rows("10:01").as_bytes());
    assert_eq!(
        (bars[1].interval, bars[1].start.to_string().as_str()),
        (Interval::Minute, "2025-01-02T15:01:00Z")
    );
    let (bars, _) = read("A.csv", b"Date,Close\n2025-01-02 00:00:00-05:00,1\n2025-01-03 00:00:00-05:00,2\n");
    assert_eq!(
        (bars[1].interval, bars[1].start.to_string().as_str()),
        (Interval::Day, "2025-01-03T00:00:00Z")
    );
    let text = rows("10:15");
    let unclear = try_read("A.csv", text.as_bytes(), ImportOptions::default()).unwrap_err();
    assert!(
        unclear.to_string().ends_with("15 minutes apart; name their interval to read it anyway"),
        "{unclear}"
    );
    let options = ImportOptions {
        interval: Some(Interval::Hour),
        zone: Some("UTC".to_owned()),
        stamps: Some(StampMeaning::End),
        ..ImportOptions::default()
    };
    let (bars, report) = told("A.csv", text.as_bytes(), options);
    assert_eq!(bars[1].start.to_string(), "2025-01-02T09:15:00Z");
    assert_eq!(report.zones_used.keys().collect::<Vec<_>>(), ["UTC"]);
}

#[test]
fn hours_that_clocks_repeat_or_skip_are_noticed() {
    let text = "datetime,symbol,close\n2025-11-02 00:30,A,1\n2025-11-02 01:30,A,2\n2025-11-02 02:30,A,3\n\
                2025-03-09 02:30,A,4\n";
    let (bars, report) = read("x.csv", text.as_bytes());
    let starts: Vec<_> = bars.iter().map(|bar| bar.start.to_string()).collect();
    assert_eq!(starts, ["2025-11-02T04:30:00Z", "2025-11-02T05:30:00Z", "2025-11-02T07:30:00Z"]);
    assert_eq!(report.warnings[&WarningKind::AmbiguousTime].first_lines, [3]);
    assert_eq!(
        rejected(&report),
        ["5:- \"2025-03-09 02:30\" does not exist in America/New_York: clocks were put forward"]
    );
}

#[test]
fn coins_become_pairs_where_the_market_is_told() {
    let options = ImportOptions { market: Some(Market::Crypto), ..ImportOptions::default() };
    let (bars, _) =
        told("daily_prices_BTC.csv", b"date,close,volume\n2025-01-02,0.00000001,0.123456789\n", options);
    assert_eq!(
        all(&bars),
        ["BTC-USDT 1d 2025-01-02T00:00:00Z 0.00000001 0.00000001 0.00000001 0.00000001 0.123456789"]
    );
}

#[test]
fn what_is_no_price_file_says_so() {
    for text in [
        "hello\nworld\n",
        "index_code,con_code,trade_date,weight\n1,2,20250101,3\n",
        "date\n2025-01-02\n",
        "[1]\n",
    ] {
        let error = try_read("x.csv", text.as_bytes(), ImportOptions::default()).unwrap_err();
        assert!(matches!(error, ImportError::UnknownFormat { .. }), "{text:?}: {error}");
    }
    for text in ["", "\n \n", "\u{feff}"] {
        let error = try_read("x.csv", text.as_bytes(), ImportOptions::default()).unwrap_err();
        assert!(matches!(error, ImportError::Empty { .. }), "{text:?}: {error}");
    }
    let options = ImportOptions { zone: Some("Mars/Olympus".to_owned()), ..ImportOptions::default() };
    assert!(matches!(try_read("x.csv", WIDE.as_bytes(), options), Err(ImportError::UnknownZone { .. })));
}

#[test]
fn a_cut_or_damaged_gzip_ends_the_import() {
    let rows: String = (0..20_000).map(|row| format!("2025-01-02,{row}.5\n")).collect();
    let packed = gzip(format!("date,A\n{rows}").as_bytes());
    for length in [packed.len() / 2, packed.len() - 1, 12] {
        let error = try_read("x.csv.gz", &packed[..length], ImportOptions::default()).unwrap_err();
        assert!(matches!(error, ImportError::Read { .. }), "{length}: {error}");
    }
    let mut damaged = packed.clone();
    let last = damaged.len() - 6;
    damaged[last] ^= 0xff;
    assert!(try_read("x.csv.gz", &damaged, ImportOptions::default()).is_err());
}

#[test]
fn a_thousand_rejections_are_listed_and_all_are_counted() {
    let rows: String = (0..1_500).map(|row| format!("x{row},1\n")).collect();
    let text = format!("date,A\n2025-01-02,1\n{rows}");
    let (_, report) = read("w.csv", text.as_bytes());
    assert_eq!((report.rejected_count, report.rejected.len()), (1_500, 1_000));
    assert!(report.to_string().contains("and 1480 more"), "{report}");
}
