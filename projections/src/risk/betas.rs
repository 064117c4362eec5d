//! Betas on the market: of the symbols of a book and of the whole, as calculated and as providers say.

use std::collections::BTreeMap;

use events::position::PositionSymbol;
use events::{Cash, PositionId, Symbol};
use jiff::civil::Date;
use quant::beta::{BETA_WINDOW, Beta, BetaSource, FactorExposure, Window, beta, factor_exposure};
use quant::figure::{Because, Figure, Unavailable};
use quant::returns::ReturnKind;
use serde::Serialize;
use utoipa::ToSchema;

use super::availability::noted;
use super::quality::COVERAGE_MIN;
use super::rounded::dollars;
use super::{
    Absent, Analytic, DataQuality, LotExposure, Missing, Provenance, Reason, RiskInputs, SkipReason,
};

/// Betas of the symbols of a book on one series, by their places in [`RiskInputs::merged`].
#[derive(Debug, Clone, PartialEq)]
pub struct SymbolBetas {
    /// The betas, or why a symbol has none.
    pub betas: BTreeMap<usize, Result<Beta, Unavailable>>,
    /// Lots that have none, by their places in the list of all.
    pub left_out: BTreeMap<usize, SkipReason>,
    /// Most returns that a beta is of.
    pub observations: usize,
}

/// The beta of a portfolio, of the returns of 90 sessions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct CalculatedBeta {
    /// The series that stands for the market.
    #[schema(value_type = Option<String>, example = "SPY")]
    pub market: Option<Symbol>,
    /// Σ beta · exposure / equity: what the portfolio gains when the market gains 1.
    #[schema(example = 0.55)]
    pub beta_calculated_90d: Option<f64>,
    /// Σ beta · exposure: the money that moves with the market one to one.
    #[schema(value_type = Option<String>, example = "55000")]
    pub exposure_dollar: Option<Cash>,
    /// Share of the variance of what is held that the market explains, by the returns of the holdings of today.
    #[schema(example = 0.91)]
    pub r_squared: Option<f64>,
    /// Returns that `r_squared` is of.
    #[schema(example = 90)]
    pub observations: Option<u64>,
    /// The beta of the returns that the portfolio had, whatever it held: its track record of 90 sessions.
    #[schema(example = 0.61)]
    pub beta_direct: Option<f64>,
    /// Share of the variance of the track record that the market explains.
    #[schema(example = 0.42)]
    pub beta_direct_r_squared: Option<f64>,
    /// Returns of the track record.
    #[schema(example = 88)]
    pub beta_direct_observations: Option<u64>,
}

/// The beta of a portfolio by what providers say of its symbols.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct ProviderBeta {
    /// Σ beta · exposure / equity over the positions whose beta a provider knows.
    #[schema(example = 0.98)]
    pub beta_provider_1y: Option<f64>,
    /// Positions with a provider's beta.
    pub positions_with_beta: usize,
    /// Open positions.
    pub positions_total: usize,
    /// Share of the gross exposure with a provider's beta, in percent.
    #[schema(example = 80.0)]
    pub coverage_percentage: Option<f64>,
}

/// The betas of positions beside those of providers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct BetaComparison {
    /// The series that stands for the market.
    #[schema(value_type = Option<String>, example = "SPY")]
    pub market: Option<Symbol>,
    /// The positions, those of the largest exposure first.
    pub positions: Vec<ComparedBeta>,
}

/// A position with both betas; of an option those of its underlying.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ComparedBeta {
    /// What it is called.
    #[schema(value_type = String, example = "AAPL")]
    pub symbol: PositionSymbol,
    /// Which.
    #[schema(value_type = String, format = Uuid)]
    pub position_id: PositionId,
    /// What the provider says.
    #[schema(example = 1.1)]
    pub market_beta: Option<f64>,
    /// What 90 returns say, within plus and minus 5.
    #[schema(example = 1.2)]
    pub calculated_beta: Option<f64>,
    /// The same without the cap, where it was capped.
    pub uncapped_beta: Option<f64>,
    /// Share of the variance that the market explains.
    pub beta_r_squared: Option<f64>,
    /// Standard error of the calculated beta.
    pub beta_standard_error: Option<f64>,
    /// Probability of a beta so far from zero if it were zero.
    pub beta_p_value: Option<f64>,
    /// The session that the calculated beta is of.
    pub calculation_date: Option<Date>,
    /// Returns that it is of.
    pub observations: Option<u64>,
    /// Calculated less provider's.
    #[schema(example = 0.1)]
    pub beta_difference: Option<f64>,
    /// Fewer returns than 90.
    pub limited_history: Option<bool>,
    /// Why there is no calculated beta.
    pub reason: Option<SkipReason>,
}

impl RiskInputs {
    /// The betas of all symbols of the book on the series of `proxy`.
    ///
    /// # Errors
    /// There is nothing that a market prices, or the proxy has no data.
    pub fn symbol_betas(&self, proxy: &Symbol, window: Window) -> Result<SymbolBetas, Absent> {
        self.investable()?;
        let count = u16::try_from(window.returns).unwrap_or(u16::MAX);
        let traded: Vec<(usize, &Symbol)> = self.traded().collect();
        let mut symbols: Vec<Symbol> = traded.iter().map(|(_, symbol)| (*symbol).clone()).collect();
        symbols.push(proxy.clone());
        let panel = self.returns(&symbols, count, ReturnKind::Simple);
        let factor = panel.column(traded.len());
        self.usable_factor(proxy, factor, window)?;
        let columns = traded.iter().enumerate().map(|(column, (place, _))| (*place, panel.column(column)));
        Ok(self.betas_on(columns, factor, window))
    }

    /// Refuses a series without enough returns that vary.
    pub(super) fn usable_factor(&self, proxy: &Symbol, factor: &[f64], window: Window) -> Result<(), Absent> {
        let known: Vec<f64> = factor.iter().copied().filter(|value| !value.is_nan()).collect();
        let absent = |why: &str| Absent::because(Reason::NoBenchmarkData, format!("{proxy}: {why}"));
        if (known.len() as u64) < window.returns_min {
            return Err(absent(&format!("fewer than {} returns", window.returns_min)));
        }
        // The regression of a series on itself fails exactly where nothing can be regressed on it.
        beta(&known, &known, Window { returns: known.len(), ..window })
            .map(|_| ())
            .map_err(|_| absent("it does not vary"))
    }

    /// The betas of columns, by their places in [`Self::merged`], on one series.
    pub(super) fn betas_on<'a>(
        &self,
        columns: impl Iterator<Item = (usize, &'a [f64])>,
        factor: &[f64],
        window: Window,
    ) -> SymbolBetas {
        let betas: BTreeMap<usize, Result<Beta, Unavailable>> =
            columns.map(|(place, returns)| (place, beta(returns, factor, window))).collect();
        let mut left_out = self.without_returns();
        for (place, _) in betas.iter().filter(|(_, beta)| beta.is_err()) {
            self.leave_out(&mut left_out, *place);
        }
        let most = betas.values().flatten().map(|beta| beta.line.count).max().unwrap_or_default();
        SymbolBetas { betas, left_out, observations: usize::try_from(most).unwrap_or(usize::MAX) }
    }

    /// Notes that the lots of a merged exposure have too few returns.
    pub(super) fn leave_out(&self, left_out: &mut BTreeMap<usize, SkipReason>, place: usize) {
        let lots = self.merged.get(place).map(|merged| merged.lots.as_slice()).unwrap_or_default();
        for lot in lots {
            left_out.entry(*lot).or_insert(SkipReason::InsufficientHistory);
        }
    }

    /// Refuses figures of the book that speak of less than four fifths of what a market prices.
    pub(super) fn enough(&self, left_out: &BTreeMap<usize, SkipReason>) -> Result<(), Absent> {
        self.enough_where(left_out, |_| true)
    }

    /// The same of some of the lots.
    pub(super) fn enough_where(
        &self,
        left_out: &BTreeMap<usize, SkipReason>,
        counts: impl Fn(&LotExposure) -> bool,
    ) -> Result<(), Absent> {
        let (mut all, mut lacking) = (0.0, 0.0);
        let priced = |lot: &LotExposure| lot.moved_by.is_some() && counts(lot);
        for (place, lot) in self.lots.iter().enumerate().filter(|(_, lot)| priced(lot)) {
            all += lot.size();
            if left_out.contains_key(&place) {
                lacking += lot.size();
            }
        }
        if all - lacking < COVERAGE_MIN * all {
            let message = format!("less than {COVERAGE_MIN} of the exposure has enough returns and a delta");
            return Err(Absent::because(Reason::InsufficientHistory, message));
        }
        Ok(())
    }

    /// Exposure of the book to a factor, by betas of places in [`Self::merged`].
    pub(super) fn exposure_to(
        &self,
        betas: &BTreeMap<usize, Figure>,
        source: BetaSource,
    ) -> Result<FactorExposure, Absent> {
        let equity = self.positive_equity()?;
        let (mut exposures, mut known) = (Vec::with_capacity(betas.len()), Vec::with_capacity(betas.len()));
        for (place, beta) in betas {
            exposures.push(self.merged.get(*place).map_or(0.0, |merged| merged.exposure));
            known.push(*beta);
        }
        Ok(factor_exposure(&exposures, &known, equity, source)?)
    }

    /// The beta of the portfolio by the returns of 90 sessions.
    pub fn calculated_beta(&self) -> Analytic<CalculatedBeta> {
        let provenance = Provenance::of(self, "ols-90", 1, "");
        let market = match self.market_proxy() {
            Ok(market) => market,
            Err(absent) => return self.without_figures(absent, provenance),
        };
        let betas = match self.symbol_betas(market, BETA_WINDOW) {
            Ok(betas) => betas,
            Err(absent) => return self.without_figures(absent, provenance),
        };
        let days = Some((betas.observations, BETA_WINDOW.returns));
        let quality = DataQuality::of(self, &betas.left_out, days);
        Analytic::of(self.calculated_beta_of(market, &betas), quality, provenance)
    }

    fn calculated_beta_of(
        &self,
        market: &Symbol,
        betas: &SymbolBetas,
    ) -> Result<(CalculatedBeta, Missing), Absent> {
        self.positive_equity()?;
        self.enough(&betas.left_out)?;
        let capped = betas.betas.iter().map(|(place, beta)| (*place, beta.map(|beta| beta.capped)));
        let exposure = self.exposure_to(&capped.collect(), BetaSource::Univariate)?;
        let mut missing = Missing::new();
        let of_holdings = noted(&mut missing, "r_squared", self.holdings_beta(market));
        let of_track = noted(&mut missing, "beta_direct", self.track_beta(market));
        let figures = CalculatedBeta {
            market: Some(market.clone()),
            beta_calculated_90d: Some(exposure.beta),
            exposure_dollar: dollars(exposure.dollars),
            r_squared: of_holdings.and_then(|beta| beta.line.r_squared.ok()),
            observations: of_holdings.map(|beta| beta.line.count),
            beta_direct: of_track.map(|beta| beta.line.beta.value),
            beta_direct_r_squared: of_track.and_then(|beta| beta.line.r_squared.ok()),
            beta_direct_observations: of_track.map(|beta| beta.line.count),
        };
        Ok((figures, missing))
    }

    /// The returns of the holdings of today on the market.
    fn holdings_beta(&self, market: &Symbol) -> Result<Beta, Absent> {
        let needed = usize::try_from(BETA_WINDOW.returns_min).unwrap_or(usize::MAX);
        let count = u16::try_from(BETA_WINDOW.returns).unwrap_or(u16::MAX);
        let held = self.held(count, needed).0?;
        let returns: BTreeMap<Date, f64> =
            held.sessions.iter().copied().zip(held.returns.iter().copied()).collect();
        self.beta_of_dated(&returns, market)
    }

    /// The returns that the portfolio had on the market.
    fn track_beta(&self, market: &Symbol) -> Result<Beta, Absent> {
        let [only] = self.portfolios.as_slice() else {
            return Err(Absent::because(
                Reason::NoSnapshots,
                "several portfolios have no track record together",
            ));
        };
        let snapshots = self.roll(only.portfolio_id);
        let returns = snapshots.iter().filter_map(|day| Some((day.snapshot_date, day.daily_return()?)));
        self.beta_of_dated(&returns.collect(), market)
    }

    fn beta_of_dated(&self, returns: &BTreeMap<Date, f64>, market: &Symbol) -> Result<Beta, Absent> {
        let count = u16::try_from(BETA_WINDOW.returns).unwrap_or(u16::MAX);
        let panel = self.returns(std::slice::from_ref(market), count, ReturnKind::Simple);
        let of_day = |day: &Date| returns.get(day).copied().unwrap_or(f64::NAN);
        let own: Vec<f64> = panel.sessions.iter().map(of_day).collect();
        Ok(beta(&own, panel.column(0), BETA_WINDOW)?)
    }

    /// The beta of the portfolio by what providers say.
    pub fn provider_beta(&self) -> Analytic<ProviderBeta> {
        let provenance = Provenance::of(self, "provider-1y", 1, "");
        let mut left_out = self.without_returns();
        let mut betas = BTreeMap::new();
        for (place, symbol) in self.traded() {
            let known = self.profile(symbol).and_then(|known| known.profile.beta);
            if known.is_none() {
                let lots = self.merged.get(place).map(|merged| merged.lots.as_slice()).unwrap_or_default();
                left_out.extend(lots.iter().map(|lot| (*lot, SkipReason::NoProfile)));
            }
            betas.insert(place, known.ok_or_else(|| Because::MissingCells.into()));
        }
        let quality = DataQuality::of(self, &left_out, None);
        let figures = self.investable().and_then(|()| {
            if betas.values().all(Result::is_err) {
                let message = "no provider's beta of any position is known";
                return Err(Absent::because(Reason::NoResults, message));
            }
            let exposure = self.exposure_to(&betas, BetaSource::Univariate)?;
            let figures = ProviderBeta {
                beta_provider_1y: Some(exposure.beta),
                positions_with_beta: quality.positions_analyzed,
                positions_total: quality.positions_total,
                coverage_percentage: quality.exposure_coverage.map(|share| share * 100.0),
            };
            Ok((figures, Missing::new()))
        });
        Analytic::of(figures, quality, provenance)
    }

    /// Calculated betas beside those of providers, lot by lot.
    pub fn beta_comparison(&self) -> Analytic<BetaComparison> {
        let provenance = Provenance::of(self, "ols-90", 1, "");
        if let Err(absent) = self.investable() {
            return self.without_figures(absent, provenance);
        }
        let found =
            self.market_proxy().and_then(|market| Ok((market, self.symbol_betas(market, BETA_WINDOW)?)));
        let mut missing = Missing::new();
        // What providers say can be shown without a benchmark.
        let found = noted(&mut missing, "calculated_beta", found);
        let market = found.as_ref().map(|(market, _)| (*market).clone());
        let (betas, left_out) = match found {
            Some((_, found)) => (found.betas, found.left_out),
            None => (BTreeMap::new(), self.without_returns()),
        };
        let of_lot: BTreeMap<usize, Beta> = betas
            .iter()
            .filter_map(|(place, beta)| Some((self.merged.get(*place)?, (*beta).ok()?)))
            .flat_map(|(merged, beta)| merged.lots.iter().map(move |lot| (*lot, beta)))
            .collect();
        let order = self.merged.iter().flat_map(|merged| merged.lots.iter().copied());
        let rest =
            self.lots.iter().enumerate().filter(|(_, lot)| lot.exposure.is_err()).map(|(place, _)| place);
        let positions = order.chain(rest).filter_map(|place| {
            let lot = self.lots.get(place)?;
            let provider = lot.moved_by.as_ref().and_then(|symbol| self.profile(symbol)?.profile.beta);
            let found = of_lot.get(&place).copied();
            Some(ComparedBeta {
                symbol: lot.symbol.clone(),
                position_id: lot.position_id,
                market_beta: provider,
                calculated_beta: found.map(|beta| beta.capped),
                uncapped_beta: found.filter(|beta| beta.was_capped).map(|beta| beta.line.beta.value),
                beta_r_squared: found.and_then(|beta| beta.line.r_squared.ok()),
                beta_standard_error: found.map(|beta| beta.line.beta.standard_error),
                beta_p_value: found.and_then(|beta| beta.line.beta.p().ok()),
                calculation_date: found.map(|_| self.as_of_date),
                observations: found.map(|beta| beta.line.count),
                beta_difference: found.zip(provider).map(|(beta, provider)| beta.capped - provider),
                limited_history: found.map(|beta| beta.limited_history),
                reason: left_out.get(&place).copied(),
            })
        });
        let positions = positions.collect();
        let most = of_lot.values().map(|beta| beta.line.count).max().unwrap_or_default();
        let days = Some((usize::try_from(most).unwrap_or(usize::MAX), BETA_WINDOW.returns));
        let quality = DataQuality::of(self, &left_out, days);
        Analytic::of(Ok((BetaComparison { market, positions }, missing)), quality, provenance)
    }

    /// The proxy of the market.
    pub(super) fn market_proxy(&self) -> Result<&Symbol, Absent> {
        let absent = || Absent::because(Reason::NoBenchmarkData, "no active factor is the market");
        self.market().ok_or_else(absent)
    }

    /// An answer without figures.
    pub(super) fn without_figures<T: Default>(&self, absent: Absent, provenance: Provenance) -> Analytic<T> {
        let all = self.without_returns();
        let quality = DataQuality::of(self, &all, Some((0, BETA_WINDOW.returns)));
        Analytic::of(Err(absent), quality, provenance)
    }
}
