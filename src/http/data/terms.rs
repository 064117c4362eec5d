//! What every read of market data may be asked for: a date, an instant of knowledge, a window, a format of dates.

use std::collections::BTreeSet;
use std::str::FromStr;

use events::{Symbol, calendar};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use projections::bars::Vintage;
use projections::closes::Known;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::http::error::ApiError;
use crate::http::query::Parameters;
use crate::http::state::Api;

/// Longest window, in sessions.
pub const LOOKBACK_MAX: u16 = 1_830;
/// Most symbols of a request for prices.
pub const SYMBOLS_MAX: usize = 200;
/// How long after its close the closes of a session can be known.
const SETTLING: SignedDuration = SignedDuration::from_mins(15);

/// As of when, and as known when.
#[derive(Debug, Clone, Copy, Default)]
pub struct Terms {
    as_of_date: Option<Date>,
    known_at: Option<Timestamp>,
}

/// The parameters of [`Terms`], for the documentation.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what Terms::read reads")]
pub struct TermsParameters {
    /// The last date of which anything is told; a date without session, or whose session is not complete, means the
    /// session before. The last completed session by default.
    #[param(value_type = Option<String>, format = Date, example = "2022-12-28")]
    as_of_date: Option<Date>,
    /// As the store was at this instant; now by default.
    #[param(value_type = Option<String>, format = DateTime)]
    known_at: Option<Timestamp>,
}

impl Terms {
    /// Reads `as_of_date` and `known_at`.
    pub fn read(parameters: &mut Parameters) -> Self {
        Self { as_of_date: parameters.optional("as_of_date"), known_at: parameters.optional("known_at") }
    }

    /// Of today, as known at an instant, or now.
    pub const fn known(known_at: Option<Timestamp>) -> Self {
        Self { as_of_date: None, known_at }
    }

    /// The instant of knowledge; none for now.
    pub const fn known_at(&self) -> Option<Timestamp> {
        self.known_at
    }

    /// The session that is told of.
    pub fn session(&self) -> Date {
        let completed = calendar::last_completed(events::time::now(), SETTLING);
        self.as_of_date.map_or(completed, |asked| calendar::session_on_or_before(asked.min(completed)))
    }

    /// The vintage that is told of.
    pub async fn vintage(&self, api: &Api) -> Result<Vintage, ApiError> {
        let known = self.known_at.map_or(Known::Newest, Known::AtInstant);
        Ok(api.app().closes.vintage(known).await?)
    }

    /// The sessions up to the one told of, and the vintage.
    pub async fn window(&self, api: &Api, lookback: Lookback) -> Result<Window, ApiError> {
        Ok(Window::until(self.session(), lookback, self.vintage(api).await?))
    }
}

/// The sessions that prices are asked for.
#[derive(Debug, Clone)]
pub struct Window {
    /// The first.
    pub first: Date,
    /// The last.
    pub last: Date,
    /// All of them, rising.
    pub sessions: Vec<Date>,
    /// As known at this vintage.
    pub vintage: Vintage,
}

impl Window {
    /// So many sessions up to `last`.
    pub fn until(last: Date, lookback: Lookback, vintage: Vintage) -> Self {
        let first = calendar::nth_session(last, 1 - i32::from(lookback.0));
        Self { first, last, sessions: calendar::sessions(first, last).collect(), vintage }
    }
}

/// What an answer is about.
#[derive(Debug, Serialize, ToSchema)]
pub struct WindowView {
    /// Sessions asked for.
    #[schema(example = 150)]
    lookback_days: usize,
    /// The first.
    start_date: Date,
    /// The last: the session that is told of.
    end_date: Date,
    /// Sessions of the window.
    #[schema(example = 150)]
    trading_days_included: usize,
    /// The state of the store that was read.
    #[schema(value_type = i64, example = 1)]
    vintage: Vintage,
}

impl From<&Window> for WindowView {
    fn from(window: &Window) -> Self {
        Self {
            lookback_days: window.sessions.len(),
            start_date: window.first,
            end_date: window.last,
            trading_days_included: window.sessions.len(),
            vintage: window.vintage,
        }
    }
}

/// A number of sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lookback(pub u16);

/// The text is no number of sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a number of sessions from 1 to {LOOKBACK_MAX}")]
pub struct InvalidLookback;

impl FromStr for Lookback {
    type Err = InvalidLookback;

    fn from_str(text: &str) -> Result<Self, InvalidLookback> {
        let sessions = text.parse().map_err(|_| InvalidLookback)?;
        if (1..=LOOKBACK_MAX).contains(&sessions) { Ok(Self(sessions)) } else { Err(InvalidLookback) }
    }
}

/// How dates are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DateFormat {
    /// `2025-01-02`.
    #[default]
    Iso,
    /// Seconds from 1970 to midnight UTC of the date.
    Unix,
}

/// The text is no format of dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be iso or unix")]
pub struct UnknownDateFormat;

impl FromStr for DateFormat {
    type Err = UnknownDateFormat;

    fn from_str(text: &str) -> Result<Self, UnknownDateFormat> {
        match text {
            "iso" => Ok(Self::Iso),
            "unix" => Ok(Self::Unix),
            _ => Err(UnknownDateFormat),
        }
    }
}

/// Each symbol once, in the order given; more than `most` are reported.
pub fn distinct(parameters: &mut Parameters, symbols: Vec<Symbol>, most: usize) -> Vec<Symbol> {
    let mut seen = BTreeSet::new();
    let distinct: Vec<Symbol> = symbols.into_iter().filter(|symbol| seen.insert(symbol.clone())).collect();
    if distinct.len() > most {
        parameters.report("symbols", "too_many", format!("must be at most {most} symbols"));
    }
    distinct
}
