//! `GET /portfolios/{portfolio_id}/equity-changes/summary`

use axum::extract::State;
use events::portfolio::EquityChangeKind;
use events::time::TradingDay;
use events::{Cash, PortfolioId};
use jiff::Span;
use projections::Projection;
use projections::portfolios::Portfolios;
use serde::Serialize;
use utoipa::ToSchema;

use super::EquityChangeView;
use crate::http::answer::{Answer, Envelope};
use crate::http::books::{AsOf, AsOfParameters};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::path::Path;
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::Query;
use crate::http::state::Api;

/// Flows of a time, added up.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Flows {
    /// What came.
    #[schema(value_type = String, example = "2500")]
    contributions: Cash,
    /// What went; not negative.
    #[schema(value_type = String, example = "1000")]
    withdrawals: Cash,
    /// What came less what went.
    #[schema(value_type = String, example = "1500")]
    net_flow: Cash,
}

/// Flows of recent times.
#[derive(Debug, Serialize, ToSchema)]
pub struct Periods {
    /// Of the last 30 days.
    #[serde(rename = "30d")]
    days_30: Flows,
    /// Of the last 90 days.
    #[serde(rename = "90d")]
    days_90: Flows,
    /// Since the year began.
    ytd: Flows,
}

/// All flows of a portfolio, added up.
#[derive(Debug, Serialize, ToSchema)]
pub struct EquitySummary {
    /// All that came.
    #[schema(value_type = String, example = "2500")]
    total_contributions: Cash,
    /// All that went; not negative.
    #[schema(value_type = String, example = "1000")]
    total_withdrawals: Cash,
    /// What came less what went.
    #[schema(value_type = String, example = "1500")]
    net_flow: Cash,
    /// The latest flow.
    last_change: Option<EquityChangeView>,
    /// The same of recent times.
    periods: Periods,
}

impl Flows {
    fn of<'a>(changes: impl Iterator<Item = &'a EquityChangeView>) -> Self {
        changes.fold(Self::default(), |mut sum, change| {
            match change.change_type {
                EquityChangeKind::Contribution => {
                    sum.contributions += change.amount;
                    sum.net_flow += change.amount;
                }
                EquityChangeKind::Withdrawal => {
                    sum.withdrawals += change.amount;
                    sum.net_flow += -change.amount;
                }
            }
            sum
        })
    }

    fn since(changes: &[EquityChangeView], first: TradingDay) -> Self {
        Self::of(changes.iter().filter(|change| change.change_date >= first))
    }
}

/// Adds up the contributions and withdrawals of a portfolio until a date.
#[utoipa::path(get, path = "/api/v1/portfolios/{portfolio_id}/equity-changes/summary", tag = "equity changes",
    operation_id = "show_equity_summary", extensions(("x-access" = json!("rows"))),
    params(("portfolio_id" = Uuid, Path, description = "The portfolio"), AsOfParameters, PositionParameters),
    responses((status = 200, description = "Sums", body = Envelope<EquitySummary>)))]
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    Path(portfolio_id): Path<PortfolioId>,
    Query(as_of): Query<AsOf>,
    at_least: AtLeast,
) -> Result<Answer<EquitySummary>, ApiError> {
    let position = at_least.shown_by(&api, &[Portfolios::NAME]).await?;
    let reading = api.reading(&caller, portfolio_id, as_of).await?;
    let date = reading.date;
    let changes: Vec<EquityChangeView> = EquityChangeView::all(&reading)
        .into_iter()
        .map(|(_, change)| change)
        .filter(|change| change.deleted_at.is_none() && change.change_date <= date)
        .collect();
    // The date is the last of the days.
    let days = |days: i32| date.saturating_sub(Span::new().days(days - 1));
    let total = Flows::of(changes.iter());
    let periods = Periods {
        days_30: Flows::since(&changes, days(30)),
        days_90: Flows::since(&changes, days(90)),
        ytd: Flows::since(&changes, date.first_of_year()),
    };
    let summary = EquitySummary {
        total_contributions: total.contributions,
        total_withdrawals: total.withdrawals,
        net_flow: total.net_flow,
        last_change: changes.last().cloned(),
        periods,
    };
    Ok(Answer::ok(&caller, summary).at(position).as_of(date))
}
