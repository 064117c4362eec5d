//! Prices and volumes from their text, never through a binary float, and what makes a bar of them.

use events::Price;
use projections::bars::BarPrices;
use rust_decimal::Decimal;

use super::error::{RowError, excerpt};
use super::{VolumeUnit, WarningKind};

/// The text of one value and its place in its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cell<'a> {
    pub(super) text: &'a str,
    pub(super) column: Option<u64>,
}

/// A bar as text; absent is what the row does not have or leaves empty.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct RawBar<'a> {
    pub(super) open: Option<Cell<'a>>,
    pub(super) high: Option<Cell<'a>>,
    pub(super) low: Option<Cell<'a>>,
    pub(super) close: Option<Cell<'a>>,
    pub(super) volume: Option<Cell<'a>>,
    pub(super) adjusted_close: Option<Cell<'a>>,
    /// The format has no open: a close stands for the whole bar.
    pub(super) flat: bool,
}

/// Why a row is not taken, and which of its values is to blame.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) column: Option<u64>,
    pub(super) error: RowError,
}

impl From<RowError> for Refusal {
    fn from(error: RowError) -> Self {
        Self { column: None, error }
    }
}

fn price_of(field: &'static str, cell: Cell<'_>) -> Result<Price, Refusal> {
    let refused = |error| Refusal { column: cell.column, error };
    let text = || excerpt(cell.text);
    let price: Price = cell.text.parse().map_err(|error: events::money::AmountError| {
        refused(RowError::BadNumber { field, text: text(), because: error.to_string() })
    })?;
    if !price.is_positive() {
        return Err(refused(RowError::NotPositive { field, text: text() }));
    }
    Ok(price)
}

/// The prices of a row; `None` where it has none at all.
pub(super) fn prices_of(
    raw: &RawBar<'_>,
    mut warn: impl FnMut(WarningKind),
) -> Result<Option<BarPrices>, Refusal> {
    let missing = |field| Err(RowError::Missing(field).into());
    let (open, high, low, close) = (raw.open, raw.high, raw.low, raw.close);
    let prices = match (open, high, low, close) {
        (None, None, None, None) => return Ok(None),
        (Some(open), None, None, None) => BarPrices::OpenOnly(price_of("open", open)?),
        (None, None, None, Some(close)) if raw.flat => BarPrices::Flat(price_of("close", close)?),
        (Some(open), None, None, Some(close)) => {
            BarPrices::OpenClose { open: price_of("open", open)?, close: price_of("close", close)? }
        }
        (Some(open), Some(high), Some(low), Some(close)) => full_of(open, high, low, close, &mut warn)?,
        (None, ..) => return missing("open"),
        (_, None, ..) => return missing("high"),
        (_, _, None, _) => return missing("low"),
        (.., None) => return missing("close"),
    };
    Ok(Some(prices))
}

fn full_of(
    open: Cell<'_>,
    high: Cell<'_>,
    low: Cell<'_>,
    close: Cell<'_>,
    warn: &mut impl FnMut(WarningKind),
) -> Result<BarPrices, Refusal> {
    let (open_price, close_price) = (price_of("open", open)?, price_of("close", close)?);
    let is_zero = |cell: Cell<'_>| cell.text.parse::<Price>().is_ok_and(Price::is_zero);
    if is_zero(high) && is_zero(low) {
        warn(WarningKind::RangeAbsent);
        return Ok(BarPrices::OpenClose { open: open_price, close: close_price });
    }
    let (high_price, low_price) = (price_of("high", high)?, price_of("low", low)?);
    if high_price < low_price {
        let error = RowError::HighBelowLow { high: high_price.to_string(), low: low_price.to_string() };
        return Err(Refusal { column: high.column, error });
    }
    let range = low_price..=high_price;
    if !range.contains(&open_price) {
        warn(WarningKind::OpenOutsideRange);
    }
    if !range.contains(&close_price) {
        warn(WarningKind::CloseOutsideRange);
    }
    Ok(BarPrices::Full { open: open_price, high: high_price, low: low_price, close: close_price })
}

/// The adjusted close of a row that has a close: without one there is nothing that it could be adjusted from.
pub(super) fn adjusted_close_of(raw: &RawBar<'_>, prices: &BarPrices) -> Result<Option<Price>, Refusal> {
    let cell = raw.adjusted_close.filter(|_| prices.close().is_some());
    cell.map(|cell| price_of("adjusted close", cell)).transpose()
}

pub(super) fn volume_of(cell: Option<Cell<'_>>, unit: VolumeUnit) -> Result<Option<Decimal>, Refusal> {
    let Some(cell) = cell else { return Ok(None) };
    let bad = |because: &str| Refusal {
        column: cell.column,
        error: RowError::BadNumber { field: "volume", text: excerpt(cell.text), because: because.to_owned() },
    };
    let number = Decimal::from_str_exact(cell.text).map_err(|_| bad("not a decimal number"))?;
    if number.is_sign_negative() && !number.is_zero() {
        return Err(bad("below zero"));
    }
    let factor = match unit {
        VolumeUnit::Shares => Decimal::ONE,
        VolumeUnit::Lots => Decimal::ONE_HUNDRED,
    };
    let volume = number.checked_mul(factor).ok_or_else(|| bad("outside the range of a volume"))?;
    Ok(Some(volume.normalize()))
}
