//! `GET /runs/{run}/performance`

mod prices;
mod view;

use axum::extract::State;
use events::{RunId, Symbol};
use jiff::civil::Date;
use projections::Projection;
use projections::equity::Equity;
use projections::ledger::Ledger;
use projections::performance::{ConventionName, PerformanceQuery, performance};
use projections::runs::Runs;
use utoipa::IntoParams;

use super::owned;
use crate::http::answer::{Answer, Envelope};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::path::Path;
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::{FromParameters, Parameters, Query};
use crate::http::state::Api;
use prices::Prices;
pub use view::PerformanceView;

/// How to count.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct How {
    /// `standard` (default: one point a bar, sample deviation, the calendar's bars per year) or `ai_trader` (as the
    /// public benchmark counts: one point a ledger record, population deviation, 1638 periods a year).
    #[param(value_type = Option<String>, example = "standard")]
    convention: ConventionName,
    /// Risk-free rate a year, as a fraction above -1; default 0.
    #[param(value_type = Option<f64>, example = 0.02)]
    risk_free: RiskFree,
    /// Compare with this symbol instead of the model's benchmark.
    #[param(value_type = Option<String>, example = "QQQ")]
    benchmark: Option<Symbol>,
    /// Only bars from this date on (UTC).
    #[param(value_type = Option<String>, format = Date, example = "2025-01-02")]
    from: Option<Date>,
    /// Only bars up to this date (UTC), included.
    #[param(value_type = Option<String>, format = Date, example = "2025-06-30")]
    to: Option<Date>,
}

impl FromParameters for How {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        let how = Self {
            convention: parameters.optional("convention").unwrap_or_default(),
            risk_free: parameters.optional("risk_free").unwrap_or_default(),
            benchmark: parameters.optional("benchmark"),
            from: parameters.optional("from"),
            to: parameters.optional("to"),
        };
        if how.from.zip(how.to).is_some_and(|(from, to)| to < from) {
            parameters.report("to", "before_from", "must not be before from");
        }
        Some(how)
    }
}

/// A yearly rate as a fraction.
#[derive(Debug, Clone, Copy, Default)]
pub struct RiskFree(pub f64);

/// The text is not a rate.
#[derive(Debug, thiserror::Error)]
#[error("must be a fraction above -1 and at most 10, such as 0.02")]
pub struct NoRate;

impl std::str::FromStr for RiskFree {
    type Err = NoRate;

    fn from_str(text: &str) -> Result<Self, NoRate> {
        let rate: f64 = text.parse().map_err(|_| NoRate)?;
        if rate > -1.0 && rate <= 10.0 { Ok(Self(rate)) } else { Err(NoRate) }
    }
}

/// Computes every figure of a run from its equity series and its trades.
#[utoipa::path(get, path = "/api/v1/runs/{run}/performance", tag = "runs", operation_id = "show_run_performance",
    extensions(("x-access" = json!("rows"))),
    params(("run" = Uuid, Path, description = "Its id"), How, PositionParameters),
    responses((status = 200, description = "Its figures", body = Envelope<PerformanceView>)))]
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    Path(run_id): Path<RunId>,
    Query(how): Query<How>,
    at_least: AtLeast,
) -> Result<Answer<PerformanceView>, ApiError> {
    let position = at_least.shown_by(&api, &[Runs::NAME, Ledger::NAME, Equity::NAME]).await?;
    // Not held while prices are read: who holds a connection must not wait for another.
    let run = owned(&api.view(&caller).await?, &caller, run_id).await?;
    let prices = Prices::read(&api.app().market, &run.snapshot, &how).await?;
    let (benchmark, close) = (|at| prices.benchmark_at(at), |symbol: &_, at| prices.close_at(symbol, at));
    let query = PerformanceQuery {
        convention: how.convention,
        risk_free_annual: how.risk_free.0,
        from: how.from.map(prices::begin),
        to: how.to.map(prices::end),
        benchmark: prices.has_benchmark().then_some(&benchmark),
        closes: Some(&close),
    };
    let found = performance(&api.view(&caller).await?, &run, &query).await?;
    let answer = Answer::ok(&caller, PerformanceView::of(&found, prices.benchmark_symbol())).at(position);
    Ok(prices.warnings().into_iter().fold(answer, Answer::warning))
}
