//! Risk of many books over the same symbols: what belongs to a symbol is computed once and shared.

use std::num::NonZero;

use crate::convention::{Convention, PERIODS_DAILY};
use crate::covariance::{Centring, Weighting, correlation_of, covariance_matrix};
use crate::figure::{Because, Figure, Unavailable};
use crate::linear::Symmetric;
use crate::panel::Panel;
use crate::ratios::{sharpe, volatility};
use crate::regression::{Design, StandardErrors};
use crate::returns::simple_returns;
use crate::sample::Sample;
use crate::sum::Sum;
use crate::var::{OrderedReturns, TAIL_95_RETURNS_MIN, Tail, parametric_tail};
use crate::wealth::WealthPath;

/// Confidence of the tails.
const CONFIDENCE: f64 = 0.95;

/// The symbols of all books over one window: their returns, betas and correlations.
#[derive(Debug, Clone, PartialEq)]
pub struct Universe {
    returns: Vec<Vec<f64>>,
    betas: Vec<f64>,
    correlation: Symmetric,
}

/// A book: symbols by their place in the universe, and signed exposures over equity, one each.
#[derive(Debug, Clone, PartialEq)]
pub struct Holdings {
    /// Places in the universe.
    pub symbols: Vec<usize>,
    /// Signed exposures over equity, fractions.
    pub weights: Vec<f64>,
}

/// What [`Universe::risks`] finds of a book, had it been held as it stands through the window.
#[derive(Debug, Clone, PartialEq)]
pub struct BookRisk {
    /// Σ w β on the market.
    pub beta: f64,
    /// A fraction a year.
    pub volatility: Figure,
    /// Annualised, without a risk-free rate.
    pub sharpe: Figure,
    /// Of the days that were, at 95 %.
    pub historical: Result<Tail, Unavailable>,
    /// Of a normal distribution with their mean and deviation, at 95 %.
    pub parametric: Result<Tail, Unavailable>,
    /// The deepest fall: a fraction from -1 to 0.
    pub max_drawdown: Figure,
    /// Correlations of the positions, row by row in their order.
    pub correlation: Vec<f64>,
}

impl Universe {
    /// Prepares symbols by their `closes`, a column each without gaps, and those of the `market` over the same sessions.
    ///
    /// # Errors
    /// `LengthsDiffer`, `EquityNotPositive` for a close that is not above zero, `TooFewReturns`, `ZeroDeviation` for a
    /// symbol or market that does not vary, `NotFinite`.
    pub fn of(closes: &Panel<'_>, market: &[f64]) -> Result<Self, Unavailable> {
        if market.len() != closes.rows() {
            return Err(Because::LengthsDiffer.into());
        }
        let returns = closes.columns().map(simple_returns).collect::<Result<Vec<_>, _>>()?;
        let market = simple_returns(market)?;
        let design = Design::new(&Panel::new(&market, market.len())?)?;
        let beta = |returns: &Vec<f64>| {
            let fit = design.fit(returns, StandardErrors::Classical)?;
            fit.slopes.first().map(|slope| slope.value).ok_or(Because::TooFewSeries { needed: 1 }.into())
        };
        let betas = returns.iter().map(beta).collect::<Result<_, Unavailable>>()?;
        let values = returns.concat();
        let panel = Panel::new(&values, market.len())?;
        let correlation =
            correlation_of(&covariance_matrix(&panel, Weighting::Equal, Centring::SampleMean)?)?;
        Ok(Self { returns, betas, correlation })
    }

    /// The risk of one book.
    ///
    /// # Errors
    /// `LengthsDiffer` unless there is a weight per symbol, `UnknownIndex`, `NoPositions`, `NotFinite`.
    pub fn risk(&self, book: &Holdings) -> Result<BookRisk, Unavailable> {
        if book.symbols.len() != book.weights.len() {
            return Err(Because::LengthsDiffer.into());
        }
        let days = self.returns.first().ok_or(Because::NoPositions)?.len();
        let (mut returns, mut beta) = (vec![0.0; days], Sum::default());
        let mut correlation = Vec::with_capacity(book.symbols.len() * book.symbols.len());
        for (symbol, weight) in book.symbols.iter().zip(&book.weights) {
            let series = self.returns.get(*symbol).ok_or(Because::UnknownIndex)?;
            returns.iter_mut().zip(series).for_each(|(sum, value)| *sum += weight * value);
            beta.add_product(*weight, *self.betas.get(*symbol).ok_or(Because::UnknownIndex)?);
            let row = self.correlation.rows().nth(*symbol).ok_or(Because::UnknownIndex)?;
            for other in &book.symbols {
                correlation.push(*row.get(*other).ok_or(Because::UnknownIndex)?);
            }
        }
        let sample = Sample::of(&returns)?;
        let convention = Convention::standard(PERIODS_DAILY);
        Ok(BookRisk {
            beta: beta.total()?,
            volatility: volatility(&sample, &convention),
            sharpe: sharpe(&sample, &convention),
            historical: OrderedReturns::of(&returns)?.tail(CONFIDENCE, TAIL_95_RETURNS_MIN),
            parametric: parametric_tail(&sample, CONFIDENCE),
            max_drawdown: WealthPath::of(&returns).map(|path| path.max_drawdown),
            correlation,
        })
    }

    /// [`Self::risk`] of every book in order, on so many threads; their number does not change a bit.
    pub fn risks(&self, books: &[Holdings], threads: NonZero<usize>) -> Vec<Result<BookRisk, Unavailable>> {
        let part = books.len().div_ceil(threads.get()).max(1);
        let mut risks = vec![Err(Because::NoPositions.into()); books.len()];
        std::thread::scope(|scope| {
            for (books, risks) in books.chunks(part).zip(risks.chunks_mut(part)) {
                scope.spawn(move || {
                    for (book, risk) in books.iter().zip(risks) {
                        *risk = self.risk(book);
                    }
                });
            }
        });
        risks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SESSIONS: usize = 121;

    fn closes(speed: f64) -> Vec<f64> {
        (0..SESSIONS as u32).map(|day| 100.0 + 5.0 * libm::sin(speed * f64::from(day))).collect()
    }

    fn universe() -> Universe {
        let values = [closes(0.3), closes(0.7), closes(1.1)].concat();
        Universe::of(&Panel::new(&values, SESSIONS).unwrap(), &closes(0.3)).unwrap()
    }

    fn holdings(symbols: &[usize], weights: &[f64]) -> Holdings {
        Holdings { symbols: symbols.to_vec(), weights: weights.to_vec() }
    }

    #[test]
    fn a_book_of_the_market_has_its_beta_and_twice_of_it_twice_the_risk() {
        let universe = universe();
        let one = universe.risk(&holdings(&[0], &[1.0])).unwrap();
        let two = universe.risk(&holdings(&[0], &[2.0])).unwrap();
        assert!((one.beta - 1.0).abs() < 1e-12);
        assert!((two.volatility.unwrap() - 2.0 * one.volatility.unwrap()).abs() < 1e-12);
        assert!((two.sharpe.unwrap() - one.sharpe.unwrap()).abs() < 1e-12);
        let tail = |risk: &BookRisk| risk.historical.unwrap().value_at_risk;
        assert!((tail(&two) - 2.0 * tail(&one)).abs() < 1e-15);
    }

    #[test]
    fn threads_change_nothing() {
        let universe = universe();
        let books: Vec<Holdings> =
            (0..7).map(|book| holdings(&[2, 0, 1], &[0.1 * f64::from(book), 0.5, -0.2])).collect();
        let alone = universe.risks(&books, NonZero::new(1).unwrap());
        assert_eq!(universe.risks(&books, NonZero::new(3).unwrap()), alone);
        let first = alone[0].as_ref().unwrap();
        assert_eq!(first.correlation[0], 1.0);
        assert_eq!(first.correlation[1], first.correlation[3]);
    }

    #[test]
    fn what_is_no_book_is_refused() {
        let universe = universe();
        assert_eq!(universe.risk(&holdings(&[9], &[1.0])), Err(Because::UnknownIndex.into()));
        assert_eq!(universe.risk(&holdings(&[0], &[])), Err(Because::LengthsDiffer.into()));
        let panel = closes(0.3);
        let panel = Panel::new(&panel, SESSIONS).unwrap();
        assert_eq!(Universe::of(&panel, &[1.0]), Err(Because::LengthsDiffer.into()));
    }
}
