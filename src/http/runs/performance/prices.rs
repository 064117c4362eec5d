//! The prices that figures need beside a run's own: closes to mark single records with, and a benchmark.

use std::sync::Arc;

use events::market::Bars;
use events::run::RunSnapshot;
use events::{Price, Symbol};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use projections::performance::ConventionName;

use super::How;
use crate::http::error::ApiError;
use crate::market::{Market, Range};

/// Prices by symbol and bar.
pub(super) struct Prices {
    closes: Option<Arc<Bars>>,
    benchmark: Option<(Symbol, Arc<Bars>)>,
    missing: Option<Symbol>,
}

impl Prices {
    /// Reads what `how` needs. A benchmark that was asked for must exist; that of the model may be missing.
    pub(super) async fn read(market: &Market, snapshot: &RunSnapshot, how: &How) -> Result<Self, ApiError> {
        let closes = match how.convention {
            ConventionName::AiTrader => Some(market.bars_of(snapshot).await?),
            ConventionName::Standard => None,
        };
        let Some(symbol) = how.benchmark.as_ref().or(snapshot.benchmark.as_ref()) else {
            return Ok(Self { closes, benchmark: None, missing: None });
        };
        let vintage = market.latest_vintage().await?;
        let (first, last) = (snapshot.first_bar_at, snapshot.last_bar_at);
        let range = Range::of_bars(vec![symbol.clone()], snapshot.interval, first, last, vintage);
        let bars = market.bars_with_warmup(&range).await?;
        if bars.column_of(symbol).is_some() {
            return Ok(Self { closes, benchmark: Some((symbol.clone(), bars)), missing: None });
        }
        if how.benchmark.is_some() {
            let message = format!("the market store has no {} bars of {symbol}", snapshot.interval);
            return Err(ApiError::invalid("benchmark", "unknown_symbol", message));
        }
        Ok(Self { closes, benchmark: None, missing: Some(symbol.clone()) })
    }

    pub(super) fn has_benchmark(&self) -> bool {
        self.benchmark.is_some()
    }

    pub(super) fn benchmark_symbol(&self) -> Option<Symbol> {
        self.benchmark.as_ref().map(|(symbol, _)| symbol.clone())
    }

    /// The last known close of the benchmark at the bar that starts at `at`.
    pub(super) fn benchmark_at(&self, at: Timestamp) -> Option<f64> {
        let (symbol, bars) = self.benchmark.as_ref()?;
        let column = bars.columns().get(bars.column_of(symbol)?)?;
        let begun = bars.starts().partition_point(|start| *start <= at);
        (0..begun).rev().find_map(|index| column.close_at(index)).map(Price::to_f64)
    }

    /// The close of the bar of `symbol` that starts at `at`, its open where it is not complete.
    pub(super) fn close_at(&self, symbol: &Symbol, at: Timestamp) -> Option<Price> {
        let bars = self.closes.as_ref()?;
        let column = bars.columns().get(bars.column_of(symbol)?)?;
        let index = bars.starts().binary_search(&at).ok()?;
        column.close_at(index).or_else(|| column.open_at(index))
    }

    /// What the reader should know.
    pub(super) fn warnings(&self) -> Vec<String> {
        let missing = self.missing.iter();
        missing.map(|symbol| format!("the market store has no bars of the benchmark {symbol}")).collect()
    }
}

/// The first instant of a day (UTC).
pub(super) fn begin(date: Date) -> Timestamp {
    date.to_zoned(TimeZone::UTC).map_or(Timestamp::MIN, |zoned| zoned.timestamp())
}

/// The last instant of a day (UTC).
pub(super) fn end(date: Date) -> Timestamp {
    let next = date.tomorrow().map_or(Timestamp::MAX, begin);
    next.checked_sub(jiff::SignedDuration::from_micros(1)).unwrap_or(next)
}
