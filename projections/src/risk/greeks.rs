//! Greeks of a book: by underlying, and in money where underlyings are added.

use std::collections::{BTreeMap, BTreeSet};

use events::position::{InvestmentClass, PositionSymbol};
use events::{Cash, PositionId, Price, Symbol};
use jiff::civil::Date;
use quant::options::greeks::{QuotedGreeks, share};
use quant::options::position::{Holding, PositionGreeks, position_greeks};
use quant::sum::Sum;
use serde::Serialize;
use utoipa::ToSchema;

use super::option_price::IvSource;
use super::options::days_between;
use super::rounded::{dollars, unit_price};
use super::{Absent, Analytic, DataQuality, Missing, Provenance, Reason, RiskInputs, SkipReason};

/// Options that expire within so many days are left out of what remains after them.
pub const EXPIRING_DAYS: f64 = 7.0;

/// Which positions count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum View {
    /// All.
    #[default]
    Portfolio,
    /// Those that are held.
    Longs,
    /// Those that are owed.
    Shorts,
}

/// Greeks of a portfolio.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct Greeks {
    /// Whether options are open.
    pub has_options: bool,
    /// All together.
    pub current: Option<GreekTotals>,
    /// By what the positions are of.
    pub by_underlying: Vec<UnderlyingGreeks>,
    /// All together but options that expire within seven days; null unless asked for.
    pub after_expiry: Option<GreekTotals>,
    /// The options with what they were priced by.
    pub options: Vec<OptionGreeks>,
    /// Options without Greeks, and why: they count nowhere above.
    pub positions_without_iv: Vec<WithoutGreeks>,
}

/// Sums of Greeks. Thetas, vegas and rhos are money, and may be added whatever they are of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, ToSchema)]
pub struct GreekTotals {
    /// Shares that move alike; null where there are several underlyings, whose shares cannot be added.
    #[schema(example = 3656.76)]
    pub delta: Option<f64>,
    /// Change of delta for 1 of the underlying; null where there are several.
    #[schema(example = -184.55)]
    pub gamma: Option<f64>,
    /// Money gained a calendar day.
    #[schema(value_type = Option<String>, example = "749.17")]
    pub theta: Option<Cash>,
    /// Money gained for a volatility point.
    #[schema(value_type = Option<String>, example = "-2735.21")]
    pub vega: Option<Cash>,
    /// Money gained for 1 % of the rate.
    #[schema(value_type = Option<String>, example = "1012.56")]
    pub rho: Option<Cash>,
    /// Delta times the price of the underlying: the money that moves with the underlyings one to one.
    #[schema(value_type = Option<String>, example = "749416.32")]
    pub dollar_delta: Option<Cash>,
    /// Change of the dollar delta's delta for 1 % of the underlyings.
    #[schema(value_type = Option<String>, example = "-77511.82")]
    pub gamma_1pct: Option<Cash>,
}

/// Greeks of all positions of one underlying.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct UnderlyingGreeks {
    /// The underlying.
    #[schema(value_type = String, example = "AAPL")]
    pub underlying: Symbol,
    /// Its positions, shares too.
    pub positions: usize,
    /// Their Greeks.
    #[serde(flatten)]
    pub totals: GreekTotals,
}

/// Greeks of one position of options.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct OptionGreeks {
    /// Which.
    #[schema(value_type = String, format = Uuid)]
    pub position_id: PositionId,
    /// What it is called.
    #[schema(value_type = String, example = "AAPL251219C00200000")]
    pub symbol: PositionSymbol,
    /// The last day of the right.
    pub expiration_date: Date,
    /// The value per share by the model.
    #[schema(value_type = Option<String>, example = "11.2824")]
    pub model_price: Option<Price>,
    /// Volatility a year.
    #[schema(example = 0.28)]
    pub implied_volatility: f64,
    /// `implied` by its own close; `historical` where that says nothing; `expired` at the close of the last day.
    #[schema(value_type = String, example = "historical")]
    pub iv_source: IvSource,
    /// No risk-free rate is known: it is priced with 0.
    pub rate_assumed: bool,
    /// No dividend yield is known: it is priced with 0.
    pub dividend_yield_assumed: bool,
    /// Its Greeks.
    #[serde(flatten)]
    pub totals: GreekTotals,
}

/// An option without Greeks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct WithoutGreeks {
    /// Which.
    #[schema(value_type = String, format = Uuid)]
    pub position_id: PositionId,
    /// What it is called.
    #[schema(value_type = String, example = "AAPL251219C00200000")]
    pub symbol: PositionSymbol,
    /// `no_underlying_price`, `no_volatility`, `invalid_inputs` or `expired`.
    #[schema(example = "no_volatility")]
    pub reason: &'static str,
}

/// Sums of Greeks, by one underlying or several.
#[derive(Debug, Default)]
struct Totals {
    underlyings: BTreeSet<Symbol>,
    positions: usize,
    sums: [Sum; 7],
}

impl View {
    /// Whether a quantity counts.
    pub fn shows(self, quantity: f64) -> bool {
        match self {
            Self::Portfolio => true,
            Self::Longs => quantity > 0.0,
            Self::Shorts => quantity < 0.0,
        }
    }
}

impl std::str::FromStr for View {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "portfolio" => Ok(Self::Portfolio),
            "longs" => Ok(Self::Longs),
            "shorts" => Ok(Self::Shorts),
            _ => Err("must be portfolio, longs or shorts"),
        }
    }
}

impl GreekTotals {
    /// Of one position.
    pub fn of(greeks: &PositionGreeks) -> Self {
        Self {
            delta: Some(greeks.delta),
            gamma: Some(greeks.gamma),
            theta: dollars(greeks.theta_per_day),
            vega: dollars(greeks.vega_per_point),
            rho: dollars(greeks.rho_per_percent),
            dollar_delta: dollars(greeks.dollar_delta),
            gamma_1pct: dollars(greeks.gamma_1pct),
        }
    }
}

impl Totals {
    fn add(&mut self, underlying: &Symbol, greeks: &PositionGreeks) {
        self.underlyings.insert(underlying.clone());
        self.positions += 1;
        let values = [
            greeks.delta,
            greeks.gamma,
            greeks.theta_per_day,
            greeks.vega_per_point,
            greeks.rho_per_percent,
            greeks.dollar_delta,
            greeks.gamma_1pct,
        ];
        self.sums.iter_mut().zip(values).for_each(|(sum, value)| sum.add(value));
    }

    fn shown(&self) -> Result<GreekTotals, Absent> {
        let is_one = self.underlyings.len() <= 1;
        let [delta, gamma, theta, vega, rho, dollar_delta, gamma_1pct] = &self.sums;
        Ok(GreekTotals {
            delta: if is_one { Some(delta.total()?) } else { None },
            gamma: if is_one { Some(gamma.total()?) } else { None },
            theta: dollars(theta.total()?),
            vega: dollars(vega.total()?),
            rho: dollars(rho.total()?),
            dollar_delta: dollars(dollar_delta.total()?),
            gamma_1pct: dollars(gamma_1pct.total()?),
        })
    }
}

impl RiskInputs {
    /// The Greeks of the book.
    pub fn greeks(&self, view: View) -> Analytic<Greeks> {
        let provenance = Provenance::of(self, "black-scholes-merton", 1, &format!("{view:?}"));
        let mut left_out = BTreeMap::new();
        for (place, lot) in self.lots.iter().enumerate() {
            if let (Some(_), Err(reason)) = (&lot.moved_by, lot.exposure) {
                left_out.insert(place, reason);
            } else if lot.moved_by.is_none() {
                left_out.insert(place, SkipReason::Private);
            }
        }
        let quality = DataQuality::of(self, &left_out, None);
        let figures = if self.lots.is_empty() {
            Err(Absent::because(Reason::NoPositions, "no position is open"))
        } else {
            self.one_currency().and_then(|()| self.greeks_of(view)).map(|greeks| (greeks, Missing::new()))
        };
        Analytic::of(figures, quality, provenance)
    }

    fn greeks_of(&self, view: View) -> Result<Greeks, Absent> {
        let (mut all, mut after) = (Totals::default(), Totals::default());
        let mut by_underlying: BTreeMap<Symbol, Totals> = BTreeMap::new();
        for (underlying, greeks) in self.shares(view) {
            all.add(&underlying, &greeks);
            after.add(&underlying, &greeks);
            by_underlying.entry(underlying.clone()).or_default().add(&underlying, &greeks);
        }
        let (mut shown, mut without) = (Vec::new(), self.expired(view));
        for option in self.options.iter().filter(|option| view.shows(option.holding.quantity)) {
            let greeks = option.priced.map_err(super::option_price::NoGreeks::name).and_then(|priced| {
                let greeks = position_greeks(&priced.greeks, priced.market.spot, &option.holding);
                greeks.map(|greeks| (priced, greeks)).map_err(|_| "invalid_inputs")
            });
            let (priced, greeks) = match greeks {
                Ok(found) => found,
                Err(reason) => {
                    let (position_id, symbol) = (option.position_id, option.symbol.clone());
                    without.push(WithoutGreeks { position_id, symbol, reason });
                    continue;
                }
            };
            let underlying = &option.contract.underlying;
            all.add(underlying, &greeks);
            if days_between(self.as_of_date, option.contract.expiry) > EXPIRING_DAYS {
                after.add(underlying, &greeks);
            }
            by_underlying.entry(underlying.clone()).or_default().add(underlying, &greeks);
            shown.push(OptionGreeks {
                position_id: option.position_id,
                symbol: option.symbol.clone(),
                expiration_date: option.contract.expiry,
                model_price: unit_price(priced.greeks.price),
                implied_volatility: priced.volatility,
                iv_source: priced.iv_source,
                rate_assumed: priced.rate_assumed,
                dividend_yield_assumed: priced.dividend_yield_assumed,
                totals: GreekTotals::of(&greeks),
            });
        }
        let by_underlying = by_underlying.into_iter().map(|(underlying, totals)| {
            Ok(UnderlyingGreeks { underlying, positions: totals.positions, totals: totals.shown()? })
        });
        Ok(Greeks {
            has_options: !shown.is_empty() || !without.is_empty(),
            current: Some(all.shown()?),
            by_underlying: by_underlying.collect::<Result<_, Absent>>()?,
            after_expiry: Some(after.shown()?),
            options: shown,
            positions_without_iv: without,
        })
    }

    /// The Greeks of what is not an option: a share is its own delta.
    fn shares(&self, view: View) -> Vec<(Symbol, PositionGreeks)> {
        let quantities: BTreeMap<PositionId, f64> = self
            .sources()
            .books
            .iter()
            .flat_map(|book| book.portfolio.holdings_on(self.as_of_date))
            .map(|holding| (holding.position_id, holding.quantity.to_f64()))
            .collect();
        let is_share = |class| class == InvestmentClass::Public;
        let lots = self.lots.iter().filter(|lot| is_share(lot.investment_class));
        let of = |lot: &super::LotExposure| {
            let (exposure, underlying) = (lot.exposure.ok()?, lot.moved_by.clone()?);
            let quantity =
                quantities.get(&lot.position_id).copied().filter(|quantity| view.shows(*quantity))?;
            let holding = Holding { quantity, multiplier: 1.0 };
            let greeks: QuotedGreeks = share(exposure / quantity);
            Some((underlying, position_greeks(&greeks, exposure / quantity, &holding).ok()?))
        };
        lots.filter_map(of).collect()
    }

    /// Options that expired before the session, and of which nobody said how they ended.
    fn expired(&self, view: View) -> Vec<WithoutGreeks> {
        let lots = self.lots.iter().filter(|lot| lot.exposure == Err(SkipReason::OptionExpired));
        let is_shown = |lot: &&super::LotExposure| {
            // What an option cost has the sign of its quantity.
            view == View::Portfolio || view.shows(lot.cost.to_f64())
        };
        let without = |lot: &super::LotExposure| WithoutGreeks {
            position_id: lot.position_id,
            symbol: lot.symbol.clone(),
            reason: "expired",
        };
        lots.filter(is_shown).map(without).collect()
    }
}
