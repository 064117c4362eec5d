//! `GET /streams/{stream}`

use axum::extract::State;
use events::StreamName;
use projections::Projection;
use projections::streams::{self, Streams};

use super::StreamView;
use crate::http::answer::{Answer, Envelope};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::path::Path;
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::{NoParameters, Query};
use crate::http::state::Api;

/// Shows one stream.
#[utoipa::path(get, path = "/api/v1/streams/{stream}", tag = "streams", operation_id = "find_stream",
    extensions(("x-access" = json!("rows"))),
    params(("stream" = String, Path, description = "Its name", example = "model-01988d2f-6c3b-7f10-9d5e-3c1b6a1f0e77"),
        PositionParameters),
    responses((status = 200, description = "The stream", body = Envelope<StreamView>)))]
pub async fn find(
    State(api): State<Api>,
    caller: Caller,
    Path(stream): Path<StreamName>,
    Query(NoParameters): Query<NoParameters>,
    at_least: AtLeast,
) -> Result<Answer<StreamView>, ApiError> {
    let position = at_least.shown_by(&api, &[Streams::NAME]).await?;
    let found = streams::find(&api.view(&caller).await?, &stream).await?;
    let view = found.map(StreamView::from).ok_or_else(|| ApiError::not_found("stream", stream))?;
    let version = view.version;
    Ok(Answer::ok(&caller, view).at(position).version(version))
}
