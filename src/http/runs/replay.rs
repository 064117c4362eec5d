//! `GET /runs/{run}/replay`

use std::collections::BTreeMap;

use axum::extract::State;
use events::log::AsOf;
use events::{Cash, Position, Quantity, RunId, Symbol, Version};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::FiguresView;
use crate::http::answer::{Answer, Envelope};
use crate::http::aside::aside;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::path::Path;
use crate::http::query::{FromParameters, Parameters, Query};
use crate::http::state::Api;
use crate::replay::{ReplayError, Replayed, replay};

/// Up to where to fold.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Only events up to this position of the log.
    #[param(value_type = Option<i64>, minimum = 0, example = 1042)]
    position: Option<u32>,
    /// Only what the log had recorded by this instant; not together with `position`.
    #[param(example = "2026-01-31T12:00:00Z")]
    recorded_at: Option<Timestamp>,
}

impl FromParameters for Which {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        let which = Self {
            position: parameters.optional("position"),
            recorded_at: parameters.optional("recorded_at"),
        };
        if which.position.is_some() && which.recorded_at.is_some() {
            parameters.report("recorded_at", "conflict", "must not be given together with position");
            return None;
        }
        Some(which)
    }
}

/// An account as it was.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReplayedView {
    /// The run.
    #[schema(value_type = String, format = Uuid)]
    run_id: RunId,
    /// Where it stood; null where it was deleted by then.
    #[schema(example = "running")]
    status: Option<String>,
    /// How many events were folded.
    #[schema(example = 4)]
    events: usize,
    /// The last of them in its stream.
    #[schema(value_type = i64, example = 4)]
    version: Version,
    /// The place in the log up to which was read.
    #[schema(value_type = i64, example = 19)]
    position: Position,
    /// SHA-256 of the whole state: two replays of one point agree to the last bit.
    state_hash: String,
    /// Closed bars.
    #[schema(example = 1536)]
    bars: u32,
    /// Ledger records.
    #[schema(example = 1904)]
    records: u64,
    /// Cash.
    #[schema(value_type = String, example = "30.601")]
    cash: Cash,
    /// Cash and positions.
    #[schema(value_type = String, example = "290821.801")]
    value: Cash,
    /// Shares by symbol.
    #[schema(value_type = BTreeMap<String, String>, example = json!({"GE": "1487"}))]
    holdings: BTreeMap<Symbol, Quantity>,
    /// Its figures up to there.
    figures: FiguresView,
}

impl From<Replayed> for ReplayedView {
    fn from(replayed: Replayed) -> Self {
        Self {
            run_id: replayed.run_id,
            status: replayed.status,
            events: replayed.events,
            version: replayed.version,
            position: replayed.position,
            state_hash: replayed.state_hash,
            bars: replayed.figures.bars,
            records: replayed.figures.records,
            cash: replayed.cash,
            value: replayed.figures.value,
            holdings: replayed.holdings,
            figures: FiguresView::from(&replayed.figures),
        }
    }
}

/// Folds the events of a run again, up to any point, and shows the account as it was then.
#[utoipa::path(get, path = "/api/v1/runs/{run}/replay", tag = "runs", operation_id = "replay_run",
    extensions(("x-access" = json!("examine-run"))),
    params(("run" = Uuid, Path, description = "Its id"), Which),
    responses((status = 200, description = "The account", body = Envelope<ReplayedView>)))]
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    Path(run_id): Path<RunId>,
    Query(Which { position, recorded_at }): Query<Which>,
) -> Result<Answer<ReplayedView>, ApiError> {
    let position = position.map(|position| AsOf::Position(Position(i64::from(position))));
    let point = position.or(recorded_at.map(AsOf::RecordedAt));
    let log = api.log().clone();
    let work = move || async move { replay(&log, run_id, point).await };
    let replayed = aside(&api, "replaying a run", work).await?.map_err(|error| match error {
        ReplayError::NoRun(run) => ApiError::not_found("run", run),
        ReplayError::Read(error) => error.into(),
        ReplayError::Load(error) => error.into(),
        ReplayError::Hash(error) => ApiError::Internal { operation: "replaying a run", source: error.into() },
    })?;
    let position = replayed.position;
    Ok(Answer::ok(&caller, replayed.into()).at(position))
}
