//! What the scenarios of a catalogue, or shocks that somebody makes up, would do to a book.

use std::collections::BTreeMap;

use events::position::PositionSymbol;
use events::{Cash, PositionId};
use quant::figure::{Because, Unavailable};
use quant::options::position::{Holding, Shock as OptionShock, full_revaluation};
use quant::rates::RateProxy;
use quant::stress::{self, Pricing, Propagation, Severity, Shock, StressPosition, severity, shock_vector};
use quant::sum::Sum;
use serde::Serialize;

use super::factor_model::FactorModel;
use super::option_price::PricedOption;
use super::rounded::dollars;
use crate::factors::{Factor, FactorId, FactorMethod};
use crate::scenarios::{self, ShockBasis};

/// How many of the positions that lose most are named.
pub const WORST_POSITIONS: usize = 5;

/// A position that the model explains.
#[derive(Debug, Clone, PartialEq)]
pub struct StressedPosition {
    /// Which.
    pub position_id: PositionId,
    /// What it is called.
    pub symbol: PositionSymbol,
    /// Signed exposure in money, delta-adjusted.
    pub exposure: f64,
    /// Betas on the factors of the model, those of the underlying for an option; zeros for cash.
    pub betas: Vec<f64>,
    /// An option with what is held of it: it is priced again under every scenario.
    pub option: Option<(PricedOption, Holding)>,
}

/// What is to be supposed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Supposition<'a> {
    /// What moves.
    pub shocks: &'a [scenarios::Shock],
    /// Added to the volatility of every option, a fraction: 0.1 is ten points.
    pub volatility_shift: f64,
    /// Whether the other factors follow: decides which result is the impact.
    pub propagation: Propagation,
}

/// Why a scenario has no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NoResult {
    /// Factors that it moves have no data.
    NoFactorData,
    /// The factors that it moves determine each other, so that its shocks may contradict them.
    CollinearFactors,
    /// Equity is unknown, zero or negative.
    NoEquityBalance,
    /// The numbers contradict each other.
    CalculationFailed,
}

/// What a scenario does. Money is rounded to cents, losses are negative.
#[derive(Debug, Clone, PartialEq)]
pub struct StressFigures {
    /// Loss beside the equity, by its size.
    pub impact_severity: Severity,
    /// The return of every factor: those given, of a yield as a return of its proxy, and those that follow.
    pub applied_shocks: BTreeMap<FactorId, f64>,
    /// Profit and loss.
    pub dollar_impact: Cash,
    /// The same in percent of equity.
    pub percentage_impact: f64,
    /// Equity afterwards; negative where the loss is larger.
    pub new_portfolio_value: Cash,
    /// Profit and loss when factors that are not named stay.
    pub direct_pnl: Cash,
    /// Profit and loss when they follow as they tend to.
    pub correlated_pnl: Cash,
    /// Correlated less direct.
    pub correlation_effect: Cash,
    /// Exposure to each factor times its shock; they add up to the linear part.
    pub factor_contributions: BTreeMap<FactorId, Cash>,
    /// Profit and loss as if prices followed their betas without a floor.
    pub linear_pnl: Cash,
    /// What changes because no price falls below zero.
    pub price_floor_effect: Cash,
    /// What pricing options again changes against their deltas.
    pub option_convexity: Cash,
    /// The positions that lose most, the worst first.
    pub worst_positions: Vec<PositionLoss>,
    /// Whether the loss is larger than the equity.
    pub exceeds_equity: bool,
}

/// What a position loses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PositionLoss {
    /// Which.
    pub position_id: PositionId,
    /// What it is called.
    pub symbol: PositionSymbol,
    /// What it loses, negative.
    pub pnl: Cash,
}

/// What a factor's shock can be a change of.
pub const fn basis_of(factor: &Factor) -> ShockBasis {
    match factor.calculation_method {
        FactorMethod::Market => ShockBasis::IndexReturn,
        FactorMethod::SpreadOverMarket => ShockBasis::RelativeToMarket,
        FactorMethod::RateProxy => ShockBasis::YieldChange,
    }
}

/// The factors that `shocks` move and that have no place in the model, in their order.
pub fn without_data<'a>(model: &FactorModel, shocks: &'a [scenarios::Shock]) -> Vec<&'a FactorId> {
    shocks.iter().map(|shock| &shock.factor).filter(|factor| model.place(factor).is_none()).collect()
}

/// Supposes that factors move, and answers with what happens to the positions, on `equity` in money.
///
/// # Errors
/// Why there is no result.
pub fn suppose(
    model: &FactorModel,
    positions: &[StressedPosition],
    equity: f64,
    supposition: &Supposition<'_>,
) -> Result<StressFigures, NoResult> {
    let given = given(model, supposition.shocks)?;
    let shocks = |propagation| shock_vector(&model.covariance.matrix, &given, propagation);
    let (direct, correlated) = (shocks(Propagation::Direct)?, shocks(Propagation::Correlated)?);
    let stressed = positions.iter().map(|position| {
        let pricing = match &position.option {
            Some(option) => Pricing::Revalued {
                direct: revalued(option, &position.betas, &direct, supposition.volatility_shift)?,
                correlated: revalued(option, &position.betas, &correlated, supposition.volatility_shift)?,
            },
            None => Pricing::Linear,
        };
        Ok(StressPosition { exposure: position.exposure, betas: position.betas.clone(), pricing })
    });
    let stressed: Vec<StressPosition> = stressed.collect::<Result<_, NoResult>>()?;
    let found = stress::stress(&stressed, equity, &model.covariance.matrix, &given)?;
    let shown = match supposition.propagation {
        Propagation::Direct => &found.direct,
        Propagation::Correlated => &found.correlated,
    };
    let money = |amount: f64| dollars(amount).ok_or(NoResult::CalculationFailed);
    let named = || model.factors.iter().map(|factor| factor.factor_id.clone());
    let worst = shown.worst(WORST_POSITIONS).into_iter().filter_map(|(place, pnl)| {
        let position = positions.get(place)?;
        let (position_id, symbol) = (position.position_id, position.symbol.clone());
        Some(money(pnl).map(|pnl| PositionLoss { position_id, symbol, pnl }))
    });
    let contributions = shown.factors.iter().map(|amount| money(*amount));
    let contributions: Vec<Cash> = contributions.collect::<Result<_, _>>()?;
    Ok(StressFigures {
        impact_severity: severity(shown.share_of_equity),
        applied_shocks: named().zip(shown.shocks.iter().copied()).collect(),
        dollar_impact: money(shown.total)?,
        percentage_impact: shown.share_of_equity * 100.0,
        new_portfolio_value: money(shown.equity_after)?,
        direct_pnl: money(found.direct.total)?,
        correlated_pnl: money(found.correlated.total)?,
        correlation_effect: money(found.correlation_effect)?,
        factor_contributions: named().zip(contributions).collect(),
        linear_pnl: money(shown.linear)?,
        price_floor_effect: money(shown.floors)?,
        option_convexity: money(shown.convexity)?,
        worst_positions: worst.collect::<Result<_, _>>()?,
        exceeds_equity: shown.exceeds_equity,
    })
}

/// The shocks as returns of the model's factors.
fn given(model: &FactorModel, shocks: &[scenarios::Shock]) -> Result<Vec<Shock>, NoResult> {
    let one = |shock: &scenarios::Shock| {
        let place = model.place(&shock.factor).ok_or(NoResult::NoFactorData)?;
        let factor = model.factors.get(place).ok_or(NoResult::NoFactorData)?;
        if shock.basis != basis_of(factor) {
            return Err(NoResult::CalculationFailed);
        }
        let size = match shock.basis {
            ShockBasis::IndexReturn | ShockBasis::RelativeToMarket => shock.size,
            ShockBasis::YieldChange => {
                let duration = factor.duration_years.ok_or(NoResult::CalculationFailed)?;
                let convexity = factor.convexity.unwrap_or_default();
                RateProxy { duration, convexity }.price_return(shock.size)?
            }
        };
        Ok(Shock { factor: place, size })
    };
    shocks.iter().map(one).collect()
}

/// Profit and loss of an option whose underlying moves as its betas say.
fn revalued(
    (option, holding): &(PricedOption, Holding),
    betas: &[f64],
    shocks: &[f64],
    volatility_shift: f64,
) -> Result<f64, NoResult> {
    let mut spot_return = Sum::default();
    betas.iter().zip(shocks).for_each(|(beta, shock)| spot_return.add_product(*beta, *shock));
    let shock = OptionShock { spot_return: spot_return.total()?, volatility_shift, days: 0.0 };
    full_revaluation(&option.terms, &option.market, option.volatility, holding, &shock)
        .map(|revaluation| revaluation.pnl)
        .map_err(|_| NoResult::CalculationFailed)
}

impl From<Unavailable> for NoResult {
    fn from(unavailable: Unavailable) -> Self {
        match unavailable.because {
            Because::Collinear => Self::CollinearFactors,
            Because::EquityNotPositive => Self::NoEquityBalance,
            _ => Self::CalculationFailed,
        }
    }
}

#[cfg(test)]
mod tests {
    use quant::covariance::from_correlation;
    use quant::linear::Symmetric;
    use quant::options::OptionKind;

    use super::*;
    use crate::risk::factor_model::testing::{model, registry, wave};
    use crate::risk::option_price::{OptionInputs, priced};

    /// The model of the standard registry's market, value, growth and rates with the covariance of the worked example.
    fn example() -> FactorModel {
        let mut model = model(&registry(&["market", "value", "growth"]));
        let correlation = [[1.0, -0.2, 0.3], [-0.2, 1.0, -0.6], [0.3, -0.6, 1.0]];
        let correlation = Symmetric::from_fn(3, |i, j| Ok(correlation[i][j])).unwrap();
        model.covariance.matrix = from_correlation(&correlation, &[0.010, 0.005, 0.006]).unwrap();
        model
    }

    fn position(exposure: f64, betas: [f64; 3]) -> StressedPosition {
        let (position_id, symbol) = (PositionId::generate(), "AAPL".parse().unwrap());
        StressedPosition { position_id, symbol, exposure, betas: betas.to_vec(), option: None }
    }

    fn book() -> Vec<StressedPosition> {
        vec![
            position(600_000.0, [1.10, -0.30, 0.50]),
            position(-200_000.0, [0.90, 0.60, -0.20]),
            position(300_000.0, [0.70, 0.20, 0.10]),
        ]
    }

    fn shock(factor: &str, size: f64) -> scenarios::Shock {
        let basis = match factor {
            "market" => ShockBasis::IndexReturn,
            "interest_rate" => ShockBasis::YieldChange,
            _ => ShockBasis::RelativeToMarket,
        };
        scenarios::Shock { factor: factor.parse().unwrap(), basis, size }
    }

    fn figures(positions: &[StressedPosition], shocks: &[scenarios::Shock]) -> StressFigures {
        let propagation = Propagation::Correlated;
        let supposition = Supposition { shocks, volatility_shift: 0.0, propagation };
        suppose(&example(), positions, 1_000_000.0, &supposition).unwrap()
    }

    fn cash(text: &str) -> Cash {
        text.parse().unwrap()
    }

    #[test]
    fn the_worked_example_of_a_falling_market() {
        let found = figures(&book(), &[shock("market", -0.10)]);
        assert_eq!((found.direct_pnl, found.correlated_pnl), (cash("-69000"), cash("-78060")));
        assert_eq!(found.correlation_effect, cash("-9060"));
        let applied: Vec<f64> = found.applied_shocks.values().copied().collect();
        for (is, should) in applied.iter().zip([-0.018, -0.10, 0.010]) {
            assert!((is - should).abs() < 1e-12, "{is} is not {should}: growth, market, value");
        }
        let contributions = &found.factor_contributions;
        let of = |factor: &str| contributions[&factor.parse::<FactorId>().unwrap()];
        assert_eq!((of("market"), of("value"), of("growth")), (cash("-69000"), cash("-2400"), cash("-6660")));
        assert_eq!(contributions.values().copied().sum::<Cash>(), found.linear_pnl);
        assert_eq!((found.impact_severity, found.exceeds_equity), (Severity::Mild, false));
        assert_eq!(found.new_portfolio_value, cash("921940"));
        assert!((found.percentage_impact + 7.806).abs() < 1e-12);
        assert_eq!(found.worst_positions.len(), 2);
        assert_eq!(found.worst_positions[0].pnl, cash("-73200"));
    }

    #[test]
    fn given_shocks_stay_and_only_the_others_follow() {
        let found = figures(&book(), &[shock("market", -0.10), shock("value", 0.05)]);
        assert_eq!((found.direct_pnl, found.correlated_pnl), (cash("-81000"), cash("-97650")));
        let all = [shock("market", -0.1), shock("value", 0.05), shock("growth", 0.02)];
        let found = figures(&book(), &all);
        assert_eq!(found.direct_pnl, found.correlated_pnl);
    }

    #[test]
    fn without_options_and_floors_stress_is_linear_and_odd() {
        let (once, twice) =
            (figures(&book(), &[shock("market", -0.1)]), figures(&book(), &[shock("market", -0.2)]));
        assert_eq!(twice.dollar_impact, once.dollar_impact + once.dollar_impact);
        let opposite = figures(&book(), &[shock("market", 0.1)]);
        assert_eq!(opposite.dollar_impact, -once.dollar_impact);
        assert_eq!(figures(&[], &[shock("market", -0.1)]).dollar_impact, Cash::ZERO);
    }

    #[test]
    fn a_levered_book_may_lose_more_than_its_equity() {
        let found = figures(&[position(5_000_000.0, [1.0, 0.0, 0.0])], &[shock("market", -0.35)]);
        assert_eq!(found.dollar_impact, cash("-1750000"));
        assert!(found.exceeds_equity && found.percentage_impact < -100.0);
        assert_eq!(found.new_portfolio_value, cash("-750000"));
        let floored = figures(&[position(1_000.0, [5.0, 0.0, 0.0])], &[shock("market", -0.35)]);
        assert_eq!((floored.dollar_impact, floored.price_floor_effect), (cash("-1000"), cash("750")));
    }

    #[test]
    fn options_are_priced_again() {
        let option = priced(&OptionInputs {
            kind: OptionKind::Call,
            strike: 150.0,
            days: 60.0,
            spot: Some(150.0),
            quote: None,
            given_volatility: Some(0.3),
            historical_volatility: None,
            rate: Some(0.04),
            dividend_yield: Some(0.0),
        })
        .unwrap();
        let holding = Holding { quantity: 10.0, multiplier: 100.0 };
        let exposure = 1_000.0 * option.greeks.delta * 150.0;
        let held =
            StressedPosition { option: Some((option, holding)), ..position(exposure, [1.2, 0.0, 0.0]) };
        let shocks = [shock("market", -0.10)];
        let suppose_with = |volatility_shift| {
            let supposition =
                Supposition { shocks: &shocks, volatility_shift, propagation: Propagation::Direct };
            suppose(&example(), std::slice::from_ref(&held), 1_000_000.0, &supposition).unwrap()
        };
        let found = suppose_with(0.0);
        assert_eq!((found.dollar_impact, found.linear_pnl), (cash("-6324.49"), cash("-9823.1")));
        assert_eq!(found.option_convexity, cash("3498.61"));
        assert_eq!(suppose_with(0.1).dollar_impact, cash("-4762.76"));
    }

    #[test]
    fn a_yield_becomes_a_return_by_the_duration() {
        let model = model(&registry(&["market", "interest_rate"]));
        let supposition =
            |shocks| Supposition { shocks, volatility_shift: 0.0, propagation: Propagation::Direct };
        let mut bond = position(60_000.0, [0.0; 3]);
        bond.betas = vec![0.0, 0.3];
        let found =
            suppose(&model, &[bond], 100_000.0, &supposition(&[shock("interest_rate", 0.005)])).unwrap();
        assert_eq!(found.dollar_impact, cash("-1485"), "0.3 times -8.25 %, not +0.15 %");
        assert_eq!(found.applied_shocks[&"interest_rate".parse::<FactorId>().unwrap()], -0.0825);
    }

    #[test]
    fn what_cannot_be_supposed_has_a_reason() {
        let shocks = [shock("momentum", 0.1), shock("market", 0.1)];
        let supposition =
            Supposition { shocks: &shocks, volatility_shift: 0.0, propagation: Propagation::Correlated };
        let found = |equity, supposition| suppose(&example(), &book(), equity, supposition);
        assert_eq!(found(1.0, &supposition), Err(NoResult::NoFactorData));
        assert_eq!(without_data(&example(), &shocks), [&"momentum".parse::<FactorId>().unwrap()]);
        let shocks = [shock("market", 0.1)];
        assert_eq!(
            found(0.0, &Supposition { shocks: &shocks, ..supposition }),
            Err(NoResult::NoEquityBalance)
        );
    }

    /// A market-only correlated shock is the univariate beta times the shock, when betas and covariance are of the same
    /// sample with the same weights.
    #[test]
    fn a_market_shock_is_the_univariate_beta() {
        let registry = registry(&["market", "value", "growth", "interest_rate"]);
        let model = crate::risk::factor_model::testing::equally_weighted(&registry);
        let returns: Vec<f64> = wave(2.3, 0.004).iter().zip(wave(1.0, 0.012)).map(|(a, b)| a + b).collect();
        let betas = model.betas(&returns).unwrap().betas;
        let held = StressedPosition { betas, ..position(80_000.0, [0.0; 3]) };
        let shocks = [shock("market", -0.07)];
        let supposition =
            Supposition { shocks: &shocks, volatility_shift: 0.0, propagation: Propagation::Correlated };
        let found = suppose(&model, &[held], 50_000.0, &supposition).unwrap();
        let window = &returns[returns.len() - 90..];
        let market = wave(1.0, 0.01);
        let univariate = quant::regression::line(window, &market[market.len() - 90..]).unwrap().beta.value;
        assert_eq!(found.dollar_impact, dollars(80_000.0 * univariate * -0.07).unwrap());
        assert_ne!(found.dollar_impact, found.direct_pnl);
    }
}
