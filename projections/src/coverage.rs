//! How much of the sessions that should have a price has one.

use std::collections::BTreeSet;

use events::{Market, Symbol, calendar};
use jiff::civil::Date;

use crate::closes::Series;

/// Gaps that are listed; all are counted.
pub const GAPS_LISTED_MAX: usize = 200;

/// Sessions in a row without a close.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// The first.
    pub from: Date,
    /// The last.
    pub to: Date,
    /// How many.
    pub sessions: usize,
}

/// The days on which a symbol should have closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first; that of the first close, where absent.
    pub from: Option<Date>,
    /// The last.
    pub to: Date,
    /// Before it there can be no closes, where it is known.
    pub listing_date: Option<Date>,
}

/// The closes of a symbol against the sessions of the calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// The first session that counts.
    pub expected_from: Date,
    /// The last.
    pub expected_to: Date,
    /// How many there are.
    pub sessions_expected: usize,
    /// On how many the symbol has a close.
    pub sessions_present: usize,
    /// The first gaps, rising.
    pub gaps: Vec<Gap>,
    /// How many there are.
    pub gap_count: usize,
}

impl Coverage {
    /// Of the closes of a symbol; none where no calendar says when it should have closes, or nothing is expected.
    ///
    /// Sessions are expected since the later of window start and listing date. A bar that is no session's is not counted.
    pub fn of(symbol: &Symbol, series: &Series, window: &Window) -> Option<Self> {
        if symbol.market() != Market::UnitedStates {
            return None;
        }
        let from = window.from.or(window.listing_date).or(series.first().map(|close| close.date))?;
        let from = window.listing_date.map_or(from, |listed| listed.max(from));
        let present: BTreeSet<Date> =
            series.since(from).map(|close| close.date).take_while(|date| *date <= window.to).collect();
        let mut coverage = Self {
            expected_from: from,
            expected_to: window.to,
            sessions_expected: 0,
            sessions_present: 0,
            gaps: Vec::new(),
            gap_count: 0,
        };
        let mut open: Option<Gap> = None;
        for session in calendar::sessions(from, window.to) {
            coverage.sessions_expected += 1;
            if present.contains(&session) {
                coverage.sessions_present += 1;
                coverage.note(open.take());
            } else {
                let gap = open.unwrap_or(Gap { from: session, to: session, sessions: 0 });
                open = Some(Gap { to: session, sessions: gap.sessions + 1, ..gap });
            }
        }
        coverage.note(open);
        (coverage.sessions_expected > 0).then_some(coverage)
    }

    /// Sessions with a close, of a hundred.
    pub fn percent(&self) -> f64 {
        // Counts of sessions are far below where f64 would round them.
        let count = |sessions: usize| f64::from(u32::try_from(sessions).unwrap_or(u32::MAX));
        100.0 * count(self.sessions_present) / count(self.sessions_expected)
    }

    fn note(&mut self, gap: Option<Gap>) {
        let Some(gap) = gap else { return };
        self.gap_count += 1;
        if self.gaps.len() < GAPS_LISTED_MAX {
            self.gaps.push(gap);
        }
    }
}

#[cfg(test)]
mod tests {
    use events::Price;
    use jiff::civil::date;

    use super::*;
    use crate::bars::DailyCloses;

    fn series(dates: &[Date]) -> Series {
        let closes = vec![Price::whole(1).unwrap(); dates.len()];
        Series::from(DailyCloses { dates: dates.to_vec(), closes, adjusted: vec![None; dates.len()] })
    }

    fn aapl() -> Symbol {
        "AAPL".parse().unwrap()
    }

    /// The ten sessions around Independence Day of 2025, without that of 8 July; a Saturday beside them.
    fn nine_of_ten() -> Series {
        let july = |day| date(2025, 7, day);
        series(&[
            date(2025, 6, 30),
            july(1),
            july(2),
            july(3),
            july(5),
            july(7),
            july(9),
            july(10),
            july(11),
            july(14),
        ])
    }

    #[test]
    fn nine_of_ten_sessions_are_ninety_per_cent() {
        let window = Window { from: Some(date(2025, 6, 30)), to: date(2025, 7, 14), listing_date: None };
        let coverage = Coverage::of(&aapl(), &nine_of_ten(), &window).unwrap();
        assert_eq!((coverage.sessions_present, coverage.sessions_expected), (9, 10));
        let missing = date(2025, 7, 8);
        assert_eq!(coverage.gaps, [Gap { from: missing, to: missing, sessions: 1 }]);
    }

    #[test]
    fn nothing_is_expected_before_the_listing_and_everything_up_to_the_end() {
        let window = Window {
            from: Some(date(2020, 1, 1)),
            to: date(2025, 7, 17),
            listing_date: Some(date(2025, 7, 9)),
        };
        let coverage = Coverage::of(&aapl(), &nine_of_ten(), &window).unwrap();
        assert_eq!((coverage.sessions_present, coverage.sessions_expected), (4, 7));
        assert_eq!(coverage.gaps, [Gap { from: date(2025, 7, 15), to: date(2025, 7, 17), sessions: 3 }]);
        let nothing = Window { from: None, to: date(2025, 7, 17), listing_date: None };
        assert_eq!(Coverage::of(&aapl(), &series(&[]), &nothing), None);
        assert_eq!(Coverage::of(&"BTC-USDT".parse().unwrap(), &nine_of_ten(), &window), None);
    }
}
