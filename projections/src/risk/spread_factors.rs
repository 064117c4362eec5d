//! Whether a book sides with growth or value, small or large companies, and the like: betas on spreads of two proxies.

use std::collections::BTreeMap;

use events::{Cash, Symbol};
use quant::beta::{BetaSource, SIGNIFICANCE, SPREAD_WINDOW, beta};
use quant::returns::ReturnKind;
use quant::spread::{MODERATE, Magnitude, STRONG, Spread, spread_returns};
use serde::Serialize;
use utoipa::ToSchema;

use super::rounded::dollars;
use super::{
    Absent, Analytic, DataQuality, Missing, Provenance, Reason, ReturnPanel, RiskInputs, SkipReason,
};
use crate::factors::FactorMethod;

/// The pairs by the ids of their factors in the registry; none stands for the market.
const PAIRS: [(Spread, &str, Option<&str>); 4] = [
    (Spread::GrowthValue, "growth", Some("value")),
    (Spread::Momentum, "momentum", None),
    (Spread::Size, "size", None),
    (Spread::Quality, "quality", None),
];

/// The tilts of a portfolio.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct SpreadFactors {
    /// One for each pair, those without data, too.
    pub factors: Vec<SpreadFactor>,
}

/// A tilt of a portfolio to one side of a pair.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SpreadFactor {
    /// `growth_value`, `momentum`, `size` or `quality`.
    #[schema(value_type = String, example = "size")]
    pub name: Spread,
    /// The proxy of the long leg.
    #[schema(value_type = Option<String>, example = "IWM")]
    pub long_proxy: Option<Symbol>,
    /// The proxy of the short leg.
    #[schema(value_type = Option<String>, example = "SPY")]
    pub short_proxy: Option<Symbol>,
    /// Σ beta on the spread · exposure / equity.
    #[schema(example = -0.31)]
    pub beta: Option<f64>,
    /// Σ beta · exposure.
    #[schema(value_type = Option<String>, example = "-31000")]
    pub exposure_dollar: Option<Cash>,
    /// The pairs overlap: their exposures must not be added.
    pub additive: bool,
    /// The side that it is on: `Growth` or `Value`, `Momentum` or `Contrarian`, `Small Cap` or `Large Cap`, `Quality` or
    /// `Speculative`; `Neutral` at exactly zero.
    #[schema(example = "Large Cap")]
    pub direction: Option<&'static str>,
    /// `strong` beyond 0.5, `moderate` beyond 0.2, else `mild`.
    #[schema(value_type = Option<String>, example = "moderate")]
    pub magnitude: Option<Magnitude>,
    /// `high`, `medium` or `low`, as the magnitude.
    #[schema(example = "medium")]
    pub risk_level: Option<&'static str>,
    /// Whether the beta of the book as it is held now can be told from zero, at 10 %; null where that is not known.
    pub significant: Option<bool>,
    /// Probability of a beta so far from zero if it were zero.
    #[schema(example = 0.004)]
    pub p_value: Option<f64>,
    /// Returns that the p value is of.
    pub observations: Option<u64>,
    /// In plain words.
    #[schema(example = "It loses 0.31 % when Small Cap beats Large Cap by 1 %.")]
    pub explanation: String,
    /// Why there is no tilt.
    pub reason: Option<Reason>,
}

impl RiskInputs {
    /// The tilts of the book.
    pub fn spread_factors(&self) -> Analytic<SpreadFactors> {
        let provenance = Provenance::of(self, "ols-180", 1, &self.registry().version);
        if let Err(absent) = self.investable().and_then(|()| self.positive_equity().map(|_| ())) {
            return self.without_figures(absent, provenance);
        }
        let traded: Vec<(usize, &Symbol)> = self.traded().collect();
        let symbols: Vec<Symbol> = traded.iter().map(|(_, symbol)| (*symbol).clone()).collect();
        let count = u16::try_from(SPREAD_WINDOW.returns).unwrap_or(u16::MAX);
        let panel = self.returns(&symbols, count, ReturnKind::Simple);
        let mut left_out = self.without_returns();
        let mut observations = 0;
        let factors: Vec<SpreadFactor> = PAIRS
            .into_iter()
            .map(|pair| match self.tilt(pair, &traded, &panel) {
                Ok(tilt) => {
                    left_out.extend(tilt.left_out);
                    observations = observations.max(tilt.observations);
                    tilt.shown
                }
                Err(absent) => self.without_tilt(pair, absent),
            })
            .collect();
        let quality = DataQuality::of(self, &left_out, Some((observations, SPREAD_WINDOW.returns)));
        let figures = if factors.iter().all(|factor| factor.beta.is_none()) {
            let why = factors.iter().find_map(|factor| factor.reason).unwrap_or(Reason::NoBenchmarkData);
            Err(Absent::because(why, "no pair of proxies has enough returns with those of the positions"))
        } else {
            Ok((SpreadFactors { factors }, Missing::new()))
        };
        Analytic::of(figures, quality, provenance)
    }

    fn proxies(&self, (_, long, short): (Spread, &str, Option<&str>)) -> (Option<&Symbol>, Option<&Symbol>) {
        let of = |id: &str| self.registry().active().find(|factor| factor.factor_id.as_str() == id);
        let short = match short {
            Some(id) => of(id),
            None => self.registry().active().find(|factor| factor.calculation_method == FactorMethod::Market),
        };
        (of(long).map(|factor| &factor.proxy), short.map(|factor| &factor.proxy))
    }

    fn tilt(
        &self,
        pair: (Spread, &str, Option<&str>),
        traded: &[(usize, &Symbol)],
        panel: &ReturnPanel,
    ) -> Result<Tilt, Absent> {
        let (Some(long), Some(short)) = self.proxies(pair) else {
            return Err(Absent::because(
                Reason::NoBenchmarkData,
                "a leg is no active factor of the registry",
            ));
        };
        let count = u16::try_from(SPREAD_WINDOW.returns).unwrap_or(u16::MAX);
        let legs = self.returns(&[long.clone(), short.clone()], count, ReturnKind::Simple);
        let spread = spread_returns(legs.column(0), legs.column(1))?;
        self.usable_factor(long, &spread, SPREAD_WINDOW)?;
        let columns = traded.iter().enumerate().map(|(column, (place, _))| (*place, panel.column(column)));
        let betas = self.betas_on(columns, &spread, SPREAD_WINDOW);
        self.enough(&betas.left_out)?;
        // Betas on spreads are not capped.
        let raw = betas.betas.iter().map(|(place, beta)| (*place, beta.map(|beta| beta.line.beta.value)));
        let exposure = self.exposure_to(&raw.collect(), BetaSource::Univariate)?;
        let equity = self.positive_equity()?;
        let counting: Vec<(&[f64], f64)> = traded
            .iter()
            .enumerate()
            .filter(|(_, (place, _))| betas.betas.get(place).is_some_and(Result::is_ok))
            .filter_map(|(column, (place, _))| {
                Some((panel.column(column), self.merged.get(*place)?.exposure / equity))
            })
            .collect();
        let at = |column: &[f64], day: usize| column.get(day).copied().unwrap_or(f64::NAN);
        let of_day =
            |day: usize| -> f64 { counting.iter().map(|(column, weight)| at(column, day) * weight).sum() };
        let held: Vec<f64> = (0..spread.len()).map(of_day).collect();
        let line = beta(&held, &spread, SPREAD_WINDOW).ok().map(|found| found.line);
        let p_value = line.and_then(|line| line.beta.p.ok());
        let significant = line.map(|line| line.beta.significant(SIGNIFICANCE));
        let shown = SpreadFactor {
            beta: Some(exposure.beta),
            exposure_dollar: dollars(exposure.dollars),
            direction: Some(direction(pair.0, exposure.beta)),
            magnitude: Some(magnitude(exposure.beta)),
            risk_level: Some(risk_level(magnitude(exposure.beta))),
            significant,
            p_value,
            observations: line.map(|line| line.count),
            explanation: explanation(pair.0, exposure.beta, significant),
            reason: None,
            ..self.without_tilt(pair, Absent::because(Reason::NoResults, ""))
        };
        Ok(Tilt { shown, left_out: betas.left_out, observations: betas.observations })
    }

    fn without_tilt(&self, pair: (Spread, &str, Option<&str>), absent: Absent) -> SpreadFactor {
        let (long, short) = self.proxies(pair);
        SpreadFactor {
            name: pair.0,
            long_proxy: long.cloned(),
            short_proxy: short.cloned(),
            beta: None,
            exposure_dollar: None,
            additive: false,
            direction: None,
            magnitude: None,
            risk_level: None,
            significant: None,
            p_value: None,
            observations: None,
            explanation: absent.message,
            reason: Some(absent.reason),
        }
    }
}

struct Tilt {
    shown: SpreadFactor,
    left_out: BTreeMap<usize, SkipReason>,
    observations: usize,
}

fn direction(spread: Spread, beta: f64) -> &'static str {
    match beta {
        beta if beta > 0.0 => spread.long_leg(),
        beta if beta < 0.0 => spread.short_leg(),
        _ => "Neutral",
    }
}

fn magnitude(beta: f64) -> Magnitude {
    match beta.abs() {
        size if size > STRONG => Magnitude::Strong,
        size if size > MODERATE => Magnitude::Moderate,
        _ => Magnitude::Mild,
    }
}

const fn risk_level(magnitude: Magnitude) -> &'static str {
    match magnitude {
        Magnitude::Strong => "high",
        Magnitude::Moderate => "medium",
        Magnitude::Mild => "low",
    }
}

fn explanation(spread: Spread, beta: f64, significant: Option<bool>) -> String {
    let (long, short) = (spread.long_leg(), spread.short_leg());
    let verb = if beta < 0.0 { "loses" } else { "gains" };
    let sentence = format!("It {verb} {:.2} % when {long} beats {short} by 1 %.", beta.abs());
    match significant {
        Some(true) => sentence,
        Some(false) => {
            format!(
                "No significant tilt: its beta of {beta:.2} on {long} over {short} cannot be told from zero."
            )
        }
        None => format!(
            "{sentence} Whether that can be told from zero is not known: too few days are common to all."
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_called_noise() {
        assert_eq!(
            explanation(Spread::Quality, -0.0905, Some(false)),
            "No significant tilt: its beta of -0.09 on Quality over Speculative cannot be told from zero."
        );
        let told = explanation(Spread::Size, -0.31, Some(true));
        assert_eq!(told, "It loses 0.31 % when Small Cap beats Large Cap by 1 %.");
        assert_eq!((direction(Spread::Size, -0.31), direction(Spread::Size, 0.0)), ("Large Cap", "Neutral"));
        let levels = [0.2, 0.21, -0.51].map(|beta| risk_level(magnitude(beta)));
        assert_eq!(levels, ["low", "medium", "high"]);
    }
}
