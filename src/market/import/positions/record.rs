//! The lines of a ledger as they are written.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use events::{Market, Quantity, Symbol};
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::value::RawValue;

use super::RecordedAction;
use crate::market::import::error::{RowError, excerpt};
use crate::market::import::intake::canonical_symbol;
use crate::market::import::lines::{Line, Lines};
use crate::market::import::raw_json::{Entries, scalar};
use crate::market::import::report::count_key;
use crate::market::import::{ImportError, Rejected};

/// Most keys nobody asked for whose first lines are kept.
const UNKNOWN_LINES_MAX: usize = 100;

/// One line.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) line: u64,
    pub(super) stamp: String,
    pub(super) id: Option<i64>,
    pub(super) action: Option<RecordedAction>,
    pub(super) cash: Decimal,
    pub(super) cash_text: String,
    /// Symbols held; those with zero are left out.
    pub(super) positions: BTreeMap<Symbol, Quantity>,
    /// Whether any symbol is named, held or not.
    names_symbols: bool,
}

impl Record {
    /// Cash alone and no action.
    pub(super) fn is_bare_value(&self) -> bool {
        self.action.is_none() && !self.names_symbols
    }
}

/// Everything that a file says.
#[derive(Debug, Default)]
pub(super) struct Recorded {
    pub(super) records: Vec<Record>,
    pub(super) rejected: Vec<Rejected>,
    pub(super) unknown_keys: BTreeMap<String, u64>,
    pub(super) unknown_lines: BTreeMap<String, u64>,
    /// Every symbol named, held or not.
    pub(super) universe: BTreeSet<Symbol>,
    /// The line being read.
    line: u64,
    /// Of the first symbol named.
    pub(super) market: Option<Market>,
}

/// Reads every line; those that cannot be read are listed.
pub(super) fn read_all<R: Read>(
    lines: &mut Lines<R>,
    market: Option<Market>,
) -> Result<Recorded, ImportError> {
    let mut recorded = Recorded::default();
    while let Some(line) = lines.next_filled()? {
        recorded.line = line.number;
        match read_line(&line, market, &mut recorded) {
            Ok(record) => recorded.records.push(record),
            Err(error) => {
                recorded.rejected.push(Rejected {
                    line: line.number,
                    column: None,
                    reason: error.to_string(),
                });
            }
        }
    }
    Ok(recorded)
}

fn read_line(line: &Line, market: Option<Market>, recorded: &mut Recorded) -> Result<Record, RowError> {
    let text = std::str::from_utf8(&line.bytes).map_err(|_| RowError::NotUtf8)?;
    let entries: Entries<'_> =
        serde_json::from_str(text).map_err(|error| RowError::NotJson(error.to_string()))?;
    let (mut stamp, mut id, mut action, mut positions) = (None, None, None, None);
    for (key, value) in entries.0 {
        match &*key {
            "date" => stamp = Some(scalar(value).into_owned()),
            "id" => id = value.get().parse().ok(),
            "this_action" => action = Some(action_of(value, market, recorded)?),
            "positions" => positions = Some(positions_of(value, market, recorded)?),
            _ => count_unknown(recorded, &key),
        }
    }
    let stamp = stamp.ok_or(RowError::Missing("date"))?;
    let holdings = positions.ok_or(RowError::Missing("positions"))?;
    let (cash, cash_text) = holdings.cash.ok_or(RowError::Missing("CASH"))?;
    Ok(Record {
        line: line.number,
        stamp,
        id,
        action,
        cash,
        cash_text,
        positions: holdings.positions,
        names_symbols: holdings.names_symbols,
    })
}

fn action_of(
    value: &RawValue,
    market: Option<Market>,
    recorded: &mut Recorded,
) -> Result<RecordedAction, RowError> {
    let (mut action, mut symbol, mut amount) = (String::new(), String::new(), None);
    for (key, value) in Entries::of(value, "this_action")?.0 {
        match &*key {
            "action" => action = scalar(value).into_owned(),
            "symbol" => symbol = scalar(value).into_owned(),
            "amount" => amount = Some(quantity_of("amount", value)?),
            key => count_unknown(recorded, &format!("this_action.{key}")),
        }
    }
    let traded = || -> Result<(Symbol, Quantity), RowError> {
        Ok((canonical_symbol(&symbol, market)?, amount.ok_or(RowError::Missing("amount"))?))
    };
    match action.as_str() {
        "buy" | "buy_crypto" => traded().map(|(symbol, amount)| RecordedAction::Buy { symbol, amount }),
        "sell" | "sell_crypto" => traded().map(|(symbol, amount)| RecordedAction::Sell { symbol, amount }),
        "no_trade" => Ok(RecordedAction::NoTrade),
        other => Err(RowError::UnknownAction(excerpt(other))),
    }
}

#[derive(Default)]
struct Holdings {
    cash: Option<(Decimal, String)>,
    positions: BTreeMap<Symbol, Quantity>,
    names_symbols: bool,
}

fn positions_of(
    value: &RawValue,
    market: Option<Market>,
    recorded: &mut Recorded,
) -> Result<Holdings, RowError> {
    let mut holdings = Holdings::default();
    for (key, value) in Entries::of(value, "positions")?.0 {
        if key == "CASH" {
            holdings.cash = Some((decimal_of("CASH", value)?, value.get().to_owned()));
            continue;
        }
        let symbol = canonical_symbol(&key, market)?;
        recorded.market.get_or_insert_with(|| symbol.market());
        holdings.names_symbols = true;
        if !recorded.universe.contains(&symbol) {
            recorded.universe.insert(symbol.clone());
        }
        let quantity = quantity_of("position", value)?;
        if quantity.is_negative() {
            return Err(RowError::Negative(excerpt(&key)));
        }
        if !quantity.is_zero() && holdings.positions.insert(symbol, quantity).is_some() {
            return Err(RowError::Twice(excerpt(&key)));
        }
    }
    Ok(holdings)
}

/// A number as it is written, without the detour over a binary float.
fn decimal_of(field: &'static str, value: &RawValue) -> Result<Decimal, RowError> {
    let text = scalar(value);
    text.parse().or_else(|_| Decimal::from_scientific(&text)).map_err(|_| RowError::BadNumber {
        field,
        text: excerpt(&text),
        because: "not a decimal number".to_owned(),
    })
}

fn quantity_of(field: &'static str, value: &RawValue) -> Result<Quantity, RowError> {
    // Six decimals take away the noise of binary floats and keep every step a market trades in.
    let rounded = decimal_of(field, value)?
        .round_dp_with_strategy(Quantity::SCALE, RoundingStrategy::MidpointNearestEven);
    Quantity::from_decimal(rounded).map_err(|error| RowError::BadNumber {
        field,
        text: excerpt(value.get()),
        because: error.to_string(),
    })
}

fn count_unknown(recorded: &mut Recorded, key: &str) {
    if recorded.unknown_lines.len() < UNKNOWN_LINES_MAX {
        recorded.unknown_lines.entry(key.to_owned()).or_insert(recorded.line);
    }
    count_key(&mut recorded.unknown_keys, key);
}
