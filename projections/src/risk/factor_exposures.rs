//! Exposures to the factors of the registry by joint betas: of a book, and position by position.

use std::collections::BTreeMap;

use events::position::PositionSymbol;
use events::{Cash, PositionId, Symbol};
use jiff::civil::Date;
use quant::beta::BetaSource;
use quant::covariance::EWMA_WINDOW;
use quant::factors::{Inflation, JointBetas, JointEstimate};
use quant::figure::{Figure, Unavailable};
use quant::returns::ReturnKind;
use serde::Serialize;
use utoipa::ToSchema;

use super::availability::noted;
use super::factor_model::{FactorModel, MODEL, NoFactor, NoModel};
use super::rounded::dollars;
use super::{
    Absent, Analytic, DataQuality, Missing, Provenance, Reason, ReturnPanel, RiskInputs, SkipReason,
};
use crate::factors::{Factor, FactorId};

/// The joint model of the registry with the betas of a book.
#[derive(Debug, Clone, PartialEq)]
pub struct Modelled {
    /// The model.
    pub model: FactorModel,
    /// Betas by places in [`RiskInputs::merged`], or why a symbol has none.
    pub betas: BTreeMap<usize, Result<JointBetas, Unavailable>>,
    /// Lots that have none, by their places in the list of all.
    pub left_out: BTreeMap<usize, SkipReason>,
    columns: BTreeMap<usize, usize>,
    panel: ReturnPanel,
}

/// Exposures of a book to factors.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct FactorExposures {
    /// The active factors of the registry, by display order: those without data, too.
    pub factors: Vec<ShownExposure>,
    /// How betas were estimated.
    pub model: Option<ShownModel>,
    /// The session of the last return.
    pub calculation_date: Option<Date>,
}

/// Exposure to one factor.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ShownExposure {
    /// Which.
    #[schema(value_type = String, example = "momentum")]
    pub factor_id: FactorId,
    /// For people.
    #[schema(example = "Momentum")]
    pub name: String,
    /// The series that stands for it.
    #[schema(value_type = String, example = "MTUM")]
    pub proxy: Symbol,
    /// Σ beta · exposure / equity; null where the factor has no data.
    #[schema(example = 0.12)]
    pub beta: Option<f64>,
    /// Σ beta · exposure: the money that moves with the factor one to one.
    #[schema(value_type = Option<String>, example = "12000")]
    pub exposure_dollar: Option<Cash>,
    /// Whether exposures to several of these factors may be added: they are of one regression, and do not overlap.
    pub additive: bool,
    /// Standard error of the beta of the book as it is held now; null under ridge.
    pub standard_error: Option<f64>,
    /// How much the other factors inflate the variance of its beta.
    pub variance_inflation: Option<f64>,
    /// `fine`, `warn` above 5, `bad` above 10.
    pub inflation_band: Option<&'static str>,
    /// Returns that the betas are of.
    pub observations: usize,
    /// Why it has no exposure.
    pub reason: Option<NoFactor>,
}

/// A joint model.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ShownModel {
    /// What the method is called: market, styles as spreads over it, the rate proxy as it is.
    #[schema(example = "joint-spreads-1")]
    pub id: &'static str,
    /// The version of the registry.
    #[schema(example = "standard-1")]
    pub version: String,
    /// Active factors of the registry.
    pub factors_expected: usize,
    /// Those with data.
    pub factors_present: usize,
    /// Whether all of them have data.
    pub complete: bool,
    /// All betas of a position are of one regression.
    pub joint: bool,
    /// `ols`; `ridge` where the factors are nearly collinear.
    pub estimator: &'static str,
    /// Condition number of the standardised factors; null where they are collinear.
    pub condition_number: Option<f64>,
    /// Share of the variance of the book, as it is held now, that the factors explain.
    pub r_squared: Option<f64>,
    /// Returns of the window.
    pub window: usize,
    /// Returns in it on which all factors have one.
    pub observations: usize,
}

/// Joint betas of positions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct PositionExposures {
    /// The positions, by their ids.
    pub positions: Vec<PositionExposure>,
    /// Active factors without data.
    #[schema(value_type = Vec<String>)]
    pub factors_missing: Vec<FactorId>,
    /// The session of the last return.
    pub calculation_date: Option<Date>,
}

/// Joint betas of a position; of an option those of its underlying.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PositionExposure {
    /// Which.
    #[schema(value_type = String, format = Uuid)]
    pub position_id: PositionId,
    /// What it is called.
    #[schema(value_type = String, example = "AAPL")]
    pub symbol: PositionSymbol,
    /// Its betas by factor; null where it has none.
    #[schema(value_type = Option<BTreeMap<String, f64>>)]
    pub exposures: Option<BTreeMap<FactorId, f64>>,
    /// Their standard errors; null under ridge.
    #[schema(value_type = Option<BTreeMap<String, f64>>)]
    pub standard_errors: Option<BTreeMap<FactorId, f64>>,
    /// Share of its variance that the factors explain.
    pub r_squared: Option<f64>,
    /// Returns that the betas are of.
    pub observations: Option<u64>,
    /// `full_history`, `limited_history`, or `extreme_beta` where a style's is beyond 3 or the market's was capped at 5.
    pub quality_flag: Option<&'static str>,
    /// Why it has no betas.
    pub reason: Option<SkipReason>,
}

impl From<NoModel> for Absent {
    fn from(why: NoModel) -> Self {
        match why {
            NoModel::NoBenchmarkData => Self::because(
                Reason::NoBenchmarkData,
                "the proxy of the market has too few returns that vary",
            ),
            NoModel::InsufficientOverlap => Self::because(
                Reason::InsufficientOverlap,
                "fewer than 60 sessions on which all factors have a return",
            ),
            NoModel::CalculationFailed => {
                Self::because(Reason::CalculationFailed, "the returns of the factors contradict each other")
            }
        }
    }
}

impl RiskInputs {
    /// The joint model with the betas of the book.
    ///
    /// # Errors
    /// There is no model.
    pub fn modelled(&self) -> Result<Modelled, Absent> {
        let traded: Vec<(usize, &Symbol)> = self.traded().collect();
        let mut symbols: Vec<Symbol> = self.registry().active().map(|factor| factor.proxy.clone()).collect();
        let proxies = symbols.len();
        symbols.extend(traded.iter().map(|(_, symbol)| (*symbol).clone()));
        let longest = self.registry().active().map(|factor| factor.window_days).max().unwrap_or_default();
        let count = EWMA_WINDOW.max(usize::try_from(longest).unwrap_or_default());
        let panel = self.returns(&symbols, u16::try_from(count).unwrap_or(u16::MAX), ReturnKind::Simple);
        let proxy = |wanted: &Symbol| {
            let place = symbols.iter().take(proxies).position(|symbol| symbol == wanted)?;
            (panel.count(place) > 0).then(|| panel.column(place))
        };
        let model = FactorModel::of(self.registry(), proxy)?;
        let mut left_out = self.without_returns();
        let (mut betas, mut columns) = (BTreeMap::new(), BTreeMap::new());
        for (place, _) in &traded {
            let column = proxies + columns.len();
            let found = model.betas(panel.column(column));
            if found.is_err() {
                self.leave_out(&mut left_out, *place);
            }
            betas.insert(*place, found);
            columns.insert(*place, column);
        }
        Ok(Modelled { model, betas, left_out, columns, panel })
    }

    /// Exposures of the book to the factors of the registry.
    pub fn factor_exposures(&self) -> Analytic<FactorExposures> {
        let provenance = Provenance::of(self, MODEL, 1, &self.registry().version);
        let modelled = self.investable().and_then(|()| self.modelled());
        let modelled = match modelled {
            Ok(modelled) => modelled,
            Err(absent) => return self.without_figures(absent, provenance),
        };
        let quality = DataQuality::of(self, &modelled.left_out, Some(modelled.days()));
        Analytic::of(self.factor_exposures_of(&modelled), quality, provenance)
    }

    fn factor_exposures_of(&self, modelled: &Modelled) -> Result<(FactorExposures, Missing), Absent> {
        self.positive_equity()?;
        self.enough(&modelled.left_out)?;
        let mut missing = Missing::new();
        let of_holdings = noted(&mut missing, "standard_error", self.holdings_betas(modelled));
        let estimate = of_holdings.as_ref().map(|betas| &betas.estimate);
        let inflation = modelled.model.joint().inflation().ok();
        let mut factors = Vec::with_capacity(modelled.model.expected());
        for factor in self.registry().active() {
            factors.push(match modelled.model.place(&factor.factor_id) {
                Some(place) => {
                    let betas = modelled.betas_on(place);
                    let exposure = self.exposure_to(&betas, BetaSource::Joint)?;
                    let inflation = inflation.as_ref().and_then(|all| all.get(place));
                    let coefficient =
                        estimate.and_then(JointEstimate::coefficients).and_then(|all| all.get(place));
                    ShownExposure {
                        beta: Some(exposure.beta),
                        exposure_dollar: dollars(exposure.dollars),
                        standard_error: coefficient.map(|coefficient| coefficient.standard_error),
                        variance_inflation: inflation.map(|(value, _)| *value),
                        inflation_band: inflation.map(|(_, band)| band_name(*band)),
                        observations: modelled.model.observations(),
                        ..ShownExposure::without_data(factor, None)
                    }
                }
                None => ShownExposure::without_data(factor, modelled.model.why_missing(&factor.factor_id)),
            });
        }
        let r_squared = estimate.and_then(|estimate| estimate.r_squared().ok());
        let model = Some(self.shown_model(modelled, r_squared));
        Ok((FactorExposures { factors, model, calculation_date: Some(self.as_of_date) }, missing))
    }

    fn shown_model(&self, modelled: &Modelled, r_squared: Option<f64>) -> ShownModel {
        let model = &modelled.model;
        let is_ridge = |betas: &JointBetas| matches!(betas.estimate, JointEstimate::Ridge(_));
        ShownModel {
            id: MODEL,
            version: self.registry().version.clone(),
            factors_expected: model.expected(),
            factors_present: model.factors.len(),
            complete: model.missing.is_empty(),
            joint: true,
            estimator: if modelled.betas.values().flatten().any(is_ridge) { "ridge" } else { "ols" },
            condition_number: model.joint().condition_number().ok(),
            r_squared,
            window: model.window.returns,
            observations: model.observations(),
        }
    }

    /// The joint betas of the book as it is held now, on the sessions on which all that counts has a return.
    fn holdings_betas(&self, modelled: &Modelled) -> Result<JointBetas, Absent> {
        let equity = self.positive_equity()?;
        let (mut columns, mut weights) = (Vec::new(), Vec::new());
        for (place, _) in modelled.betas.iter().filter(|(_, betas)| betas.is_ok()) {
            if let Some((merged, column)) = self.merged.get(*place).zip(modelled.columns.get(place)) {
                columns.push(modelled.panel.column(*column));
                weights.push(merged.exposure / equity);
            }
        }
        let at = |column: &[f64], day: usize| column.get(day).copied().unwrap_or(f64::NAN);
        let of_day = |day: usize| -> f64 {
            columns.iter().zip(&weights).map(|(column, weight)| at(column, day) * weight).sum()
        };
        let returns: Vec<f64> = (0..modelled.panel.sessions.len()).map(of_day).collect();
        Ok(modelled.model.betas(&returns)?)
    }

    /// Joint betas of the positions, by their ids.
    pub fn position_exposures(&self) -> Analytic<PositionExposures> {
        let provenance = Provenance::of(self, MODEL, 1, &self.registry().version);
        let modelled = match self.investable().and_then(|()| self.modelled()) {
            Ok(modelled) => modelled,
            Err(absent) => return self.without_figures(absent, provenance),
        };
        let of_lot: BTreeMap<usize, &JointBetas> = modelled
            .betas
            .iter()
            .filter_map(|(place, betas)| Some((self.merged.get(*place)?, betas.as_ref().ok()?)))
            .flat_map(|(merged, betas)| merged.lots.iter().map(move |lot| (*lot, betas)))
            .collect();
        let named = |values: &[f64]| -> BTreeMap<FactorId, f64> {
            let names = modelled.model.factors.iter().map(|factor| factor.factor_id.clone());
            names.zip(values.iter().copied()).collect()
        };
        let mut positions: Vec<PositionExposure> = Vec::with_capacity(self.lots.len());
        for (place, lot) in self.lots.iter().enumerate() {
            let betas = of_lot.get(&place);
            let errors = betas.and_then(|betas| betas.estimate.coefficients()).map(|coefficients| {
                coefficients.iter().map(|coefficient| coefficient.standard_error).collect::<Vec<f64>>()
            });
            positions.push(PositionExposure {
                position_id: lot.position_id,
                symbol: lot.symbol.clone(),
                exposures: betas.map(|betas| named(&betas.betas)),
                standard_errors: errors.map(|errors| named(&errors)),
                r_squared: betas.and_then(|betas| betas.estimate.r_squared().ok()),
                observations: betas.map(|betas| betas.count),
                quality_flag: betas.map(|betas| quality_flag(betas, modelled.model.window.returns)),
                reason: modelled.left_out.get(&place).copied(),
            });
        }
        positions.sort_by_key(|position| position.position_id);
        let factors_missing =
            modelled.model.missing.iter().map(|missing| missing.factor_id.clone()).collect();
        let figures =
            PositionExposures { positions, factors_missing, calculation_date: Some(self.as_of_date) };
        let quality = DataQuality::of(self, &modelled.left_out, Some(modelled.days()));
        Analytic::of(Ok((figures, Missing::new())), quality, provenance)
    }
}

impl Modelled {
    /// Betas on one factor by places in [`RiskInputs::merged`].
    pub(super) fn betas_on(&self, factor: usize) -> BTreeMap<usize, Figure> {
        let of = |betas: &JointBetas| betas.betas.get(factor).copied().unwrap_or(f64::NAN);
        self.betas.iter().map(|(place, betas)| (*place, betas.as_ref().map(of).map_err(|why| *why))).collect()
    }

    /// Returns used and returns asked for.
    pub(super) fn days(&self) -> (usize, usize) {
        (self.model.observations(), self.model.window.returns)
    }
}

impl ShownExposure {
    fn without_data(factor: &Factor, reason: Option<NoFactor>) -> Self {
        Self {
            factor_id: factor.factor_id.clone(),
            name: factor.factor_name.clone(),
            proxy: factor.proxy.clone(),
            beta: None,
            exposure_dollar: None,
            additive: true,
            standard_error: None,
            variance_inflation: None,
            inflation_band: None,
            observations: 0,
            reason,
        }
    }
}

const fn band_name(band: Inflation) -> &'static str {
    match band {
        Inflation::Fine => "fine",
        Inflation::Warn => "warn",
        Inflation::Bad => "bad",
    }
}

fn quality_flag(betas: &JointBetas, window: usize) -> &'static str {
    if betas.market_capped || betas.style_beyond {
        "extreme_beta"
    } else if usize::try_from(betas.count).is_ok_and(|count| count < window) {
        "limited_history"
    } else {
        "full_history"
    }
}
