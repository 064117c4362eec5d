//! `GET /leaderboard`

use std::collections::BTreeMap;
use std::str::FromStr;

use axum::extract::State;
use events::run::RunKind;
use events::{Cash, Interval, ModelId, RunId};
use jiff::Timestamp;
use projections::Projection;
use projections::leaderboard::{self, Entry, Leaderboard, LeaderboardQuery, Metric, OffsetCursor, Scope};
use projections::performance::ShownFigure;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::http::answer::{Answer, Envelope};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::page::{PageParameters, Paging};
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::{FromParameters, Parameters, Query};
use crate::http::state::Api;

/// What to rank, by what.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// `cumulative_return` (default), `annualised_return`, `volatility`, `sharpe`, `sortino`, `max_drawdown`, `trades`
    /// or `final_value`. The best is first: of volatility and drawdown the lowest.
    #[param(value_type = Option<String>, example = "sharpe")]
    rank_by: Metric,
    /// `best_of_model` (default) or `all_runs`.
    #[param(value_type = Option<String>, example = "best_of_model")]
    scope: ScopeName,
    /// Only runs of this model.
    #[param(value_type = Option<String>, format = Uuid)]
    model: Option<ModelId>,
    #[param(ignore)]
    paging: Paging<OffsetCursor>,
}

impl FromParameters for Which {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        Some(Self {
            rank_by: parameters.optional("rank_by").unwrap_or_default(),
            scope: parameters.optional("scope").unwrap_or_default(),
            model: parameters.optional("model"),
            paging: parameters.paging(),
        })
    }
}

/// A scope by its name.
#[derive(Debug, Clone, Copy, Default)]
struct ScopeName(Scope);

/// The text is not the name of a scope.
#[derive(Debug, thiserror::Error)]
#[error("must be best_of_model or all_runs")]
struct NoScope;

impl FromStr for ScopeName {
    type Err = NoScope;

    fn from_str(text: &str) -> Result<Self, NoScope> {
        match text {
            "best_of_model" => Ok(Self(Scope::BestOfModel)),
            "all_runs" => Ok(Self(Scope::AllRuns)),
            _ => Err(NoScope),
        }
    }
}

/// One line of the leaderboard. Ratios are fractions.
#[derive(Debug, Serialize, ToSchema)]
pub struct EntryView {
    /// Its place, shared by equals; null where the figure to rank by is null.
    #[schema(example = 1)]
    rank: Option<i64>,
    /// The run.
    #[schema(value_type = String, format = Uuid)]
    run_id: RunId,
    /// Its number among the runs of the model.
    #[schema(example = 1)]
    run_number: u32,
    /// Its model.
    #[schema(value_type = String, format = Uuid)]
    model_id: ModelId,
    /// The model's present name.
    #[schema(example = "Golden cross")]
    model_name: String,
    /// `simulated`: decided here; `imported`: decided elsewhere, and repeated from its ledger.
    #[schema(value_type = String, example = "simulated")]
    kind: RunKind,
    /// Length of its bars.
    #[schema(value_type = String, example = "1d")]
    interval: Interval,
    /// When it was completed.
    completed_at: Timestamp,
    /// Value at the end over cash at the start, less one.
    #[schema(example = 0.041207)]
    cumulative_return: Option<f64>,
    /// The same a year, by calendar days.
    annualised_return: Option<f64>,
    /// Deviation of the returns, a year.
    volatility: Option<f64>,
    /// Sharpe ratio without risk-free rate.
    sharpe: Option<f64>,
    /// Sortino ratio without risk-free rate.
    sortino: Option<f64>,
    /// Deepest fall from a peak, 0 to 1.
    max_drawdown: Option<f64>,
    /// Executions.
    #[schema(example = 7)]
    trades: u64,
    /// Cash and positions at the end.
    #[schema(value_type = String, example = "10412.07")]
    final_value: Cash,
    /// Why figures are null, by their names.
    #[schema(value_type = BTreeMap<String, String>, example = json!({"annualised_return": "fewer than 30 calendar days"}))]
    unavailable: BTreeMap<&'static str, String>,
}

impl From<Entry> for EntryView {
    fn from(entry: Entry) -> Self {
        let mut unavailable = BTreeMap::new();
        let mut shown = |name, figure: ShownFigure| {
            if let Some(because) = figure.because {
                unavailable.insert(name, because.to_string());
            }
            figure.value
        };
        Self {
            rank: entry.rank,
            run_id: entry.run_id,
            run_number: entry.run_number,
            model_id: entry.model_id,
            model_name: entry.model_name,
            kind: entry.kind,
            interval: entry.interval,
            completed_at: entry.completed_at,
            cumulative_return: shown("cumulative_return", entry.cumulative_return),
            annualised_return: shown("annualised_return", entry.annualised_return),
            volatility: shown("volatility", entry.volatility),
            sharpe: shown("sharpe", entry.sharpe),
            sortino: shown("sortino", entry.sortino),
            max_drawdown: shown("max_drawdown", entry.max_drawdown),
            trades: entry.trades,
            final_value: entry.final_value,
            unavailable,
        }
    }
}

/// Ranks completed runs; those whose figure cannot be given come last, without a rank.
#[utoipa::path(get, path = "/api/v1/leaderboard", tag = "runs", operation_id = "show_leaderboard",
    extensions(("x-access" = json!("rows"))),
    params(Which, PageParameters, PositionParameters),
    responses((status = 200, description = "Runs by rank", body = Envelope<Vec<EntryView>>)))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Query(Which { rank_by, scope, model, paging }): Query<Which>,
    at_least: AtLeast,
) -> Result<Answer<Vec<EntryView>>, ApiError> {
    let position = at_least.shown_by(&api, &[Leaderboard::NAME]).await?;
    let query = LeaderboardQuery { metric: rank_by, scope: scope.0, owner: None, model };
    let page = leaderboard::list(&api.view(&caller).await?, &query, paging.cursor, paging.limit).await?;
    let views = page.items.into_iter().map(EntryView::from).collect();
    Ok(Answer::ok(&caller, views).at(position).next(page.next_cursor))
}
