//! What a book is exposed to: lot by lot, and merged by the symbol that moves them.

use std::collections::{BTreeMap, BTreeSet};

use events::portfolio::valuation::{LotValue, Unpriced};
use events::position::{InvestmentClass, InvestmentSubtype, PositionSymbol};
use events::{Cash, PortfolioId, PositionId, Symbol, TagId};
use serde::Serialize;
use utoipa::ToSchema;

/// Delta-adjusted exposure of options in money, signed: quantity · multiplier · Δ · price of the underlying.
pub(super) type DollarDeltas = BTreeMap<PositionId, f64>;

/// Why something does not count in a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// It is PRIVATE: its marks make no returns.
    Private,
    /// An option whose delta is not known.
    NoDelta,
    /// No close of the date or of the ten sessions before.
    NoClose,
    /// The option expired, and how it ended is not recorded.
    OptionExpired,
    /// No market trades the symbol.
    NotTraded,
    /// Too few returns in the window.
    InsufficientHistory,
    /// No provider tells what is needed of it.
    NoProfile,
    /// Smaller than what counts.
    BelowMinimum,
    /// Others are larger, and so many are enough.
    BeyondMaximum,
}

impl From<Unpriced> for SkipReason {
    fn from(unpriced: Unpriced) -> Self {
        match unpriced {
            Unpriced::NoClose => Self::NoClose,
            Unpriced::NoOptionPrice => Self::NoDelta,
            Unpriced::OptionExpired => Self::OptionExpired,
            Unpriced::NotTraded => Self::NotTraded,
        }
    }
}

/// What one open lot is exposed to.
#[derive(Debug, Clone, PartialEq)]
pub struct LotExposure {
    /// Of which portfolio.
    pub portfolio_id: PortfolioId,
    /// Which lot.
    pub position_id: PositionId,
    /// What it is called.
    pub symbol: PositionSymbol,
    /// How it is priced.
    pub investment_class: InvestmentClass,
    /// What it is within its class.
    pub subtype: Option<InvestmentSubtype>,
    /// The symbol whose returns move it: its own or that of the option's underlying; none for PRIVATE lots.
    pub moved_by: Option<Symbol>,
    /// What it is worth, signed; none without a price.
    pub market_value: Option<Cash>,
    /// What it cost, signed.
    pub cost: Cash,
    /// Market value less cost, where there is one.
    pub unrealized: Option<Cash>,
    /// Its exposure in money, signed: the market value, of options the dollar delta.
    pub exposure: Result<f64, SkipReason>,
    /// Its tags.
    pub tags: BTreeSet<TagId>,
}

impl LotExposure {
    pub(super) fn of(portfolio_id: PortfolioId, value: &LotValue<'_>, deltas: &DollarDeltas) -> Self {
        let terms = &value.lot.terms;
        let market_value = value.market_value();
        let at_market =
            || value.worth.as_ref().map(|worth| worth.market_value.to_f64()).map_err(|why| (*why).into());
        let exposure = match terms.investment_class {
            InvestmentClass::Options => match deltas.get(&value.position_id) {
                Some(delta) => Ok(*delta),
                None if value.worth == Err(Unpriced::OptionExpired) => Err(SkipReason::OptionExpired),
                None => Err(SkipReason::NoDelta),
            },
            InvestmentClass::Public | InvestmentClass::Private => at_market(),
        };
        Self {
            portfolio_id,
            position_id: value.position_id,
            symbol: terms.symbol.clone(),
            investment_class: terms.investment_class,
            subtype: terms.investment_subtype,
            moved_by: terms.market_symbol(),
            market_value,
            cost: value.cost,
            unrealized: value.worth.as_ref().ok().map(|worth| worth.unrealized),
            exposure,
            tags: value.lot.tags.clone(),
        }
    }

    /// How much it weighs among what is there: its exposure or value, else what it cost.
    pub(super) fn size(&self) -> f64 {
        let known = self.exposure.ok().or(self.market_value.map(Cash::to_f64));
        known.unwrap_or(self.cost.to_f64()).abs()
    }
}

/// All lots that one symbol moves, seen as one position.
#[derive(Debug, Clone, PartialEq)]
pub struct MergedExposure {
    /// The symbol; of PRIVATE lots what they are called.
    pub symbol: PositionSymbol,
    /// The symbol whose returns move it; none for PRIVATE lots.
    pub moved_by: Option<Symbol>,
    /// The exposures of its lots together, in money, signed.
    pub exposure: f64,
    /// Its lots, as places in the list of all lots.
    pub lots: Vec<usize>,
}

/// Lots with an exposure by what moves them: the largest first, equal ones by name.
pub(super) fn merged(lots: &[LotExposure]) -> Vec<MergedExposure> {
    let mut merged: BTreeMap<(Option<Symbol>, PositionSymbol), MergedExposure> = BTreeMap::new();
    for (place, lot) in lots.iter().enumerate() {
        let Ok(exposure) = lot.exposure else { continue };
        let symbol = lot.moved_by.as_ref().map_or_else(|| lot.symbol.clone(), PositionSymbol::from);
        let key = (lot.moved_by.clone(), symbol.clone());
        let moved_by = lot.moved_by.clone();
        let one =
            merged.entry(key).or_insert(MergedExposure { symbol, moved_by, exposure: 0.0, lots: Vec::new() });
        one.exposure += exposure;
        one.lots.push(place);
    }
    let mut merged: Vec<MergedExposure> = merged.into_values().collect();
    merged.sort_by(|left, right| {
        right.exposure.abs().total_cmp(&left.exposure.abs()).then(left.symbol.cmp(&right.symbol))
    });
    merged
}
