//! What several portfolios have together that one has not: shares of the whole in value, beta and volatility.

use std::collections::BTreeMap;

use events::{Cash, PortfolioId, Symbol};
use quant::beta::BETA_WINDOW;
use quant::convention::Deviation;
use quant::returns::weighted_returns;
use quant::sample::PairedSample;
use quant::volatility::realised;
use serde::Serialize;
use utoipa::ToSchema;

use super::aggregate::Aggregated;
use super::availability::noted;
use super::losses::{VOLATILITY_LOOKBACK, VOLATILITY_RETURNS_MIN};
use super::{
    Absent, Analytic, CalculatedBeta, DataQuality, HoldingsSeries, Missing, PortfolioPart, Provenance,
    Reason, RiskInputs, SkipReason, StressTest,
};

/// How portfolios add up.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct Breakdown {
    /// The sums.
    pub summary: Option<BreakdownSummary>,
}

/// Sums over portfolios.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct BreakdownSummary {
    /// The weights of all together, a fraction; null where one is not known.
    #[schema(example = 1.0)]
    pub total_weight: Option<f64>,
    /// Equity of a portfolio on average; null where one is not known.
    #[schema(value_type = Option<String>, example = "400000")]
    pub average_value: Option<Cash>,
}

/// A portfolio's part of the value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct ValuePart {
    /// Its equity in percent of that of all.
    #[schema(example = 62.5)]
    pub weight_pct: Option<f64>,
    /// What it adds to the net asset value of all.
    #[schema(value_type = Option<String>, example = "500000")]
    pub contribution_dollars: Option<Cash>,
}

/// The beta of several portfolios.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct AggregateBeta {
    /// Σ equity · beta / Σ equity, which is that of all positions merged.
    #[schema(example = 1.05)]
    pub aggregate_beta: Option<f64>,
    /// The series that stands for the market.
    #[schema(value_type = Option<String>, example = "SPY")]
    pub market: Option<Symbol>,
    /// Σ beta · exposure: the money that moves with the market one to one.
    #[schema(value_type = Option<String>, example = "840000")]
    pub exposure_dollar: Option<Cash>,
    /// Share of the variance of what is held that the market explains.
    pub r_squared: Option<f64>,
    /// Returns that `r_squared` is of.
    pub observations: Option<u64>,
}

/// A portfolio's part of the beta.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct BetaPart {
    /// Its own beta.
    #[schema(example = 1.2)]
    pub beta: Option<f64>,
    /// Its weight times its beta; they add up to the beta of all.
    #[schema(example = 0.75)]
    pub contribution: Option<f64>,
    /// Why there is none.
    pub reason: Option<Reason>,
}

/// The volatility of several portfolios, of the last 63 returns of what they hold now; fractions a year.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct AggregateVolatility {
    /// Of all positions merged: what offsets another portfolio counts.
    #[schema(example = 0.1288)]
    pub aggregate_volatility: Option<f64>,
    /// The weighted mean of the portfolios' own: what it would be if all moved alike. Null where one has none.
    #[schema(example = 0.15)]
    pub undiversified_volatility: Option<f64>,
    /// Returns that were used.
    #[schema(example = 63)]
    pub observations: Option<usize>,
}

/// A portfolio's part of the volatility.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct VolatilityPart {
    /// Its own, a fraction a year.
    #[schema(example = 0.18)]
    pub volatility: Option<f64>,
    /// Its part of that of all, a fraction a year; they add up to it, and that of a hedge is negative.
    #[schema(example = 0.11)]
    pub contribution: Option<f64>,
    /// Why there is none.
    pub reason: Option<Reason>,
}

/// For how many portfolios a stress test speaks.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct AggregateStress {
    /// The scenarios over all positions merged.
    #[serde(flatten)]
    pub test: StressTest,
    /// Portfolios with a position that the factors explain, or without any position.
    #[schema(example = 2)]
    pub portfolios_with_stress_data: usize,
    /// The others: what they would lose is not known, and nowhere counted.
    #[schema(value_type = Vec<String>)]
    pub portfolios_without_stress_data: Vec<PortfolioId>,
}

/// What each portfolio is of all.
pub fn breakdown(inputs: &RiskInputs) -> Aggregated<Breakdown, ValuePart> {
    let weights = inputs.portfolio_weights();
    let count = i64::try_from(inputs.portfolios.len()).ok();
    let average =
        inputs.standing.equity.zip(count).filter(|(_, count)| *count > 0).and_then(|(all, count)| {
            let cents = (all.to_decimal() / rust_decimal::Decimal::from(count)).round_dp(2);
            Cash::from_decimal(cents).ok()
        });
    let summary = BreakdownSummary {
        total_weight: weights.as_ref().map(|weights| weights.iter().sum()),
        average_value: average,
    };
    let quality = DataQuality::of(inputs, &BTreeMap::new(), None);
    let provenance = Provenance::of(inputs, "equity", 1, "breakdown");
    let figures = Ok((Breakdown { summary: Some(summary) }, Missing::new()));
    Aggregated::with(inputs, Analytic::of(figures, quality, provenance), |part, weight| ValuePart {
        weight_pct: weight.map(|weight| 100.0 * weight),
        contribution_dollars: part.standing.equity,
    })
}

/// The beta of all by the returns of 90 sessions, and what each portfolio adds to it.
pub fn aggregate_beta(inputs: &RiskInputs) -> Aggregated<AggregateBeta, BetaPart> {
    let merged = inputs.calculated_beta();
    let betas = inputs.market_proxy().and_then(|market| inputs.symbol_betas(market, BETA_WINDOW));
    let own = |part: &PortfolioPart| -> Result<f64, Absent> {
        let betas = betas.as_ref().map_err(Clone::clone)?;
        inputs.enough_of(part, &betas.left_out)?;
        let known = betas.betas.iter().filter_map(|(place, beta)| Some((*place, (*beta).ok()?.capped)));
        let (places, betas): (Vec<usize>, Vec<f64>) = known.unzip();
        let weights = inputs.weights_of(part, &places)?;
        Ok(weights.iter().zip(&betas).map(|(weight, beta)| weight * beta).sum())
    };
    let Analytic { available, reason, message, figures, unavailable, data_quality, provenance } = merged;
    let CalculatedBeta { beta_calculated_90d, market, exposure_dollar, r_squared, observations, .. } =
        figures;
    let unavailable = unavailable.into_iter().filter(|(name, _)| *name == "r_squared").collect();
    let figures = AggregateBeta {
        aggregate_beta: beta_calculated_90d,
        market,
        exposure_dollar,
        r_squared,
        observations,
    };
    let analytic = Analytic { available, reason, message, figures, unavailable, data_quality, provenance };
    Aggregated::with(inputs, analytic, |part, weight| match own(part) {
        Ok(beta) => {
            BetaPart { beta: Some(beta), contribution: weight.map(|weight| weight * beta), reason: None }
        }
        Err(absent) => BetaPart { beta: None, contribution: None, reason: Some(absent.reason) },
    })
}

/// The volatility of all, and what each portfolio adds to it.
pub fn aggregate_volatility(inputs: &RiskInputs) -> Aggregated<AggregateVolatility, VolatilityPart> {
    let (held, left_out) = inputs.held(VOLATILITY_LOOKBACK, VOLATILITY_RETURNS_MIN);
    let used = held.as_ref().map_or(0, |_| VOLATILITY_RETURNS_MIN);
    let quality = DataQuality::of(inputs, &left_out, Some((used, VOLATILITY_RETURNS_MIN)));
    let provenance = Provenance::of(inputs, "holdings", 1, "aggregate-volatility");
    let series = held.and_then(|held| Whole::of(inputs, held));
    let own = |part: &PortfolioPart| -> Result<(f64, f64), Absent> {
        inputs.enough_of(part, &left_out)?;
        series.as_ref().map_err(Clone::clone)?.part(inputs, part)
    };
    let figures = series.as_ref().map_err(Clone::clone).map(|whole| {
        let mut missing = Missing::new();
        let weights = inputs
            .portfolio_weights()
            .ok_or_else(|| Absent::because(Reason::NoEquityBalance, "weights are parts of equity"));
        let mean = weights.and_then(|weights| {
            let weighted = inputs.portfolios.iter().zip(weights);
            weighted.map(|(part, weight)| Ok(weight * own(part)?.0)).collect::<Result<Vec<f64>, Absent>>()
        });
        let figures = AggregateVolatility {
            aggregate_volatility: Some(whole.volatility),
            undiversified_volatility: noted(&mut missing, "undiversified_volatility", mean)
                .map(|parts| parts.iter().sum()),
            observations: Some(VOLATILITY_RETURNS_MIN),
        };
        (figures, missing)
    });
    let analytic = Analytic::of(figures, quality, provenance);
    Aggregated::with(inputs, analytic, |part, weight| match own(part) {
        Ok((volatility, share)) => VolatilityPart {
            volatility: Some(volatility),
            contribution: weight.map(|weight| weight * share),
            reason: None,
        },
        Err(absent) => VolatilityPart { volatility: None, contribution: None, reason: Some(absent.reason) },
    })
}

/// What a stress test of all says, and for which portfolios.
pub fn aggregate_stress(inputs: &RiskInputs, test: Analytic<StressTest>) -> Aggregated<AggregateStress> {
    let left_out = inputs.modelled().map(|modelled| modelled.left_out);
    let is_known = |part: &&PortfolioPart| {
        let mut lots =
            inputs.lots.iter().enumerate().filter(|(_, lot)| lot.portfolio_id == part.portfolio_id);
        let is_empty = part.standing.position_count == 0;
        let explained = |(place, _): (usize, _)| left_out.as_ref().is_ok_and(|out| !out.contains_key(&place));
        is_empty || lots.any(explained)
    };
    let (known, unknown): (Vec<&PortfolioPart>, Vec<&PortfolioPart>) =
        inputs.portfolios.iter().partition(is_known);
    let Analytic { available, reason, message, figures, unavailable, data_quality, provenance } = test;
    let figures = AggregateStress {
        test: figures,
        portfolios_with_stress_data: known.len(),
        portfolios_without_stress_data: unknown.iter().map(|part| part.portfolio_id).collect(),
    };
    let analytic = Analytic { available, reason, message, figures, unavailable, data_quality, provenance };
    Aggregated::with(inputs, analytic, |_, _| super::Plain {})
}

/// The last returns of all that counts.
struct Whole {
    held: HoldingsSeries,
    returns: Vec<f64>,
    volatility: f64,
}

impl Whole {
    fn of(inputs: &RiskInputs, held: HoldingsSeries) -> Result<Self, Absent> {
        inputs.aggregable()?;
        let returns = last(&held.returns).to_vec();
        let volatility = realised(&returns, VOLATILITY_RETURNS_MIN)?;
        Ok(Self { held, returns, volatility })
    }

    /// The volatility of one portfolio, and how much of it moves with all: cov / σ of all.
    fn part(&self, inputs: &RiskInputs, part: &PortfolioPart) -> Result<(f64, f64), Absent> {
        let weights = inputs.weights_of(part, &self.held.places)?;
        let columns: Vec<&[f64]> =
            (0..weights.len()).map(|place| last(self.held.panel.column(place))).collect();
        let returns = weighted_returns(&columns, &weights)?;
        let own = realised(&returns, VOLATILITY_RETURNS_MIN)?;
        let paired = PairedSample::of(&returns, &self.returns)?;
        let with_all = paired.covariance(Deviation::Sample)? * quant::convention::PERIODS_DAILY;
        // What does not move at all contributes nothing.
        let share = if self.volatility > 0.0 { with_all / self.volatility } else { 0.0 };
        Ok((own, share))
    }
}

fn last(returns: &[f64]) -> &[f64] {
    returns.get(returns.len().saturating_sub(VOLATILITY_RETURNS_MIN)..).unwrap_or_default()
}

impl RiskInputs {
    /// Refuses figures of one portfolio that speak of less than four fifths of what a market prices in it.
    fn enough_of(&self, part: &PortfolioPart, left_out: &BTreeMap<usize, SkipReason>) -> Result<(), Absent> {
        self.enough_where(left_out, |lot| lot.portfolio_id == part.portfolio_id)
    }
}
