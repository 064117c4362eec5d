//! Target prices: where somebody expects a symbol to go, as of each date on which they said so.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::position::{PositionSymbol, PositionType};
use crate::{OptionContract, PositionId, Price, Symbol};

/// What is expected. Zero is a legal expectation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetPrices {
    /// At the end of the year.
    pub eoy: Option<Price>,
    /// At the end of the next year.
    pub next_year: Option<Price>,
    /// If it goes badly.
    pub downside: Option<Price>,
    /// The price when this was said.
    pub current_price: Option<Price>,
}

/// The target prices of one symbol and position type; there is at most one of a pair that is not removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// What they are of; options are named by their OCC symbol, and their targets are of the underlying.
    pub symbol: PositionSymbol,
    /// Which way the positions look that they are for.
    pub position_type: PositionType,
    /// The lot that they were entered at, if at one.
    pub position_id: Option<PositionId>,
    /// What was expected from each date on.
    pub revisions: BTreeMap<Date, TargetPrices>,
    /// When it was created (UTC).
    pub created_at: Timestamp,
    /// When it was last changed or removed (UTC).
    pub updated_at: Timestamp,
    /// The date from which on it is no more.
    pub removed_date: Option<Date>,
}

impl Target {
    /// What was expected on `date`; none before its creation and from its removal on.
    pub fn prices_on(&self, date: Date) -> Option<&TargetPrices> {
        if self.removed_date.is_some_and(|removed| removed <= date) {
            return None;
        }
        self.revisions.range(..=date).next_back().map(|(_, prices)| prices)
    }

    /// The date on which what was expected on `date` was said.
    pub fn said_on(&self, date: Date) -> Option<Date> {
        self.prices_on(date)?;
        self.revisions.range(..=date).next_back().map(|(said, _)| *said)
    }

    /// What is expected now; the last that was, of a removed one.
    pub fn latest(&self) -> TargetPrices {
        self.revisions.last_key_value().map(|(_, prices)| *prices).unwrap_or_default()
    }
}

/// The symbol whose price targets of `symbol` are compared with: its own, or that of the underlying of an option; none
/// where no market trades it.
pub fn target_market_symbol(symbol: &PositionSymbol) -> Option<Symbol> {
    match symbol.as_str().parse::<OptionContract>() {
        Ok(contract) => Some(contract.underlying),
        Err(_) => symbol.traded(),
    }
}

/// Target prices to be created.
#[derive(Debug, Clone, PartialEq)]
pub struct TargetDraft {
    /// What they are of.
    pub symbol: String,
    /// Which way the positions look; by default long.
    pub position_type: Option<PositionType>,
    /// The lot that they are entered at.
    pub position_id: Option<PositionId>,
    /// What is expected.
    pub prices: TargetPrices,
}
