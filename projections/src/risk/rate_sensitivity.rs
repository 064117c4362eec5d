//! How a book follows interest rates, through the rate proxy of the registry.

use std::collections::BTreeMap;

use events::position::PositionSymbol;
use events::{Cash, PositionId, Symbol};
use quant::beta::{BETA_WINDOW, Beta, BetaSource};
use quant::rates::{RateProxy, RateSensitivity, rate_sensitivity};
use serde::Serialize;
use utoipa::ToSchema;

use super::betas::SymbolBetas;
use super::rounded::dollars;
use super::{Absent, Analytic, DataQuality, Missing, Provenance, Reason, RiskInputs, SkipReason};
use crate::factors::{Factor, FactorMethod};

/// A percentage point of a yield.
const HUNDRED_BASIS_POINTS: f64 = 0.01;

/// How a portfolio follows interest rates.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct RateSensitivityFigures {
    /// The bond fund that stands for rates.
    #[schema(value_type = Option<String>, example = "TLT")]
    pub proxy: Option<Symbol>,
    /// Its effective duration, years.
    #[schema(example = 16.5)]
    pub duration_proxy: Option<f64>,
    /// Σ beta on the fund · exposure / equity: what the portfolio gains when the fund gains 1.
    #[schema(example = 0.21)]
    pub portfolio_ir_beta: Option<f64>,
    /// Σ beta · exposure.
    #[schema(value_type = Option<String>, example = "21000")]
    pub exposure_dollar: Option<Cash>,
    /// Profit and loss when yields rise by 100 basis points, by the duration (and convexity, where the registry has one).
    #[schema(value_type = Option<String>, example = "-3465")]
    pub per_100bp: Option<Cash>,
    /// `very_low`, `low`, `moderate`, `high` or `very_high`, by the size of the beta.
    #[schema(value_type = Option<String>, example = "moderate")]
    pub sensitivity: Option<RateSensitivity>,
    /// The betas are univariate: these figures overlap with exposures to the market, and must not be added to them.
    pub additive: bool,
    /// The positions, those of the largest exposure first.
    pub positions: Vec<RateBeta>,
}

/// The beta of a position on the rate proxy; of an option that of its underlying.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RateBeta {
    /// Which.
    #[schema(value_type = String, format = Uuid)]
    pub position_id: PositionId,
    /// What it is called.
    #[schema(value_type = String, example = "AAPL")]
    pub symbol: PositionSymbol,
    /// Beta on the fund's returns, within plus and minus 5; null where it has none.
    pub ir_beta: Option<f64>,
    /// Share of the variance that the fund explains.
    pub r_squared: Option<f64>,
    /// Probability of a beta so far from zero if it were zero.
    pub p_value: Option<f64>,
    /// Returns that it is of.
    pub observations: Option<u64>,
    /// How strongly it follows rates.
    #[schema(value_type = Option<String>, example = "low")]
    pub sensitivity: Option<RateSensitivity>,
    /// Why it has no beta.
    pub reason: Option<SkipReason>,
}

impl RiskInputs {
    /// How the book follows interest rates.
    pub fn rate_sensitivity(&self) -> Analytic<RateSensitivityFigures> {
        let provenance = Provenance::of(self, "ols-90", 1, &self.registry().version);
        let found = self.rate_proxy().and_then(|(factor, proxy)| {
            let betas = self.symbol_betas(&factor.proxy, BETA_WINDOW)?;
            Ok((factor, proxy, betas))
        });
        let (factor, proxy, betas) = match found {
            Ok(found) => found,
            Err(absent) => return self.without_figures(absent, provenance),
        };
        let days = Some((betas.observations, BETA_WINDOW.returns));
        let quality = DataQuality::of(self, &betas.left_out, days);
        Analytic::of(self.rate_sensitivity_of(factor, proxy, &betas), quality, provenance)
    }

    fn rate_proxy(&self) -> Result<(&Factor, RateProxy), Absent> {
        let is_rate = |factor: &&Factor| factor.calculation_method == FactorMethod::RateProxy;
        let absent = || Absent::because(Reason::NoBenchmarkData, "the registry has no active rate factor");
        let factor = self.registry().active().find(is_rate).ok_or_else(absent)?;
        let duration = factor.duration_years.ok_or_else(absent)?;
        Ok((factor, RateProxy { duration, convexity: factor.convexity.unwrap_or_default() }))
    }

    fn rate_sensitivity_of(
        &self,
        factor: &Factor,
        proxy: RateProxy,
        betas: &SymbolBetas,
    ) -> Result<(RateSensitivityFigures, Missing), Absent> {
        self.positive_equity()?;
        self.enough(&betas.left_out)?;
        let capped = betas.betas.iter().map(|(place, beta)| (*place, beta.map(|beta| beta.capped)));
        let exposure = self.exposure_to(&capped.collect(), BetaSource::Univariate)?;
        let fund_return = proxy.price_return(HUNDRED_BASIS_POINTS)?;
        let figures = RateSensitivityFigures {
            proxy: Some(factor.proxy.clone()),
            duration_proxy: Some(proxy.duration),
            portfolio_ir_beta: Some(exposure.beta),
            exposure_dollar: dollars(exposure.dollars),
            per_100bp: dollars(exposure.dollars * fund_return),
            sensitivity: Some(rate_sensitivity(exposure.beta)),
            additive: false,
            positions: self.rate_betas(betas),
        };
        Ok((figures, Missing::new()))
    }

    fn rate_betas(&self, betas: &SymbolBetas) -> Vec<RateBeta> {
        let of_lot: BTreeMap<usize, Beta> = betas
            .betas
            .iter()
            .filter_map(|(place, beta)| Some((self.merged.get(*place)?, (*beta).ok()?)))
            .flat_map(|(merged, beta)| merged.lots.iter().map(move |lot| (*lot, beta)))
            .collect();
        let order = self.merged.iter().flat_map(|merged| merged.lots.iter().copied());
        let rest =
            self.lots.iter().enumerate().filter(|(_, lot)| lot.exposure.is_err()).map(|(place, _)| place);
        let position = |place: usize| {
            let lot = self.lots.get(place)?;
            let beta = of_lot.get(&place).copied();
            Some(RateBeta {
                position_id: lot.position_id,
                symbol: lot.symbol.clone(),
                ir_beta: beta.map(|beta| beta.capped),
                r_squared: beta.and_then(|beta| beta.line.r_squared.ok()),
                p_value: beta.and_then(|beta| beta.line.beta.p.ok()),
                observations: beta.map(|beta| beta.line.count),
                sensitivity: beta.map(|beta| rate_sensitivity(beta.capped)),
                reason: betas.left_out.get(&place).copied(),
            })
        };
        order.chain(rest).filter_map(position).collect()
    }
}
