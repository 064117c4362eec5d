//! Exact sums over windows of closes, computed once per set of bars and shared by all policies over it.

use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use super::View;
use crate::Price;
use crate::market::{Bars, Columns};

/// Closes up to a million have exact window statistics in 128 bits; columns beyond have none.
const SQUARED_CLOSE_MAX: Price = Price::from_units(100_000_000_000_000);

/// Prefix sums of the closes of every column, the last close carried forward where a symbol has no bar.
///
/// Answers are in units of [`Price`] and only about bars that the asking view knows to be complete.
#[derive(Debug)]
pub struct Indicators {
    bars: Arc<Bars>,
    sums: Vec<Prefix>,
    squares: OnceLock<Vec<Option<Prefix>>>,
}

/// Sums of what precedes each bar of the calendar; meaningful from the first close on.
#[derive(Debug)]
struct Prefix {
    first: usize,
    before: Vec<i128>,
}

/// Sum and sum of squares of the closes in a window, with the newest of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moments {
    /// The newest close.
    pub newest: i128,
    /// Sum of the closes.
    pub sum: i128,
    /// Sum of their squares.
    pub squares: i128,
}

impl Indicators {
    /// Sums over all columns of `bars`; sums of squares follow when first asked for.
    pub fn new(bars: Arc<Bars>) -> Self {
        let sums = bars.columns().iter().map(|columns| Prefix::of(columns, i128::from)).collect();
        Self { bars, sums, squares: OnceLock::new() }
    }

    /// Sum of the newest `window` closes of a column; `None` before it has had so many.
    pub fn window_sum(&self, view: &View<'_>, column: usize, window: usize) -> Option<i128> {
        self.known_to(view)?;
        self.sums.get(column)?.window(view.complete_bars(), window)
    }

    /// Moments of the newest `window` closes of a column; `None` before it has had so many, or where a close is
    /// above a million.
    pub fn moments(&self, view: &View<'_>, column: usize, window: usize) -> Option<Moments> {
        self.known_to(view)?;
        let end = view.complete_bars();
        let squares = self.squares.get_or_init(|| self.bars.columns().iter().map(squares_of).collect());
        Some(Moments {
            newest: self.sums.get(column)?.window(end, 1)?,
            sum: self.sums.get(column)?.window(end, window)?,
            squares: squares.get(column)?.as_ref()?.window(end, window)?,
        })
    }

    /// Whether the view looks at the same bars.
    fn known_to(&self, view: &View<'_>) -> Option<()> {
        let same = std::ptr::eq(view.bars(), &raw const *self.bars)
            || view.bars().fingerprint() == self.bars.fingerprint();
        same.then_some(())
    }
}

impl Prefix {
    fn of(columns: &Columns, term: impl Fn(i64) -> i128) -> Self {
        let first = columns.close.iter().position(|close| close.is_positive()).unwrap_or(columns.close.len());
        let mut before = Vec::with_capacity(columns.close.len() + 1);
        let (mut sum, mut carried) = (0_i128, 0_i128);
        before.push(sum);
        for close in columns.close.iter() {
            if close.is_positive() {
                carried = term(close.units());
            }
            sum += carried;
            before.push(sum);
        }
        Self { first, before }
    }

    fn window(&self, end: usize, window: usize) -> Option<i128> {
        let start = end.checked_sub(window).filter(|start| *start >= self.first)?;
        Some(self.before.get(end)? - self.before.get(start)?)
    }
}

fn squares_of(columns: &Columns) -> Option<Prefix> {
    let fits = columns.close.iter().all(|close| *close <= SQUARED_CLOSE_MAX);
    fits.then(|| Prefix::of(columns, |close| i128::from(close) * i128::from(close)))
}

/// The indicators of all bars in use, so that a hundred runs over the same bars compute them once.
#[derive(Debug, Default)]
pub struct SharedIndicators {
    live: Mutex<Vec<([u8; 32], Weak<Indicators>)>>,
}

impl SharedIndicators {
    /// The indicators of `bars`, computed on first use and kept while a policy uses them.
    pub fn of(&self, bars: &Arc<Bars>) -> Arc<Indicators> {
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        live.retain(|(_, indicators)| indicators.strong_count() > 0);
        let known = live.iter().find(|(fingerprint, _)| *fingerprint == bars.fingerprint());
        if let Some(indicators) = known.and_then(|(_, indicators)| indicators.upgrade()) {
            return indicators;
        }
        let indicators = Arc::new(Indicators::new(Arc::clone(bars)));
        live.push((bars.fingerprint(), Arc::downgrade(&indicators)));
        indicators
    }
}
