//! Daily prices as columns over the sessions of a window, the same for every symbol.

use std::collections::BTreeMap;

use events::{Price, Symbol};
use jiff::civil::Date;
use projections::bars::{self, BarSource, DayBar};
use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::ToSchema;

use super::{DateFormat, Window};
use crate::http::error::ApiError;
use crate::http::state::Api;

/// A date in the format asked for.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(untagged)]
pub enum DateView {
    /// `iso`.
    Iso(Date),
    /// `unix`: seconds from 1970 to midnight UTC.
    Unix(i64),
}

impl DateView {
    /// A date as asked for.
    pub fn of(date: Date, format: DateFormat) -> Self {
        match format {
            DateFormat::Iso => Self::Iso(date),
            DateFormat::Unix => Self::Unix(unix_seconds(date)),
        }
    }
}

fn unix_seconds(date: Date) -> i64 {
    // Every date has a midnight in UTC.
    date.to_zoned(jiff::tz::TimeZone::UTC).map_or(0, |midnight| midnight.timestamp().as_second())
}

/// The daily prices of one symbol, one element a session; null where there is no bar or the source does not say.
#[derive(Debug, Serialize, ToSchema)]
pub struct PriceColumns {
    /// The sessions, the same for every symbol of the answer.
    dates: Vec<DateView>,
    /// First prices.
    #[schema(value_type = Vec<Option<String>>)]
    open: Vec<Option<Price>>,
    /// Highest prices.
    #[schema(value_type = Vec<Option<String>>)]
    high: Vec<Option<Price>>,
    /// Lowest prices.
    #[schema(value_type = Vec<Option<String>>)]
    low: Vec<Option<Price>>,
    /// Last prices as the source gives them.
    #[schema(value_type = Vec<Option<String>>)]
    close: Vec<Option<Price>>,
    /// Last prices adjusted for splits and dividends; null where the source does not give them beside the close.
    #[schema(value_type = Vec<Option<String>>)]
    adjusted_close: Vec<Option<Price>>,
    /// What was traded.
    #[schema(value_type = Vec<Option<String>>)]
    volume: Vec<Option<Decimal>>,
    /// Sessions with a bar.
    #[schema(example = 150)]
    data_points: usize,
    /// The file or feed that brought the newest bars.
    #[schema(example = "sp500_20.csv.gz")]
    source: Option<String>,
}

/// The prices of one symbol with what else is known of them.
pub(super) struct Found {
    pub(super) columns: PriceColumns,
    /// The last bar of the window.
    pub(super) last: Option<DayBar>,
    /// The import that brought the newest bars.
    pub(super) source: Option<BarSource>,
}

/// The prices of each symbol that has a bar in the window.
pub(super) async fn price_columns(
    api: &Api,
    symbols: &[Symbol],
    window: &Window,
    format: DateFormat,
) -> Result<BTreeMap<Symbol, Found>, ApiError> {
    let client = api.shared().await?;
    let days = bars::daily_bars(&**client, symbols, window.first, window.last, window.vintage).await?;
    let mut sources = bars::sources(&**client, symbols, window.vintage).await?;
    let found = days.into_iter().map(|(symbol, days)| {
        // Newest first.
        let source = sources.remove(&symbol).and_then(|sources| sources.into_iter().next());
        let columns = PriceColumns::of(&days, window, format, source.as_ref());
        (symbol, Found { columns, last: days.into_iter().next_back(), source })
    });
    Ok(found.filter(|(_, found)| found.columns.data_points > 0).collect())
}

impl PriceColumns {
    fn of(days: &[DayBar], window: &Window, format: DateFormat, source: Option<&BarSource>) -> Self {
        let mut ahead = days.iter().peekable();
        let aligned: Vec<Option<&DayBar>> = window
            .sessions
            .iter()
            .map(|session| {
                while ahead.next_if(|day| day.date < *session).is_some() {}
                ahead.next_if(|day| day.date == *session)
            })
            .collect();
        let column = |of: fn(&DayBar) -> Option<Price>| aligned.iter().map(|day| day.and_then(of)).collect();
        Self {
            dates: window.sessions.iter().map(|date| DateView::of(*date, format)).collect(),
            open: column(|day| Some(day.prices.open())),
            high: column(|day| day.prices.high()),
            low: column(|day| day.prices.low()),
            close: column(|day| day.prices.close()),
            adjusted_close: column(|day| day.adjusted_close),
            volume: aligned.iter().map(|day| day.and_then(|day| day.volume)).collect(),
            data_points: aligned.iter().flatten().count(),
            source: source.map(|source| source.name.clone()),
        }
    }
}
