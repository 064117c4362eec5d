//! Queries of the leaderboard.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use events::run::RunKind;
use events::{Cash, Interval, ModelId, Principal, RunId};
use jiff::Timestamp;
use quant::{Figure, Unavailable};
use serde::{Deserialize, Serialize, Serializer};
use tokio_postgres::Row;
use tokio_postgres::types::Json;

use crate::database::{Columns, QueryError};
use crate::page::{InvalidCursor, Page, decode, encode, rows_for};
use crate::performance::ShownFigure;
use crate::reader::Reader;

/// What runs are ranked by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Value at the end over cash at the start, less one; highest first.
    #[default]
    CumulativeReturn,
    /// Return a year by calendar days; highest first.
    AnnualisedReturn,
    /// Deviation of the returns a year; lowest first.
    Volatility,
    /// Highest first.
    Sharpe,
    /// Highest first.
    Sortino,
    /// Deepest fall from a peak; lowest first.
    MaxDrawdown,
    /// Executions; highest first.
    Trades,
    /// Cash and positions at the end; highest first.
    FinalValue,
}

/// The text names nothing to rank by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "rank by cumulative_return, annualised_return, volatility, sharpe, sortino, max_drawdown, trades or final_value"
)]
pub struct UnknownMetric;

impl Metric {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::CumulativeReturn,
        Self::AnnualisedReturn,
        Self::Volatility,
        Self::Sharpe,
        Self::Sortino,
        Self::MaxDrawdown,
        Self::Trades,
        Self::FinalValue,
    ];

    /// The name used in the API and in the stored figures.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CumulativeReturn => "cumulative_return",
            Self::AnnualisedReturn => "annualised_return",
            Self::Volatility => "volatility",
            Self::Sharpe => "sharpe",
            Self::Sortino => "sortino",
            Self::MaxDrawdown => "max_drawdown",
            Self::Trades => "trades",
            Self::FinalValue => "final_value",
        }
    }

    /// -1 where less is better.
    const fn sign(self) -> f64 {
        match self {
            Self::Volatility | Self::MaxDrawdown => -1.0,
            Self::CumulativeReturn
            | Self::AnnualisedReturn
            | Self::Sharpe
            | Self::Sortino
            | Self::Trades
            | Self::FinalValue => 1.0,
        }
    }
}

impl FromStr for Metric {
    type Err = UnknownMetric;

    fn from_str(text: &str) -> Result<Self, UnknownMetric> {
        Self::ALL.into_iter().find(|metric| metric.name() == text).ok_or(UnknownMetric)
    }
}

/// Which runs compete.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// The best run of each model.
    #[default]
    BestOfModel,
    /// Every completed run.
    AllRuns,
}

/// What to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeaderboardQuery {
    /// What to rank by.
    pub metric: Metric,
    /// Which runs compete.
    pub scope: Scope,
    /// Only runs of this owner.
    pub owner: Option<Principal>,
    /// Only runs of this model.
    pub model: Option<ModelId>,
}

/// A place in a ranking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OffsetCursor(u32);

const LIST: &str = "ranking";

impl fmt::Display for OffsetCursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&encode(LIST, &self.0.to_string()))
    }
}

impl FromStr for OffsetCursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        decode(LIST, text)?.parse().map(Self).map_err(|_| InvalidCursor)
    }
}

impl Serialize for OffsetCursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// One line of the leaderboard.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Entry {
    /// Its place, shared by equals; null where the figure to rank by cannot be given.
    pub rank: Option<i64>,
    /// The run.
    pub run_id: RunId,
    /// Its number among the runs of the model.
    pub run_number: u32,
    /// Its model.
    pub model_id: ModelId,
    /// The model's present name.
    pub model_name: String,
    /// Who asked for the run.
    pub owner: Principal,
    /// Whether it was decided here.
    pub kind: RunKind,
    /// Length of its bars.
    pub interval: Interval,
    /// When it was completed (UTC).
    pub completed_at: Timestamp,
    /// Value at the end over cash at the start, less one.
    pub cumulative_return: ShownFigure,
    /// Return a year by calendar days.
    pub annualised_return: ShownFigure,
    /// Deviation of the returns a year.
    pub volatility: ShownFigure,
    /// Sharpe ratio without risk-free rate.
    pub sharpe: ShownFigure,
    /// Sortino ratio without risk-free rate.
    pub sortino: ShownFigure,
    /// Deepest fall from a peak, as a fraction of it.
    pub max_drawdown: ShownFigure,
    /// Executions.
    pub trades: u64,
    /// Cash and positions at the end.
    pub final_value: Cash,
}

/// Completed runs by rank; those whose figure cannot be given come last, unranked.
pub async fn list(
    client: &impl Reader,
    query: &LeaderboardQuery,
    after: Option<OffsetCursor>,
    limit: u16,
) -> Result<Page<Entry, OffsetCursor>, QueryError> {
    const OPERATION: &str = "listing the leaderboard";
    let skipped = after.map_or(0, |cursor| cursor.0);
    let owner = query.owner.as_ref().map(|owner| owner.0.as_str());
    let rows = client
        .query(
            include_str!("../sql/leaderboard/list.sql"),
            &[
                &query.metric.name(),
                &query.metric.sign(),
                &(query.scope == Scope::BestOfModel),
                &owner,
                &query.model.map(ModelId::uuid),
                &i64::from(skipped),
                &rows_for(limit),
            ],
        )
        .await
        .map_err(QueryError::during(OPERATION))?;
    let found = rows.iter().map(|row| entry_of(row, OPERATION)).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(found, limit, |_| OffsetCursor(skipped.saturating_add(u32::from(limit)))))
}

fn entry_of(row: &Row, operation: &'static str) -> Result<Entry, QueryError> {
    let columns = Columns::of(row, operation);
    let figures = columns.get::<Json<BTreeMap<String, Figure>>>("figures")?.0;
    let figure = |metric: Metric| -> ShownFigure {
        let missing = Err(Unavailable { because: quant::Because::NoPoints });
        figures.get(metric.name()).copied().unwrap_or(missing).into()
    };
    Ok(Entry {
        rank: columns.get("rank")?,
        run_id: RunId::from_uuid(columns.get("run_id")?),
        run_number: columns.number::<i32, _>("run_number")?,
        model_id: ModelId::from_uuid(columns.get("model_id")?),
        model_name: columns.get("model_name")?,
        owner: Principal(columns.get("owner")?),
        kind: RunKind::of_policy(&columns.get::<String>("policy")?),
        interval: columns.parsed("interval")?,
        completed_at: columns.get("completed_at")?,
        cumulative_return: figure(Metric::CumulativeReturn),
        annualised_return: figure(Metric::AnnualisedReturn),
        volatility: figure(Metric::Volatility),
        sharpe: figure(Metric::Sharpe),
        sortino: figure(Metric::Sortino),
        max_drawdown: figure(Metric::MaxDrawdown),
        trades: columns.number::<i64, _>("trades")?,
        final_value: columns.cash("final_value")?,
    })
}
