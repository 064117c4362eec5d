//! `GET /analytics/portfolio/{portfolio_id}/volatility`

use axum::extract::State;
use events::{PortfolioId, calendar};
use projections::risk::{self, Analytic, TrackRecord, VOLATILITY_LOOKBACK, Volatility};
use projections::snapshots::Lots;
use utoipa::IntoParams;

use crate::http::analytics::question::{Answered, Subject, Whose};
use crate::http::answer::{Answer, Envelope};
use crate::http::books::{AsOf, AsOfParameters};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::path::Path;
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::{FromParameters, Parameters, Query};
use crate::http::state::Api;

/// Of what.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// `holdings` (default): of what is held now over the past; `track_record`: of the daily snapshots.
    #[param(rename = "method", value_type = Option<String>, example = "holdings")]
    is_track_record: bool,
    #[param(ignore)]
    as_of: AsOf,
}

impl FromParameters for Which {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        let method: Option<String> = parameters.optional("method");
        let is_track_record = match method.as_deref() {
            None | Some("holdings") => false,
            Some("track_record") => true,
            Some(_) => {
                parameters.report("method", "invalid", "must be holdings or track_record");
                return None;
            }
        };
        Some(Self { is_track_record, as_of: AsOf::read(parameters) })
    }
}

/// Shows how much a portfolio moves.
#[utoipa::path(get, path = "/api/v1/analytics/portfolio/{portfolio_id}/volatility", tag = "analytics",
    operation_id = "portfolio_volatility", extensions(("x-access" = json!("rows"))),
    params(("portfolio_id" = Uuid, Path, description = "The portfolio"), Which, AsOfParameters,
        PositionParameters),
    responses((status = 200, description = "Figures, or why there are none", body = Envelope<Analytic<Volatility>>)))]
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    Path(portfolio_id): Path<PortfolioId>,
    Query(which): Query<Which>,
    at_least: AtLeast,
) -> Result<Answer<Answered>, ApiError> {
    let subject = Subject::find(&api, &caller, at_least, Whose::One(portfolio_id), which.as_of).await?;
    if !which.is_track_record {
        return subject.answer("volatility", risk::volatility).await;
    }
    let first = calendar::nth_session(subject.session(), 1 - i32::from(VOLATILITY_LOOKBACK));
    let track = TrackRecord::of(subject.snapshots(portfolio_id, first, Lots::LeftOut).await?);
    let kind = format!("volatility;{}", track.identity());
    subject.answer(&kind, move |inputs| risk::track_record_volatility(inputs, &track)).await
}
