//! Rules of single fields that every command about lots shares.

use jiff::civil::Date;

use crate::policy::FieldError;
use crate::portfolio::TAGS_PER_LOT_MAX;
use crate::position::{InvestmentClass, OptionRight, PositionType};
use crate::{Price, Quantity};

/// How long ago a lot may have been entered, in years.
pub const ENTRY_YEARS_MAX: i16 = 100;
/// Units of a price that has six decimals, the most that a user may give.
const PRICE_STEP_UNITS: i64 = 100;

/// The type that follows from class, right and sign; none for options whose right is unknown.
pub(in crate::portfolio) fn type_of(
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
pub(in crate::portfolio) fn check_type(
    given: PositionType,
    derived: PositionType,
    errors: &mut Vec<FieldError>,
) {
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
pub(in crate::portfolio) fn check_price(field: &str, price: Price, errors: &mut Vec<FieldError>) {
    if price.is_negative() {
        errors.push(FieldError::new(field, "out_of_range", format!("must not be below 0, but is {price}")));
    }
    if price.units() % PRICE_STEP_UNITS != 0 {
        errors.push(FieldError::new(field, "too_precise", "at most 6 decimals"));
    }
}

/// Reports a date in the future, or too long ago to be meant.
pub(in crate::portfolio) fn check_date(field: &str, date: Date, today: Date, errors: &mut Vec<FieldError>) {
    if date > today {
        errors.push(FieldError::new(field, "future_date", format!("must not be after {today}")));
    } else if date.year() < today.year().saturating_sub(ENTRY_YEARS_MAX) {
        errors.push(FieldError::new(field, "out_of_range", format!("at most {ENTRY_YEARS_MAX} years ago")));
    }
}

/// Reports more tags than a lot may have.
pub(in crate::portfolio) fn check_tags(count: usize, errors: &mut Vec<FieldError>) {
    if count > TAGS_PER_LOT_MAX {
        let message = format!("at most {TAGS_PER_LOT_MAX} tags, not {count}");
        errors.push(FieldError::new("tag_ids", "too_long", message));
    }
}
