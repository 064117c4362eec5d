//! What is odd about lots that are entered all the same.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::LotDraft;
use crate::portfolio::Portfolio;
use crate::{Price, Quantity};

/// Units of one contract: markets trade whole ones.
const WHOLE_CONTRACT_UNITS: i64 = 10_i64.pow(Quantity::SCALE);

/// Something odd about a lot that is entered all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LotWarning {
    /// Which element of the list, from 0.
    pub row: usize,
    /// `zero_entry_price`, `repeated_lot`, `identical_row`, `fractional_contracts` or `option_expired`.
    pub code: &'static str,
    /// For people.
    pub message: String,
}

/// What is odd about `drafts`, in their order: entries for nothing, several lots of one symbol and date, repetitions, parts
/// of contracts, and options of the past of which nobody says how they ended.
pub fn lot_warnings(portfolio: &Portfolio, drafts: &[LotDraft], today: Date) -> Vec<LotWarning> {
    let held = portfolio.existing_lots().map(|(_, lot)| &lot.terms);
    let mut seen: BTreeMap<(String, Date), Vec<(Quantity, Price)>> = BTreeMap::new();
    for terms in held {
        let entry = seen.entry((terms.symbol.as_str().to_owned(), terms.entry_date)).or_default();
        entry.push((terms.quantity, terms.entry_price));
    }
    let mut warnings = Vec::new();
    for (row, draft) in drafts.iter().enumerate() {
        let mut warn = |code, message| warnings.push(LotWarning { row, code, message });
        if draft.entry_price.is_zero() {
            warn("zero_entry_price", "the entry price is 0".to_owned());
        }
        let Ok(checked) = draft.checked(today) else { continue };
        if let Some(contract) = &checked.terms.option {
            if draft.quantity.units() % WHOLE_CONTRACT_UNITS != 0 {
                warn("fractional_contracts", format!("{} is no whole number of contracts", draft.quantity));
            }
            if contract.expiry < today && checked.exit.is_none() {
                let message = format!("the option expired on {}; say how it ended", contract.expiry);
                warn("option_expired", message);
            }
        }
        let (symbol, date) = (checked.terms.symbol.to_string(), checked.terms.entry_date);
        let same = seen.entry((symbol.clone(), date)).or_default();
        let figures = (draft.quantity, draft.entry_price);
        if same.contains(&figures) {
            warn(
                "identical_row",
                format!("another lot has the symbol {symbol}, date, quantity and price of this one"),
            );
        } else if !same.is_empty() {
            warn("repeated_lot", format!("another lot of {symbol} was entered on {date}"));
        }
        same.push(figures);
    }
    warnings
}
