//! Implied volatilities of many options at once, as columns.
//!
//! The search of every option runs through the same straight-line code as that of a single one, in blocks that the compiler
//! turns into the widest vector instructions that the processor has; whose search is over stays as it is until
//! the others of its block are done.

use fearless_simd::{Level, dispatch};

use super::root::{Quote, Root, STEPS_MAX};
use super::{ImpliedVolatility, verdict};
use crate::options::{OptionKind, OptionMarket, OptionRefusal, OptionTerms};

/// Options with their prices, a row each; the columns have one length. Units are those of [`OptionTerms`] and
/// [`OptionMarket`].
#[derive(Debug, Clone, Copy)]
pub struct QuoteColumns<'a> {
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
    /// Price per share.
    pub price: &'a [f64],
}

/// What [`implied_volatility`](super::implied_volatility) says of each row, with the same bits. Refused as a whole only if
/// the columns differ in length.
pub fn implied_volatilities(
    quotes: &QuoteColumns<'_>,
) -> Result<Vec<Result<ImpliedVolatility, OptionRefusal>>, OptionRefusal> {
    let rows = quotes.kind.len();
    let columns =
        [quotes.spot, quotes.strike, quotes.years, quotes.rate, quotes.dividend_yield, quotes.price];
    if columns.iter().any(|column| column.len() != rows) {
        return Err(OptionRefusal::LengthsDiffer);
    }
    let mut found = Vec::with_capacity(rows);
    let mut block = Block::default();
    for start in (0..rows).step_by(BLOCK) {
        let kinds = quotes.kind.get(start..rows.min(start + BLOCK)).unwrap_or_default();
        block.fill(kinds, &columns.map(|column| column.get(start..).unwrap_or_default()));
        block.search();
        found.extend(kinds.iter().enumerate().map(|(at, kind)| block.verdict(*kind, at)));
    }
    Ok(found)
}

/// Rows of a block: few, because the slowest search keeps the others waiting, and two of the widest registers at least.
const BLOCK: usize = 32;

/// So many columns of a block.
type Columns<const N: usize> = [[f64; BLOCK]; N];

/// One block of rows, as columns.
struct Block {
    /// Sign, spot, strike, years, rate, dividend yield, price.
    inputs: Columns<7>,
    quotes: Columns<9>,
    roots: Columns<8>,
}

impl Default for Block {
    fn default() -> Self {
        Self { inputs: [[1.0; BLOCK]; 7], quotes: [[0.0; BLOCK]; 9], roots: [[0.0; BLOCK]; 8] }
    }
}

impl Block {
    /// Takes the first rows of the columns. What the block holds beyond them is left from before.
    fn fill(&mut self, kinds: &[OptionKind], columns: &[&[f64]; 6]) {
        let [sign, inputs @ ..] = &mut self.inputs;
        sign.iter_mut().zip(kinds).for_each(|(cell, kind)| *cell = kind.sign());
        for (cells, column) in inputs.iter_mut().zip(columns) {
            cells.iter_mut().zip(*column).for_each(|(cell, value)| *cell = *value);
        }
    }

    fn search(&mut self) {
        dispatch!(Level::new(), _ => self.start());
        for _ in 0..STEPS_MAX {
            if !dispatch!(Level::new(), _ => self.advance()) {
                break;
            }
        }
    }

    #[inline(always)]
    fn start(&mut self) {
        for at in 0..BLOCK {
            let [sign, spot, strike, years, rate, dividend_yield, price] = row(&self.inputs, at);
            let quote = Quote::of(sign, spot, strike, years, rate, dividend_yield, price);
            put(&mut self.quotes, at, quote.row());
        }
        for at in 0..BLOCK {
            put(&mut self.roots, at, Root::of(&Quote::of_row(row(&self.quotes, at))).row());
        }
    }

    /// Whether any search goes on.
    #[inline(always)]
    fn advance(&mut self) -> bool {
        let mut on = 0.0;
        for at in 0..BLOCK {
            let mut root = Root::of_row(row(&self.roots, at));
            root.advance(&Quote::of_row(row(&self.quotes, at)));
            put(&mut self.roots, at, root.row());
        }
        let [.., done] = &self.roots;
        for done in done {
            on += 1.0 - done;
        }
        on > 0.0
    }

    fn verdict(&self, kind: OptionKind, at: usize) -> Result<ImpliedVolatility, OptionRefusal> {
        let [_, spot, strike, years, rate, dividend_yield, price] = row(&self.inputs, at);
        let terms = OptionTerms { kind, strike, years };
        let market = OptionMarket { spot, rate, dividend_yield };
        let (quote, root) = (Quote::of_row(row(&self.quotes, at)), Root::of_row(row(&self.roots, at)));
        verdict(&terms, &market, price, &quote, &root)
    }
}

#[inline(always)]
fn row<const N: usize>(columns: &Columns<N>, at: usize) -> [f64; N] {
    std::array::from_fn(|column| {
        columns.get(column).and_then(|cells| cells.get(at)).copied().unwrap_or_default()
    })
}

#[inline(always)]
fn put<const N: usize>(columns: &mut Columns<N>, at: usize, values: [f64; N]) {
    for (cells, value) in columns.iter_mut().zip(values) {
        if let Some(cell) = cells.get_mut(at) {
            *cell = value;
        }
    }
}
