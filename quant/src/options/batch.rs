//! Values and Greeks of many options at once, as columns.
//!
//! The rows run through the same straight-line code as a single option, in blocks that stay in the first cache and that
//! the compiler turns into the widest vector instructions that the processor has; a row has the same bits here and in [`greeks`]. Rows
//! to which the formula does not apply are taken out and go through [`greeks`] one by one.

use fearless_simd::{Level, dispatch};

use crate::options::black_scholes::Common;
use crate::options::greeks::{FirstGreeks, Greeks, greeks};
use crate::options::{OptionKind, OptionMarket, OptionRefusal, OptionTerms};

/// Options, a row each; the columns have one length. Units are those of [`OptionTerms`] and [`OptionMarket`].
#[derive(Debug, Clone, Copy)]
pub struct OptionColumns<'a> {
    /// Call or put.
    pub kind: &'a [OptionKind],
    /// Price of the underlying.
    pub spot: &'a [f64],
    /// Strike.
    pub strike: &'a [f64],
    /// Years to expiry.
    pub years: &'a [f64],
    /// Risk-free rate, continuous.
    pub rate: &'a [f64],
    /// Dividend yield, continuous.
    pub dividend_yield: &'a [f64],
    /// Volatility a year.
    pub volatility: &'a [f64],
}

/// Values and Greeks per share in the plain units of [`Greeks`], a row per option in the order of the input.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GreekColumns {
    /// Values.
    pub price: Vec<f64>,
    /// ∂V/∂S.
    pub delta: Vec<f64>,
    /// ∂²V/∂S².
    pub gamma: Vec<f64>,
    /// -∂V/∂T, a year.
    pub theta: Vec<f64>,
    /// Per 1.00 of volatility.
    pub vega: Vec<f64>,
    /// Per 1.00 of the rate.
    pub rho: Vec<f64>,
}

/// What [`greek_columns`] found: columns, and the rows that have no numbers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PricedColumns {
    columns: GreekColumns,
    refused: Vec<(usize, OptionRefusal)>,
}

impl PricedColumns {
    /// Replaces what is here by the values and Greeks of other options, in the memory that is here already; see
    /// [`greek_columns`]. If that refuses the columns, nothing is left.
    pub fn evaluate(&mut self, options: &OptionColumns<'_>) -> Result<(), OptionRefusal> {
        let Self { columns, refused } = self;
        columns.all_mut().into_iter().for_each(Vec::clear);
        refused.clear();
        let rows = options.rows()?;
        columns.all_mut().into_iter().for_each(|column| column.reserve(rows));
        let mut apart = Vec::new();
        let mut block = Block::default();
        for start in (0..rows).step_by(BLOCK) {
            let filled = block.fill(options, start);
            block.evaluate();
            for (column, values) in columns.all_mut().into_iter().zip(block.results()) {
                column.extend_from_slice(values.get(..filled).unwrap_or_default());
            }
            apart.extend(block.outside().filter(|row| *row < filled).map(|row| start + row));
        }
        for row in apart {
            match options.row(row).and_then(|(terms, market, volatility)| greeks(&terms, &market, volatility))
            {
                Ok(values) => columns.set(row, &values),
                Err(refusal) => refused.push((row, refusal)),
            }
        }
        Ok(())
    }

    /// The columns, if every row has numbers; the first refused row and why, otherwise.
    pub fn complete(&self) -> Result<&GreekColumns, (usize, OptionRefusal)> {
        self.refused.first().map_or(Ok(&self.columns), |first| Err(*first))
    }

    /// The refused rows in rising order, and why.
    pub fn refused(&self) -> &[(usize, OptionRefusal)] {
        &self.refused
    }

    /// The columns with the refused rows left out, so that they hold numbers only, and how many rows are left.
    pub fn without_refused(mut self) -> GreekColumns {
        let mut refused = self.refused.iter().map(|(row, _)| *row).peekable();
        let keep: Vec<bool> =
            (0..self.columns.price.len()).map(|row| refused.next_if_eq(&row).is_none()).collect();
        for column in self.columns.all_mut() {
            let mut kept = keep.iter();
            column.retain(|_| kept.next().copied().unwrap_or(true));
        }
        self.columns
    }
}

impl GreekColumns {
    fn all_mut(&mut self) -> [&mut Vec<f64>; 6] {
        [&mut self.price, &mut self.delta, &mut self.gamma, &mut self.theta, &mut self.vega, &mut self.rho]
    }

    fn set(&mut self, row: usize, greeks: &Greeks) {
        let values = [greeks.price, greeks.delta, greeks.gamma, greeks.theta, greeks.vega, greeks.rho];
        for (column, value) in self.all_mut().into_iter().zip(values) {
            if let Some(cell) = column.get_mut(row) {
                *cell = value;
            }
        }
    }
}

/// Values and Greeks of all rows. Refused as a whole only if the columns differ in length.
pub fn greek_columns(options: &OptionColumns<'_>) -> Result<PricedColumns, OptionRefusal> {
    let mut priced = PricedColumns::default();
    priced.evaluate(options)?;
    Ok(priced)
}

impl OptionColumns<'_> {
    /// How many there are.
    fn rows(&self) -> Result<usize, OptionRefusal> {
        let lengths = [
            self.spot.len(),
            self.strike.len(),
            self.years.len(),
            self.rate.len(),
            self.dividend_yield.len(),
            self.volatility.len(),
        ];
        let rows = self.kind.len();
        if lengths.iter().all(|length| *length == rows) {
            Ok(rows)
        } else {
            Err(OptionRefusal::LengthsDiffer)
        }
    }

    fn row(&self, row: usize) -> Result<(OptionTerms, OptionMarket, f64), OptionRefusal> {
        let cell = |column: &[f64]| column.get(row).copied().ok_or(OptionRefusal::LengthsDiffer);
        let kind = self.kind.get(row).copied().ok_or(OptionRefusal::LengthsDiffer)?;
        let terms = OptionTerms { kind, strike: cell(self.strike)?, years: cell(self.years)? };
        let market = OptionMarket {
            spot: cell(self.spot)?,
            rate: cell(self.rate)?,
            dividend_yield: cell(self.dividend_yield)?,
        };
        Ok((terms, market, cell(self.volatility)?))
    }
}

/// Rows of a block: large enough to keep the pipelines full, small enough for the first cache.
const BLOCK: usize = 64;
type Column = [f64; BLOCK];

/// One block of rows. Arrays of known length that nothing else points to: the compiler needs no checks.
struct Block {
    sign: Column,
    spot: Column,
    strike: Column,
    years: Column,
    rate: Column,
    dividend_yield: Column,
    volatility: Column,
    price: Column,
    delta: Column,
    gamma: Column,
    theta: Column,
    vega: Column,
    rho: Column,
}

impl Default for Block {
    fn default() -> Self {
        let ones = [1.0; BLOCK];
        Self {
            sign: ones,
            spot: ones,
            strike: ones,
            years: ones,
            rate: ones,
            dividend_yield: ones,
            volatility: ones,
            price: ones,
            delta: ones,
            gamma: ones,
            theta: ones,
            vega: ones,
            rho: ones,
        }
    }
}

impl Block {
    /// Takes the rows from `start` on; how many there were. What the block holds beyond them is left from before.
    fn fill(&mut self, options: &OptionColumns<'_>, start: usize) -> usize {
        let pairs = [
            (&mut self.spot, options.spot),
            (&mut self.strike, options.strike),
            (&mut self.years, options.years),
            (&mut self.rate, options.rate),
            (&mut self.dividend_yield, options.dividend_yield),
            (&mut self.volatility, options.volatility),
        ];
        for (cells, column) in pairs {
            for (cell, value) in cells.iter_mut().zip(column.iter().skip(start)) {
                *cell = *value;
            }
        }
        for (cell, kind) in self.sign.iter_mut().zip(options.kind.iter().skip(start)) {
            *cell = kind.sign();
        }
        BLOCK.min(options.kind.len() - start)
    }

    fn evaluate(&mut self) {
        dispatch!(Level::new(), _ => self.apply());
    }

    #[inline(always)]
    fn apply(&mut self) {
        let inputs = self.sign.iter().zip(&self.spot).zip(&self.strike).zip(&self.years);
        let inputs = inputs.zip(&self.rate).zip(&self.dividend_yield).zip(&self.volatility);
        let outputs = self.price.iter_mut().zip(&mut self.delta).zip(&mut self.gamma);
        let outputs = outputs.zip(&mut self.theta).zip(&mut self.vega).zip(&mut self.rho);
        for (input, output) in inputs.zip(outputs) {
            let ((((((sign, spot), strike), years), rate), dividend_yield), volatility) = input;
            let (((((price, delta), gamma), theta), vega), rho) = output;
            let common = Common::of(*sign, *spot, *strike, *years, *rate, *dividend_yield, *volatility);
            let first = FirstGreeks::of(&common, *spot, *years, *rate, *dividend_yield, *volatility);
            *price = common.value;
            *delta = first.delta;
            *gamma = first.gamma;
            *theta = first.theta;
            *vega = first.vega;
            *rho = first.rho;
        }
    }

    fn results(&self) -> [&Column; 6] {
        [&self.price, &self.delta, &self.gamma, &self.theta, &self.vega, &self.rho]
    }

    /// The rows to which the formula does not apply, or whose result is not finite.
    fn outside(&self) -> impl Iterator<Item = usize> {
        let inputs = self.spot.iter().zip(&self.strike).zip(&self.years).zip(&self.volatility);
        let results = self.price.iter().zip(&self.gamma).zip(&self.theta).zip(&self.rho);
        inputs.zip(results).enumerate().filter_map(|(row, (input, result))| {
            let (((spot, strike), years), volatility) = input;
            let (((price, gamma), theta), rho) = result;
            let inside = *spot > 0.0
                && *strike > 0.0
                && *years > 0.0
                && *volatility > 0.0
                && (spot + strike + years + volatility).is_finite()
                && (price + gamma + theta + rho).is_finite();
            (!inside).then_some(row)
        })
    }
}
