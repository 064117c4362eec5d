//! What each event makes of the facts. Each changes the fact that it names, and reads no other.

use std::collections::BTreeMap;

use super::command::Deletion;
use super::events::PortfolioEvent;
use super::{EquityAdjustment, EquityChange, Lot, Mark, Portfolio, Target};

/// Folds `event` into `portfolio`. What names a fact that is not there changes nothing.
pub(super) fn fold(portfolio: &mut Portfolio, event: &PortfolioEvent) {
    match event {
        PortfolioEvent::PortfolioOpened(opened) => portfolio.settings = Some(opened.settings.clone()),
        PortfolioEvent::PortfolioChanged(changed) => portfolio.settings = Some(changed.settings.clone()),
        PortfolioEvent::PortfolioClosed(closed) => {
            if let Some(settings) = &mut portfolio.settings {
                settings.closed_at = Some(closed.at);
                settings.updated_at = closed.at;
            }
        }
        PortfolioEvent::PortfolioRestored(restored) => {
            if let Some(settings) = &mut portfolio.settings {
                settings.closed_at = None;
                settings.updated_at = restored.at;
            }
        }
        PortfolioEvent::EquityChangeRecorded(_)
        | PortfolioEvent::EquityChangeEdited(_)
        | PortfolioEvent::EquityChangeDeleted(_)
        | PortfolioEvent::EquityAdjusted(_) => fold_equity(portfolio, event),
        PortfolioEvent::TargetCreated(_)
        | PortfolioEvent::TargetChanged(_)
        | PortfolioEvent::TargetRemoved(_) => fold_target(portfolio, event),
        PortfolioEvent::LotOpened(_)
        | PortfolioEvent::LotCorrected(_)
        | PortfolioEvent::LotReduced(_)
        | PortfolioEvent::LotDeleted(_)
        | PortfolioEvent::LotTagged(_)
        | PortfolioEvent::LotMarked(_) => fold_lot(portfolio, event),
    }
}

fn fold_equity(portfolio: &mut Portfolio, event: &PortfolioEvent) {
    match event {
        PortfolioEvent::EquityChangeRecorded(recorded) => {
            let change = EquityChange {
                change_type: recorded.change_type,
                amount: recorded.amount,
                change_date: recorded.change_date,
                notes: recorded.notes.clone(),
                created_at: recorded.at,
                updated_at: recorded.at,
                deleted_at: None,
            };
            portfolio.equity_changes.insert(recorded.equity_change_id, change);
        }
        PortfolioEvent::EquityChangeEdited(edited) => {
            if let Some(change) = portfolio.equity_changes.get_mut(&edited.equity_change_id) {
                change.amount = edited.amount;
                change.change_date = edited.change_date;
                change.notes.clone_from(&edited.notes);
                change.updated_at = edited.at;
            }
        }
        PortfolioEvent::EquityChangeDeleted(deleted) => {
            if let Some(change) = portfolio.equity_changes.get_mut(&deleted.equity_change_id) {
                change.deleted_at = Some(deleted.at);
                change.updated_at = deleted.at;
            }
        }
        PortfolioEvent::EquityAdjusted(adjusted) => {
            let adjustment = EquityAdjustment {
                equity: adjusted.equity,
                notes: adjusted.notes.clone(),
                recorded_at: adjusted.at,
            };
            portfolio.equity_adjustments.insert(adjusted.adjustment_date, adjustment);
        }
        _ => {}
    }
}

fn fold_lot(portfolio: &mut Portfolio, event: &PortfolioEvent) {
    let lots = &mut portfolio.lots;
    match event {
        PortfolioEvent::LotOpened(opened) => {
            let lot = Lot {
                terms: opened.terms.clone(),
                notes: opened.notes.clone(),
                tags: opened.tags.clone(),
                reductions: Vec::new(),
                created_at: opened.at,
                updated_at: opened.at,
                deleted_at: None,
            };
            lots.insert(opened.position_id, lot);
        }
        PortfolioEvent::LotCorrected(corrected) => {
            if let Some(lot) = lots.get_mut(&corrected.position_id) {
                lot.terms = corrected.terms.clone();
                lot.notes.clone_from(&corrected.notes);
                lot.updated_at = corrected.at;
            }
        }
        PortfolioEvent::LotReduced(reduced) => {
            if let Some(lot) = lots.get_mut(&reduced.position_id) {
                let date = reduced.reduction.date;
                let place = lot.reductions.partition_point(|earlier| earlier.date <= date);
                lot.reductions.insert(place, reduced.reduction.clone());
                lot.updated_at = reduced.reduction.at;
            }
        }
        PortfolioEvent::LotDeleted(deleted) => match deleted.how {
            Deletion::Hard | Deletion::Replaced => {
                lots.remove(&deleted.position_id);
            }
            Deletion::Soft => {
                if let Some(lot) = lots.get_mut(&deleted.position_id) {
                    lot.deleted_at = Some(deleted.at);
                    lot.updated_at = deleted.at;
                    lot.tags.clear();
                }
            }
        },
        PortfolioEvent::LotTagged(tagged) => {
            if let Some(lot) = lots.get_mut(&tagged.position_id) {
                lot.tags.clone_from(&tagged.tags);
                lot.updated_at = tagged.at;
            }
        }
        PortfolioEvent::LotMarked(marked) => {
            let mark = Mark { price: marked.price, note: marked.note.clone(), recorded_at: marked.at };
            portfolio.marks.entry(marked.position_id).or_default().insert(marked.mark_date, mark);
        }
        _ => {}
    }
}

fn fold_target(portfolio: &mut Portfolio, event: &PortfolioEvent) {
    let targets = &mut portfolio.targets;
    match event {
        PortfolioEvent::TargetCreated(created) => {
            let target = Target {
                symbol: created.symbol.clone(),
                position_type: created.position_type,
                position_id: created.position_id,
                revisions: BTreeMap::from([(created.effective_date, created.prices)]),
                created_at: created.at,
                updated_at: created.at,
                removed_date: None,
            };
            targets.insert(created.target_id, target);
        }
        PortfolioEvent::TargetChanged(changed) => {
            if let Some(target) = targets.get_mut(&changed.target_id) {
                target.revisions.insert(changed.effective_date, changed.prices);
                target.updated_at = changed.at;
            }
        }
        PortfolioEvent::TargetRemoved(removed) => {
            if let Some(target) = targets.get_mut(&removed.target_id) {
                target.removed_date = Some(removed.effective_date);
                target.updated_at = removed.at;
            }
        }
        _ => {}
    }
}
