//! Where P&L came from: by position, symbol, tag, type, class or sector.

use std::collections::BTreeMap;

use super::LotDay;
use crate::Cash;
use crate::portfolio::{Lot, Portfolio};

/// Below this size of the P&L of all, nobody's share of it means anything: one hundredth.
pub const PERCENT_PNL_MIN: Cash = Cash::from_units(10_000);

/// What P&L is grouped by.
pub enum GroupBy<'a> {
    /// The lot, by its id.
    Position,
    /// The symbol.
    Symbol,
    /// The tags, by their ids: a lot counts under each of them.
    Tag,
    /// The position type.
    PositionType,
    /// The investment class.
    InvestmentClass,
    /// What the function says of a lot; none where it knows no sector.
    Sector(&'a dyn Fn(&Lot) -> Option<String>),
}

/// What a group earned.
#[derive(Debug, Clone, PartialEq)]
pub struct AttributionRow {
    /// The group; none for lots without a tag or sector.
    pub group: Option<String>,
    /// What it earned.
    pub pnl: Cash,
    /// The same as a fraction of the equity before; none where that is unknown, zero or negative.
    pub contribution: Option<f64>,
    /// Its share of the P&L of all, in percent; none where that is below a hundredth.
    pub contribution_percent: Option<f64>,
}

/// Where the P&L of a session, or of several, came from. Dollars of several sessions add up; fractions are of the equity
/// before the first.
#[derive(Debug, Clone, PartialEq)]
pub struct Attribution {
    /// The groups, by name; the one without comes first.
    pub rows: Vec<AttributionRow>,
    /// The P&L of all lots, each counted once.
    pub total_pnl: Cash,
    /// A lot may count in several groups, so that rows need not add up to the total.
    pub overlapping_groups: bool,
}

impl Portfolio {
    /// Groups what `days` earned; `opening_equity` is the equity before the first of them.
    pub fn attribution<'a>(
        &self,
        days: impl IntoIterator<Item = &'a LotDay>,
        by: &GroupBy<'_>,
        opening_equity: Option<Cash>,
    ) -> Attribution {
        let mut groups: BTreeMap<Option<String>, Cash> = BTreeMap::new();
        let mut total_pnl = Cash::ZERO;
        for day in days {
            total_pnl += day.pnl;
            let lot = self.lots.get(&day.position_id);
            for group in lot.map_or_else(|| vec![None], |lot| by.groups_of(day, lot)) {
                *groups.entry(group).or_default() += day.pnl;
            }
        }
        let equity = opening_equity.filter(|equity| equity.is_positive());
        let is_shared = total_pnl.abs() >= PERCENT_PNL_MIN;
        let row = |(group, pnl): (Option<String>, Cash)| AttributionRow {
            group,
            pnl,
            contribution: equity.map(|equity| pnl.to_f64() / equity.to_f64()),
            contribution_percent: is_shared.then(|| pnl.to_f64() / total_pnl.to_f64() * 100.0),
        };
        let rows = groups.into_iter().map(row).collect();
        Attribution { rows, total_pnl, overlapping_groups: matches!(by, GroupBy::Tag) }
    }
}

impl GroupBy<'_> {
    fn groups_of(&self, day: &LotDay, lot: &Lot) -> Vec<Option<String>> {
        match self {
            Self::Position => vec![Some(day.position_id.to_string())],
            Self::Symbol => vec![Some(lot.terms.symbol.to_string())],
            Self::Tag if lot.tags.is_empty() => vec![None],
            Self::Tag => lot.tags.iter().map(|tag| Some(tag.to_string())).collect(),
            Self::PositionType => vec![Some(lot.terms.position_type.to_string())],
            Self::InvestmentClass => vec![Some(lot.terms.investment_class.to_string())],
            Self::Sector(sector_of) => vec![sector_of(lot)],
        }
    }
}
