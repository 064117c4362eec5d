//! What each event makes of the facts. Each changes the fact that it names, and reads no other.

use std::collections::BTreeMap;

use super::command::Deletion;
use super::events::{
    EquityAdjusted, EquityChangeRecorded, LotDeleted, LotMarked, LotOpened, LotReduced, PortfolioEvent,
    TargetCreated,
};
use super::{EquityAdjustment, EquityChange, Lot, Mark, Portfolio, Settings, Target};
use crate::{EquityChangeId, PositionId, TargetId};

/// Folds `event` into `portfolio`. What names a fact that is not there changes nothing.
pub(super) fn fold(portfolio: &mut Portfolio, event: &PortfolioEvent) {
    match event {
        PortfolioEvent::PortfolioOpened(opened) => portfolio.settings = Some(opened.settings.clone()),
        PortfolioEvent::PortfolioChanged(changed) => portfolio.settings = Some(changed.settings.clone()),
        PortfolioEvent::PortfolioClosed(closed) => portfolio.change_settings(|settings| {
            settings.closed_at = Some(closed.at);
            settings.updated_at = closed.at;
        }),
        PortfolioEvent::PortfolioRestored(restored) => portfolio.change_settings(|settings| {
            settings.closed_at = None;
            settings.updated_at = restored.at;
        }),
        PortfolioEvent::EquityChangeRecorded(recorded) => portfolio.add_flow(recorded),
        PortfolioEvent::EquityChangeEdited(edited) => {
            portfolio.change_flow(edited.equity_change_id, |change| {
                change.amount = edited.amount;
                change.change_date = edited.change_date;
                change.notes.clone_from(&edited.notes);
                change.updated_at = edited.at;
            })
        }
        PortfolioEvent::EquityChangeDeleted(deleted) => {
            portfolio.change_flow(deleted.equity_change_id, |change| {
                change.deleted_at = Some(deleted.at);
                change.updated_at = deleted.at;
            })
        }
        PortfolioEvent::EquityAdjusted(adjusted) => portfolio.set_equity(adjusted),
        PortfolioEvent::LotOpened(opened) => portfolio.add_lot(opened),
        PortfolioEvent::LotCorrected(corrected) => portfolio.change_lot(corrected.position_id, |lot| {
            lot.terms = corrected.terms.clone();
            lot.notes.clone_from(&corrected.notes);
            lot.updated_at = corrected.at;
        }),
        PortfolioEvent::LotReduced(reduced) => portfolio.reduce_lot(reduced),
        PortfolioEvent::LotDeleted(deleted) => portfolio.take_lot_back(deleted),
        PortfolioEvent::LotTagged(tagged) => portfolio.change_lot(tagged.position_id, |lot| {
            lot.tags.clone_from(&tagged.tags);
            lot.updated_at = tagged.at;
        }),
        PortfolioEvent::LotMarked(marked) => portfolio.mark(marked),
        PortfolioEvent::TargetCreated(created) => portfolio.add_target(created),
        PortfolioEvent::TargetChanged(changed) => portfolio.change_target(changed.target_id, |target| {
            target.revisions.insert(changed.effective_date, changed.prices);
            target.updated_at = changed.at;
        }),
        PortfolioEvent::TargetRemoved(removed) => portfolio.change_target(removed.target_id, |target| {
            target.removed_date = Some(removed.effective_date);
            target.updated_at = removed.at;
        }),
    }
}

impl Portfolio {
    fn change_settings(&mut self, change: impl FnOnce(&mut Settings)) {
        if let Some(settings) = &mut self.settings {
            change(settings);
        }
    }

    fn change_flow(&mut self, equity_change_id: EquityChangeId, change: impl FnOnce(&mut EquityChange)) {
        if let Some(flow) = self.equity_changes.get_mut(&equity_change_id) {
            change(flow);
        }
    }

    fn change_lot(&mut self, position_id: PositionId, change: impl FnOnce(&mut Lot)) {
        if let Some(lot) = self.lots.get_mut(&position_id) {
            change(lot);
        }
    }

    fn change_target(&mut self, target_id: TargetId, change: impl FnOnce(&mut Target)) {
        if let Some(target) = self.targets.get_mut(&target_id) {
            change(target);
        }
    }

    fn add_flow(&mut self, recorded: &EquityChangeRecorded) {
        let change = EquityChange {
            change_type: recorded.change_type,
            amount: recorded.amount,
            change_date: recorded.change_date,
            notes: recorded.notes.clone(),
            created_at: recorded.at,
            updated_at: recorded.at,
            deleted_at: None,
        };
        self.equity_changes.insert(recorded.equity_change_id, change);
    }

    fn set_equity(&mut self, adjusted: &EquityAdjusted) {
        let notes = adjusted.notes.clone();
        let adjustment = EquityAdjustment { equity: adjusted.equity, notes, recorded_at: adjusted.at };
        self.equity_adjustments.insert(adjusted.adjustment_date, adjustment);
    }

    fn add_lot(&mut self, opened: &LotOpened) {
        let lot = Lot {
            terms: opened.terms.clone(),
            notes: opened.notes.clone(),
            tags: opened.tags.clone(),
            reductions: Vec::new(),
            created_at: opened.at,
            updated_at: opened.at,
            deleted_at: None,
        };
        self.lots.insert(opened.position_id, lot);
    }

    fn reduce_lot(&mut self, reduced: &LotReduced) {
        self.change_lot(reduced.position_id, |lot| {
            let date = reduced.reduction.date;
            let place = lot.reductions.partition_point(|earlier| earlier.date <= date);
            lot.reductions.insert(place, reduced.reduction.clone());
            lot.updated_at = reduced.reduction.at;
        });
    }

    fn take_lot_back(&mut self, deleted: &LotDeleted) {
        match deleted.how {
            Deletion::Hard | Deletion::Replaced => {
                self.lots.remove(&deleted.position_id);
            }
            Deletion::Soft => self.change_lot(deleted.position_id, |lot| {
                lot.deleted_at = Some(deleted.at);
                lot.updated_at = deleted.at;
                lot.tags.clear();
            }),
        }
    }

    fn mark(&mut self, marked: &LotMarked) {
        let mark = Mark { price: marked.price, note: marked.note.clone(), recorded_at: marked.at };
        self.marks.entry(marked.position_id).or_default().insert(marked.mark_date, mark);
    }

    fn add_target(&mut self, created: &TargetCreated) {
        let target = Target {
            symbol: created.symbol.clone(),
            position_type: created.position_type,
            position_id: created.position_id,
            revisions: BTreeMap::from([(created.effective_date, created.prices)]),
            created_at: created.at,
            updated_at: created.at,
            removed_date: None,
        };
        self.targets.insert(created.target_id, target);
    }
}
