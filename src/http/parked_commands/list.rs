//! `GET /parked-commands`

use std::fmt;
use std::str::FromStr;

use actors::work_queue::{DeadLetter, DeadLetterState};
use axum::extract::State;
use events::CommandId;
use jiff::Timestamp;
use utoipa::IntoParams;

use super::ParkedCommandView;
use crate::http::answer::{Answer, Envelope};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::page::{InvalidCursor, PageParameters, Paging};
use crate::http::query::{FromParameters, Parameters, Query};
use crate::http::state::Api;

/// Which of them.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// `parked`, `retried` or `discarded`; by default those that wait.
    #[param(value_type = Option<String>, example = "parked")]
    state: Option<DeadLetterState>,
    #[param(ignore)]
    paging: Paging<Place>,
}

impl FromParameters for Which {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        let state = parameters.optional("state");
        Some(Self { state, paging: parameters.paging() })
    }
}

/// A place in the list: when a command was parked, and which.
#[derive(Debug, Clone, Copy)]
struct Place(Timestamp, CommandId);

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.0.as_microsecond(), self.1)
    }
}

impl FromStr for Place {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let (at, id) = text.split_once('.').ok_or(InvalidCursor)?;
        let at = at.parse().ok().and_then(|at| Timestamp::from_microsecond(at).ok());
        Ok(Self(at.ok_or(InvalidCursor)?, id.parse().map_err(|_| InvalidCursor)?))
    }
}

/// Lists commands that could not be carried out, the newest first.
#[utoipa::path(get, path = "/api/v1/parked-commands", tag = "operations", operation_id = "list_parked_commands",
    extensions(("x-access" = json!("oversight"))), params(Which, PageParameters),
    responses((status = 200, description = "Parked commands", body = Envelope<Vec<ParkedCommandView>>)))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Query(Which { state, paging }): Query<Which>,
) -> Result<Answer<Vec<ParkedCommandView>>, ApiError> {
    let state = Some(state.unwrap_or(DeadLetterState::Parked));
    let after = paging.cursor.map(|place| (place.0, place.1));
    let limit = usize::from(paging.limit);
    let mut found = api.dead_letters().list(state, after, u32::from(paging.limit) + 1).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let place = |letter: &DeadLetter| Place(letter.at, letter.command_id);
    let next = more.then(|| found.last().map(place)).flatten();
    let views = found.into_iter().map(ParkedCommandView::from).collect();
    Ok(Answer::ok(&caller, views).next(next))
}
