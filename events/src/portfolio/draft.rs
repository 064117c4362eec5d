//! A lot as it is sent, and the rules that make it one: all that are broken are reported at once.

mod checks;
mod contract;
mod warnings;

use std::collections::BTreeSet;

pub use checks::ENTRY_YEARS_MAX;
pub(super) use checks::{check_date, check_price, check_tags, check_type, type_of};
pub use warnings::{LotWarning, lot_warnings};

use jiff::civil::Date;

use super::{LotTerms, OPTION_MULTIPLIER, OPTION_MULTIPLIER_MAX};
use crate::option_contract::OptionContract;
use crate::policy::FieldError;
use crate::position::{InvestmentClass, InvestmentSubtype, OptionRight, PositionSymbol, PositionType};
use crate::text::check_text;
use crate::{Price, Quantity, TagId};

/// Longest note of a lot, in characters.
pub const NOTES_CHARS_MAX: usize = 1_000;
/// How symbols begin that stand for cash.
const CASH_PREFIX: &str = "CASH_";
/// A lot as it is sent: numbers and dates are read, nothing else is checked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LotDraft {
    /// What it is called; of options also the OCC symbol, or empty where the contract's parts are given.
    pub symbol: String,
    /// Units, signed.
    pub quantity: Quantity,
    /// The price per share at which it was entered.
    pub entry_price: Price,
    /// The New York date of the entry; by default today.
    pub entry_date: Option<Date>,
    /// By default what follows from class, sign and contract.
    pub position_type: Option<PositionType>,
    /// By default what follows from symbol, contract and subtype.
    pub investment_class: Option<InvestmentClass>,
    /// What it is within its class.
    pub investment_subtype: Option<InvestmentSubtype>,
    /// The underlying of options.
    pub underlying_symbol: Option<String>,
    /// The strike of options.
    pub strike_price: Option<Price>,
    /// The expiration date of options.
    pub expiration_date: Option<Date>,
    /// The right of options.
    pub option_type: Option<OptionRight>,
    /// Shares of a contract; by default 100.
    pub multiplier: Option<u32>,
    /// What its owner notes.
    pub notes: Option<String>,
    /// Its tags, which the sender knows to exist.
    pub tag_ids: BTreeSet<TagId>,
    /// When all of it was closed; with the price or not at all.
    pub exit_date: Option<Date>,
    /// The price per share at which all of it was closed.
    pub exit_price: Option<Price>,
}

/// A lot that keeps every rule.
pub(super) struct CheckedLot {
    pub(super) terms: LotTerms,
    pub(super) notes: Option<String>,
    /// When and at which price all of it was closed.
    pub(super) exit: Option<(Date, Price)>,
}

impl LotDraft {
    /// What the lot would be, or every rule that it breaks.
    pub fn terms(&self, today: Date) -> Result<LotTerms, Vec<FieldError>> {
        self.checked(today).map(|lot| lot.terms)
    }

    /// The lot, or every rule that it breaks.
    pub(super) fn checked(&self, today: Date) -> Result<CheckedLot, Vec<FieldError>> {
        let mut errors = Vec::new();
        let entry_date = self.entry_date.unwrap_or(today);
        let class = self.class();
        let option = match class {
            InvestmentClass::Options => self.contract(&mut errors),
            InvestmentClass::Public | InvestmentClass::Private => {
                self.refuse_contract_parts(&mut errors);
                None
            }
        };
        let symbol = self.lot_symbol(class, option.as_ref(), &mut errors);
        self.check_figures(&mut errors);
        self.check_dates(entry_date, option.as_ref(), today, &mut errors);
        let right = option.as_ref().map(|contract| contract.right).or(self.right());
        let position_type = self.type_of(class, right, &mut errors);
        self.check_subtype(class, right, &mut errors);
        let multiplier = self.multiplier_of(class, &mut errors);
        check_text("notes", self.notes.as_deref().unwrap_or_default(), 0..=NOTES_CHARS_MAX, &mut errors);
        check_tags(self.tag_ids.len(), &mut errors);
        let exit = self.exit(&mut errors);
        match (symbol, position_type) {
            (Some(symbol), Some(position_type)) if errors.is_empty() => Ok(CheckedLot {
                terms: LotTerms {
                    symbol,
                    position_type,
                    investment_class: class,
                    investment_subtype: self.investment_subtype,
                    option,
                    multiplier,
                    quantity: self.quantity,
                    entry_price: self.entry_price,
                    entry_date,
                },
                notes: self.notes.clone(),
                exit,
            }),
            _ => Err(errors),
        }
    }

    /// The class that was given, or the one that everything else speaks for.
    fn class(&self) -> InvestmentClass {
        let has_parts =
            self.strike_price.is_some() || self.expiration_date.is_some() || self.right().is_some();
        let is_private = |subtype: InvestmentSubtype| {
            !subtype.belongs_to(InvestmentClass::Public) && subtype.belongs_to(InvestmentClass::Private)
        };
        // What stands for cash has no ticker; funds of the money market have one.
        let is_cash = self.symbol.trim().to_ascii_uppercase().starts_with(CASH_PREFIX);
        match self.investment_class {
            Some(class) => class,
            None if has_parts || OptionContract::looks_like(self.symbol.trim()) => InvestmentClass::Options,
            None if is_cash || self.investment_subtype.is_some_and(is_private) => InvestmentClass::Private,
            None => InvestmentClass::Public,
        }
    }

    /// The right that was given, by itself or by the position type.
    fn right(&self) -> Option<OptionRight> {
        self.option_type.or(self.position_type.and_then(PositionType::right))
    }

    fn lot_symbol(
        &self,
        class: InvestmentClass,
        option: Option<&OptionContract>,
        errors: &mut Vec<FieldError>,
    ) -> Option<PositionSymbol> {
        let text = self.symbol.trim();
        let symbol = match class {
            // The canonical one, also where the bare underlying was given: that is what the shares are called.
            InvestmentClass::Options => option?.occ_symbol().parse().ok(),
            InvestmentClass::Public | InvestmentClass::Private if text.is_empty() => {
                errors.push(FieldError::new("symbol", "required", "must not be empty"));
                return None;
            }
            InvestmentClass::Public => text.parse::<crate::Symbol>().ok().map(|symbol| (&symbol).into()),
            InvestmentClass::Private => text.parse().ok(),
        };
        if symbol.is_none() {
            let message = match class {
                InvestmentClass::Public => crate::instrument::InvalidSymbol.to_string(),
                InvestmentClass::Options | InvestmentClass::Private => {
                    crate::position::InvalidPositionSymbol.to_string()
                }
            };
            errors.push(FieldError::new("symbol", "invalid", message));
        }
        symbol
    }

    fn check_figures(&self, errors: &mut Vec<FieldError>) {
        if self.quantity.is_zero() {
            errors.push(FieldError::new("quantity", "out_of_range", "must not be 0"));
        }
        check_price("entry_price", self.entry_price, errors);
    }

    fn check_dates(
        &self,
        entry_date: Date,
        option: Option<&OptionContract>,
        today: Date,
        errors: &mut Vec<FieldError>,
    ) {
        check_date("entry_date", entry_date, today, errors);
        if let Some(exit_date) = self.exit_date {
            check_date("exit_date", exit_date, today, errors);
            if exit_date < entry_date {
                errors.push(FieldError::new(
                    "exit_date",
                    "out_of_range",
                    "must not be before the entry date",
                ));
            }
        }
        let Some(expiry) = option.map(|contract| contract.expiry) else { return };
        if expiry < entry_date {
            errors.push(FieldError::new("expiration_date", "expired", "must not be before the entry date"));
        }
        if self.exit_date.is_some_and(|exit| exit > expiry) {
            errors.push(FieldError::new(
                "exit_date",
                "out_of_range",
                "must not be after the expiration date",
            ));
        }
    }

    fn type_of(
        &self,
        class: InvestmentClass,
        right: Option<OptionRight>,
        errors: &mut Vec<FieldError>,
    ) -> Option<PositionType> {
        let derived = type_of(class, right, self.quantity);
        let (Some(given), Some(derived)) = (self.position_type, derived) else { return derived };
        check_type(given, derived, errors);
        Some(given)
    }

    fn check_subtype(
        &self,
        class: InvestmentClass,
        right: Option<OptionRight>,
        errors: &mut Vec<FieldError>,
    ) {
        let Some(subtype) = self.investment_subtype else { return };
        let says = match subtype {
            InvestmentSubtype::Call => Some(OptionRight::Call),
            InvestmentSubtype::Put => Some(OptionRight::Put),
            _ => right,
        };
        if !subtype.belongs_to(class) {
            let message = format!("{subtype} is not a subtype of {class}");
            errors.push(FieldError::new("investment_subtype", "mismatch", message));
        } else if right.is_some() && says != right {
            errors.push(FieldError::new("investment_subtype", "conflict", "the contract has another right"));
        }
    }

    fn multiplier_of(&self, class: InvestmentClass, errors: &mut Vec<FieldError>) -> u32 {
        let (usual, range) = match class {
            InvestmentClass::Options => (OPTION_MULTIPLIER, 1..=OPTION_MULTIPLIER_MAX),
            InvestmentClass::Public | InvestmentClass::Private => (1, 1..=1),
        };
        let multiplier = self.multiplier.unwrap_or(usual);
        if !range.contains(&multiplier) {
            let message = format!("must be from {} to {}, not {multiplier}", range.start(), range.end());
            errors.push(FieldError::new("multiplier", "out_of_range", message));
        }
        multiplier
    }

    fn exit(&self, errors: &mut Vec<FieldError>) -> Option<(Date, Price)> {
        match (self.exit_date, self.exit_price) {
            (Some(date), Some(price)) => {
                check_price("exit_price", price, errors);
                Some((date, price))
            }
            (Some(_), None) => {
                errors.push(FieldError::new("exit_price", "required", "an exit date needs an exit price"));
                None
            }
            (None, Some(_)) => {
                errors.push(FieldError::new("exit_date", "required", "an exit price needs an exit date"));
                None
            }
            (None, None) => None,
        }
    }
}
