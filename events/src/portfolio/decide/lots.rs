//! Entering lots, taking them back, tagging and marking them.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::{Decision, Moment, check_length, unless_broken};
use crate::policy::FieldError;
use crate::portfolio::draft::{check_date, check_price, check_tags};
use crate::portfolio::{
    BULK_MAX, Deletion, EQUITY_NOTES_CHARS_MAX, IMPORT_LOTS_MAX, LOTS_MAX, Lot, LotDeleted, LotMarked,
    LotOpened, LotReduced, LotTagged, Matching, NewLot, Portfolio, PortfolioError, PortfolioEvent, Reduction,
    ReductionReason, TagChange, worth,
};
use crate::position::InvestmentClass;
use crate::text::check_text;
use crate::{PositionId, Price, TagId};

/// How long a lot can be deleted without a trace, and how long its symbol can be corrected.
pub(super) const FRESH_MINUTES: i64 = 5;

impl Portfolio {
    pub(super) fn open_lots(&self, lots: Vec<NewLot>, now: Moment) -> Decision {
        let known = lots.iter().filter(|lot| self.lots.contains_key(&lot.position_id)).count();
        if known == lots.len() && known > 0 {
            return Ok(vec![]);
        }
        if let Some(lot) = lots.iter().find(|lot| self.lots.contains_key(&lot.position_id)) {
            return Err(PortfolioError::PositionExists(lot.position_id));
        }
        let mut errors = Vec::new();
        check_room(self.lots.len(), lots.len(), &mut errors);
        let events = opened(lots, now, &mut errors);
        unless_broken(errors, events)
    }

    pub(super) fn replace_lots(&self, lots: Vec<NewLot>, now: Moment) -> Decision {
        let mine: BTreeSet<_> = self.existing_lots().map(|(id, _)| id).collect();
        let theirs: BTreeSet<_> = lots.iter().map(|lot| lot.position_id).collect();
        if mine == theirs && !lots.is_empty() {
            return Ok(vec![]);
        }
        if let Some(taken) = theirs.iter().find(|id| self.lots.contains_key(id)) {
            return Err(PortfolioError::PositionExists(*taken));
        }
        let mut errors = Vec::new();
        check_room(self.lots.len().saturating_sub(mine.len()), lots.len(), &mut errors);
        let new = opened(lots, now, &mut errors);
        let mut events = Vec::with_capacity(mine.len() + new.len());
        for (position_id, lot) in self.existing_lots() {
            events.push(deleted(position_id, lot, Deletion::Replaced, now));
        }
        events.extend(new);
        unless_broken(errors, events)
    }

    pub(super) fn delete_lots(&self, position_ids: &[PositionId], how: Deletion, now: Moment) -> Decision {
        let mut errors = Vec::new();
        check_length("position_ids", position_ids.len(), BULK_MAX, &mut errors);
        if how == Deletion::Replaced {
            errors.push(FieldError::new("type", "not_allowed", "only an import replaces positions"));
        }
        let mut events = Vec::new();
        for position_id in position_ids.iter().collect::<BTreeSet<_>>() {
            let lot = self.lots.get(position_id).ok_or(PortfolioError::NoPosition(*position_id))?;
            if how == Deletion::Hard && !now.is_within_minutes(FRESH_MINUTES, lot.created_at) {
                return Err(PortfolioError::HardDeleteWindowOver(*position_id));
            }
            // Taking back twice is taking back once.
            if lot.deleted_at.is_none() {
                events.push(deleted(*position_id, lot, how, now));
            }
        }
        unless_broken(errors, events)
    }

    pub(super) fn tag_lots(
        &self,
        position_ids: &[PositionId],
        tag_ids: &BTreeSet<TagId>,
        how: TagChange,
        now: Moment,
    ) -> Decision {
        let mut errors = Vec::new();
        check_length("position_ids", position_ids.len(), BULK_MAX, &mut errors);
        let mut events = Vec::new();
        for (row, position_id) in position_ids.iter().enumerate() {
            let lot = self.lot(*position_id).ok_or(PortfolioError::NoPosition(*position_id))?;
            let tags: BTreeSet<TagId> = match how {
                TagChange::Add => lot.tags.union(tag_ids).copied().collect(),
                TagChange::Replace => tag_ids.clone(),
                TagChange::Remove => lot.tags.difference(tag_ids).copied().collect(),
            };
            let mut broken = Vec::new();
            check_tags(tags.len(), &mut broken);
            errors.extend(broken.into_iter().map(|error| error.at_row(row)));
            let is_first = position_ids.iter().position(|other| other == position_id) == Some(row);
            if tags != lot.tags && is_first {
                let tagged = LotTagged { position_id: *position_id, tags, at: now.at };
                events.push(PortfolioEvent::LotTagged(tagged));
            }
        }
        unless_broken(errors, events)
    }

    pub(super) fn mark_lot(
        &self,
        position_id: PositionId,
        mark_date: Date,
        price: Price,
        note: Option<String>,
        now: Moment,
    ) -> Decision {
        let lot = self.lot(position_id).ok_or(PortfolioError::NoPosition(position_id))?;
        let mut errors = Vec::new();
        if lot.terms.investment_class != InvestmentClass::Private {
            let message = "only PRIVATE positions are valued by hand";
            errors.push(FieldError::new("investment_class", "not_allowed", message));
        }
        check_price("price", price, &mut errors);
        check_date("mark_date", mark_date, now.today, &mut errors);
        if mark_date < lot.terms.entry_date {
            errors.push(FieldError::new("mark_date", "out_of_range", "must not be before the entry date"));
        }
        check_text("note", note.as_deref().unwrap_or_default(), 0..=EQUITY_NOTES_CHARS_MAX, &mut errors);
        let before = self.marks.get(&position_id).and_then(|marks| marks.get(&mark_date));
        if errors.is_empty() && before.is_some_and(|mark| (mark.price, &mark.note) == (price, &note)) {
            return Ok(vec![]);
        }
        let marked = LotMarked { position_id, mark_date, price, note, at: now.at };
        unless_broken(errors, vec![PortfolioEvent::LotMarked(marked)])
    }
}

fn check_room(held: usize, new: usize, errors: &mut Vec<FieldError>) {
    check_length("positions", new, IMPORT_LOTS_MAX, errors);
    if held.saturating_add(new) > LOTS_MAX {
        let message = format!("at most {LOTS_MAX} positions, closed and deleted ones too; there are {held}");
        errors.push(FieldError::new("positions", "too_long", message));
    }
}

/// The events of new lots, in the order of their rows; every broken rule of every row goes to `errors`.
fn opened(lots: Vec<NewLot>, now: Moment, errors: &mut Vec<FieldError>) -> Vec<PortfolioEvent> {
    let mut events = Vec::with_capacity(lots.len());
    let mut seen = BTreeSet::new();
    for (row, NewLot { position_id, draft }) in lots.into_iter().enumerate() {
        if !seen.insert(position_id) {
            let repeated = FieldError::new("position_id", "not_unique", "occurs more than once");
            errors.push(repeated.at_row(row));
        }
        let checked = match draft.checked(now.today) {
            Ok(checked) => checked,
            Err(broken) => {
                errors.extend(broken.into_iter().map(|error| error.at_row(row)));
                continue;
            }
        };
        let (terms, exit) = (checked.terms, checked.exit);
        let reduced = exit.map(|(date, price)| {
            let gain = price - terms.entry_price;
            LotReduced {
                position_id,
                reduction: Reduction {
                    date,
                    quantity: terms.quantity.abs(),
                    price,
                    why: ReductionReason::Closed,
                    matching: Matching::Named,
                    at: now.at,
                },
                realized_pnl: worth(terms.quantity, gain, terms.multiplier),
            }
        });
        let (notes, tags) = (checked.notes, draft.tag_ids);
        events.push(PortfolioEvent::LotOpened(LotOpened { position_id, terms, notes, tags, at: now.at }));
        events.extend(reduced.map(PortfolioEvent::LotReduced));
    }
    events
}

fn deleted(position_id: PositionId, lot: &Lot, how: Deletion, now: Moment) -> PortfolioEvent {
    let entry_date = lot.terms.entry_date;
    PortfolioEvent::LotDeleted(LotDeleted { position_id, entry_date, how, at: now.at })
}
