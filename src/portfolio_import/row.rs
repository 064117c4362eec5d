//! One row of a file of positions: its cells, read into a lot that is still to be checked.

use std::str::FromStr;

use csv::StringRecord;
use events::money::AmountError;
use events::portfolio::{LotDraft, TAGS_PER_LOT_MAX};
use events::position::InvestmentSubtype;
use events::tags::TAG_NAME_CHARS_MAX;
use events::{Price, Quantity};
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::columns::{Column, Header};
use super::fault::Fault;

/// A row whose cells could be read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cells {
    pub(super) draft: LotDraft,
    pub(super) tags: Vec<String>,
}

/// Reads a row; what cannot be read of it goes to `faults`, all of it.
pub(super) fn read(
    header: &Header,
    record: &StringRecord,
    place: (u64, u64),
    faults: &mut Vec<Fault>,
) -> Option<Cells> {
    let before = faults.len();
    let mut row = Row { header, record, place, faults };
    if record.len() != header.width {
        let message = format!("has {} cells, and the header {}", record.len(), header.width);
        row.faults.push(Fault::of_row(place, "wrong_cell_count", message));
        return None;
    }
    let draft = LotDraft {
        symbol: row.text(Column::Symbol).unwrap_or_default().to_owned(),
        quantity: row.required(Column::Quantity, amount(Quantity::from_decimal)).unwrap_or_default(),
        entry_price: row.required(Column::EntryPrice, amount(Price::from_decimal)).unwrap_or_default(),
        entry_date: row.required(Column::EntryDate, date),
        position_type: row.optional(Column::PositionType, name),
        investment_class: row.optional(Column::InvestmentClass, name),
        investment_subtype: row.optional(Column::InvestmentSubtype, |text| {
            InvestmentSubtype::by_name(text).map_err(|unknown| ("invalid", unknown.to_string()))
        }),
        underlying_symbol: row.text(Column::UnderlyingSymbol).map(str::to_owned),
        strike_price: row.optional(Column::StrikePrice, amount(Price::from_decimal)),
        expiration_date: row.optional(Column::ExpirationDate, date),
        option_type: row.optional(Column::OptionType, name),
        exit_date: row.optional(Column::ExitDate, date),
        exit_price: row.optional(Column::ExitPrice, amount(Price::from_decimal)),
        ..LotDraft::default()
    };
    let tags = row.optional(Column::Tags, tags).unwrap_or_default();
    (faults.len() == before).then_some(Cells { draft, tags })
}

/// The cell of a column without the spaces around it; none where it is empty.
pub(super) fn cell<'a>(header: &Header, record: &'a StringRecord, column: Column) -> Option<&'a str> {
    record.get(header.place(column)?).map(str::trim).filter(|text| !text.is_empty())
}

/// Why a cell cannot be read: code and message.
type Unreadable = (&'static str, String);

struct Row<'a> {
    header: &'a Header,
    record: &'a StringRecord,
    place: (u64, u64),
    faults: &'a mut Vec<Fault>,
}

impl<'a> Row<'a> {
    fn text(&self, column: Column) -> Option<&'a str> {
        cell(self.header, self.record, column)
    }

    fn optional<T>(&mut self, column: Column, read: impl Fn(&str) -> Result<T, Unreadable>) -> Option<T> {
        let text = self.text(column)?;
        match read(text) {
            Ok(value) => Some(value),
            Err((code, message)) => {
                self.faults.push(Fault::of_cell(self.place, column, code, message, text));
                None
            }
        }
    }

    fn required<T>(&mut self, column: Column, read: impl Fn(&str) -> Result<T, Unreadable>) -> Option<T> {
        if self.text(column).is_none() {
            let message = "must not be empty".to_owned();
            self.faults.push(Fault::of_cell(self.place, column, "required", message, ""));
        }
        self.optional(column, read)
    }
}

fn name<T: FromStr<Err = events::position::UnknownName>>(text: &str) -> Result<T, Unreadable> {
    text.parse().map_err(|unknown: events::position::UnknownName| ("invalid", unknown.to_string()))
}

/// Reads decimals also with an exponent. The decimals of the value count, not those of the text: `1E7` and `1.50000000`
/// have none too many.
fn amount<T>(
    from_decimal: impl Fn(Decimal) -> Result<T, AmountError>,
) -> impl Fn(&str) -> Result<T, Unreadable> {
    move |text| {
        let not_a_number = || ("invalid", "is not a decimal number".to_owned());
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
        let decimal = match text.contains(['e', 'E']) {
            _ if !is_number => return Err(not_a_number()),
            true => Decimal::from_scientific(text),
            false => Decimal::from_str_exact(text),
        };
        match decimal {
            Ok(decimal) => from_decimal(decimal).map_err(|error| match error {
                AmountError::TooPrecise(_) => ("too_precise", "at most 6 decimals".to_owned()),
                AmountError::OutOfRange => ("out_of_range", error.to_string()),
                AmountError::Malformed => not_a_number(),
            }),
            Err(rust_decimal::Error::Underflow) => Err(("too_precise", "at most 6 decimals".to_owned())),
            Err(rust_decimal::Error::ExceedsMaximumPossibleValue) => {
                Err(("out_of_range", AmountError::OutOfRange.to_string()))
            }
            Err(_) => Err(not_a_number()),
        }
    }
}

/// Reads `YYYY-MM-DD` and nothing else.
fn date(text: &str) -> Result<Date, Unreadable> {
    let is_shaped = text.len() == 10
        && text
            .bytes()
            .enumerate()
            .all(|(at, byte)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() });
    let parsed = if is_shaped { text.parse().ok() } else { None };
    parsed.ok_or_else(|| ("invalid", "must be a day as YYYY-MM-DD".to_owned()))
}

/// Names of tags, each once whatever the case of its letters.
fn tags(text: &str) -> Result<Vec<String>, Unreadable> {
    let mut names: Vec<String> = Vec::new();
    for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        if name.chars().count() > TAG_NAME_CHARS_MAX || name.chars().any(char::is_control) {
            let message = format!("a tag has at most {TAG_NAME_CHARS_MAX} characters on one line");
            return Err(("invalid", message));
        }
        if !names.iter().any(|known| known.to_lowercase() == name.to_lowercase()) {
            names.push(name.to_owned());
        }
    }
    if names.len() > TAGS_PER_LOT_MAX {
        return Err(("too_long", format!("at most {TAGS_PER_LOT_MAX} tags, not {}", names.len())));
    }
    Ok(names)
}
