//! Risk of many books over the same symbols: what belongs to a symbol is computed once and shared.

use std::num::NonZero;

use crate::convention::{Convention, PERIODS_DAILY};
use crate::figure::{Because, Figure, Unavailable, finite};
use crate::linear::standardise;
use crate::panel::Panel;
use crate::products::{all_products, cross_products};
use crate::ratios::{sharpe, volatility};
use crate::returns::{add_weighted, simple_returns, simple_returns_into};
use crate::sample::Sample;
use crate::sum::Sum;
use crate::var::{TAIL_95_RETURNS_MIN, Tail, historical_tail, parametric_tail};
use crate::wealth::max_drawdown;

/// Confidence of the tails.
const CONFIDENCE: f64 = 0.95;

/// The symbols of all books over one window: their returns, betas and correlations.
#[derive(Debug, Clone, PartialEq)]
pub struct Universe {
    days: usize,
    /// Symbol after symbol.
    returns: Vec<f64>,
    betas: Vec<f64>,
    /// Row after row.
    correlation: Vec<f64>,
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
        let mut market = simple_returns(market)?;
        let days = market.len();
        let (_, market_norm) = standardise(&mut market)?;
        let mut returns = vec![0.0; closes.size() * days];
        for (closes, returns) in closes.columns().zip(returns.chunks_exact_mut(days)) {
            simple_returns_into(closes, returns)?;
        }
        let mut standardised = returns.clone();
        let norms = standardised
            .chunks_exact_mut(days)
            .map(|column| standardise(column).map(|(_, norm)| norm))
            .collect::<Result<Vec<_>, _>>()?;
        let columns: Vec<&[f64]> = standardised.chunks_exact(days).collect();
        // β = ρ σ / σ_market.
        let betas = cross_products(&columns, &[&market])
            .iter()
            .zip(&norms)
            .map(|(rho, norm)| finite(rho * norm / market_norm))
            .collect::<Result<_, _>>()?;
        let mut correlation = all_products(&columns);
        correlation.iter_mut().for_each(|cell| *cell = cell.clamp(-1.0, 1.0));
        correlation.iter_mut().step_by(columns.len() + 1).for_each(|cell| *cell = 1.0);
        Ok(Self { days, returns, betas, correlation })
    }

    /// The risk of one book.
    ///
    /// # Errors
    /// `LengthsDiffer` unless there is a weight per symbol, `UnknownIndex`, `NoPositions`, `NotFinite`.
    pub fn risk(&self, book: &Holdings) -> Result<BookRisk, Unavailable> {
        self.risk_with(book, &mut Workspace::default(), Vec::new())
    }

    /// [`Self::risk`] of every book in order, on so many threads; their number does not change a bit.
    pub fn risks(&self, books: &[Holdings], threads: NonZero<usize>) -> Vec<Result<BookRisk, Unavailable>> {
        let mut risks = Vec::new();
        self.evaluate(books, threads, &mut risks);
        risks
    }

    /// [`Self::risks`] in place of those of other books, in the memory that is there already.
    pub fn evaluate(
        &self,
        books: &[Holdings],
        threads: NonZero<usize>,
        risks: &mut Vec<Result<BookRisk, Unavailable>>,
    ) {
        risks.resize(books.len(), Err(Because::NoPositions.into()));
        let part = books.len().div_ceil(threads.get()).max(1);
        let mut parts = books.chunks(part).zip(risks.chunks_mut(part));
        // The first part is this thread's own.
        let own = parts.next();
        std::thread::scope(|scope| {
            for (books, risks) in parts {
                scope.spawn(|| self.evaluate_part(books, risks));
            }
            if let Some((books, risks)) = own {
                self.evaluate_part(books, risks);
            }
        });
    }

    fn evaluate_part(&self, books: &[Holdings], risks: &mut [Result<BookRisk, Unavailable>]) {
        let mut workspace = Workspace::default();
        for (book, risk) in books.iter().zip(risks) {
            let cells = risk.as_mut().map(|risk| std::mem::take(&mut risk.correlation)).unwrap_or_default();
            *risk = self.risk_with(book, &mut workspace, cells);
        }
    }

    fn risk_with<'a>(
        &'a self,
        book: &Holdings,
        workspace: &mut Workspace<'a>,
        mut correlation: Vec<f64>,
    ) -> Result<BookRisk, Unavailable> {
        if book.symbols.len() != book.weights.len() {
            return Err(Because::LengthsDiffer.into());
        }
        if self.betas.is_empty() {
            return Err(Because::NoPositions.into());
        }
        let Workspace { series, returns, buffer } = workspace;
        series.clear();
        let mut beta = Sum::default();
        for (symbol, weight) in book.symbols.iter().zip(&book.weights) {
            let start = symbol.checked_mul(self.days).ok_or(Because::UnknownIndex)?;
            series.push(
                self.returns
                    .get(start..)
                    .and_then(|rest| rest.get(..self.days))
                    .ok_or(Because::UnknownIndex)?,
            );
            beta.add_product(*weight, *self.betas.get(*symbol).ok_or(Because::UnknownIndex)?);
        }
        self.correlations(&book.symbols, &mut correlation)?;
        returns.resize(self.days, 0.0);
        add_weighted(series, &book.weights, returns);
        let sample = Sample::of(returns)?;
        let convention = Convention::standard(PERIODS_DAILY);
        Ok(BookRisk {
            beta: beta.total()?,
            volatility: volatility(&sample, &convention),
            sharpe: sharpe(&sample, &convention),
            historical: historical_tail(returns, CONFIDENCE, TAIL_95_RETURNS_MIN, buffer),
            parametric: parametric_tail(&sample, CONFIDENCE),
            max_drawdown: max_drawdown(returns),
            correlation,
        })
    }

    /// Fills `cells` with the correlations of the symbols, row by row.
    fn correlations(&self, symbols: &[usize], cells: &mut Vec<f64>) -> Result<(), Unavailable> {
        let (size, positions) = (self.betas.len(), symbols.len());
        cells.clear();
        for (at, symbol) in symbols.iter().enumerate() {
            let start = symbol.checked_mul(size).ok_or(Because::UnknownIndex)?;
            let row = self.correlation.get(start..).and_then(|rest| rest.get(..size));
            let row = row.ok_or(Because::UnknownIndex)?;
            // What is below the diagonal was read above it, and is nearer here than in the matrix of all.
            for other in 0..at {
                cells.push(cells.get(other * positions + at).copied().unwrap_or(f64::NAN));
            }
            let others = symbols.get(at..).unwrap_or_default();
            cells.extend(others.iter().map(|other| row.get(*other).copied().unwrap_or(f64::NAN)));
        }
        // A symbol that is not there was found as a row.
        Ok(())
    }
}

/// What the books of a thread are computed in.
#[derive(Default)]
struct Workspace<'a> {
    series: Vec<&'a [f64]>,
    returns: Vec<f64>,
    buffer: Vec<f64>,
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
