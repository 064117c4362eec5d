//! `POST /analytics/portfolio/{portfolio_id}/stress-test/custom`

use std::collections::BTreeSet;

use axum::extract::State;
use events::PortfolioId;
use projections::factors::{self, FactorRegistry};
use projections::risk::{Analytic, How, StressTest, View, basis_of};
use projections::scenarios::{SHOCKS_MAX, Scenario, Severity, Shock};
use utoipa::ToSchema;

use super::stress_test::Mode;
use crate::http::analytics::question::{Answered, Subject, Whose};
use crate::http::answer::{Answer, Envelope};
use crate::http::body::{Body, FromMembers, Members};
use crate::http::books::{AsOf, AsOfParameters};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::path::Path;
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::Query;
use crate::http::state::Api;

/// Longest name of a scenario, in characters.
const NAME_CHARS_MAX: usize = 255;
/// Largest shift of volatilities, in points.
const VOLATILITY_POINTS_MAX: f64 = 300.0;

/// A scenario that somebody makes up.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what Custom reads")]
pub struct CustomScenario {
    /// What it is called, up to 255 characters.
    #[schema(example = "Tech slump")]
    name: String,
    /// `correlated` (default) or `direct`.
    #[schema(example = "correlated")]
    mode: Option<String>,
    /// 1 to 12 moves, one a factor.
    #[schema(min_items = 1, max_items = 12)]
    shocks: Vec<CustomShock>,
    /// Added to the volatility of every option, in points: 10 lifts 20 % to 30 %.
    #[schema(example = 10.0)]
    vol_shock_points: Option<f64>,
}

/// A move of a factor.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what Custom reads")]
pub struct CustomShock {
    /// Its id in the registry.
    #[schema(example = "market")]
    factor: String,
    /// `index_return` of the market, `relative_to_market` of a style, `yield_change` of rates.
    #[schema(example = "index_return")]
    basis: String,
    /// A fraction: -0.1 is -10 % of a return (at most 1), 0.01 is 100 basis points of a yield (at most 0.1).
    #[schema(example = -0.1)]
    size: f64,
}

/// The same as it is read.
#[derive(Debug)]
pub struct Custom {
    name: String,
    mode: Mode,
    shocks: Vec<Shock>,
    volatility_points: f64,
}

impl FromMembers for Custom {
    fn read(members: &mut Members) -> Option<Self> {
        let name: Option<String> = members.required("name");
        if name.as_ref().is_some_and(|name| !(1..=NAME_CHARS_MAX).contains(&name.trim().chars().count())) {
            members.report("name", "length", format!("must have 1 to {NAME_CHARS_MAX} characters"));
        }
        let mode: Option<String> = members.optional("mode");
        let mode = mode.map(|mode| mode.parse::<Mode>()).unwrap_or_else(|| Ok(Mode::default()));
        if let Err(message) = &mode {
            members.report("mode", "invalid", message);
        }
        let shocks: Option<Vec<Shock>> = members.required("shocks");
        let factors: BTreeSet<_> = shocks.iter().flatten().map(|shock| &shock.factor).collect();
        let count = shocks.as_ref().map_or(0, Vec::len);
        if shocks.is_some() && !(1..=SHOCKS_MAX).contains(&count) {
            members.report("shocks", "length", format!("must be 1 to {SHOCKS_MAX} moves"));
        } else if factors.len() != count {
            members.report("shocks", "repeated", "must move each factor once");
        }
        if shocks.iter().flatten().any(|shock| !shock.is_bounded()) {
            members.report("shocks", "out_of_range", "a return moves by at most 1, a yield by at most 0.1");
        }
        let volatility_points: Option<f64> = members.optional("vol_shock_points");
        let volatility_points = volatility_points.unwrap_or(0.0);
        if volatility_points.abs() > VOLATILITY_POINTS_MAX {
            let message = format!("must be from -{VOLATILITY_POINTS_MAX} to {VOLATILITY_POINTS_MAX}");
            members.report("vol_shock_points", "out_of_range", message);
        }
        Some(Self { name: name?, mode: mode.ok()?, shocks: shocks?, volatility_points })
    }
}

/// Shows what a scenario of the caller's own would do to a portfolio. Nothing is kept.
#[utoipa::path(post, path = "/api/v1/analytics/portfolio/{portfolio_id}/stress-test/custom", tag = "analytics",
    operation_id = "custom_stress_test", extensions(("x-access" = json!("rows"))),
    params(("portfolio_id" = Uuid, Path, description = "The portfolio"), AsOfParameters, PositionParameters),
    request_body = CustomScenario,
    responses((status = 200, description = "What it would do", body = Envelope<Analytic<StressTest>>)))]
pub async fn suppose(
    State(api): State<Api>,
    caller: Caller,
    Path(portfolio_id): Path<PortfolioId>,
    Query(as_of): Query<AsOf>,
    at_least: AtLeast,
    body: Body<Custom>,
) -> Result<Answer<Answered>, ApiError> {
    let subject = Subject::find(&api, &caller, at_least, Whose::One(portfolio_id), as_of).await?;
    let custom = body.value;
    let known = factors::registry(&**api.shared().await?, Some(subject.vintage())).await?;
    check(&known.registry, &custom.shocks)?;
    let volatility_shift = custom.volatility_points / 100.0;
    let how = How { propagation: custom.mode.0, view: View::Portfolio, volatility_shift };
    let scenario = Scenario {
        id: String::new(),
        title: custom.name.trim().to_owned(),
        group: "custom".to_owned(),
        category: "custom".to_owned(),
        severity: Severity::Base,
        enabled: true,
        optional: false,
        shocks: custom.shocks,
        window: None,
        review: None,
    };
    let kind = format!("stress-test;{how:?};{scenario:?}");
    subject.answer(&kind, move |inputs| inputs.stress_test(&[scenario], &how)).await
}

/// Refuses factors that the registry does not have, and moves that they cannot make.
fn check(registry: &FactorRegistry, shocks: &[Shock]) -> Result<(), ApiError> {
    for shock in shocks {
        let Some(factor) = registry.active().find(|factor| factor.factor_id == shock.factor) else {
            let message = format!("{:?} is no active factor of the registry", shock.factor.as_str());
            return Err(ApiError::invalid("shocks", "unknown_factor", message));
        };
        if shock.basis != basis_of(factor) {
            let message = format!("{:?} cannot move on that basis", shock.factor.as_str());
            return Err(ApiError::invalid("shocks", "wrong_basis", message));
        }
    }
    Ok(())
}
