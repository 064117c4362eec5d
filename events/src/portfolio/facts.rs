//! The facts of a portfolio one by one, for read models that keep each as a row.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{EquityAdjustment, EquityChange, Lot, Mark, Portfolio, Settings, Target};
use crate::{EquityChangeId, PositionId, TargetId};

/// Which fact of a portfolio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FactKey {
    /// Its settings.
    Settings,
    /// A lot.
    Lot(PositionId),
    /// A contribution or withdrawal.
    EquityChange(EquityChangeId),
    /// The equity that was set by hand for a date.
    EquityAdjustment(Date),
    /// What a lot was said to be worth from a date on.
    Mark(PositionId, Date),
    /// Target prices.
    Target(TargetId),
}

impl FactKey {
    /// Its kind, as stored: `settings`, `lot`, `equity_change`, `equity_adjustment`, `mark` or `target`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Settings => "settings",
            Self::Lot(_) => "lot",
            Self::EquityChange(_) => "equity_change",
            Self::EquityAdjustment(_) => "equity_adjustment",
            Self::Mark(_, _) => "mark",
            Self::Target(_) => "target",
        }
    }

    /// Its key within the kind, as stored.
    pub fn key(&self) -> String {
        match self {
            Self::Settings => String::new(),
            Self::Lot(id) => id.to_string(),
            Self::EquityChange(id) => id.to_string(),
            Self::EquityAdjustment(date) => date.to_string(),
            Self::Mark(id, date) => format!("{id}/{date}"),
            Self::Target(id) => id.to_string(),
        }
    }
}

/// One fact of a portfolio.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "fact", rename_all = "snake_case")]
pub enum PortfolioFact {
    /// Its settings.
    Settings(Box<Settings>),
    /// A lot.
    Lot(PositionId, Box<Lot>),
    /// A contribution or withdrawal.
    EquityChange(EquityChangeId, EquityChange),
    /// The equity that was set by hand for a date.
    EquityAdjustment(Date, EquityAdjustment),
    /// What a lot was said to be worth from a date on.
    Mark(PositionId, Date, Mark),
    /// Target prices.
    Target(TargetId, Box<Target>),
}

impl PortfolioFact {
    /// Which fact it is.
    pub const fn key(&self) -> FactKey {
        match self {
            Self::Settings(_) => FactKey::Settings,
            Self::Lot(id, _) => FactKey::Lot(*id),
            Self::EquityChange(id, _) => FactKey::EquityChange(*id),
            Self::EquityAdjustment(date, _) => FactKey::EquityAdjustment(*date),
            Self::Mark(id, date, _) => FactKey::Mark(*id, *date),
            Self::Target(id, _) => FactKey::Target(*id),
        }
    }

    /// The first New York date on which it is true; none of targets that expect nothing.
    pub fn effective_date(&self) -> Option<Date> {
        match self {
            Self::Settings(settings) => Some(settings.inception_date),
            Self::Lot(_, lot) => Some(lot.terms.entry_date),
            Self::EquityChange(_, change) => Some(change.change_date),
            Self::EquityAdjustment(date, _) | Self::Mark(_, date, _) => Some(*date),
            Self::Target(_, target) => target.revisions.first_key_value().map(|(date, _)| *date),
        }
    }
}

impl Portfolio {
    /// All facts, in the order of their keys.
    pub fn facts(&self) -> impl Iterator<Item = PortfolioFact> {
        let settings =
            self.settings.iter().map(|settings| PortfolioFact::Settings(Box::new(settings.clone())));
        let lots = self.lots.iter().map(|(id, lot)| PortfolioFact::Lot(*id, Box::new(lot.clone())));
        let changes = self.equity_changes.iter();
        let changes = changes.map(|(id, change)| PortfolioFact::EquityChange(*id, change.clone()));
        let adjustments = self.equity_adjustments.iter();
        let adjustments = adjustments.map(|(date, set)| PortfolioFact::EquityAdjustment(*date, set.clone()));
        let marks = self.marks.iter().flat_map(|(id, marks)| {
            marks.iter().map(|(date, mark)| PortfolioFact::Mark(*id, *date, mark.clone()))
        });
        let targets = self.targets.iter();
        let targets = targets.map(|(id, target)| PortfolioFact::Target(*id, Box::new(target.clone())));
        settings.chain(lots).chain(changes).chain(adjustments).chain(marks).chain(targets)
    }

    /// One fact; none if there is none of that key.
    pub fn fact(&self, key: FactKey) -> Option<PortfolioFact> {
        match key {
            FactKey::Settings => {
                self.settings.clone().map(|settings| PortfolioFact::Settings(Box::new(settings)))
            }
            FactKey::Lot(id) => self.lots.get(&id).map(|lot| PortfolioFact::Lot(id, Box::new(lot.clone()))),
            FactKey::EquityChange(id) => {
                self.equity_changes.get(&id).map(|change| PortfolioFact::EquityChange(id, change.clone()))
            }
            FactKey::EquityAdjustment(date) => {
                let adjustment = self.equity_adjustments.get(&date);
                adjustment.map(|adjustment| PortfolioFact::EquityAdjustment(date, adjustment.clone()))
            }
            FactKey::Mark(id, date) => {
                let mark = self.marks.get(&id).and_then(|marks| marks.get(&date));
                mark.map(|mark| PortfolioFact::Mark(id, date, mark.clone()))
            }
            FactKey::Target(id) => {
                self.targets.get(&id).map(|target| PortfolioFact::Target(id, Box::new(target.clone())))
            }
        }
    }

    /// The portfolio of these facts: all of one, or as many as an event needs.
    pub fn from_facts(facts: impl IntoIterator<Item = PortfolioFact>) -> Self {
        let mut portfolio = Self::default();
        for fact in facts {
            match fact {
                PortfolioFact::Settings(settings) => portfolio.settings = Some(*settings),
                PortfolioFact::Lot(id, lot) => {
                    portfolio.lots.insert(id, *lot);
                }
                PortfolioFact::EquityChange(id, change) => {
                    portfolio.equity_changes.insert(id, change);
                }
                PortfolioFact::EquityAdjustment(date, adjustment) => {
                    portfolio.equity_adjustments.insert(date, adjustment);
                }
                PortfolioFact::Mark(id, date, mark) => {
                    portfolio.marks.entry(id).or_default().insert(date, mark);
                }
                PortfolioFact::Target(id, target) => {
                    portfolio.targets.insert(id, *target);
                }
            }
        }
        portfolio
    }
}
