//! Daily returns of several symbols over the same sessions, and of a book as it is held now.

use std::collections::{BTreeMap, BTreeSet};

use events::{Symbol, calendar};
use jiff::civil::Date;
use quant::returns::ReturnKind;
use quant::{Unavailable, panel};

use super::quality::COVERAGE_MIN;
use super::{Absent, Reason, RiskInputs, SkipReason};

/// Daily returns by symbol, columns over the same sessions; NaN where either close of a return is missing.
#[derive(Debug, Clone, PartialEq)]
pub struct ReturnPanel {
    /// The later session of each return, rising.
    pub sessions: Vec<Date>,
    /// The columns.
    pub symbols: Vec<Symbol>,
    values: Vec<f64>,
}

impl ReturnPanel {
    /// For figures that compare series.
    ///
    /// # Errors
    /// There are no sessions.
    pub fn view(&self) -> Result<panel::Panel<'_>, Unavailable> {
        panel::Panel::new(&self.values, self.sessions.len())
    }

    /// The returns of one column.
    pub fn column(&self, place: usize) -> &[f64] {
        let rows = self.sessions.len();
        self.values.get(place * rows..(place + 1) * rows).unwrap_or_default()
    }

    /// How many returns a column has.
    pub fn count(&self, place: usize) -> usize {
        self.column(place).iter().filter(|value| !value.is_nan()).count()
    }
}

/// The returns of a book as it is held now, over days that are past: Σ exposure · return / equity.
#[derive(Debug, Clone, PartialEq)]
pub struct HoldingsSeries {
    /// The sessions on which all that counts has a return, rising.
    pub sessions: Vec<Date>,
    /// The returns on equity, fractions.
    pub returns: Vec<f64>,
    /// What counts: places in [`RiskInputs::merged`].
    pub places: Vec<usize>,
    /// Their signed exposures over equity.
    pub weights: Vec<f64>,
    /// Their returns on those sessions, columns in the same order.
    pub panel: ReturnPanel,
}

/// A series, or why there is none; and which lots it leaves out.
pub type Held = (Result<HoldingsSeries, Absent>, BTreeMap<usize, SkipReason>);

impl RiskInputs {
    /// The last `count` returns of these symbols up to the session told of. A return needs the closes of two
    /// consecutive sessions; nothing is filled in. A symbol without prices has an empty column.
    pub fn returns(&self, symbols: &[Symbol], count: u16, kind: ReturnKind) -> ReturnPanel {
        let first = calendar::nth_session(self.as_of_date, -i32::from(count));
        let days: Vec<Date> = calendar::sessions(first, self.as_of_date).collect();
        let mut values = Vec::with_capacity(symbols.len() * days.len());
        for symbol in symbols {
            let series = self.prices().series(symbol);
            let mut closes = series.map(|series| series.since(first)).unwrap_or_default().peekable();
            let mut before = None;
            for (place, day) in days.iter().enumerate() {
                while closes.next_if(|close| close.date < *day).is_some() {}
                let close = closes.next_if(|close| close.date == *day).and_then(|close| close.adjusted);
                if place > 0 {
                    let pair = before.zip(close);
                    let value = pair.and_then(|(before, close)| kind.between(before, close).ok());
                    values.push(value.unwrap_or(f64::NAN));
                }
                before = close;
            }
        }
        let sessions = days.get(1..).unwrap_or_default().to_vec();
        ReturnPanel { sessions, symbols: symbols.to_vec(), values }
    }

    /// The book over the last `count` sessions. A symbol counts if it has at least `needed` returns there; a session, if
    /// all that counts has a return of it. What counts must be four fifths of the gross exposure.
    pub fn held(&self, count: u16, needed: usize) -> Held {
        let traded: Vec<(usize, &Symbol)> = self.traded().collect();
        let symbols: Vec<Symbol> = traded.iter().map(|(_, symbol)| (*symbol).clone()).collect();
        let all = self.returns(&symbols, count, ReturnKind::Simple);
        let mut left_out = self.without_returns();
        let mut kept: Vec<(usize, usize)> = Vec::new();
        for (column, (place, _)) in traded.iter().enumerate() {
            if all.count(column) >= needed.max(1) {
                kept.push((column, *place));
            } else if let Some(merged) = self.merged.get(*place) {
                left_out.extend(merged.lots.iter().map(|lot| (*lot, SkipReason::InsufficientHistory)));
            }
        }
        let series = self.series_of(&all, &kept, &left_out, needed);
        (series, left_out)
    }

    fn series_of(
        &self,
        all: &ReturnPanel,
        kept: &[(usize, usize)],
        left_out: &BTreeMap<usize, SkipReason>,
        needed: usize,
    ) -> Result<HoldingsSeries, Absent> {
        self.investable()?;
        let equity = self.positive_equity()?;
        if kept.is_empty() {
            let message = format!("no position has {needed} returns");
            return Err(Absent::because(Reason::InsufficientHistory, message));
        }
        let size = |lot: &super::LotExposure| lot.size();
        let gross: f64 = self.lots.iter().filter(|lot| lot.moved_by.is_some()).map(size).sum();
        let lacking = left_out.iter().filter_map(|(place, _)| self.lots.get(*place));
        let lacking: f64 = lacking.filter(|lot| lot.moved_by.is_some()).map(size).sum();
        if gross - lacking < COVERAGE_MIN * gross {
            let message =
                format!("less than {COVERAGE_MIN} of the exposure has {needed} returns and a delta");
            return Err(Absent::because(Reason::InsufficientHistory, message));
        }
        let columns: Vec<&[f64]> = kept.iter().map(|(column, _)| all.column(*column)).collect();
        let places: Vec<usize> = kept.iter().map(|(_, place)| *place).collect();
        let exposures = places.iter().filter_map(|place| self.merged.get(*place));
        let weights: Vec<f64> = exposures.map(|merged| merged.exposure / equity).collect();
        let at = |column: &&[f64], day: usize| column.get(day).copied().unwrap_or(f64::NAN);
        let complete: Vec<usize> = (0..all.sessions.len())
            .filter(|day| columns.iter().all(|column| !at(column, *day).is_nan()))
            .collect();
        if complete.len() < needed {
            let message = format!("fewer than {needed} sessions on which all positions have a return");
            return Err(Absent::because(Reason::InsufficientOverlap, message));
        }
        let values = columns.iter().flat_map(|column| complete.iter().map(|day| at(column, *day))).collect();
        let sessions: Vec<Date> = complete.iter().filter_map(|day| all.sessions.get(*day).copied()).collect();
        let symbols = kept.iter().filter_map(|(column, _)| all.symbols.get(*column).cloned()).collect();
        let panel = ReturnPanel { sessions: sessions.clone(), symbols, values };
        let columns: Vec<&[f64]> = (0..kept.len()).map(|place| panel.column(place)).collect();
        let returns = quant::returns::weighted_returns(&columns, &weights)?;
        Ok(HoldingsSeries { sessions, returns, places, weights, panel })
    }

    /// The lots that make no returns: PRIVATE ones, and those without an exposure.
    pub fn without_returns(&self) -> BTreeMap<usize, SkipReason> {
        let reason = |lot: &super::LotExposure| match (&lot.moved_by, lot.exposure) {
            (None, _) => Some(SkipReason::Private),
            (Some(_), Err(reason)) => Some(reason),
            (Some(_), Ok(_)) => None,
        };
        self.lots.iter().enumerate().filter_map(|(place, lot)| Some((place, reason(lot)?))).collect()
    }

    /// The symbols of these places of [`RiskInputs::merged`].
    pub fn symbols_at(&self, places: &[usize]) -> Vec<Symbol> {
        places.iter().filter_map(|place| self.merged.get(*place)?.moved_by.clone()).collect()
    }

    /// The lots of all merged exposures but these, as left out for `reason`.
    pub(super) fn others_than(&self, places: &[usize], reason: SkipReason) -> BTreeMap<usize, SkipReason> {
        let kept: BTreeSet<usize> = places.iter().copied().collect();
        let others = self.merged.iter().enumerate().filter(|(place, _)| !kept.contains(place));
        others.flat_map(|(_, merged)| merged.lots.iter().map(|lot| (*lot, reason))).collect()
    }
}
