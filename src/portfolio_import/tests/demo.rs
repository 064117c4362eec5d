//! The demo portfolios, as they are imported: to the cent what `data/demo` says of them.

use std::path::PathBuf;

use events::Cash;
use events::position::InvestmentClass;
use jiff::civil::date;
use serde_json::Value;

use super::*;

fn file(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("data/demo").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn demo(name: &str) -> Sheet {
    let sheet = Sheet::read(&file(&format!("{name}.csv")), date(2025, 6, 30)).unwrap();
    assert_eq!(faults(&sheet), [], "{name}");
    sheet
}

fn cents(amount: Cash) -> String {
    format!(
        "{:.2}",
        amount.to_decimal().round_dp_with_strategy(2, rust_decimal::RoundingStrategy::MidpointAwayFromZero)
    )
}

#[test]
fn all_five_are_worth_at_entry_what_they_should_be() {
    let expected: Value = serde_json::from_slice(&file("expected_at_entry.json")).unwrap();
    let portfolios = expected["portfolios"].as_object().unwrap();
    assert_eq!(portfolios.len(), 5);
    for (name, expected) in portfolios {
        let sheet = demo(name);
        assert_eq!(sheet.rows.len(), expected["rows"].as_u64().unwrap() as usize, "{name}");
        let symbols: BTreeSet<_> = sheet.rows.iter().map(|row| row.terms.symbol.as_str()).collect();
        assert_eq!(symbols.len(), expected["distinct_symbols"].as_u64().unwrap() as usize, "{name}");
        let exposure = sheet.exposure_at_entry();
        let equity: Cash = expected["equity_balance"].as_str().unwrap().parse().unwrap();
        for (measure, amount) in [
            ("long", exposure.long),
            ("short", exposure.short_abs()),
            ("gross", exposure.gross()),
            ("net", exposure.net()),
            ("cash", equity - exposure.net()),
        ] {
            assert_eq!(cents(amount), expected["from_csv"][measure].as_str().unwrap(), "{name}: {measure}");
        }
    }
}

#[test]
fn their_odd_rows_are_told_and_imported() {
    let codes = |name: &str| {
        let mut codes: Vec<String> = remarks(&demo(name)).into_iter().map(|(_, code)| code).collect();
        codes.sort();
        codes.dedup();
        (codes, remarks(&demo(name)).len())
    };
    let options = ["fractional_contracts", "zero_entry_price"].map(str::to_owned).to_vec();
    assert_eq!(codes("hedge_fund"), (options, 16));
    let lots = ["identical_row", "repeated_lot"].map(str::to_owned).to_vec();
    assert_eq!(codes("high_net_worth"), (lots, 9));
    assert_eq!(codes("individual"), (vec![], 0));
}

#[test]
fn what_expired_since_is_imported_with_a_remark() {
    let sheet = Sheet::read(&file("hedge_fund.csv"), date(2026, 1, 2)).unwrap();
    assert_eq!(faults(&sheet), []);
    let remarks = sheet.remarks(&Portfolio::default(), date(2026, 1, 2));
    assert_eq!(remarks.iter().filter(|remark| remark.code == "option_expired").count(), 8);
}

#[test]
fn their_classes_are_those_of_the_table() {
    let of = |name: &str, class| {
        let rows = demo(name).rows;
        let rows: Vec<_> = rows.into_iter().filter(|row| row.terms.investment_class == class).collect();
        let worth: Cash = rows.iter().map(|row| row.terms.cost()).sum();
        (rows.len(), cents(worth))
    };
    assert_eq!(of("high_net_worth", InvestmentClass::Public), (28, "1548728.83".to_owned()));
    assert_eq!(of("high_net_worth", InvestmentClass::Private), (11, "1295791.76".to_owned()));
    assert_eq!(of("hedge_fund", InvestmentClass::Options), (8, "0.00".to_owned()));
    assert_eq!(
        of("family_office_private_opportunities", InvestmentClass::Private),
        (9, "950000.00".to_owned())
    );
}
