//! What happens to a portfolio. Every event changes exactly one fact.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::command::Deletion;
use super::facts::FactKey;
use super::{EquityChangeKind, LotTerms, Reduction, Settings, TargetPrices};
use crate::position::{PositionSymbol, PositionType};
use crate::{Cash, EquityChangeId, PositionId, Price, TagId, TargetId};

crate::events! {
    /// What happened to a portfolio.
    pub enum PortfolioEvent {
        /// The portfolio exists.
        PortfolioOpened(PortfolioOpened) = 1,
        /// Its settings changed.
        PortfolioChanged(PortfolioChanged) = 1,
        /// Its owner gave it up.
        PortfolioClosed(PortfolioClosed) = 1,
        /// Its owner took it back.
        PortfolioRestored(PortfolioRestored) = 1,
        /// Capital came or went.
        EquityChangeRecorded(EquityChangeRecorded) = 1,
        /// A flow of capital was described wrongly.
        EquityChangeEdited(EquityChangeEdited) = 1,
        /// A flow of capital never happened.
        EquityChangeDeleted(EquityChangeDeleted) = 1,
        /// Equity was set by hand.
        EquityAdjusted(EquityAdjusted) = 1,
        /// A lot was entered.
        LotOpened(LotOpened) = 1,
        /// A lot was described wrongly.
        LotCorrected(LotCorrected) = 1,
        /// A lot, or a part of it, ended.
        LotReduced(LotReduced) = 1,
        /// A lot never existed.
        LotDeleted(LotDeleted) = 1,
        /// A lot has other tags.
        LotTagged(LotTagged) = 1,
        /// A PRIVATE lot was valued.
        LotMarked(LotMarked) = 1,
        /// Somebody expects prices.
        TargetCreated(TargetCreated) = 1,
        /// They expect other prices.
        TargetChanged(TargetChanged) = 1,
        /// They expect nothing any more.
        TargetRemoved(TargetRemoved) = 1,
    }
}

/// The portfolio exists.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PortfolioOpened {
    /// What it is called and how it begins.
    pub settings: Settings,
}

/// Its settings changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PortfolioChanged {
    /// All settings after the change.
    pub settings: Settings,
    /// The inception that it had before: where it moved, what was computed is to be computed again.
    pub inception_date_before: Date,
}

/// Its owner gave it up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PortfolioClosed {
    /// When (UTC); it can be restored for 30 days.
    pub at: Timestamp,
}

/// Its owner took it back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PortfolioRestored {
    /// When (UTC).
    pub at: Timestamp,
}

/// Capital came or went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EquityChangeRecorded {
    /// The flow.
    pub equity_change_id: EquityChangeId,
    /// Which way.
    pub change_type: EquityChangeKind,
    /// How much, above zero.
    pub amount: Cash,
    /// On which New York date.
    pub change_date: Date,
    /// What for.
    pub notes: Option<String>,
    /// When it was recorded (UTC).
    pub at: Timestamp,
}

/// A flow of capital was described wrongly.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EquityChangeEdited {
    /// The flow.
    pub equity_change_id: EquityChangeId,
    /// How much, above zero.
    pub amount: Cash,
    /// On which New York date.
    pub change_date: Date,
    /// What for.
    pub notes: Option<String>,
    /// The date that it had before: what was computed is to be computed again from the earlier of both.
    pub change_date_before: Date,
    /// When (UTC).
    pub at: Timestamp,
}

/// A flow of capital never happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EquityChangeDeleted {
    /// The flow.
    pub equity_change_id: EquityChangeId,
    /// The date that it had.
    pub change_date: Date,
    /// When (UTC).
    pub at: Timestamp,
}

/// Equity was set by hand.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EquityAdjusted {
    /// The New York date at whose end it counts.
    pub adjustment_date: Date,
    /// The equity.
    pub equity: Cash,
    /// Why.
    pub notes: Option<String>,
    /// When (UTC).
    pub at: Timestamp,
}

/// A lot was entered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LotOpened {
    /// The lot.
    pub position_id: PositionId,
    /// What it is.
    pub terms: LotTerms,
    /// What its owner notes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    /// Its tags.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub tags: BTreeSet<TagId>,
    /// When it was recorded (UTC).
    pub at: Timestamp,
}

/// A lot was described wrongly.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LotCorrected {
    /// The lot.
    pub position_id: PositionId,
    /// What it is and was all the time.
    pub terms: LotTerms,
    /// What its owner notes.
    pub notes: Option<String>,
    /// When (UTC).
    pub at: Timestamp,
}

/// A lot, or a part of it, ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LotReduced {
    /// The lot.
    pub position_id: PositionId,
    /// What ended.
    pub reduction: Reduction,
    /// Its lifetime P&L, from what was known of the entry then.
    pub realized_pnl: Cash,
}

/// A lot never existed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LotDeleted {
    /// The lot.
    pub position_id: PositionId,
    /// Its entry date: what was computed is to be computed again from it on.
    pub entry_date: Date,
    /// What remains of it.
    pub how: Deletion,
    /// When (UTC).
    pub at: Timestamp,
}

/// A lot has other tags.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LotTagged {
    /// The lot.
    pub position_id: PositionId,
    /// All its tags after the change.
    pub tags: BTreeSet<TagId>,
    /// When (UTC).
    pub at: Timestamp,
}

/// A PRIVATE lot was valued.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LotMarked {
    /// The lot.
    pub position_id: PositionId,
    /// The New York date from which on the price counts.
    pub mark_date: Date,
    /// The price per unit.
    pub price: Price,
    /// How it was found.
    pub note: Option<String>,
    /// When (UTC).
    pub at: Timestamp,
}

/// Somebody expects prices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TargetCreated {
    /// The target.
    pub target_id: TargetId,
    /// What it is of.
    pub symbol: PositionSymbol,
    /// Which way the positions look that it is for.
    pub position_type: PositionType,
    /// The lot that it was entered at, if at one.
    pub position_id: Option<PositionId>,
    /// What is expected.
    pub prices: TargetPrices,
    /// From which New York date on.
    pub effective_date: Date,
    /// When (UTC).
    pub at: Timestamp,
}

/// Somebody expects other prices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TargetChanged {
    /// The target.
    pub target_id: TargetId,
    /// All that is expected after the change.
    pub prices: TargetPrices,
    /// From which New York date on.
    pub effective_date: Date,
    /// When (UTC).
    pub at: Timestamp,
}

/// Somebody expects nothing any more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TargetRemoved {
    /// The target.
    pub target_id: TargetId,
    /// From which New York date on.
    pub effective_date: Date,
    /// When (UTC).
    pub at: Timestamp,
}

impl PortfolioEvent {
    /// The one fact that it changes: folding it needs that fact and no other.
    pub fn touched(&self) -> FactKey {
        match self {
            Self::PortfolioOpened(_)
            | Self::PortfolioChanged(_)
            | Self::PortfolioClosed(_)
            | Self::PortfolioRestored(_) => FactKey::Settings,
            Self::EquityChangeRecorded(event) => FactKey::EquityChange(event.equity_change_id),
            Self::EquityChangeEdited(event) => FactKey::EquityChange(event.equity_change_id),
            Self::EquityChangeDeleted(event) => FactKey::EquityChange(event.equity_change_id),
            Self::EquityAdjusted(event) => FactKey::EquityAdjustment(event.adjustment_date),
            Self::LotOpened(event) => FactKey::Lot(event.position_id),
            Self::LotCorrected(event) => FactKey::Lot(event.position_id),
            Self::LotReduced(event) => FactKey::Lot(event.position_id),
            Self::LotDeleted(event) => FactKey::Lot(event.position_id),
            Self::LotTagged(event) => FactKey::Lot(event.position_id),
            Self::LotMarked(event) => FactKey::Mark(event.position_id, event.mark_date),
            Self::TargetCreated(event) => FactKey::Target(event.target_id),
            Self::TargetChanged(event) => FactKey::Target(event.target_id),
            Self::TargetRemoved(event) => FactKey::Target(event.target_id),
        }
    }

    /// The first date on which something was true that is not any more, or the other way round: valuations from it on
    /// are to be computed again. None where no figure depends on it.
    pub fn revalues_from(&self) -> Option<Date> {
        match self {
            Self::PortfolioOpened(event) => Some(event.settings.inception_date),
            Self::PortfolioChanged(event) => {
                let (before, after) = (event.inception_date_before, event.settings.inception_date);
                (before != after).then(|| before.min(after))
            }
            Self::EquityChangeRecorded(event) => Some(event.change_date),
            Self::EquityChangeEdited(event) => Some(event.change_date.min(event.change_date_before)),
            Self::EquityChangeDeleted(event) => Some(event.change_date),
            Self::EquityAdjusted(event) => Some(event.adjustment_date),
            Self::LotOpened(event) => Some(event.terms.entry_date),
            Self::LotCorrected(event) => Some(event.terms.entry_date),
            Self::LotReduced(event) => Some(event.reduction.date),
            Self::LotDeleted(event) => Some(event.entry_date),
            Self::LotMarked(event) => Some(event.mark_date),
            Self::TargetCreated(event) => Some(event.effective_date),
            Self::TargetChanged(event) => Some(event.effective_date),
            Self::TargetRemoved(event) => Some(event.effective_date),
            Self::PortfolioClosed(_) | Self::PortfolioRestored(_) | Self::LotTagged(_) => None,
        }
    }
}
