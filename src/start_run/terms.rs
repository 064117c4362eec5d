//! The terms of a run: everything that influences it, checked and frozen.

use std::collections::BTreeSet;

use events::market::Bars;
use events::model::ModelSettings;
use events::policy::{FieldError, ImportedParameters};
use events::run::{Freeze, RunSnapshot};
use events::{Interval, Market as Exchange, Symbol};
use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::{StartRun, StartRunError};
use crate::market::{Market, MarketError, Range};

/// Freezes the terms of `request` over the newest prices; every broken rule is reported at once.
pub(super) async fn freeze(
    market: &Market,
    settings: &ModelSettings,
    request: StartRun,
    chunk_bars: u32,
) -> Result<RunSnapshot, StartRunError> {
    let interval = request.interval.unwrap_or(Interval::Day);
    let vintage = market.latest_vintage().await.map_err(market_error)?;
    let known = market.symbols(interval, vintage).await.map_err(market_error)?;
    let wanted = wanted_symbols(settings, request.symbols.as_deref(), &known, interval);
    let mut errors = check_dates(&request);
    let symbols = wanted.unwrap_or_else(|broken| {
        errors.extend(broken);
        Vec::new()
    });
    let Some(exchange) = symbols.first().map(Symbol::market).filter(|_| errors.is_empty()) else {
        return Err(StartRunError::Invalid(errors));
    };
    let policy = request.policy.as_ref().unwrap_or(&settings.policy);
    let (from, until) = match policy.imported() {
        Some(imported) => bounds_of(imported),
        None => bounds(&request, interval, exchange),
    };
    let asked = Range { symbols, interval, from, until, vintage };
    let found = market.bars_with_warmup(&asked).await.map_err(market_error)?;
    let Some((first_bar_at, last_bar_at)) = traded(&found, from) else {
        let message = format!(
            "there are no {interval} bars of these symbols from {} to {}",
            request.start_date, request.end_date
        );
        return Err(StartRunError::Invalid(vec![FieldError::new("start_date", "no_bars", message)]));
    };
    // Read again by the bars' own bounds: the terms name those, and whoever reads by the terms gets the same bars.
    let exact = Range::of_bars(asked.symbols, interval, first_bar_at, last_bar_at, vintage);
    let bars = market.bars_with_warmup(&exact).await.map_err(market_error)?;
    let warmup = bars.starts().partition_point(|start| *start < first_bar_at);
    let settings = with_wishes(settings, &request);
    RunSnapshot::freeze(Freeze {
        settings: &settings,
        bars: &bars,
        warmup: u32::try_from(warmup).unwrap_or(u32::MAX),
        vintage: vintage.number(),
        symbols: Some(bars.columns().iter().map(|column| column.symbol.clone()).collect()),
        initial_cash: request.initial_cash,
        chunk_bars: Some(chunk_bars),
        code_version: env!("CARGO_PKG_VERSION"),
    })
    .map_err(StartRunError::Invalid)
}

/// The model's settings with what this run wants otherwise.
fn with_wishes(settings: &ModelSettings, request: &StartRun) -> ModelSettings {
    let mut settings = settings.clone();
    if let Some(policy) = &request.policy {
        settings.policy = policy.clone();
    }
    settings.fill_rule = request.fill_rule.or(settings.fill_rule);
    settings
}

fn market_error(error: MarketError) -> StartRunError {
    match error {
        MarketError::Store(error) => StartRunError::Market(error),
        MarketError::Pool(error) => StartRunError::Pool(error),
    }
}

fn check_dates(request: &StartRun) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if request.end_date < request.start_date {
        errors.push(FieldError::new("end_date", "before_start", "must not be before start_date"));
    }
    let today = events::time::now().to_zoned(TimeZone::UTC).date();
    if request.end_date > today {
        errors.push(FieldError::new(
            "end_date",
            "in_the_future",
            format!("must not be after today, {today}"),
        ));
    }
    errors
}

/// The request's symbols, else the model's, else all that the market store has at this interval.
fn wanted_symbols(
    settings: &ModelSettings,
    requested: Option<&[Symbol]>,
    known: &BTreeSet<Symbol>,
    interval: Interval,
) -> Result<Vec<Symbol>, Vec<FieldError>> {
    let universe: BTreeSet<Symbol> = match &settings.symbols {
        Some(symbols) => symbols.iter().cloned().collect(),
        None => known.clone(),
    };
    let wanted: BTreeSet<Symbol> = match requested {
        Some(symbols) => symbols.iter().cloned().collect(),
        None => universe.clone(),
    };
    let mut errors = Vec::new();
    for symbol in &wanted {
        if !universe.contains(symbol) && settings.symbols.is_some() {
            let message = format!("{symbol} is not among the symbols of the model");
            errors.push(FieldError::new("symbols", "not_allowed", message));
        } else if !known.contains(symbol) {
            let message = format!("the market store has no {interval} bars of {symbol}");
            errors.push(FieldError::new("symbols", "unknown_symbol", message));
        }
    }
    if wanted.is_empty() {
        let message = "there is no symbol to trade; import prices first: tapedeck import prices FILE";
        errors.push(FieldError::new("symbols", "required", message));
    }
    if errors.is_empty() { Ok(wanted.into_iter().collect()) } else { Err(errors) }
}

/// The instants from which and before which bars start. Daily bars are labelled by their date at midnight UTC.
fn bounds(request: &StartRun, interval: Interval, exchange: Exchange) -> (Timestamp, Timestamp) {
    let zone = match interval {
        Interval::Day => TimeZone::UTC,
        Interval::Hour | Interval::Minute => TimeZone::get(exchange.zone()).unwrap_or(TimeZone::UTC),
    };
    let midnight = |date: jiff::civil::Date| {
        date.to_datetime(Time::midnight())
            .to_zoned(zone.clone())
            .map_or(Timestamp::MAX, |zoned| zoned.timestamp())
    };
    let after_end = request.end_date.tomorrow().map_or(Timestamp::MAX, midnight);
    (midnight(request.start_date), after_end)
}

/// The instants from which and before which the bars of an imported ledger start: it ends with its last line's.
fn bounds_of(imported: &ImportedParameters) -> (Timestamp, Timestamp) {
    let last = imported.lines.last().map_or(imported.opened.at, |line| line.at);
    (imported.opened.at, last.checked_add(SignedDuration::from_micros(1)).unwrap_or(Timestamp::MAX))
}

/// Start of the first bar of the range, and of the last.
fn traded(bars: &Bars, from: Timestamp) -> Option<(Timestamp, Timestamp)> {
    let first = bars.starts().partition_point(|start| *start < from);
    Some((*bars.starts().get(first)?, *bars.starts().last()?))
}
