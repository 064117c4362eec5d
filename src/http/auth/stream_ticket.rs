//! `POST /auth/stream-ticket`

use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::answer::{Answer, Envelope};
use crate::http::body::{Body, NoBody};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::idempotency::WriteParameters;
use crate::http::state::Api;

/// A ticket for one event stream.
#[derive(Debug, Serialize, ToSchema)]
pub struct StreamTicket {
    /// To be sent as the query parameter `ticket` of an event stream.
    ticket: String,
    /// When it ends unless it is used.
    expires_at: Timestamp,
    /// Seconds until then.
    #[schema(example = 30)]
    expires_in: i64,
}

/// Makes a ticket that opens one event stream, once: for browsers, which cannot send headers with those.
#[utoipa::path(post, path = "/api/v1/auth/stream-ticket", tag = "accounts", operation_id = "make_stream_ticket",
    extensions(("x-access" = json!("self"))), params(WriteParameters),
    responses((status = 201, description = "The ticket", body = Envelope<StreamTicket>)))]
pub async fn make(
    State(api): State<Api>,
    caller: Caller,
    Body { .. }: Body<NoBody>,
) -> Result<Answer<StreamTicket>, ApiError> {
    let made = api.app().identity.issue_ticket(&caller.who).await?;
    let expires_in = made.expires_at.duration_since(events::time::now()).as_secs().max(0);
    let view =
        StreamTicket { ticket: made.ticket.expose().to_owned(), expires_at: made.expires_at, expires_in };
    Ok(Answer::ok(&caller, view).status(StatusCode::CREATED))
}
