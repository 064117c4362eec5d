//! A lot as it is sent, and the rules that make it one: all that are broken are reported at once.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::{LotTerms, OPTION_MULTIPLIER, OPTION_MULTIPLIER_MAX, Portfolio, TAGS_PER_LOT_MAX};
use crate::option_contract::{ContractError, OptionContract};
use crate::policy::FieldError;
use crate::position::{InvestmentClass, InvestmentSubtype, OptionRight, PositionSymbol, PositionType};
use crate::text::check_text;
use crate::{Price, Quantity, TagId};

/// Longest note of a lot, in characters.
pub const NOTES_CHARS_MAX: usize = 1_000;
/// How long ago a lot may have been entered, in years.
pub const ENTRY_YEARS_MAX: i16 = 100;
/// Units of a price that has six decimals, the most that a user may give.
const PRICE_STEP_UNITS: i64 = 100;

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

/// Something odd about a lot that is entered all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LotWarning {
    /// Which element of the list, from 0.
    pub row: usize,
    /// `zero_entry_price`, `same_symbol_and_date` or `identical`.
    pub code: &'static str,
    /// For people.
    pub message: String,
}

/// What is odd about `drafts`, in their order: entries for nothing, several lots of one symbol and date, and repetitions.
pub fn lot_warnings(portfolio: &Portfolio, drafts: &[LotDraft], today: Date) -> Vec<LotWarning> {
    let held = portfolio.existing_lots().map(|(_, lot)| &lot.terms);
    let mut seen: BTreeMap<(String, Date), Vec<(Quantity, Price)>> = BTreeMap::new();
    for terms in held {
        let entry = seen.entry((terms.symbol.as_str().to_owned(), terms.entry_date)).or_default();
        entry.push((terms.quantity, terms.entry_price));
    }
    let mut warnings = Vec::new();
    for (row, draft) in drafts.iter().enumerate() {
        let mut warn = |code, message| warnings.push(LotWarning { row, code, message });
        if draft.entry_price.is_zero() {
            warn("zero_entry_price", "the entry price is 0".to_owned());
        }
        let Ok(checked) = draft.checked(today) else { continue };
        let (symbol, date) = (checked.terms.symbol.to_string(), checked.terms.entry_date);
        let same = seen.entry((symbol.clone(), date)).or_default();
        let figures = (draft.quantity, draft.entry_price);
        if same.contains(&figures) {
            warn(
                "identical",
                format!("another lot has the symbol {symbol}, date, quantity and price of this one"),
            );
        } else if !same.is_empty() {
            warn("same_symbol_and_date", format!("another lot of {symbol} was entered on {date}"));
        }
        same.push(figures);
    }
    warnings
}

impl LotDraft {
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
        match self.investment_class {
            Some(class) => class,
            None if has_parts || OptionContract::looks_like(self.symbol.trim()) => InvestmentClass::Options,
            None if self.investment_subtype.is_some_and(is_private) => InvestmentClass::Private,
            None => InvestmentClass::Public,
        }
    }

    /// The right that was given, by itself or by the position type.
    fn right(&self) -> Option<OptionRight> {
        self.option_type.or(self.position_type.and_then(PositionType::right))
    }

    fn contract(&self, errors: &mut Vec<FieldError>) -> Option<OptionContract> {
        if OptionContract::looks_like(self.symbol.trim()) {
            return self.contract_of_symbol(errors);
        }
        let mut missing = |field: &str| {
            errors.push(FieldError::new(field, "required", "options need it, or an OCC symbol"));
        };
        let underlying = self.underlying_symbol.as_deref().map(str::trim).filter(|text| !text.is_empty());
        if underlying.is_none() {
            missing("underlying_symbol");
        }
        if self.strike_price.is_none() {
            missing("strike_price");
        }
        if self.expiration_date.is_none() {
            missing("expiration_date");
        }
        if self.right().is_none() {
            missing("option_type");
        }
        let (expiry, right, strike) = (self.expiration_date?, self.right()?, self.strike_price?);
        let Ok(underlying) = underlying?.parse() else {
            errors.push(FieldError::new(
                "underlying_symbol",
                "invalid",
                crate::instrument::InvalidSymbol.to_string(),
            ));
            return None;
        };
        match OptionContract::new(underlying, expiry, right, strike) {
            Ok(contract) => Some(contract),
            Err(error) => {
                let field = match error {
                    ContractError::Root | ContractError::Malformed => "underlying_symbol",
                    ContractError::Date => "expiration_date",
                    ContractError::Strike => "strike_price",
                };
                errors.push(FieldError::new(field, "invalid", error.to_string()));
                None
            }
        }
    }

    /// The contract that an OCC symbol names; parts that are given as well must agree with it.
    fn contract_of_symbol(&self, errors: &mut Vec<FieldError>) -> Option<OptionContract> {
        let mut contract: OptionContract = match self.symbol.trim().parse() {
            Ok(contract) => contract,
            Err(error) => {
                errors.push(FieldError::new("symbol", "invalid", error.to_string()));
                return None;
            }
        };
        let root = contract.root();
        let mut conflict = |field: &str, named: &dyn std::fmt::Display| {
            errors.push(FieldError::new(field, "conflict", format!("the symbol says {named}")));
        };
        if self.strike_price.is_some_and(|strike| strike != contract.strike) {
            conflict("strike_price", &contract.strike);
        }
        if self.expiration_date.is_some_and(|expiry| expiry != contract.expiry) {
            conflict("expiration_date", &contract.expiry);
        }
        if self.option_type.is_some_and(|right| right != contract.right) {
            conflict("option_type", &contract.right);
        }
        if let Some(given) = self.underlying_symbol.as_deref().map(str::trim).filter(|text| !text.is_empty())
        {
            let given = given.parse().ok().and_then(|underlying| {
                OptionContract::new(underlying, contract.expiry, contract.right, contract.strike).ok()
            });
            match given {
                // The root has no point: only the given name knows the class of the share.
                Some(same) if same.root() == root => contract = same,
                Some(_) | None => conflict("underlying_symbol", &root),
            }
        }
        Some(contract)
    }

    fn refuse_contract_parts(&self, errors: &mut Vec<FieldError>) {
        let given = [
            (
                "underlying_symbol",
                self.underlying_symbol.as_deref().is_some_and(|text| !text.trim().is_empty()),
            ),
            ("strike_price", self.strike_price.is_some()),
            ("expiration_date", self.expiration_date.is_some()),
            ("option_type", self.option_type.is_some()),
        ];
        for (field, _) in given.into_iter().filter(|(_, is_given)| *is_given) {
            errors.push(FieldError::new(field, "not_allowed", "only options have it"));
        }
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
        } else if expiry < today && self.exit_date.is_none() {
            errors.push(FieldError::new(
                "expiration_date",
                "expired",
                "the option has expired; say how it ended",
            ));
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

/// The type that follows from class, right and sign; none for options whose right is unknown.
pub(super) fn type_of(
    class: InvestmentClass,
    right: Option<OptionRight>,
    quantity: Quantity,
) -> Option<PositionType> {
    let is_long = !quantity.is_negative();
    match (class, right, is_long) {
        (InvestmentClass::Public | InvestmentClass::Private, _, true) => Some(PositionType::Long),
        (InvestmentClass::Public | InvestmentClass::Private, _, false) => Some(PositionType::Short),
        (InvestmentClass::Options, Some(OptionRight::Call), true) => Some(PositionType::LongCall),
        (InvestmentClass::Options, Some(OptionRight::Call), false) => Some(PositionType::ShortCall),
        (InvestmentClass::Options, Some(OptionRight::Put), true) => Some(PositionType::LongPut),
        (InvestmentClass::Options, Some(OptionRight::Put), false) => Some(PositionType::ShortPut),
        (InvestmentClass::Options, None, _) => None,
    }
}

/// Reports a type that is not the one that follows from everything else.
pub(super) fn check_type(given: PositionType, derived: PositionType, errors: &mut Vec<FieldError>) {
    if given == derived {
        return;
    }
    if given.right() == derived.right() {
        let message =
            format!("the quantity of {given} must be {} 0", if given.is_long() { "above" } else { "below" });
        errors.push(FieldError::new("quantity", "sign_mismatch", message));
    } else {
        let message = format!("must be {derived}, as class, contract and quantity say");
        errors.push(FieldError::new("position_type", "mismatch", message));
    }
}

/// Reports a price below zero or finer than six decimals.
pub(super) fn check_price(field: &str, price: Price, errors: &mut Vec<FieldError>) {
    if price.is_negative() {
        errors.push(FieldError::new(field, "out_of_range", format!("must not be below 0, but is {price}")));
    }
    if price.units() % PRICE_STEP_UNITS != 0 {
        errors.push(FieldError::new(field, "too_precise", "at most 6 decimals"));
    }
}

/// Reports a date in the future, or too long ago to be meant.
pub(super) fn check_date(field: &str, date: Date, today: Date, errors: &mut Vec<FieldError>) {
    if date > today {
        errors.push(FieldError::new(field, "future_date", format!("must not be after {today}")));
    } else if date.year() < today.year().saturating_sub(ENTRY_YEARS_MAX) {
        errors.push(FieldError::new(field, "out_of_range", format!("at most {ENTRY_YEARS_MAX} years ago")));
    }
}

/// Reports more tags than a lot may have.
pub(super) fn check_tags(count: usize, errors: &mut Vec<FieldError>) {
    if count > TAGS_PER_LOT_MAX {
        let message = format!("at most {TAGS_PER_LOT_MAX} tags, not {count}");
        errors.push(FieldError::new("tag_ids", "too_long", message));
    }
}
