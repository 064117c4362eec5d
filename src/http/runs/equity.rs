//! `GET /runs/{run}/equity`

use std::str::FromStr;

use axum::extract::State;
use events::{Cash, RunId};
use jiff::Timestamp;
use projections::Projection;
use projections::equity::{self, BarCursor, Equity, EquityPoint};
use projections::runs::Runs;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::owned;
use crate::http::answer::{Answer, Envelope};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::page::{PageParameters, Paging};
use crate::http::path::Path;
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::{FromParameters, Parameters, Query};
use crate::http::state::Api;

/// Fewest and most points of a thinned series.
const POINTS: std::ops::RangeInclusive<usize> = 4..=10_000;

/// Which points.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// The whole series thinned to at most so many points, 4 to 10,000; keeps ends, peaks and troughs. Without it the
    /// series comes in pages.
    #[param(value_type = Option<u16>, minimum = 4, maximum = 10000, example = 500)]
    points: Option<Points>,
    #[param(ignore)]
    paging: Paging<BarCursor>,
}

/// A number of points.
#[derive(Debug, Clone, Copy)]
pub struct Points(pub usize);

/// The text is not a number of points.
#[derive(Debug, thiserror::Error)]
#[error("must be a number from {} to {}", POINTS.start(), POINTS.end())]
pub struct NoPoints;

impl FromStr for Points {
    type Err = NoPoints;

    fn from_str(text: &str) -> Result<Self, NoPoints> {
        text.parse().ok().filter(|points| POINTS.contains(points)).map(Self).ok_or(NoPoints)
    }
}

impl FromParameters for Which {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        let points = parameters.optional("points");
        let paging: Paging<BarCursor> = parameters.paging();
        if points.is_some() && paging.cursor.is_some() {
            parameters.report("cursor", "not_allowed", "a thinned series has no pages");
        }
        Some(Self { points, paging })
    }
}

/// The account at the close of one bar.
#[derive(Debug, Serialize, ToSchema)]
pub struct EquityPointView {
    /// The bar of the run, 0 being the one that opened the account.
    #[schema(example = 5)]
    bar: u32,
    /// When the bar starts.
    bar_start_at: Timestamp,
    /// Cash after the last record of the bar.
    #[schema(value_type = String, example = "5132.137")]
    cash: Cash,
    /// Cash and positions, marked at the close of the bar.
    #[schema(value_type = String, example = "10008.9")]
    value: Cash,
    /// The bar is not complete: it is marked at its open.
    provisional: bool,
}

impl From<EquityPoint> for EquityPointView {
    fn from(point: EquityPoint) -> Self {
        let EquityPoint { bar, bar_start_at, cash, value, provisional } = point;
        Self { bar, bar_start_at, cash, value, provisional }
    }
}

/// Lists the equity series of a run, one point a bar.
#[utoipa::path(get, path = "/api/v1/runs/{run}/equity", tag = "runs", operation_id = "list_run_equity",
    extensions(("x-access" = json!("rows"))),
    params(("run" = Uuid, Path, description = "Its id"), Which, PageParameters, PositionParameters),
    responses((status = 200, description = "Points; `meta.total` counts all", body = Envelope<Vec<EquityPointView>>)))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Path(run_id): Path<RunId>,
    Query(Which { points, paging }): Query<Which>,
    at_least: AtLeast,
) -> Result<Answer<Vec<EquityPointView>>, ApiError> {
    let position = at_least.shown_by(&api, &[Runs::NAME, Equity::NAME]).await?;
    let client = api.view(&caller).await?;
    let run = owned(&client, &caller, run_id).await?.run;
    let (points, next) = match points {
        Some(Points(most)) => (equity::sampled(&client, run_id, most).await?.points, None),
        None => {
            let page = equity::points(&client, run_id, paging.cursor, paging.limit).await?;
            (page.items, page.next_cursor)
        }
    };
    let views = points.into_iter().map(EquityPointView::from).collect();
    Ok(Answer::ok(&caller, views).at(position).next(next).total(i64::from(run.bars_done)))
}
