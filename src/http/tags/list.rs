//! `GET /tags`

use axum::extract::State;
use projections::Projection;
use projections::portfolios::Portfolios;
use projections::tags::{self, Archived, Tags};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::{TagView, Uses};
use crate::http::answer::{Answer, Envelope};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::{FromParameters, Parameters, Query};
use crate::http::state::Api;

/// Which tags.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Whether archived ones are shown, too; by default no.
    #[param(value_type = Option<bool>)]
    include_archived: bool,
}

impl FromParameters for Which {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        Some(Self { include_archived: parameters.optional("include_archived").unwrap_or(false) })
    }
}

/// Somebody's tags.
#[derive(Debug, Serialize, ToSchema)]
pub struct TagsView {
    /// By their place in lists.
    tags: Vec<TagView>,
    /// How many are shown.
    total: usize,
    /// How many there are that are not archived.
    active_count: usize,
    /// How many there are that are.
    archived_count: usize,
}

/// Lists the caller's tags: there are at most 100.
#[utoipa::path(get, path = "/api/v1/tags", tag = "tags", operation_id = "list_tags",
    extensions(("x-access" = json!("rows"))), params(Which, PositionParameters),
    responses((status = 200, description = "Tags", body = Envelope<TagsView>)))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Query(which): Query<Which>,
    at_least: AtLeast,
) -> Result<Answer<TagsView>, ApiError> {
    let position = at_least.shown_by(&api, &[Tags::NAME, Portfolios::NAME]).await?;
    let rows = tags::list(&api.view(&caller).await?, Some(&caller.principal), Archived::Included).await?;
    let uses = Uses::of(&api, &caller).await?;
    let archived_count = rows.iter().filter(|row| row.tag.archived_at.is_some()).count();
    let active_count = rows.len() - archived_count;
    let shown = rows.iter().filter(|row| which.include_archived || row.tag.archived_at.is_none());
    let tags: Vec<_> = shown.map(|row| TagView::of(row.tag_id, &caller, &row.tag, &uses)).collect();
    let data = TagsView { total: tags.len(), tags, active_count, archived_count };
    Ok(Answer::ok(&caller, data).at(position))
}
