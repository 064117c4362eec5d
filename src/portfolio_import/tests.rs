//! Files of positions: what is read, what is wrong, and what is only odd.

mod demo;

use std::fmt::Write as _;
use std::time::Instant;

use events::portfolio::Portfolio;
use events::position::{InvestmentClass, PositionType};
use jiff::civil::{Date, date};

use super::*;

fn today() -> Date {
    date(2025, 7, 14)
}

fn read(text: &str) -> Sheet {
    Sheet::read(text.as_bytes(), today()).unwrap()
}

/// A file with the four required columns.
fn short(rows: &str) -> Sheet {
    read(&format!("Symbol,Quantity,Entry Price Per Share,Entry Date\n{rows}"))
}

fn faults(sheet: &Sheet) -> Vec<(u64, Option<&'static str>, &str)> {
    sheet.faults.iter().map(|fault| (fault.row, fault.column, fault.code.as_str())).collect()
}

fn remarks(sheet: &Sheet) -> Vec<(u64, String)> {
    let remarks = sheet.remarks(&Portfolio::default(), today());
    remarks.into_iter().map(|remark| (remark.row, remark.code)).collect()
}

#[test]
fn a_table_is_read_however_it_is_written() {
    let sheet = read(
        "\u{feff}# a comment, with a \" in it\n entry date ,SYMBOL,Entry Price Per Share,quantity,Broker,Tags\r\n\
         2025-06-30,aapl,150.25000000,1E2,\"Smith,\nJones & Co \"\"x\"\"\",\" core , Core,growth\"\r\n\
         # between\n,,,,,\n\n2025-06-30, msft ,0.1,-0.5,,\n",
    );
    assert_eq!(faults(&sheet), []);
    let rows: Vec<_> = sheet
        .rows
        .iter()
        .map(|row| {
            (
                row.row,
                row.terms.symbol.as_str(),
                row.draft.quantity.to_string(),
                row.draft.entry_price.to_string(),
            )
        })
        .collect();
    assert_eq!(
        rows,
        [
            (2, "AAPL", "100".to_owned(), "150.25".to_owned()),
            (4, "MSFT", "-0.5".to_owned(), "0.1".to_owned())
        ]
    );
    assert_eq!(sheet.rows[0].tags, ["core", "growth"]);
    assert_eq!((sheet.rows_read, sheet.ignored_columns), (2, vec!["Broker".to_owned()]));
}

#[test]
fn every_fault_is_told_with_its_place() {
    let sheet = short(
        "AAPL,0,150,2025-06-30\nA B,NaN,-1,30.6.2025\n,,,\nMSFT,1.1234567,1.1234567,2025-07-15\nAAPL,1,1\n\
         TSLA,1_000,$5,2025-06-31\n",
    );
    assert_eq!(
        faults(&sheet),
        [
            (2, Some("Quantity"), "out_of_range"),
            (3, Some("Quantity"), "invalid"),
            (3, Some("Entry Date"), "invalid"),
            (5, Some("Quantity"), "too_precise"),
            (6, None, "wrong_cell_count"),
            (7, Some("Quantity"), "invalid"),
            (7, Some("Entry Price Per Share"), "invalid"),
            (7, Some("Entry Date"), "invalid"),
        ]
    );
    let nan = &sheet.faults[1];
    assert_eq!((nan.line, nan.value.as_deref()), (3, Some("NaN")));
    let negative = short("AAPL,1,-1,2025-06-30\nAAPL,1,0.0000001,2025-07-15\n,1,1,1925-01-01\n");
    let rules: Vec<_> = negative.faults.iter().map(|fault| (fault.code.as_str(), fault.rule)).collect();
    assert_eq!(
        rules,
        [
            ("out_of_range", Some("ERR_POS_010")),
            ("too_precise", Some("ERR_POS_011")),
            ("future_date", None),
            ("required", None),
        ]
    );
    assert_eq!(negative.rows.len(), 0);
}

#[test]
fn an_exit_has_both_parts_and_can_be_read() {
    let header = "Symbol,Quantity,Entry Price Per Share,Entry Date,Exit Date,Exit Price Per Share\n";
    let sheet = read(&format!(
        "{header}A,1,1,2025-06-30,2025-07-01,2\nB,1,1,2025-06-30,2025-07-01,\nC,1,1,2025-06-30,,2\n\
         D,1,1,2025-06-30,2025-07-01,two\nE,1,1,2025-06-30,2025-06-29,2\n"
    ));
    assert_eq!(
        faults(&sheet),
        [
            (3, Some("Exit Price Per Share"), "required"),
            (4, Some("Exit Date"), "required"),
            (5, Some("Exit Price Per Share"), "invalid"),
            (6, Some("Exit Date"), "out_of_range"),
        ]
    );
    assert_eq!(sheet.rows[0].draft.exit_price.unwrap().to_string(), "2");
}

#[test]
fn options_are_recognised_by_symbol_or_parts_which_must_agree() {
    let header = "Symbol,Quantity,Entry Price Per Share,Entry Date,Underlying Symbol,Strike Price,Expiration Date,Option Type\n";
    let sheet = read(&format!(
        "{header}SPY250919C00460000,1,7,2025-06-30,,,,\n,-2,3,2025-06-30,VIX,25,2025-07-16,put\n\
         SPY   250919C00460000,1.5,7,2025-06-30,SPY,460.00,2025-09-19,CALL\nSPY250919C00460000,1,7,2025-06-30,QQQ,461,,PUT\n\
         SPY250231C00460000,1,7,2025-06-30,,,,\n"
    ));
    assert_eq!(
        faults(&sheet),
        [
            (5, Some("Strike Price"), "conflict"),
            (5, Some("Option Type"), "conflict"),
            (5, Some("Underlying Symbol"), "conflict"),
            (6, Some("Symbol"), "invalid"),
        ]
    );
    let found: Vec<_> = sheet
        .rows
        .iter()
        .map(|row| (row.terms.symbol.to_string(), row.terms.position_type, row.terms.multiplier))
        .collect();
    let spy = "SPY250919C00460000".to_owned();
    assert_eq!(
        found,
        [
            (spy.clone(), PositionType::LongCall, 100),
            ("VIX250716P00025000".to_owned(), PositionType::ShortPut, 100),
            (spy, PositionType::LongCall, 100),
        ]
    );
    assert_eq!(remarks(&sheet), [(4, "fractional_contracts".to_owned()), (4, "repeated_lot".to_owned())]);
}

#[test]
fn lots_of_one_day_are_lots_and_the_same_row_twice_is_odd() {
    let sheet = short("AAPL,1,1,2025-06-30\nAAPL,2,1,2025-06-30\nAAPL,1,1,2025-06-30\nMSFT,1,0,2025-06-30\n");
    let expected = [(3, "repeated_lot"), (4, "identical_row"), (5, "zero_entry_price")];
    assert_eq!(remarks(&sheet), expected.map(|(row, code)| (row, code.to_owned())));
    assert_eq!(faults(&sheet), []);
}

#[test]
fn what_is_no_table_of_positions_says_why() {
    let fault = |bytes: &[u8]| Sheet::read(bytes, today()).unwrap_err();
    assert_eq!(fault(b""), FileFault::Empty);
    assert_eq!(fault(b"Symbol,Quantity,Entry Price Per Share,Entry Date\n,,,\n"), FileFault::Empty);
    let missing = FileFault::MissingColumns(vec![Column::EntryPrice, Column::EntryDate]);
    assert_eq!(fault(b"Symbol,Quantity\nA,1\n"), missing);
    let twice = b"Symbol,Quantity,Entry Price Per Share,Entry Date,symbol\nA,1,1,2025-06-30,B\n";
    assert_eq!(fault(twice), FileFault::RepeatedColumn(Column::Symbol));
    assert_eq!(fault(b"Symbol\nA\xff"), FileFault::NotText { byte: 8, line: 2 });
    let open = b"Symbol,Quantity,Entry Price Per Share,Entry Date\n\"A,1,1,2025-06-30\nB,1,1,2025-06-30\n";
    assert_eq!(fault(open), FileFault::UnclosedQuote);
    assert_eq!(fault(&vec![b' '; FILE_BYTES_MAX + 1]), FileFault::TooLarge);
    assert_eq!(fault(many(ROWS_MAX + 1).as_bytes()), FileFault::TooManyRows);
    let rules: Vec<_> = [FileFault::TooLarge, FileFault::Empty, missing, FileFault::UnclosedQuote]
        .iter()
        .map(FileFault::rule)
        .collect();
    assert_eq!(rules, ["ERR_CSV_001", "ERR_CSV_003", "ERR_CSV_004", "ERR_CSV_006"].map(Some));
}

#[test]
fn the_template_can_be_imported() {
    let sheet = read(TEMPLATE);
    assert_eq!(faults(&sheet), []);
    let classes: Vec<_> = sheet.rows.iter().map(|row| row.terms.investment_class).collect();
    use InvestmentClass::{Options, Private, Public};
    assert_eq!(classes, [Public, Public, Public, Options, Options, Private, Public]);
    assert!(sheet.rows[6].draft.exit_date.is_some());
    assert_eq!(remarks(&sheet), []);
    let header: Vec<_> = Column::ALL.iter().map(|column| column.name()).collect();
    assert!(TEMPLATE.lines().any(|line| line == header.join(",")));
}

fn many(rows: usize) -> String {
    let mut text = "Symbol,Quantity,Entry Price Per Share,Entry Date,Tags\n".to_owned();
    for row in 0..rows {
        writeln!(text, "S{},{}.25,{}.5,2025-06-30,\"core,t{}\"", row % 700, row + 1, row % 90 + 1, row % 5)
            .unwrap();
    }
    text
}

#[test]
fn a_large_file_is_read_while_somebody_waits() {
    let text = many(5_000);
    let begun = Instant::now();
    let sheet = read(&text);
    let remarks = remarks(&sheet);
    let took = begun.elapsed();
    println!("5,000 rows were read and looked at in {took:?}");
    assert_eq!((sheet.rows.len(), remarks.len(), sheet.tag_names().len()), (5_000, 4_300, 6));
    // Ten times what is promised of a release build, because this one is not optimised and may share its processor.
    assert!(took.as_millis() < 3_000, "{took:?}");
}
