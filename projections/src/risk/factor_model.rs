//! The joint factor model of a registry over the returns that there are: its factors, those without data, and how they
//! move together.

use quant::beta::Window;
use quant::covariance::{Centring, EWMA_LAMBDA, EWMA_WINDOW, Weighting, covariance_matrix};
use quant::factors::{JOINT_WINDOW, JointBetas, JointFactors, RateTreatment};
use quant::figure::{Because, Unavailable};
use quant::linear::Symmetric;
use quant::panel::{Panel, last};
use quant::regression::{Design, StandardErrors};
use serde::Serialize;
use utoipa::ToSchema;

use crate::factors::{Factor, FactorId, FactorMethod, FactorRegistry};

/// What the joint model is called: market, styles as spreads over it, the rate proxy as it is.
pub const MODEL: &str = "joint-spreads-1";

/// A factor of the registry without a place in the model, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingFactor {
    /// Which.
    pub factor_id: FactorId,
    /// The series that should stand for it.
    pub proxy: events::Symbol,
    /// Why it is missing.
    pub reason: NoFactor,
}

/// Why a factor is missing from the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoFactor {
    /// There are no prices of its proxy.
    NoPrices,
    /// Its proxy has fewer returns than the registry asks for.
    InsufficientHistory,
    /// Its returns do not vary.
    NoVariation,
    /// The model has one rate factor, and another came first.
    SecondRateFactor,
}

/// Why there is no model at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoModel {
    /// The market's proxy has no usable returns.
    NoBenchmarkData,
    /// Too few sessions on which all factors have a return.
    InsufficientOverlap,
    /// The numbers contradict each other.
    CalculationFailed,
}

/// The factors of a registry over the last sessions.
#[derive(Debug, Clone, PartialEq)]
pub struct FactorModel {
    /// The factors that are there, in the order of betas and shocks: market, styles, rates.
    pub factors: Vec<Factor>,
    /// The active factors that are not.
    pub missing: Vec<MissingFactor>,
    /// Returns of the window of the betas, and fewest of them.
    pub window: Window,
    /// How the factors move together.
    pub covariance: FactorCovariance,
    joint: JointFactors,
    /// The sessions, of the whole panel, that the betas are of.
    days: Vec<usize>,
}

/// The covariance of the factors' returns, exponentially weighted about zero.
#[derive(Debug, Clone, PartialEq)]
pub struct FactorCovariance {
    /// Per session.
    pub matrix: Symmetric,
    /// Returns that it is of.
    pub returns: usize,
    /// So many equally weighted returns know as much.
    pub effective_returns: f64,
}

/// A factor with the daily returns of its proxy; none where there are no prices at all.
#[derive(Debug, Clone, Copy)]
pub struct FactorReturns<'a> {
    /// Which.
    pub factor: &'a Factor,
    /// A return a session, NaN where there is none.
    pub returns: Option<&'a [f64]>,
}

impl FactorModel {
    /// The model of the active factors of a registry. `series` answers with the daily simple returns of a proxy over the
    /// same sessions for all, NaN where it has none.
    ///
    /// # Errors
    /// Why there is none. Factors without data are missing from the model and no reason for having none, but for the
    /// market.
    pub fn of<'a>(
        registry: &'a FactorRegistry,
        series: impl Fn(&events::Symbol) -> Option<&'a [f64]>,
    ) -> Result<Self, NoModel> {
        Self::weighted(registry, series, Weighting::Exponential { lambda: EWMA_LAMBDA }, EWMA_WINDOW)
    }

    /// The same with another covariance.
    fn weighted<'a>(
        registry: &'a FactorRegistry,
        series: impl Fn(&events::Symbol) -> Option<&'a [f64]>,
        weighting: Weighting,
        covariance_returns: usize,
    ) -> Result<Self, NoModel> {
        let read = |factor: &'a Factor| FactorReturns { factor, returns: series(&factor.proxy) };
        let market = read(registry.market().ok_or(NoModel::NoBenchmarkData)?);
        let market_returns = market.returns.ok_or(NoModel::NoBenchmarkData)?;
        let window = window_of(registry);
        let mut missing = Vec::new();
        let mut present = Vec::new();
        for factor in ordered(registry) {
            let one = read(factor);
            let has_rate = present.iter().any(|known: &FactorReturns<'_>| is_rate(known.factor));
            let usable = match one.returns {
                Some(_) if is_rate(factor) && has_rate => Err(NoFactor::SecondRateFactor),
                Some(returns) => usable(factor, returns, market_returns, window),
                None => Err(NoFactor::NoPrices),
            };
            match usable {
                Ok(()) => present.push(one),
                Err(_) if factor.calculation_method == FactorMethod::Market => {
                    return Err(NoModel::NoBenchmarkData);
                }
                Err(reason) => missing.push(MissingFactor {
                    factor_id: factor.factor_id.clone(),
                    proxy: factor.proxy.clone(),
                    reason,
                }),
            }
        }
        missing.sort_by_key(|it| registry.find(&it.factor_id).map(|factor| factor.display_order));
        let days = common_days(&present, window.returns);
        let joint = joint(&present, &days)?;
        let covariance_days = common_days(&present, covariance_returns);
        let of_covariance = self::joint(&present, &covariance_days)?;
        let covariance = covariance(&of_covariance, weighting, covariance_days.len())
            .map_err(|_| NoModel::CalculationFailed)?;
        let factors = present.iter().map(|known| known.factor.clone()).collect();
        Ok(Self { factors, missing, window, covariance, joint, days })
    }

    /// The betas of a position on all factors at once, from its returns over the sessions of the panel.
    ///
    /// # Errors
    /// Too few returns on the model's sessions, or numbers that contradict each other.
    pub fn betas(&self, returns: &[f64]) -> Result<JointBetas, Unavailable> {
        let cell = |day: &usize| returns.get(*day).copied().ok_or(Because::LengthsDiffer);
        let own: Vec<f64> = self.days.iter().map(cell).collect::<Result<_, _>>()?;
        let count = own.iter().filter(|value| !value.is_nan()).count() as u64;
        if count < self.window.returns_min {
            return Err(Because::TooFewReturns { needed: self.window.returns_min }.into());
        }
        self.joint.betas(&own, StandardErrors::Classical)
    }

    /// The factors over the sessions of the betas.
    pub const fn joint(&self) -> &JointFactors {
        &self.joint
    }

    /// Sessions that the betas are of.
    pub fn observations(&self) -> usize {
        self.days.len()
    }

    /// The place of a factor among betas and shocks.
    pub fn place(&self, factor_id: &FactorId) -> Option<usize> {
        self.factors.iter().position(|factor| factor.factor_id == *factor_id)
    }

    /// Why a factor has no place.
    pub fn why_missing(&self, factor_id: &FactorId) -> Option<NoFactor> {
        self.missing.iter().find(|missing| missing.factor_id == *factor_id).map(|missing| missing.reason)
    }

    /// How many factors a complete model has.
    pub fn expected(&self) -> usize {
        self.factors.len() + self.missing.len()
    }
}

/// The longest window of the active factors, and the largest of their minimums; the quant crate asks for 60.
fn window_of(registry: &FactorRegistry) -> Window {
    let longest = registry.active().map(|factor| factor.window_days).max().unwrap_or_default();
    let least = registry.active().map(|factor| u64::from(factor.min_observations)).max().unwrap_or_default();
    let returns_min = least.max(JOINT_WINDOW.returns_min);
    Window { returns: usize::try_from(longest).unwrap_or(JOINT_WINDOW.returns), returns_min }
}

/// The active factors as the joint model has them: market, styles, rates.
fn ordered(registry: &FactorRegistry) -> impl Iterator<Item = &Factor> {
    let of = |method| registry.active().filter(move |factor| factor.calculation_method == method);
    of(FactorMethod::Market).chain(of(FactorMethod::SpreadOverMarket)).chain(of(FactorMethod::RateProxy))
}

fn is_rate(factor: &Factor) -> bool {
    factor.calculation_method == FactorMethod::RateProxy
}

/// Whether a factor has enough returns that vary.
fn usable(factor: &Factor, returns: &[f64], market: &[f64], window: Window) -> Result<(), NoFactor> {
    let own: Vec<f64> = last(returns, window.returns)
        .iter()
        .zip(last(market, window.returns))
        .map(|(own, market)| match factor.calculation_method {
            FactorMethod::SpreadOverMarket => own - market,
            FactorMethod::Market | FactorMethod::RateProxy => *own,
        })
        .filter(|value| value.is_finite())
        .collect();
    if (own.len() as u64) < u64::from(factor.min_observations) {
        return Err(NoFactor::InsufficientHistory);
    }
    let varies = Panel::new(&own, own.len()).and_then(|panel| Design::new(&panel));
    varies.map(|_| ()).map_err(|_| NoFactor::NoVariation)
}

/// The last `window` sessions on which all factors have a return.
fn common_days(present: &[FactorReturns<'_>], window: usize) -> Vec<usize> {
    let sessions = present.iter().filter_map(|it| it.returns).map(<[f64]>::len).min().unwrap_or_default();
    let has_all = |day: &usize| {
        let cell = |it: &FactorReturns<'_>| it.returns.and_then(|returns| returns.get(*day)).copied();
        present.iter().all(|it| cell(it).is_some_and(f64::is_finite))
    };
    (sessions.saturating_sub(window)..sessions).filter(has_all).collect()
}

fn joint(present: &[FactorReturns<'_>], days: &[usize]) -> Result<JointFactors, NoModel> {
    let of_days = |it: &FactorReturns<'_>| -> Vec<f64> {
        let returns = it.returns.unwrap_or_default();
        days.iter().filter_map(|day| returns.get(*day)).copied().collect()
    };
    let (rates, others): (Vec<_>, Vec<_>) = present.iter().partition(|it| is_rate(it.factor));
    let mut columns = others.into_iter().map(of_days);
    let market = columns.next().ok_or(NoModel::NoBenchmarkData)?;
    let styles: Vec<Vec<f64>> = columns.collect();
    let styles: Vec<&[f64]> = styles.iter().map(Vec::as_slice).collect();
    let rates = rates.first().map(|it| of_days(it));
    // A shock of the yield is one of the proxy itself, so that its returns stay as they are and the covariance carries what
    // they share with the market.
    let rates = rates.as_deref().map(|rates| (rates, RateTreatment::Raw));
    JointFactors::new(&market, &styles, rates).map_err(|unavailable| match unavailable.because {
        Because::TooFewReturns { .. } => NoModel::InsufficientOverlap,
        _ => NoModel::CalculationFailed,
    })
}

fn covariance(
    joint: &JointFactors,
    weighting: Weighting,
    returns: usize,
) -> Result<FactorCovariance, Unavailable> {
    let matrix = covariance_matrix(&joint.panel()?, weighting, Centring::Zero)?;
    Ok(FactorCovariance { matrix, returns, effective_returns: weighting.effective_periods(returns)? })
}

#[cfg(test)]
pub mod testing {
    //! Models of waves, one a factor.

    use super::*;

    /// 260 daily returns.
    pub fn wave(frequency: f64, size: f64) -> Vec<f64> {
        (1..=260).map(|day| size * libm::sin(frequency * f64::from(day))).collect()
    }

    /// The standard registry with these factors only.
    pub fn registry(ids: &[&str]) -> FactorRegistry {
        let mut registry = FactorRegistry::standard();
        registry.factors.retain(|factor| ids.contains(&factor.factor_id.as_str()));
        registry
    }

    /// The returns of every proxy of the standard registry.
    pub fn returns() -> Vec<(events::Symbol, Vec<f64>)> {
        let market = wave(1.0, 0.01);
        let over = |frequency| market.iter().zip(wave(frequency, 0.005)).map(|(m, s)| m + s).collect();
        let all =
            FactorRegistry::standard().factors.into_iter().zip([0.0, 0.7, 1.7, 2.9, 0.3, 2.2, 1.3, 1.9]);
        all.map(|(factor, frequency)| {
            let own = match factor.calculation_method {
                FactorMethod::Market => market.clone(),
                FactorMethod::SpreadOverMarket => over(frequency),
                FactorMethod::RateProxy => wave(frequency, 0.004),
            };
            (factor.proxy, own)
        })
        .collect()
    }

    /// The model of a registry over those returns.
    pub fn model(registry: &FactorRegistry) -> FactorModel {
        let returns = returns();
        let find = |proxy: &_| returns.iter().find(|(known, _)| known == proxy).map(|(_, it)| it.as_slice());
        FactorModel::of(registry, find).unwrap()
    }

    /// The same with a covariance of the sample of the betas, all returns counting the same.
    pub fn equally_weighted(registry: &FactorRegistry) -> FactorModel {
        let returns = returns();
        let find = |proxy: &_| returns.iter().find(|(known, _)| known == proxy).map(|(_, it)| it.as_slice());
        let mut model = FactorModel::weighted(registry, find, Weighting::Equal, 90).unwrap();
        let panel = model.joint.panel().unwrap();
        model.covariance.matrix = covariance_matrix(&panel, Weighting::Equal, Centring::SampleMean).unwrap();
        model
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{model, registry, returns, wave};
    use super::*;

    #[test]
    fn all_active_factors_have_a_place_or_a_reason() {
        let registry = FactorRegistry::standard();
        let mut returns = returns();
        returns.retain(|(proxy, _)| proxy.as_str() != "VUG");
        for (proxy, own) in &mut returns {
            match proxy.as_str() {
                "MTUM" => own[..201].fill(f64::NAN),
                "QUAL" => *own = wave(1.0, 0.01),
                "IWM" => own[250] = f64::NAN,
                _ => {}
            }
        }
        let find = |proxy: &_| returns.iter().find(|(known, _)| known == proxy).map(|(_, it)| it.as_slice());
        let model = FactorModel::of(&registry, find).unwrap();
        let names: Vec<&str> = model.factors.iter().map(|factor| factor.factor_id.as_str()).collect();
        assert_eq!(names, ["market", "value", "size", "low_volatility", "interest_rate"]);
        let missing: Vec<(&str, NoFactor)> =
            model.missing.iter().map(|it| (it.factor_id.as_str(), it.reason)).collect();
        let because = [
            ("growth", NoFactor::NoPrices),
            ("momentum", NoFactor::InsufficientHistory),
            ("quality", NoFactor::NoVariation),
        ];
        assert_eq!(missing, because);
        assert_eq!((model.expected(), model.observations(), model.covariance.returns), (8, 89, 251));
    }

    #[test]
    fn without_a_market_there_is_no_model() {
        let registry = registry(&["market", "value"]);
        assert_eq!(FactorModel::of(&registry, |_| None).unwrap_err(), NoModel::NoBenchmarkData);
        let flat = [0.0; 200];
        assert_eq!(FactorModel::of(&registry, |_| Some(&flat)).unwrap_err(), NoModel::NoBenchmarkData);
        let (mut early, mut late) = (wave(1.0, 0.01), wave(0.3, 0.01));
        early[230..].fill(f64::NAN);
        late[..199].fill(f64::NAN);
        let apart = |proxy: &events::Symbol| Some(if proxy.as_str() == "SPY" { &*early } else { &*late });
        assert!(FactorModel::of(&registry, apart).is_ok_and(|model| model.missing.len() == 1));
    }

    #[test]
    fn a_young_position_has_no_betas() {
        let model = model(&registry(&["market", "value"]));
        let mut own = wave(1.0, 0.02);
        let betas = model.betas(&own).unwrap();
        assert!((betas.betas[0] - 2.0).abs() < 1e-9 && betas.betas[1].abs() < 1e-9);
        own[..201].fill(f64::NAN);
        assert_eq!(model.betas(&own).unwrap_err().because, Because::TooFewReturns { needed: 60 });
    }
}
