//! Creating, changing and removing target prices.

use std::collections::{BTreeMap, BTreeSet};

use super::{Decision, Moment, check_length, unless_broken};
use crate::policy::FieldError;
use crate::portfolio::command::{TargetEdit, TargetName};
use crate::portfolio::draft::check_price;
use crate::portfolio::{
    BULK_MAX, ExistingTarget, Portfolio, PortfolioError, PortfolioEvent, TARGETS_MAX, Target, TargetChanged,
    TargetCreated, TargetDraft, TargetPrices, TargetRemoved,
};
use crate::position::{PositionSymbol, PositionType};
use crate::{Price, TargetId};

impl Portfolio {
    pub(super) fn create_targets(
        &self,
        drafts: Vec<(TargetId, TargetDraft)>,
        existing: ExistingTarget,
        now: Moment,
    ) -> Decision {
        if !drafts.is_empty() && drafts.iter().all(|(id, _)| self.targets.contains_key(id)) {
            return Ok(vec![]);
        }
        let mut errors = Vec::new();
        check_length("target_prices", drafts.len(), TARGETS_MAX, &mut errors);
        let kept = self.targets.iter().filter(|(_, target)| target.removed_date.is_none());
        let held: BTreeMap<_, _> =
            kept.map(|(id, target)| ((target.symbol.clone(), target.position_type), (*id, target))).collect();
        let mut named = BTreeSet::new();
        let mut count = held.len();
        let (mut events, mut clash) = (Vec::new(), None);
        for (row, (target_id, draft)) in drafts.into_iter().enumerate() {
            let mut broken = Vec::new();
            check_prices(&draft.prices, &mut broken);
            let symbol: Option<PositionSymbol> = symbol_of(&draft, &mut broken);
            let position_type = draft.position_type.unwrap_or(PositionType::Long);
            if draft.position_id.is_some_and(|id| self.lot(id).is_none()) {
                broken.push(FieldError::new("position_id", "unknown", "there is no such position"));
            }
            errors.extend(broken.into_iter().map(|error| error.at_row(row)));
            let Some(symbol) = symbol else { continue };
            let pair = (symbol, position_type);
            let is_named_twice = !named.insert(pair.clone());
            match (held.get(&pair), existing) {
                (Some((id, target)), ExistingTarget::Update) if !is_named_twice => {
                    events.extend(changed(*id, target, draft.prices, now));
                }
                (None, _) if !is_named_twice => {
                    count += 1;
                    events.push(PortfolioEvent::TargetCreated(TargetCreated {
                        target_id,
                        symbol: pair.0,
                        position_type: pair.1,
                        position_id: draft.position_id,
                        prices: draft.prices,
                        effective_date: now.today,
                        at: now.at,
                    }));
                }
                (Some(_) | None, _) => {
                    clash = clash.or(Some(PortfolioError::TargetExists {
                        symbol: pair.0.to_string(),
                        position_type: pair.1.name(),
                        row,
                    }));
                }
            }
        }
        if count > TARGETS_MAX {
            let message = format!("at most {TARGETS_MAX} in all; there are {}", held.len());
            errors.push(FieldError::new("target_prices", "too_long", message));
        }
        match clash {
            Some(clash) if errors.is_empty() => Err(clash),
            Some(_) | None => unless_broken(errors, events),
        }
    }

    pub(super) fn change_targets(&self, edits: Vec<TargetEdit>, now: Moment) -> Decision {
        let mut errors = Vec::new();
        check_length("updates", edits.len(), BULK_MAX, &mut errors);
        let mut seen = BTreeSet::new();
        let mut events = Vec::new();
        for (row, edit) in edits.into_iter().enumerate() {
            let Some((target_id, target)) = self.named_target(&edit.target)? else {
                errors.push(FieldError::new("symbol", "unknown", "has no target prices").at_row(row));
                continue;
            };
            if !seen.insert(target_id) {
                errors.push(FieldError::new("symbol", "not_unique", "occurs more than once").at_row(row));
            }
            let before = target.latest();
            let prices = TargetPrices {
                eoy: edit.eoy.unwrap_or(before.eoy),
                next_year: edit.next_year.unwrap_or(before.next_year),
                downside: edit.downside.unwrap_or(before.downside),
                current_price: edit.current_price.unwrap_or(before.current_price),
            };
            let mut broken = Vec::new();
            check_prices(&prices, &mut broken);
            errors.extend(broken.into_iter().map(|error| error.at_row(row)));
            events.extend(changed(target_id, target, prices, now));
        }
        unless_broken(errors, events)
    }

    pub(super) fn remove_targets(&self, target_ids: &[TargetId], now: Moment) -> Decision {
        let mut errors = Vec::new();
        check_length("target_price_ids", target_ids.len(), BULK_MAX, &mut errors);
        let mut events = Vec::new();
        for target_id in target_ids.iter().collect::<BTreeSet<_>>() {
            let target = self.targets.get(target_id).ok_or(PortfolioError::NoTarget(*target_id))?;
            // Removing twice is removing once.
            if target.removed_date.is_none() {
                events.push(PortfolioEvent::TargetRemoved(TargetRemoved {
                    target_id: *target_id,
                    effective_date: now.today,
                    at: now.at,
                }));
            }
        }
        unless_broken(errors, events)
    }

    /// The target that is named: an unknown id is refused, an unknown symbol is a row's fault.
    fn named_target(&self, name: &TargetName) -> Result<Option<(TargetId, &Target)>, PortfolioError> {
        match name {
            TargetName::Id(id) => {
                let kept = self.targets.get(id).filter(|target| target.removed_date.is_none());
                kept.map(|target| Some((*id, target))).ok_or(PortfolioError::NoTarget(*id))
            }
            TargetName::Of(symbol, position_type) => Ok(self.target_of(symbol, *position_type)),
        }
    }
}

fn symbol_of(draft: &TargetDraft, errors: &mut Vec<FieldError>) -> Option<PositionSymbol> {
    let symbol = draft.symbol.trim().parse();
    if let Err(error) = &symbol {
        let error: &crate::position::InvalidPositionSymbol = error;
        errors.push(FieldError::new("symbol", "invalid", error.to_string()));
    }
    symbol.ok()
}

fn changed(
    target_id: TargetId,
    target: &Target,
    prices: TargetPrices,
    now: Moment,
) -> Option<PortfolioEvent> {
    let changed = TargetChanged { target_id, prices, effective_date: now.today, at: now.at };
    (target.latest() != prices).then_some(PortfolioEvent::TargetChanged(changed))
}

fn check_prices(prices: &TargetPrices, errors: &mut Vec<FieldError>) {
    let targets = [
        ("target_price_eoy", prices.eoy),
        ("target_price_next_year", prices.next_year),
        ("downside_target_price", prices.downside),
        ("current_price", prices.current_price),
    ];
    for (field, price) in targets {
        if let Some(price) = price {
            check_price(field, price, errors);
        }
    }
    if prices.current_price == Some(Price::ZERO) {
        errors.push(FieldError::new("current_price", "out_of_range", "must be above 0"));
    }
}
