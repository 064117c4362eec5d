//! `POST /projections/{projection}/rebuild`

use std::str::FromStr;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use events::Position;
use events::causes::whole_chain;
use events::operations::{Operation, Outcome};
use projections::Projections;
use projections::rebuild::{RebuildError, Rebuilt};
use projections::registry::VerbError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::admin::{Reason, ReasonBody};
use crate::http::answer::{Answer, Envelope};
use crate::http::body::Body;
use crate::http::entering::Managing;
use crate::http::error::ApiError;
use crate::http::idempotency::WriteParameters;
use crate::http::path::{Named, Path};
use crate::http::query::{NoParameters, Query};
use crate::http::state::Api;

/// Whoever asked is told after that that it goes on.
const PATIENCE: Duration = Duration::from_secs(20);

/// A projection in a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectionName(String);

impl FromStr for ProjectionName {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl Named for ProjectionName {
    const WHAT: &'static str = "projection";
}

/// What became of a rebuild.
#[derive(Debug, Serialize, ToSchema)]
pub struct RebuiltView {
    /// The read model.
    #[schema(example = "ledger")]
    projection: String,
    /// Whether it is done; else it goes on.
    finished: bool,
    /// Everything up to here was folded; null while it goes on, as are the others.
    #[schema(value_type = Option<i64>, example = 219)]
    position: Option<Position>,
    /// Events of the read model among them.
    #[schema(example = 182)]
    events: Option<u64>,
    /// Rows that it has now.
    #[schema(example = 18967)]
    rows: Option<u64>,
}

/// Folds a read model anew from the log. Readers keep seeing the old rows until the new ones replace them all at once.
///
/// It is recorded among the acts before it begins, with what came of it after. It goes on when nobody waits for it any more; after 20 seconds the answer is 202, and asking again meanwhile is
/// answered with 409.
#[utoipa::path(post, path = "/api/v1/projections/{projection}/rebuild", tag = "operations",
    operation_id = "rebuild_projection",
    extensions(("x-access" = json!("operation"))),
    params(("projection" = String, Path, description = "Its name, as in the list"), WriteParameters),
    request_body(content = Option<ReasonBody>),
    responses((status = 200, description = "It was folded anew", body = Envelope<RebuiltView>),
        (status = 202, description = "It is being folded", body = Envelope<RebuiltView>)))]
pub async fn rebuild(
    State(api): State<Api>,
    Path(ProjectionName(name)): Path<ProjectionName>,
    Query(NoParameters): Query<NoParameters>,
    managing: Managing,
    Body { value: Reason(reason), hash }: Body<Reason>,
) -> Result<Answer<RebuiltView>, ApiError> {
    let Some(known) = Projections::standard().names().into_iter().find(|known| *known == name) else {
        return Err(ApiError::not_found("projection", name));
    };
    let operation = Operation::RebuildReadModel { projection: name.clone() };
    let asked = managing.asked(hash);
    let begun = api.app().journal.begin(&managing.operator()?, operation, &reason, &asked).await?;
    let log = api.log().clone();
    let folding = tokio::spawn(async move {
        let rebuilt = Projections::standard().rebuild(known, &log, &mut |_| ()).await;
        if let Err(error) = &rebuilt {
            let cause = whole_chain(error);
            tracing::warn!(projection = known, "The read model {known} was not folded anew: {cause}");
        }
        let counted = |rebuilt: &Rebuilt| Outcome::done([("events", rebuilt.events), ("rows", rebuilt.rows)]);
        begun.end_with(rebuilt, counted).await
    });
    let unfinished =
        RebuiltView { projection: name, finished: false, position: None, events: None, rows: None };
    let Ok(folded) = tokio::time::timeout(PATIENCE, folding).await else {
        return Ok(Answer::ok(&managing.caller, unfinished).status(StatusCode::ACCEPTED));
    };
    let failed = |source| ApiError::Internal { operation: "folding a read model anew", source };
    let (rebuilt, position) = folded.map_err(|error| failed(error.into()))?.map_err(|error| match error {
        VerbError::Rebuild(RebuildError::Busy(_)) => ApiError::InUse(error.to_string()),
        error => failed(error.into()),
    })?;
    let view = RebuiltView {
        finished: true,
        position: Some(rebuilt.position),
        events: Some(rebuilt.events),
        rows: Some(rebuilt.rows),
        ..unfinished
    };
    Ok(Answer::ok(&managing.caller, view).at(position))
}
