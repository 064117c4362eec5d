//! `GET /analytics/portfolio/{portfolio_id}/volatility`

use axum::extract::State;
use events::PortfolioId;
use projections::risk::{self, Analytic, Volatility};
use utoipa::IntoParams;

use crate::http::analytics::question::{Answered, Question, answered};
use crate::http::answer::{Answer, Envelope};
use crate::http::caller::Caller;
use crate::http::data::TermsParameters;
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
    question: Question,
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
        Some(Self { is_track_record, question: Question::read(parameters)? })
    }
}

/// Shows how much a portfolio moves.
#[utoipa::path(get, path = "/api/v1/analytics/portfolio/{portfolio_id}/volatility", tag = "analytics",
    operation_id = "portfolio_volatility", extensions(("x-access" = json!("own-portfolio"))),
    params(("portfolio_id" = Uuid, Path, description = "The portfolio"), Which, TermsParameters,
        PositionParameters),
    responses((status = 200, description = "Figures, or why there are none", body = Envelope<Analytic<Volatility>>)))]
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    Path(portfolio_id): Path<PortfolioId>,
    Query(which): Query<Which>,
    at_least: AtLeast,
) -> Result<Answer<Answered>, ApiError> {
    let is_track_record = which.is_track_record;
    let asked = which.question.of(portfolio_id, format!("volatility;{is_track_record}"));
    answered(&api, &caller, at_least, asked, move |inputs| match is_track_record {
        true => risk::track_record_volatility(inputs),
        false => risk::volatility(inputs),
    })
    .await
}
