//! `GET /analytics/risk/{portfolio_id}/greeks`

pub mod calculate;

use axum::extract::State;
use events::PortfolioId;
use projections::risk::{Analytic, Greeks, View};
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

/// Which positions, and whether what remains after the next expiries is wanted.
#[derive(Debug)]
pub struct Which {
    include_after_expiry: bool,
    view: View,
    as_of: AsOf,
}

/// The same for the documentation.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what Which reads")]
pub struct WhichParameters {
    /// Also the Greeks without options that expire within seven days.
    #[param(default = false)]
    include_after_expiry: Option<bool>,
    /// `portfolio`, `longs` or `shorts`.
    #[param(default = "portfolio", example = "longs")]
    view: Option<String>,
}

impl FromParameters for Which {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        Some(Self {
            include_after_expiry: parameters.optional("include_after_expiry").unwrap_or(false),
            view: parameters.optional("view").unwrap_or_default(),
            as_of: AsOf::read(parameters),
        })
    }
}

/// Shows the Greeks of a portfolio: by underlying, and together in money. Options without a volatility are named and
/// count nowhere.
#[utoipa::path(get, path = "/api/v1/analytics/risk/{portfolio_id}/greeks", tag = "analytics",
    operation_id = "show_greeks", extensions(("x-access" = json!("rows"))),
    params(("portfolio_id" = Uuid, Path, description = "The portfolio"), WhichParameters, AsOfParameters,
        PositionParameters),
    responses((status = 200, description = "Greeks", body = Envelope<Analytic<Greeks>>)))]
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    Path(portfolio_id): Path<PortfolioId>,
    Query(Which { include_after_expiry, view, as_of }): Query<Which>,
    at_least: AtLeast,
) -> Result<Answer<Answered>, ApiError> {
    let subject = Subject::find(&api, &caller, at_least, Whose::One(portfolio_id), as_of).await?;
    let kind = format!("greeks;{view:?};{include_after_expiry}");
    subject
        .answer(&kind, move |inputs| {
            let mut greeks = inputs.greeks(view);
            if !include_after_expiry {
                greeks.figures.after_expiry = None;
            }
            greeks
        })
        .await
}
