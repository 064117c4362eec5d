//! Everything that the price history of a book says about it, from one call that shares what its figures have in common.
//!
//! The figures are those of the crate's other modules, with their conventions; a figure that has no number has its
//! reason, and the others are there nevertheless.

use crate::beta::BETA_WINDOW;
use crate::concentration::{Concentration, concentration};
use crate::convention::Convention;
use crate::correlation::CorrelationMatrix;
use crate::covariance::{Centring, EWMA_LAMBDA, EWMA_WINDOW, Weighting, correlation_of, covariance_matrix};
use crate::diversification::{
    WeightedCorrelation, diversification_ratio, effective_positions, weighted_correlation,
};
use crate::factors::{JOINT_WINDOW, JointBetas, JointFactors};
use crate::figure::{Because, Figure, Unavailable, finite, positive};
use crate::har::{self, Har};
use crate::linear::Symmetric;
use crate::panel::{Panel, last};
use crate::ratios::{sharpe, sortino};
use crate::regression::{Design, Line, StandardErrors};
use crate::returns::{recent_returns, simple_returns_into, weighted_returns};
use crate::ridge::RidgeFit;
use crate::risk_contributions::{RiskContributions, risk_contributions};
use crate::sample::{Estimator, Sample};
use crate::stress::{Pricing, Shock, Stress, StressPosition, stress};
use crate::var::{OrderedReturns, TAIL_95_RETURNS_MIN, TAIL_99_RETURNS_MIN, Tail, parametric_tail};
use crate::volatility::{EWMA_DAILY_DECAY, EwmaStart, Trend, ewma, realised, trend};
use crate::wealth::WealthPath;

/// Sessions of the realised volatilities: a month, a quarter, a year.
pub const VOLATILITY_SESSIONS: [usize; 3] = [21, 63, 252];
/// Sessions ahead of Corsi's forecasts: a day, a week, a month.
pub const CORSI_HORIZONS: [usize; 3] = [1, 5, 22];
/// Confidences of the tails.
pub const CONFIDENCES: [f64; 2] = [0.95, 0.99];

/// A book, and what its prices and those of its factors were. All columns are over the same sessions.
#[derive(Debug, Clone, Copy)]
pub struct BookHistory<'a> {
    /// Closes of the positions, a column each, without gaps.
    pub closes: Panel<'a>,
    /// Signed exposures in money, one per position.
    pub exposures: &'a [f64],
    /// What they are counted on, in money, above zero.
    pub equity: f64,
    /// Closes of the market.
    pub market: &'a [f64],
    /// Closes of the styles' funds.
    pub styles: &'a [&'a [f64]],
    /// Given shocks of each scenario: factor 0 is the market, the styles follow.
    pub scenarios: &'a [Vec<Shock>],
    /// How returns become ratios a year.
    pub convention: Convention,
}

/// What [`analyse`] found.
#[derive(Debug, Clone, PartialEq)]
pub struct BookAnalysis {
    /// Simple returns of the book as it stands, had it been held so through all sessions.
    pub returns: Vec<f64>,
    /// How much it moves.
    pub volatility: BookVolatility,
    /// What its moves bring.
    pub reward: BookReward,
    /// Its worst days.
    pub tails: BookTails,
    /// How its positions move together.
    pub dependence: Result<Dependence, Unavailable>,
    /// How much of it a few positions are.
    pub concentration: Result<Concentration, Unavailable>,
    /// Line of each position on the market over the window of [`BETA_WINDOW`].
    pub market_lines: Vec<Result<Line, Unavailable>>,
    /// What it owes to the factors.
    pub factors: Result<FactorModel, Unavailable>,
}

/// Volatilities a year.
#[derive(Debug, Clone, PartialEq)]
pub struct BookVolatility {
    /// Over the last [`VOLATILITY_SESSIONS`].
    pub realised: [Figure; 3],
    /// Where the monthly one is heading.
    pub trend: Result<Trend, Unavailable>,
    /// Exponentially weighted.
    pub ewma: Figure,
    /// The adopted forecast of the coming month.
    pub month_ahead: Result<Har, Unavailable>,
    /// Corsi's forecasts of the daily variance over [`CORSI_HORIZONS`].
    pub corsi: [Result<Har, Unavailable>; 3],
}

/// Reward over risk, and the falls on the way.
#[derive(Debug, Clone, PartialEq)]
pub struct BookReward {
    /// Annualised.
    pub sharpe: Figure,
    /// Annualised.
    pub sortino: Figure,
    /// Growth and drawdowns.
    pub wealth: Result<WealthPath, Unavailable>,
}

/// The distribution of the daily returns, losses foremost.
#[derive(Debug, Clone, PartialEq)]
pub struct BookTails {
    /// Of the days that were, at [`CONFIDENCES`].
    pub historical: [Result<Tail, Unavailable>; 2],
    /// Of a normal distribution with their mean and deviation.
    pub parametric: [Result<Tail, Unavailable>; 2],
    /// Asymmetry, corrected for the size of the sample.
    pub skewness: Figure,
    /// Weight of the tails beyond a normal distribution's, corrected likewise.
    pub excess_kurtosis: Figure,
    /// Reach of the gains over that of the losses.
    pub tail_ratio: Figure,
    /// Worst day.
    pub worst: f64,
    /// Best day.
    pub best: f64,
}

/// What covariances of the positions say. All sessions weigh the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Dependence {
    /// Correlations of the positions' simple returns.
    pub correlation: CorrelationMatrix,
    /// Their mean, weighted by the book.
    pub weighted: Result<WeightedCorrelation, Unavailable>,
    /// As many uncorrelated equal positions are as diversified.
    pub effective_positions: Figure,
    /// What offsetting moves save.
    pub diversification_ratio: Figure,
    /// Parts of each position in the volatility of a session.
    pub contributions: Result<RiskContributions, Unavailable>,
    /// Parts of each position in the value at risk of the first of [`CONFIDENCES`] without drift, fractions of equity.
    pub component_var: Result<Vec<f64>, Unavailable>,
}

/// Joint betas over the window of [`JOINT_WINDOW`], and what follows from them.
#[derive(Debug, Clone, PartialEq)]
pub struct FactorModel {
    /// Of each position.
    pub betas: Vec<JointBetas>,
    /// The same by ridge regression, of which a large difference says that the factors hardly differ.
    pub ridge: Vec<RidgeFit>,
    /// What each scenario would do to the book.
    pub stress: Vec<Result<Stress, Unavailable>>,
}

/// Every figure of a book.
///
/// # Errors
/// `LengthsDiffer` unless there is an exposure per position and all columns have one length; `EquityNotPositive`, also
/// for a close that is not above zero; `TooFewReturns` below two sessions; `NotFinite`.
pub fn analyse(book: &BookHistory<'_>) -> Result<BookAnalysis, Unavailable> {
    let sessions = book.closes.rows();
    if book.exposures.len() != book.closes.size()
        || book.market.len() != sessions
        || book.styles.iter().any(|style| style.len() != sessions)
    {
        return Err(Because::LengthsDiffer.into());
    }
    positive(book.equity, Because::EquityNotPositive)?;
    let weights = book
        .exposures
        .iter()
        .map(|exposure| finite(exposure / book.equity))
        .collect::<Result<Vec<_>, _>>()?;
    let days = sessions.saturating_sub(1);
    let mut values = vec![0.0; days * book.closes.size()];
    for (closes, returns) in book.closes.columns().zip(values.chunks_exact_mut(days.max(1))) {
        simple_returns_into(closes, returns)?;
    }
    let series = Panel::new(&values, days)?;
    let columns: Vec<&[f64]> = series.columns().collect();
    let window = BETA_WINDOW.returns.max(JOINT_WINDOW.returns);
    let market = recent_returns(book.market, window)?;
    let styles =
        book.styles.iter().map(|style| recent_returns(style, window)).collect::<Result<Vec<_>, _>>()?;
    let returns = weighted_returns(&columns, &weights)?;
    let sample = Sample::of(&returns)?;
    Ok(BookAnalysis {
        volatility: BookVolatility::of(&returns),
        reward: BookReward {
            sharpe: sharpe(&sample, &book.convention),
            sortino: sortino(&sample, &book.convention),
            wealth: WealthPath::of(&returns),
        },
        tails: BookTails::of(&sample)?,
        dependence: Dependence::of(&series, &weights),
        concentration: concentration(book.exposures),
        market_lines: market_lines(&columns, &market),
        factors: FactorModel::of(book, &columns, &market, &styles),
        returns,
    })
}

impl BookVolatility {
    fn of(returns: &[f64]) -> Self {
        let squares = har::Squares::of(returns);
        Self {
            realised: VOLATILITY_SESSIONS.map(|sessions| realised(returns, sessions)),
            trend: trend(returns),
            ewma: ewma(returns, EWMA_DAILY_DECAY, EwmaStart::FirstSquare),
            month_ahead: squares.forecast_month(),
            corsi: CORSI_HORIZONS.map(|horizon| squares.realised_variance(horizon)),
        }
    }
}

impl BookTails {
    fn of(returns: &Sample<'_>) -> Result<Self, Unavailable> {
        let ordered = OrderedReturns::of(returns.values())?;
        let [often, seldom] = CONFIDENCES;
        Ok(Self {
            historical: [ordered.tail(often, TAIL_95_RETURNS_MIN), ordered.tail(seldom, TAIL_99_RETURNS_MIN)],
            parametric: CONFIDENCES.map(|confidence| parametric_tail(returns, confidence)),
            skewness: returns.skewness(Estimator::Unbiased),
            excess_kurtosis: returns.excess_kurtosis(Estimator::Unbiased),
            tail_ratio: ordered.tail_ratio(),
            worst: returns.lowest(),
            best: returns.highest(),
        })
    }
}

impl Dependence {
    fn of(series: &Panel<'_>, weights: &[f64]) -> Result<Self, Unavailable> {
        let covariance = covariance_matrix(series, Weighting::Equal, Centring::SampleMean)?;
        let complete = correlation_of(&covariance)?;
        let correlation = CorrelationMatrix::of_complete(&complete, series.rows() as u64);
        let contributions = risk_contributions(&covariance, weights);
        let [confidence, _] = CONFIDENCES;
        let component_var = contributions.as_ref().map_err(|unavailable| *unavailable).and_then(|parts| {
            parts.component_var(crate::var::normal_tail(0.0, parts.volatility, confidence)?.value_at_risk)
        });
        Ok(Self {
            weighted: weighted_correlation(&correlation, weights),
            correlation,
            effective_positions: effective_positions(&complete, weights),
            diversification_ratio: diversification_ratio(&covariance, weights),
            contributions,
            component_var,
        })
    }
}

fn market_lines(columns: &[&[f64]], market: &[f64]) -> Vec<Result<Line, Unavailable>> {
    let market = last(market, BETA_WINDOW.returns);
    let design = crate::moments::at_least(BETA_WINDOW.returns_min, market.len() as u64)
        .and_then(|()| Design::new(&Panel::new(market, market.len())?));
    let line = |returns: &&[f64]| match &design {
        Ok(design) => Line::of(design.fit(last(returns, BETA_WINDOW.returns), StandardErrors::Classical)?),
        Err(unavailable) => Err(*unavailable),
    };
    columns.iter().map(line).collect()
}

impl FactorModel {
    fn of(
        book: &BookHistory<'_>,
        columns: &[&[f64]],
        market: &[f64],
        styles: &[Vec<f64>],
    ) -> Result<Self, Unavailable> {
        let window = JOINT_WINDOW.returns;
        let styles: Vec<&[f64]> = styles.iter().map(|style| last(style, window)).collect();
        let factors = JointFactors::new(last(market, window), &styles, None)?;
        let recent: Vec<&[f64]> = columns.iter().map(|returns| last(returns, window)).collect();
        let (betas, ridge): (Vec<_>, Vec<_>) =
            factors.betas_and_ridge(&recent, StandardErrors::Classical)?.into_iter().unzip();
        let covariance = factor_covariance(&factors)?;
        let positions: Vec<StressPosition> = book
            .exposures
            .iter()
            .zip(&betas)
            .map(|(exposure, joint)| StressPosition {
                exposure: *exposure,
                betas: joint.betas.clone(),
                pricing: Pricing::Linear,
            })
            .collect();
        let stress =
            book.scenarios.iter().map(|given| stress(&positions, book.equity, &covariance, given)).collect();
        Ok(Self { betas, ridge, stress })
    }
}

/// By exponential weights about zero, which is what shocks spread by.
fn factor_covariance(factors: &JointFactors) -> Result<Symmetric, Unavailable> {
    let panel = factors.panel()?;
    let recent: Vec<f64> = panel.columns().flat_map(|column| last(column, EWMA_WINDOW)).copied().collect();
    let rows = panel.rows().min(EWMA_WINDOW);
    let weighting = Weighting::Exponential { lambda: EWMA_LAMBDA };
    covariance_matrix(&Panel::new(&recent, rows)?, weighting, Centring::Zero)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::convention::PERIODS_DAILY;

    const SESSIONS: usize = 400;

    /// Prices that wander on their own.
    fn closes(seed: u64) -> Vec<f64> {
        let mut generator = crate::monte_carlo::Generator::seeded(seed);
        let mut step = |price: &mut f64| {
            *price *= 1.0 + 0.01 * generator.normal();
            Some(*price)
        };
        std::iter::repeat_n((), SESSIONS).scan(100.0, |price, ()| step(price)).collect()
    }

    fn analysed(exposures: [f64; 3], equity: f64) -> Result<BookAnalysis, Unavailable> {
        let values = [closes(1), closes(2), closes(3)].concat();
        let (market, style) = (closes(4), closes(5));
        analyse(&BookHistory {
            closes: Panel::new(&values, SESSIONS)?,
            exposures: &exposures,
            equity,
            market: &market,
            styles: &[&style],
            scenarios: &[vec![Shock { factor: 0, size: -0.1 }], vec![Shock { factor: 9, size: 0.1 }]],
            convention: Convention::standard(PERIODS_DAILY),
        })
    }

    #[test]
    fn the_parts_add_up_to_the_whole() {
        let book = analysed([600.0, -200.0, 300.0], 1_000.0).unwrap();
        let dependence = book.dependence.unwrap();
        let deviation = Sample::of(&book.returns).unwrap().deviation(crate::Deviation::Sample).unwrap();
        let volatility = dependence.contributions.unwrap().volatility;
        assert!((volatility / deviation - 1.0).abs() < 1e-12);
        let components: f64 = dependence.component_var.unwrap().iter().sum();
        assert!((components / (1.644_853_626_951_472_7 * volatility) - 1.0).abs() < 1e-12);
        let factors = book.factors.unwrap();
        let fall = factors.stress[0].as_ref().unwrap();
        let linear: f64 = [600.0, -200.0, 300.0]
            .iter()
            .zip(&factors.betas)
            .map(|(exposure, joint)| exposure * joint.betas[0] * -0.1)
            .sum();
        assert!((fall.direct.total - linear).abs() < 1e-9);
    }

    #[test]
    fn the_opposite_book_has_the_opposite_returns_and_the_same_volatility() {
        let (long, short) =
            (analysed([1.0, 2.0, 3.0], 6.0).unwrap(), analysed([-1.0, -2.0, -3.0], 6.0).unwrap());
        assert!(long.returns.iter().zip(&short.returns).all(|(long, short)| *long == -short));
        assert_eq!(long.volatility.realised, short.volatility.realised);
        assert_eq!(long.tails.worst, -short.tails.best);
        assert_eq!(long.market_lines, short.market_lines);
    }

    #[test]
    fn what_has_no_number_leaves_the_rest() {
        let book = analysed([0.0; 3], 1.0).unwrap();
        assert_eq!(book.reward.sharpe, Err(Because::ZeroDeviation.into()));
        assert_eq!(book.concentration, Err(Because::NoPositions.into()));
        assert_eq!(book.reward.wealth.unwrap().max_drawdown, 0.0);
        let factors = book.factors.unwrap();
        assert_eq!(factors.stress[1], Err(Because::UnknownIndex.into()));
        assert_eq!(analysed([1.0; 3], 0.0), Err(Because::EquityNotPositive.into()));
    }
}
