//! `GET /parked-events`

use axum::extract::State;
use events::{Position, StreamName};
use jiff::Timestamp;
use projections::PositionCursor;
use projections::parked::{self, ParkedEvent, ParkedState};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::http::answer::{Answer, Envelope};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::page::{PageParameters, Paging};
use crate::http::query::{FromParameters, Parameters, Query};
use crate::http::state::Api;

/// Which of them.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Only of this read model.
    #[param(example = "runs")]
    projection: Option<String>,
    /// `parked`, `resolved` or `discarded`; by default those that wait.
    #[param(value_type = Option<String>, example = "parked")]
    state: Option<ParkedState>,
    #[param(ignore)]
    paging: Paging<PositionCursor>,
}

impl FromParameters for Which {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        let (projection, state) = (parameters.optional("projection"), parameters.optional("state"));
        Some(Self { projection, state, paging: parameters.paging() })
    }
}

/// An event that a read model could not apply, or that waits behind one.
#[derive(Debug, Serialize, ToSchema)]
pub struct ParkedEventView {
    /// The read model.
    #[schema(example = "runs")]
    projection: String,
    /// The event.
    #[schema(value_type = i64, example = 1042)]
    position: Position,
    /// Its stream.
    #[schema(value_type = String, example = "run-16f477ea-90df-8b17-8cc5-53480a2e7bb2")]
    stream: StreamName,
    /// Its type.
    #[schema(example = "RunRequested")]
    event_type: String,
    /// How often it was tried; 0 for one that only waits behind another.
    #[schema(example = 5)]
    attempts: i32,
    /// The kind of error; `behind` for one that only waits.
    #[schema(example = "contradiction")]
    error_class: String,
    /// What went wrong last.
    error: String,
    /// `parked`, `resolved` or `discarded`.
    #[schema(value_type = String, example = "parked")]
    state: &'static str,
    /// When it was parked.
    parked_at: Timestamp,
    /// Who ended its waiting.
    resolved_by: Option<String>,
    /// When its waiting ended.
    resolved_at: Option<Timestamp>,
    /// Why it was given up.
    resolved_reason: Option<String>,
}

impl From<ParkedEvent> for ParkedEventView {
    fn from(event: ParkedEvent) -> Self {
        Self {
            projection: event.projection,
            position: event.position,
            stream: event.stream,
            event_type: event.event_type,
            attempts: event.attempts,
            error_class: event.error_class,
            error: event.error_text,
            state: event.state.name(),
            parked_at: event.parked_at,
            resolved_by: event.resolved_by,
            resolved_at: event.resolved_at,
            resolved_reason: event.resolved_reason,
        }
    }
}

/// Lists events that read models could not apply, oldest first. Their streams wait behind them; others flow.
#[utoipa::path(get, path = "/api/v1/parked-events", tag = "operations", operation_id = "list_parked_events",
    extensions(("x-access" = json!("oversight"))), params(Which, PageParameters),
    responses((status = 200, description = "Parked events", body = Envelope<Vec<ParkedEventView>>)))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Query(Which { projection, state, paging }): Query<Which>,
) -> Result<Answer<Vec<ParkedEventView>>, ApiError> {
    let state = Some(state.unwrap_or(ParkedState::Parked));
    let client = api.shared().await?;
    let page = parked::list(&client, projection.as_deref(), state, paging.cursor, paging.limit).await?;
    let views = page.items.into_iter().map(ParkedEventView::from).collect();
    Ok(Answer::ok(&caller, views).next(page.next_cursor))
}
