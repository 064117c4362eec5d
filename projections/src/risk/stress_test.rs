//! Scenarios over a book: each with its result, or the reason why it has none.

use std::collections::BTreeMap;

use events::position::PositionSymbol;
use events::{Cash, PositionId};
use jiff::civil::Date;
use quant::covariance::EWMA_LAMBDA;
use quant::stress::{Propagation, Severity};
use serde::Serialize;
use utoipa::ToSchema;

use super::factor_exposures::Modelled;
use super::greeks::View;
use super::options::HeldOption;
use super::stress::{NoResult, StressFigures, StressedPosition, Supposition, suppose, without_data};
use super::{Analytic, DataQuality, Missing, Provenance, RiskInputs, SkipReason};
use crate::factors::FactorId;
use crate::scenarios::{self, Scenario};

/// What scenarios do to a portfolio.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct StressTest {
    /// The scenarios, by category and name.
    pub scenarios: Vec<ScenarioOutcome>,
    /// Equity: what losses are a share of.
    #[schema(value_type = Option<String>, example = "1000000")]
    pub portfolio_value: Option<Cash>,
    /// How the factors move together.
    pub covariance: Option<ShownCovariance>,
    /// Active factors of the registry without data: scenarios that move them have no result.
    #[schema(value_type = Vec<String>)]
    pub factors_missing: Vec<FactorId>,
    /// The session of the last return.
    pub calculation_date: Option<Date>,
}

/// What the covariance of the factors is made of.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct ShownCovariance {
    /// How much a return counts against the next: λ to the power of its age.
    #[schema(example = 0.94)]
    pub ewma_lambda: f64,
    /// Deviations are taken from `zero`, not from a mean.
    #[schema(example = "zero")]
    pub centring: &'static str,
    /// Returns that it is of.
    pub returns: usize,
    /// So many equally weighted ones know as much.
    pub effective_returns: f64,
}

/// A scenario and what it does.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ScenarioOutcome {
    /// What it is called everywhere; null for one that somebody made up.
    #[schema(example = "market_down_10")]
    pub id: Option<String>,
    /// For people.
    #[schema(example = "Equities -10 %")]
    pub name: String,
    /// The heading under which it is shown, and what is doubtful about it.
    pub description: Option<String>,
    /// What kind of move it is.
    #[schema(example = "market")]
    pub category: String,
    /// How hard it is meant to be: a label of the shock.
    #[schema(value_type = Option<String>, example = "moderate")]
    pub severity: Option<scenarios::Severity>,
    /// How hard it hits this portfolio: its loss beside the equity.
    #[schema(value_type = Option<String>, example = "mild")]
    pub impact_severity: Option<Severity>,
    /// `correlated`: the other factors follow. `direct`: they stay.
    #[schema(value_type = String, example = "correlated")]
    pub impact_type: Propagation,
    /// The given moves: returns, and yields as they change.
    #[schema(value_type = BTreeMap<String, f64>)]
    pub shocks: BTreeMap<FactorId, f64>,
    /// The return of every factor under the impact; a yield as the return of its proxy.
    #[schema(value_type = Option<BTreeMap<String, f64>>)]
    pub applied_shocks: Option<BTreeMap<FactorId, f64>>,
    /// What it does.
    pub impact: Option<Impact>,
    /// Profit and loss when factors that are not named stay.
    #[schema(value_type = Option<String>, example = "-69000")]
    pub direct_pnl: Option<Cash>,
    /// Profit and loss when they follow.
    #[schema(value_type = Option<String>, example = "-78060")]
    pub correlated_pnl: Option<Cash>,
    /// The difference.
    #[schema(value_type = Option<String>, example = "-9060")]
    pub correlation_effect: Option<Cash>,
    /// Exposure to each factor times its shock; they add up to the linear part of the impact.
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    pub factor_contributions: Option<BTreeMap<FactorId, Cash>>,
    /// What the impact would be if prices followed their betas without a floor.
    #[schema(value_type = Option<String>, example = "-78060")]
    pub linear_pnl: Option<Cash>,
    /// What changes because no price falls below zero.
    #[schema(value_type = Option<String>, example = "0")]
    pub price_floor_effect: Option<Cash>,
    /// What pricing options again changes against their deltas.
    #[schema(value_type = Option<String>, example = "3498.61")]
    pub option_convexity: Option<Cash>,
    /// The five positions that lose most, the worst first.
    pub worst_positions: Vec<ShownLoss>,
    /// Whether the loss is larger than the equity.
    pub exceeds_equity: Option<bool>,
    /// Why there is no result.
    #[schema(value_type = Option<String>, example = "no_factor_data")]
    pub reason: Option<NoResult>,
    /// Factors that it moves and that have no data.
    #[schema(value_type = Vec<String>)]
    pub missing_factors: Vec<FactorId>,
}

/// What a scenario does to a portfolio.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct Impact {
    /// Profit and loss.
    #[schema(value_type = String, example = "-78060")]
    pub dollar_impact: Cash,
    /// The same in percent of equity.
    #[schema(example = -7.806)]
    pub percentage_impact: f64,
    /// Equity afterwards.
    #[schema(value_type = String, example = "921940")]
    pub new_portfolio_value: Cash,
}

/// What a position loses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ShownLoss {
    /// Which.
    #[schema(value_type = String, format = Uuid)]
    pub position_id: PositionId,
    /// What it is called.
    #[schema(value_type = String, example = "AAPL")]
    pub symbol: PositionSymbol,
    /// What it loses, negative.
    #[schema(value_type = String, example = "-73200")]
    pub pnl: Cash,
}

/// How scenarios are to be supposed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct How {
    /// Whether factors that are not named follow.
    pub propagation: Propagation,
    /// Which positions count; the equity stays that of all.
    pub view: View,
    /// Added to the volatility of options, a fraction.
    pub volatility_shift: f64,
}

impl RiskInputs {
    /// Supposes each scenario. A book without positions loses nothing.
    pub fn stress_test(&self, scenarios: &[Scenario], how: &How) -> Analytic<StressTest> {
        let names: Vec<String> = scenarios.iter().map(|it| format!("{}{:?}", it.id, it.shocks)).collect();
        let provenance = Provenance::of(self, "joint-stress", 1, &format!("{how:?}{names:?}"));
        let public = if self.lots.is_empty() { self.one_currency() } else { self.investable() };
        let modelled = match public.and_then(|()| self.modelled()) {
            Ok(modelled) => modelled,
            Err(absent) => return self.without_figures(absent, provenance),
        };
        let (positions, left_out) = self.stressed(&modelled, how.view);
        let quality = DataQuality::of(self, &left_out, Some(modelled.days()));
        let figures = self.enough(&left_out).and_then(|()| self.positive_equity()).map(|equity| {
            let mut outcomes: Vec<ScenarioOutcome> = scenarios
                .iter()
                .map(|scenario| {
                    let supposition = Supposition {
                        shocks: &scenario.shocks,
                        volatility_shift: how.volatility_shift,
                        propagation: how.propagation,
                    };
                    let found = suppose(&modelled.model, &positions, equity, &supposition);
                    let missing = without_data(&modelled.model, &scenario.shocks);
                    ScenarioOutcome::of(scenario, how.propagation, found, missing)
                })
                .collect();
            outcomes.sort_by(|left, right| (&left.category, &left.name).cmp(&(&right.category, &right.name)));
            let covariance = &modelled.model.covariance;
            let test = StressTest {
                scenarios: outcomes,
                portfolio_value: self.standing.equity,
                covariance: Some(ShownCovariance {
                    ewma_lambda: EWMA_LAMBDA,
                    centring: "zero",
                    returns: covariance.returns,
                    effective_returns: covariance.effective_returns,
                }),
                factors_missing: modelled.model.missing.iter().map(|it| it.factor_id.clone()).collect(),
                calculation_date: Some(self.as_of_date),
            };
            (test, Missing::new())
        });
        Analytic::of(figures, quality, provenance)
    }

    /// The lots that the model explains, and those that it does not.
    fn stressed(
        &self,
        modelled: &Modelled,
        view: View,
    ) -> (Vec<StressedPosition>, BTreeMap<usize, SkipReason>) {
        let options: BTreeMap<PositionId, &HeldOption> =
            self.options.iter().map(|option| (option.position_id, option)).collect();
        let mut positions = Vec::new();
        for (place, merged) in self.merged.iter().enumerate() {
            // Lots that hedge each other completely are not modelled together, and nothing follows from them but what
            // their options are worth.
            let betas = match modelled.betas.get(&place) {
                Some(Ok(betas)) => &betas.betas,
                Some(Err(_)) | None => continue,
            };
            for lot in merged.lots.iter().filter_map(|lot| self.lots.get(*lot)) {
                let Ok(exposure) = lot.exposure else { continue };
                if !view.shows(lot.cost.to_f64()) {
                    continue;
                }
                let option = options
                    .get(&lot.position_id)
                    .and_then(|option| Some((option.priced.ok()?, option.holding)));
                positions.push(StressedPosition {
                    position_id: lot.position_id,
                    symbol: lot.symbol.clone(),
                    exposure,
                    betas: betas.clone(),
                    option,
                });
            }
        }
        (positions, modelled.left_out.clone())
    }
}

impl ScenarioOutcome {
    fn of(
        scenario: &Scenario,
        impact_type: Propagation,
        found: Result<StressFigures, NoResult>,
        missing: Vec<&FactorId>,
    ) -> Self {
        let blank = Self {
            id: (!scenario.id.is_empty()).then(|| scenario.id.clone()),
            name: scenario.title.clone(),
            description: scenario.review.clone(),
            category: scenario.category.clone(),
            severity: (!scenario.id.is_empty()).then_some(scenario.severity),
            impact_severity: None,
            impact_type,
            shocks: scenario.shocks.iter().map(|shock| (shock.factor.clone(), shock.size)).collect(),
            applied_shocks: None,
            impact: None,
            direct_pnl: None,
            correlated_pnl: None,
            correlation_effect: None,
            factor_contributions: None,
            linear_pnl: None,
            price_floor_effect: None,
            option_convexity: None,
            worst_positions: Vec::new(),
            exceeds_equity: None,
            reason: None,
            missing_factors: missing.into_iter().cloned().collect(),
        };
        let figures = match found {
            Ok(figures) => figures,
            Err(reason) => return Self { reason: Some(reason), ..blank },
        };
        let loss = |loss: super::stress::PositionLoss| ShownLoss {
            position_id: loss.position_id,
            symbol: loss.symbol,
            pnl: loss.pnl,
        };
        Self {
            impact_severity: Some(figures.impact_severity),
            applied_shocks: Some(figures.applied_shocks),
            impact: Some(Impact {
                dollar_impact: figures.dollar_impact,
                percentage_impact: figures.percentage_impact,
                new_portfolio_value: figures.new_portfolio_value,
            }),
            direct_pnl: Some(figures.direct_pnl),
            correlated_pnl: Some(figures.correlated_pnl),
            correlation_effect: Some(figures.correlation_effect),
            factor_contributions: Some(figures.factor_contributions),
            linear_pnl: Some(figures.linear_pnl),
            price_floor_effect: Some(figures.price_floor_effect),
            option_convexity: Some(figures.option_convexity),
            worst_positions: figures.worst_positions.into_iter().map(loss).collect(),
            exceeds_equity: Some(figures.exceeds_equity),
            ..blank
        }
    }
}
