//! What was true on a date, read from the facts.

use jiff::civil::Date;

use super::{Lot, Mark, Portfolio, Settings, Target};
use crate::position::{PositionSymbol, PositionType};
use crate::{Cash, PositionId, Quantity, TargetId};

/// A lot that is open on a date.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Holding<'a> {
    /// Which.
    pub position_id: PositionId,
    /// The lot.
    pub lot: &'a Lot,
    /// Units open at the end of the date, signed and not zero.
    pub quantity: Quantity,
}

impl Portfolio {
    /// Its settings, while it is neither unopened nor closed.
    pub fn active(&self) -> Option<&Settings> {
        self.settings.as_ref().filter(|settings| settings.closed_at.is_none())
    }

    /// The lots that exist: all but the deleted ones.
    pub fn existing_lots(&self) -> impl Iterator<Item = (PositionId, &Lot)> {
        self.lots.iter().filter(|(_, lot)| lot.deleted_at.is_none()).map(|(id, lot)| (*id, lot))
    }

    /// A lot that exists.
    pub fn lot(&self, position_id: PositionId) -> Option<&Lot> {
        self.lots.get(&position_id).filter(|lot| lot.deleted_at.is_none())
    }

    /// The lots that are open at the end of `date`, by their ids.
    pub fn holdings_on(&self, date: Date) -> Vec<Holding<'_>> {
        let holding = |(position_id, lot): (PositionId, &'_ Lot)| (position_id, lot.open_quantity_on(date));
        let open = self.existing_lots().map(|entry| (holding(entry), entry.1));
        open.filter(|((_, quantity), _)| !quantity.is_zero())
            .map(|((position_id, quantity), lot)| Holding { position_id, lot, quantity })
            .collect()
    }

    /// Capital that came (or, negative, went) on a date.
    pub fn flow_on(&self, date: Date) -> Cash {
        let changes = self.equity_changes.values();
        let counting = changes.filter(|change| change.deleted_at.is_none() && change.change_date == date);
        counting.map(super::EquityChange::flow).sum()
    }

    /// The mark of a lot that counts on `date`, with its own date: the latest that is not later.
    pub fn mark_on(&self, position_id: PositionId, date: Date) -> Option<(Date, &Mark)> {
        let marks = self.marks.get(&position_id)?;
        marks.range(..=date).next_back().map(|(marked, mark)| (*marked, mark))
    }

    /// Lifetime P&L of all that ended by the end of `date`.
    pub fn realized_until(&self, date: Date) -> Cash {
        self.existing_lots().map(|(_, lot)| lot.realized_until(date)).sum()
    }

    /// The target prices of a symbol and type that are not removed.
    pub fn target_of(
        &self,
        symbol: &PositionSymbol,
        position_type: PositionType,
    ) -> Option<(TargetId, &Target)> {
        let is_wanted = |target: &Target| {
            target.removed_date.is_none() && target.symbol == *symbol && target.position_type == position_type
        };
        self.targets.iter().find(|(_, target)| is_wanted(target)).map(|(id, target)| (*id, target))
    }
}
