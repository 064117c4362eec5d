//! `GET /bars`

use std::fmt;
use std::str::FromStr;

use axum::extract::State;
use events::{Interval, Price, Symbol};
use jiff::Timestamp;
use projections::bars::{self, BarRow, Order, PageQuery, Vintage};
use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::http::answer::{Answer, Envelope};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::page::{NumberCursor, PageParameters, Paging};
use crate::http::query::{FromParameters, Parameters, Query};
use crate::http::state::Api;
use crate::http::symbols::known;

/// A place in a list of bars: the start of the last bar shown.
type BarCursor = NumberCursor<'b'>;

/// Which bars.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Whose bars.
    #[param(value_type = String, example = "AAPL")]
    symbol: Symbol,
    /// Their length: `1d`, `60min` or `1min`; default `1d`.
    #[param(value_type = Option<String>, example = "1d")]
    interval: Interval,
    /// Only bars that start at this instant or date (midnight UTC) or later.
    #[param(value_type = Option<String>, example = "2025-01-02")]
    from: Option<Instant>,
    /// Only bars that start before this instant, or on this date or before.
    #[param(value_type = Option<String>, example = "2025-06-30")]
    to: Option<Instant>,
    /// `newest` (default) or `oldest` first.
    #[param(value_type = Option<String>, example = "newest")]
    order: Order,
    /// As the price history was at this vintage; the newest by default.
    #[param(value_type = Option<i64>)]
    vintage: Option<Vintage>,
    #[param(ignore)]
    paging: Paging<BarCursor>,
}

impl FromParameters for Which {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        let symbol = parameters.required("symbol");
        let interval = parameters.optional("interval").unwrap_or(Interval::Day);
        let (from, to): (Option<Instant>, Option<Instant>) =
            (parameters.optional("from"), parameters.optional("to"));
        let order = parameters.optional::<First>("order").map_or(Order::Newest, |first| first.0);
        let vintage = parameters.optional("vintage").map(Vintage::new);
        let paging = parameters.paging();
        if from.zip(to).is_some_and(|(from, to)| from.begin() >= to.end()) {
            parameters.report("to", "before_from", "must be after from");
        }
        Some(Self { symbol: symbol?, interval, from, to, order, vintage, paging })
    }
}

/// An instant, or a date that stands for its whole day (UTC).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Instant {
    At(Timestamp),
    Day(jiff::civil::Date),
}

impl Instant {
    fn begin(self) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::Day(date) => midnight(date),
        }
    }

    fn end(self) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::Day(date) => date.tomorrow().map_or(Timestamp::MAX, midnight),
        }
    }
}

fn midnight(date: jiff::civil::Date) -> Timestamp {
    date.to_zoned(jiff::tz::TimeZone::UTC).map_or(Timestamp::MAX, |zoned| zoned.timestamp())
}

/// The text is neither an instant nor a date.
#[derive(Debug, thiserror::Error)]
#[error("must be a date such as 2025-01-02 or an instant such as 2025-01-02T14:30:00Z")]
struct NoInstant;

impl FromStr for Instant {
    type Err = NoInstant;

    fn from_str(text: &str) -> Result<Self, NoInstant> {
        if text.len() == 10 {
            return text.parse().map(Self::Day).map_err(|_| NoInstant);
        }
        text.parse().map(Self::At).map_err(|_| NoInstant)
    }
}

struct First(Order);

/// The text is not an order.
#[derive(Debug)]
struct NoOrder;

impl fmt::Display for NoOrder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("must be newest or oldest")
    }
}

impl FromStr for First {
    type Err = NoOrder;

    fn from_str(text: &str) -> Result<Self, NoOrder> {
        match text {
            "newest" => Ok(Self(Order::Newest)),
            "oldest" => Ok(Self(Order::Oldest)),
            _ => Err(NoOrder),
        }
    }
}

/// One bar. Prices that the source did not give are null.
#[derive(Debug, Serialize, ToSchema)]
pub struct BarView {
    /// When it starts; a daily bar at midnight UTC of its date.
    start_at: Timestamp,
    /// When it ends, exclusive.
    end_at: Timestamp,
    /// First price.
    #[schema(value_type = String, example = "243.15")]
    open: Price,
    /// Highest price; null where only the open is known.
    #[schema(value_type = Option<String>, example = "244.18")]
    high: Option<Price>,
    /// Lowest price; null where only the open is known.
    #[schema(value_type = Option<String>, example = "241.89")]
    low: Option<Price>,
    /// Last price; null where only the open is known.
    #[schema(value_type = Option<String>, example = "243.85")]
    close: Option<Price>,
    /// What was traded; null where the source does not say.
    #[schema(value_type = Option<String>, example = "55740700")]
    volume: Option<Decimal>,
    /// The import that brought these values.
    #[schema(value_type = i64, example = 1)]
    vintage: Vintage,
}

impl From<BarRow> for BarView {
    fn from(bar: BarRow) -> Self {
        Self {
            start_at: bar.start,
            end_at: bar.end,
            open: bar.prices.open(),
            high: bar.prices.high(),
            low: bar.prices.low(),
            close: bar.prices.close(),
            volume: bar.volume,
            vintage: bar.vintage,
        }
    }
}

/// Lists the bars of one symbol.
#[utoipa::path(get, path = "/api/v1/bars", tag = "market", operation_id = "list_bars",
    extensions(("x-access" = json!("signed-in"))), params(Which, PageParameters),
    responses((status = 200, description = "Bars", body = Envelope<Vec<BarView>>)))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Query(which): Query<Which>,
) -> Result<Answer<Vec<BarView>>, ApiError> {
    let client = api.shared().await?;
    known(&client, &which.symbol).await?;
    let page = bars::page(&client, &which.query()?).await?;
    let next = page.next.map(|start| NumberCursor::<'b'>(start.as_microsecond()));
    Ok(Answer::ok(&caller, page.bars.into_iter().map(BarView::from).collect()).next(next))
}

impl Which {
    fn query(&self) -> Result<PageQuery<'_>, ApiError> {
        let after = self.paging.cursor.map(|cursor| Timestamp::from_microsecond(cursor.0)).transpose();
        Ok(PageQuery {
            symbol: &self.symbol,
            interval: self.interval,
            order: self.order,
            from: self.from.map(Instant::begin),
            to: self.to.map(Instant::end),
            as_of: self.vintage,
            after: after.map_err(|_| ApiError::invalid("cursor", "invalid", "not a cursor of this list"))?,
            limit: self.paging.limit,
        })
    }
}
