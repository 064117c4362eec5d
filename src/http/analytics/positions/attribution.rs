//! `GET /analytics/positions/attribution`

use axum::extract::State;
use events::time::TradingDay;
use events::{PortfolioId, calendar};
use jiff::ToSpan;
use projections::risk::{Analytic, Grouping, PnlAttribution, TrackRecord};
use projections::snapshots::Lots;
use utoipa::IntoParams;

use crate::http::analytics::question::{Answered, Subject, Whose};
use crate::http::answer::{Answer, Envelope};
use crate::http::books::{AsOf, AsOfParameters};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::{FromParameters, Parameters, Query};
use crate::http::state::Api;

/// Most days from the first date to the last.
const DAYS_MAX: i32 = 366;

/// Of which portfolio and days, by what.
#[derive(Debug)]
pub struct Which {
    portfolio_id: PortfolioId,
    date: Option<TradingDay>,
    start_date: Option<TradingDay>,
    end_date: Option<TradingDay>,
    group_by: Grouping,
    as_of: AsOf,
}

/// The same for the documentation.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what Which reads")]
pub struct WhichParameters {
    /// The portfolio.
    #[param(value_type = uuid::Uuid)]
    portfolio_id: PortfolioId,
    /// One session, or the one before a date without session; by default the last that is complete.
    #[param(format = Date, example = "2022-12-28")]
    date: Option<String>,
    /// Instead of `date`: the first date, at most 366 days before the last.
    #[param(format = Date)]
    start_date: Option<String>,
    /// With `start_date`: the last date; by default the last session that is complete.
    #[param(format = Date)]
    end_date: Option<String>,
    /// `position` (default), `symbol`, `tag`, `type`, `class` or `sector`.
    #[param(default = "position", example = "sector")]
    group_by: Option<String>,
}

impl FromParameters for Which {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        let portfolio_id = parameters.required("portfolio_id");
        let date: Option<TradingDay> = parameters.optional("date");
        let start_date: Option<TradingDay> = parameters.optional("start_date");
        let end_date: Option<TradingDay> = parameters.optional("end_date");
        if date.is_some() && (start_date.is_some() || end_date.is_some()) {
            parameters.report("date", "conflict", "cannot be given with start_date or end_date");
        } else if end_date.is_some() && start_date.is_none() {
            parameters.report("start_date", "required", "must be given with end_date");
        }
        let group_by = parameters.optional("group_by").unwrap_or_default();
        let as_of = AsOf::read(parameters);
        if let Some(first) = start_date {
            let last = end_date.map_or_else(|| as_of.date(), |last| last.min(as_of.date()));
            if first > last {
                parameters.report("start_date", "out_of_range", "must not be after the last date");
            } else if first < last.saturating_sub(DAYS_MAX.days()) {
                let message = format!("must not be more than {DAYS_MAX} days before the last");
                parameters.report("start_date", "out_of_range", message);
            }
        }
        Some(Self { portfolio_id: portfolio_id?, date, start_date, end_date, group_by, as_of })
    }
}

/// Shows where the P&L of a session, or of several, came from: by position, symbol, tag, type, class or sector.
#[utoipa::path(get, path = "/api/v1/analytics/positions/attribution", tag = "analytics",
    operation_id = "position_attribution", extensions(("x-access" = json!("rows"))),
    params(WhichParameters, AsOfParameters, PositionParameters),
    responses((status = 200, description = "Figures, or why there are none", body = Envelope<Analytic<PnlAttribution>>),
        (status = 404, description = "The portfolio does not exist or is not the caller's",
            body = crate::http::problem::Problem, content_type = "application/problem+json")))]
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    Query(which): Query<Which>,
    at_least: AtLeast,
) -> Result<Answer<Answered>, ApiError> {
    let (portfolio_id, by) = (which.portfolio_id, which.group_by);
    let as_of = which.date.or(which.end_date).map_or(which.as_of, |last| which.as_of.until(last));
    let subject = Subject::find(&api, &caller, at_least, Whose::One(portfolio_id), as_of).await?;
    let last = subject.session();
    let first = which.start_date.map_or(last, calendar::session_on_or_after).min(last);
    let before = calendar::previous_session(first);
    let track = TrackRecord::of(subject.snapshots(portfolio_id, before, Lots::Included).await?);
    let kind = format!("attribution;{by:?};{first};{}", track.identity());
    subject.answer(&kind, move |inputs| inputs.attribution(portfolio_id, &track, first, by)).await
}
