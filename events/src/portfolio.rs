//! A portfolio: lots, capital, marks and targets, each a fact with its date, so that any past day can be read from it.
//!
//! Two clocks are kept apart. What was *true* on a date follows from the dates inside the facts ([`Portfolio::holdings_on`]);
//! what was *known* at a time follows from folding the events up to it. A correction or deletion takes a fact back: it
//! changes what was true on every date, and what was known before it stays in the log.

mod command;
mod decide;
mod draft;
mod equity;
mod error;
mod events;
mod facts;
mod fold;
mod holdings;
mod lot;
mod settings;
mod target;
#[cfg(test)]
pub(in crate::portfolio) mod tests;
pub mod valuation;

use std::collections::BTreeMap;

pub use command::{
    BULK_MAX, Deletion, ExistingTarget, IMPORT_LOTS_MAX, LOTS_MAX, LotChoice, LotCorrection, NewLot,
    OptionOutcome, PortfolioAct, PortfolioCommand, SettleOption, TAGS_PER_LOT_MAX, TARGETS_MAX, TagChange,
    TargetEdit, TargetName,
};
pub use draft::{ENTRY_YEARS_MAX, LotDraft, LotWarning, NOTES_CHARS_MAX, lot_warnings};
pub use equity::{
    EQUITY_MAX, EQUITY_NOTES_CHARS_MAX, EquityAdjustment, EquityChange, EquityChangeDraft, EquityChangeEdit,
    EquityChangeKind, EquityRule,
};
pub use error::PortfolioError;
pub use events::{
    EquityAdjusted, EquityChangeDeleted, EquityChangeEdited, EquityChangeRecorded, LotCorrected, LotDeleted,
    LotMarked, LotOpened, LotReduced, LotTagged, PortfolioChanged, PortfolioClosed, PortfolioEvent,
    PortfolioOpened, PortfolioRestored, TargetChanged, TargetCreated, TargetRemoved,
};
pub use facts::{FactKey, PortfolioFact};
pub use holdings::Holding;
use jiff::civil::Date;
pub use lot::{
    Lot, LotTerms, Mark, Matching, OPTION_MULTIPLIER, OPTION_MULTIPLIER_MAX, Reduction, ReductionReason,
    worth,
};
use serde::{Deserialize, Serialize};
pub use settings::{Currency, Settings, SettingsChange, SettingsDraft, Siblings};
pub use target::{Target, TargetDraft, TargetPrices, target_market_symbol};

use crate::{Decider, EquityChangeId, PositionId, TargetId};

/// Positions, capital and targets that are valued together. Empty until it is opened.
///
/// It can also hold only some of its facts: [`Decider::evolve`] then changes those that it has, which lets a read
/// model apply an event to the one fact that the event names ([`PortfolioEvent::touched`]).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Portfolio {
    /// What it is called and how it began; none until it is opened.
    pub settings: Option<Settings>,
    /// Its lots, open, closed and deleted ones.
    pub lots: BTreeMap<PositionId, Lot>,
    /// Contributions and withdrawals, deleted ones too.
    pub equity_changes: BTreeMap<EquityChangeId, EquityChange>,
    /// Equity that was set by hand, by its date.
    pub equity_adjustments: BTreeMap<Date, EquityAdjustment>,
    /// What their owner says PRIVATE lots are worth, by date.
    pub marks: BTreeMap<PositionId, BTreeMap<Date, Mark>>,
    /// Target prices, removed ones too.
    pub targets: BTreeMap<TargetId, Target>,
}

impl Decider for Portfolio {
    const CATEGORY: &'static str = "portfolio";
    const FOLD: u32 = 1;
    type Command = PortfolioCommand;
    type Event = PortfolioEvent;
    type Error = PortfolioError;

    fn decide(&self, command: PortfolioCommand) -> Result<Vec<PortfolioEvent>, PortfolioError> {
        decide::decide(self, command)
    }

    fn evolve(&mut self, event: &PortfolioEvent) {
        fold::fold(self, event);
    }
}
