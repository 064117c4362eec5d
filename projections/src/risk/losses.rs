//! How a book as it is held now would have moved: volatility, drawdown, beta and the losses of its worst days.

use events::{Cash, PositionId};
use jiff::civil::Date;
use quant::beta::{Window, beta};
use quant::returns::ReturnKind;
use quant::risk_contributions::risk_contributions;
use quant::sample::Sample;
use quant::var::{OrderedReturns, TAIL_95_RETURNS_MIN, TAIL_99_RETURNS_MIN, Tail, parametric_tail};
use quant::volatility::{self, Direction};
use quant::wealth::WealthPath;
use quant::{covariance, har};
use serde::Serialize;
use utoipa::ToSchema;

use super::availability::noted;
use super::rounded::dollars;
use super::{
    Absent, Analytic, DataQuality, HoldingsSeries, Missing, Provenance, Reason, RiskInputs, TrackRecord,
};

/// Returns without which there is no block of volatilities.
pub(super) const VOLATILITY_RETURNS_MIN: usize = 63;
/// Returns looked back on for it: a year of them for the percentile.
pub const VOLATILITY_LOOKBACK: u16 = 252;
/// Returns without which there are no risk metrics at all.
const METRICS_RETURNS_MIN: usize = 20;
/// Common returns of a beta.
const BETA_RETURNS_MIN: u64 = 30;
/// Worst days that are listed.
const WORST_DAYS: usize = 5;

/// Volatility of a book, fractions a year.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct Volatility {
    /// Of the last 21 returns.
    #[schema(example = 0.1262)]
    pub realized_volatility_21d: Option<f64>,
    /// Of the last 63 returns.
    pub realized_volatility_63d: Option<f64>,
    /// Of the coming 21 sessions, by a heterogeneous autoregression.
    pub expected_volatility_21d: Option<f64>,
    /// `increasing`, `decreasing` or `stable`.
    #[schema(value_type = Option<String>, example = "stable")]
    pub volatility_trend: Option<Direction>,
    /// Share of the earlier 21-day volatilities of a year below the current one, 0 to 1.
    pub volatility_percentile: Option<f64>,
    /// How the forecast was made.
    pub forecast: Option<Forecast>,
}

/// How a forecast was made.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct Forecast {
    /// Share of the variance explained, 0 to 1.
    pub r_squared: f64,
    /// Rows of the regression.
    pub observations: u64,
    /// Sessions that it speaks of.
    #[schema(example = 21)]
    pub horizon_sessions: usize,
}

/// Risk in a few figures.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct RiskMetrics {
    /// Slope of the book's returns on those of the market's proxy.
    pub portfolio_beta: Option<f64>,
    /// Deviation of the returns, a fraction a year.
    pub annualized_volatility: Option<f64>,
    /// The deepest fall of what is held now over these days, not positive.
    pub max_drawdown: Option<f64>,
    /// The loss of a day that is not exceeded with 95 %.
    pub var_1d_95: Option<Loss>,
    /// The mean loss of the days at least as bad.
    pub es_1d_95: Option<Loss>,
    /// The loss of a day that is not exceeded with 99 %.
    pub var_1d_99: Option<Loss>,
    /// The first return and the last.
    pub date_range: Option<DateRange>,
    /// Returns that were used.
    pub observations: Option<usize>,
}

/// A loss.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct Loss {
    /// In money, negative for a loss.
    #[schema(value_type = Option<String>, example = "-21000")]
    pub value: Option<Cash>,
    /// In money, positive for a loss.
    #[schema(value_type = Option<String>, example = "21000")]
    pub loss: Option<Cash>,
    /// As a fraction of equity, positive for a loss.
    #[schema(example = 0.021)]
    pub fraction: f64,
}

/// From a date to a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct DateRange {
    /// The first.
    pub start_date: Date,
    /// The last.
    pub end_date: Date,
}

/// How a value at risk is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum VarMethod {
    /// From the worst of the days that were.
    Historical,
    /// From a normal distribution of the same mean and deviation.
    Parametric,
}

/// Which value at risk.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VarTerms {
    /// Not exceeded with this probability.
    pub confidence: f64,
    /// Over so many sessions, by the square root of time.
    pub horizon_days: u16,
    /// How it is found.
    pub method: VarMethod,
    /// Returns looked back on.
    pub lookback_days: u16,
}

/// What may be lost.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct ValueAtRisk {
    /// The loss that is not exceeded with the confidence.
    pub var: Option<Loss>,
    /// The mean loss of what is at least as bad.
    pub es: Option<Loss>,
    /// The confidence.
    #[schema(example = 0.95)]
    pub confidence: Option<f64>,
    /// Sessions; more than one are scaled by the square root of time.
    #[schema(example = 1)]
    pub horizon_days: Option<u16>,
    /// How longer horizons come about: `none` or `square_root_of_time`.
    pub scaling: Option<&'static str>,
    /// Shares of the volatility, which parametric value at risk without drift is a multiple of; they sum to one.
    pub components: Option<Vec<VarComponent>>,
    /// The worst days, the worst first.
    pub worst_days: Option<Vec<WorstDay>>,
    /// Returns that were used.
    pub observations: Option<usize>,
}

/// A position's part of the risk.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct VarComponent {
    /// The lot.
    #[schema(value_type = String, format = Uuid)]
    pub position_id: PositionId,
    /// What moves it.
    #[schema(example = "AAPL")]
    pub symbol: String,
    /// Its share, a fraction; negative for a hedge.
    pub share: f64,
}

/// A bad day.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct WorstDay {
    /// The session.
    pub date: Date,
    /// What the book as it is now would have returned, a fraction of equity.
    pub r#return: f64,
    /// The same in money.
    #[schema(value_type = Option<String>, example = "-1263.61")]
    pub pnl: Option<Cash>,
}

/// The volatility of what the portfolios hold.
pub fn volatility(inputs: &RiskInputs) -> Analytic<Volatility> {
    let (held, left_out) = inputs.held(VOLATILITY_LOOKBACK, VOLATILITY_RETURNS_MIN);
    let quality = quality(inputs, &held, &left_out, VOLATILITY_LOOKBACK);
    let figures = held.map(|held| volatilities(&held.returns));
    Analytic::of(figures, quality, Provenance::of(inputs, "holdings", 1, "volatility"))
}

/// The volatility of what a portfolio returned, whatever it held.
pub fn track_record_volatility(inputs: &RiskInputs, track: &TrackRecord) -> Analytic<Volatility> {
    let wanted = usize::from(VOLATILITY_LOOKBACK);
    let found = track.at_least(VOLATILITY_RETURNS_MIN);
    let figures = found.map(|(_, returns)| {
        volatilities(returns.get(returns.len().saturating_sub(wanted)..).unwrap_or_default())
    });
    let parameters = format!("volatility;{}", track.identity());
    let provenance = Provenance::of(inputs, "track_record", 1, &parameters);
    Analytic::of(figures, track.quality(inputs, Some(wanted)), provenance)
}

fn quality(
    inputs: &RiskInputs,
    held: &Result<HoldingsSeries, Absent>,
    left_out: &std::collections::BTreeMap<usize, super::SkipReason>,
    wanted: u16,
) -> DataQuality {
    let days = held.as_ref().map_or(0, |held| held.returns.len());
    DataQuality::of(inputs, left_out, Some((days, usize::from(wanted))))
}

fn volatilities(returns: &[f64]) -> (Volatility, Missing) {
    let mut missing = Missing::new();
    let month = volatility::realised(returns, volatility::MONTH_RETURNS);
    let forecast = noted(&mut missing, "expected_volatility_21d", har::forecast_month(returns));
    let figures = Volatility {
        realized_volatility_21d: noted(&mut missing, "realized_volatility_21d", month),
        realized_volatility_63d: noted(
            &mut missing,
            "realized_volatility_63d",
            volatility::realised(returns, VOLATILITY_RETURNS_MIN),
        ),
        expected_volatility_21d: forecast.map(|har| har.forecast),
        volatility_trend: noted(&mut missing, "volatility_trend", volatility::trend(returns))
            .map(|trend| trend.direction),
        volatility_percentile: noted(&mut missing, "volatility_percentile", volatility::percentile(returns)),
        forecast: forecast.map(|har| Forecast {
            r_squared: har.r_squared,
            observations: har.rows,
            horizon_sessions: har::FORECAST_SESSIONS,
        }),
    };
    (figures, missing)
}

/// Beta, volatility, drawdown and tails of what the portfolios hold, over `lookback` returns.
pub fn risk_metrics(inputs: &RiskInputs, lookback: u16) -> Analytic<RiskMetrics> {
    let (held, left_out) = inputs.held(lookback, METRICS_RETURNS_MIN);
    let quality = quality(inputs, &held, &left_out, lookback);
    let figures = held.and_then(|held| metrics(inputs, &held));
    Analytic::of(figures, quality, Provenance::of(inputs, "holdings", 1, &format!("metrics;{lookback}")))
}

fn metrics(inputs: &RiskInputs, held: &HoldingsSeries) -> Result<(RiskMetrics, Missing), Absent> {
    let (equity, mut missing) = (inputs.positive_equity()?, Missing::new());
    let ordered = OrderedReturns::of(&held.returns)?;
    let tail_95 = ordered.tail(0.95, TAIL_95_RETURNS_MIN);
    let tail_99 = ordered.tail(0.99, TAIL_99_RETURNS_MIN);
    let volatility = volatility::realised(&held.returns, held.returns.len());
    let path = WealthPath::of(&held.returns);
    let range = held.sessions.first().zip(held.sessions.last());
    let figures = RiskMetrics {
        portfolio_beta: noted(&mut missing, "portfolio_beta", market_beta(inputs, held)),
        annualized_volatility: noted(&mut missing, "annualized_volatility", volatility),
        max_drawdown: noted(&mut missing, "max_drawdown", path).map(|path| path.max_drawdown),
        var_1d_95: noted(&mut missing, "var_1d_95", tail_95).map(|tail| loss(tail.value_at_risk, equity)),
        es_1d_95: noted(&mut missing, "es_1d_95", tail_95).map(|tail| loss(tail.expected_shortfall, equity)),
        var_1d_99: noted(&mut missing, "var_1d_99", tail_99).map(|tail| loss(tail.value_at_risk, equity)),
        date_range: range.map(|(start, end)| DateRange { start_date: *start, end_date: *end }),
        observations: Some(held.returns.len()),
    };
    Ok((figures, missing))
}

fn market_beta(inputs: &RiskInputs, held: &HoldingsSeries) -> Result<f64, Absent> {
    let absent = || Absent::because(Reason::NoBenchmarkData, "the market's proxy has no returns");
    let market = inputs.market().ok_or_else(absent)?;
    let first = held.sessions.first().copied().unwrap_or(inputs.as_of_date);
    let span = events::calendar::sessions_between(first, inputs.as_of_date);
    let count = u16::try_from(span).unwrap_or(u16::MAX);
    let panel = inputs.returns(std::slice::from_ref(market), count, ReturnKind::Simple);
    if panel.count(0) == 0 {
        return Err(absent());
    }
    let column = panel.column(0);
    let at = |session: &Date| {
        let place = panel.sessions.binary_search(session).ok()?;
        column.get(place).copied()
    };
    let proxy: Vec<f64> = held.sessions.iter().map(|session| at(session).unwrap_or(f64::NAN)).collect();
    let window = Window { returns: held.returns.len(), returns_min: BETA_RETURNS_MIN };
    Ok(beta(&held.returns, &proxy, window)?.line.beta.value)
}

fn loss(fraction: f64, equity: f64) -> Loss {
    let loss = dollars(fraction * equity);
    Loss { value: loss.map(|loss| Cash::ZERO - loss), loss, fraction }
}

/// Value at risk and expected shortfall of what the portfolios hold.
pub fn value_at_risk(inputs: &RiskInputs, terms: &VarTerms) -> Analytic<ValueAtRisk> {
    // Above 95 % the tail is thinner, and as many returns are needed as for 99 %.
    let needed = if terms.confidence > 0.95 { TAIL_99_RETURNS_MIN } else { TAIL_95_RETURNS_MIN };
    let least = usize::try_from(needed).unwrap_or(usize::MAX);
    let (held, left_out) = inputs.held(terms.lookback_days, least);
    let quality = quality(inputs, &held, &left_out, terms.lookback_days);
    let method = match terms.method {
        VarMethod::Historical => "historical",
        VarMethod::Parametric => "parametric",
    };
    let figures = held.and_then(|held| at_risk(inputs, &held, terms, needed));
    Analytic::of(figures, quality, Provenance::of(inputs, method, 1, &format!("{terms:?}")))
}

fn at_risk(
    inputs: &RiskInputs,
    held: &HoldingsSeries,
    terms: &VarTerms,
    needed: u64,
) -> Result<(ValueAtRisk, Missing), Absent> {
    let (equity, mut missing) = (inputs.positive_equity()?, Missing::new());
    let tail: Tail = match terms.method {
        VarMethod::Historical => OrderedReturns::of(&held.returns)?.tail(terms.confidence, needed)?,
        VarMethod::Parametric => parametric_tail(&Sample::of(&held.returns)?, terms.confidence)?,
    };
    let tail = tail.scaled(u32::from(terms.horizon_days));
    let mut days: Vec<(Date, f64)> =
        held.sessions.iter().copied().zip(held.returns.iter().copied()).collect();
    days.sort_by(|left, right| left.1.total_cmp(&right.1).then(left.0.cmp(&right.0)));
    let worst = days.iter().take(WORST_DAYS).filter(|(_, value)| *value < 0.0);
    let figures = ValueAtRisk {
        var: Some(loss(tail.value_at_risk, equity)),
        es: Some(loss(tail.expected_shortfall, equity)),
        confidence: Some(terms.confidence),
        horizon_days: Some(terms.horizon_days),
        scaling: Some(if terms.horizon_days == 1 { "none" } else { "square_root_of_time" }),
        components: noted(&mut missing, "components", components(inputs, held)),
        worst_days: Some(
            worst
                .map(|(date, value)| WorstDay { date: *date, r#return: *value, pnl: dollars(value * equity) })
                .collect(),
        ),
        observations: Some(held.returns.len()),
    };
    Ok((figures, missing))
}

/// The share of each lot: that of what moves it, by its part of that exposure.
fn components(inputs: &RiskInputs, held: &HoldingsSeries) -> Result<Vec<VarComponent>, Absent> {
    let (weighting, centring) = (covariance::Weighting::Equal, covariance::Centring::SampleMean);
    let matrix = covariance::covariance_matrix(&held.panel.view()?, weighting, centring)?;
    let split = risk_contributions(&matrix, &held.weights)?;
    let mut components = Vec::new();
    for (place, share) in held.places.iter().zip(&split.shares) {
        let Some(merged) = inputs.merged.get(*place) else { continue };
        for lot in merged.lots.iter().filter_map(|lot| inputs.lots.get(*lot)) {
            let Ok(exposure) = lot.exposure else { continue };
            components.push(VarComponent {
                position_id: lot.position_id,
                symbol: merged.symbol.to_string(),
                share: share * exposure / merged.exposure,
            });
        }
    }
    Ok(components)
}
