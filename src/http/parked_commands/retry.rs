//! `POST /parked-commands/{command}/retry`

use axum::extract::State;
use events::CommandId;
use events::operations::{Operation, Outcome};

use super::ParkedCommandView;
use crate::http::admin::{Reason, ReasonBody};
use crate::http::answer::{Answer, Envelope};
use crate::http::body::Body;
use crate::http::entering::Managing;
use crate::http::error::ApiError;
use crate::http::idempotency::WriteParameters;
use crate::http::path::Path;
use crate::http::state::Api;

/// Puts a parked command on the work queue again, under its id: what it has done already is not done twice. It is recorded
/// among the acts before it is done.
#[utoipa::path(post, path = "/api/v1/parked-commands/{command}/retry", tag = "operations",
    operation_id = "retry_parked_command", extensions(("x-access" = json!("operation"))),
    params(("command" = Uuid, Path, description = "Its id"), WriteParameters),
    request_body(content = Option<ReasonBody>),
    responses((status = 200, description = "The command", body = Envelope<ParkedCommandView>)))]
pub async fn retry(
    State(api): State<Api>,
    managing: Managing,
    Path(command_id): Path<CommandId>,
    Body { value: Reason(reason), hash }: Body<Reason>,
) -> Result<Answer<ParkedCommandView>, ApiError> {
    let operation = Operation::RetryParkedCommand { command_id };
    let operator = managing.operator()?;
    let begun = api.app().journal.begin(&operator, operation, &reason, &managing.asked(hash)).await?;
    let by = &operator.principal().0;
    let letter = api.dead_letters().replay(command_id, &api.app().publisher(), by).await;
    let (letter, position) = begun.end_with(letter, |_| Outcome::done([])).await?;
    Ok(Answer::ok(&managing.caller, letter.into()).at(position))
}
