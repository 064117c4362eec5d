//! Series of returns over the same days, from closes with gaps.
//!
//! A return exists only between two consecutive sessions of a calendar that both have a usable close; nothing is
//! carried over a gap. Series are aligned pair by pair, so that a young holding costs only its own pairs their days.

use crate::figure::{Because, Unavailable};
use crate::returns::ReturnKind;

/// A close of one session.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DatedClose {
    /// Day number in any calendar that counts every day.
    pub day: i64,
    /// Price; zero, negative and non-finite ones count as missing.
    pub close: f64,
}

/// A return between two consecutive sessions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DatedReturn {
    /// Session of the earlier close.
    pub from: i64,
    /// Session of the later close.
    pub to: i64,
    /// The return, a fraction.
    pub value: f64,
}

/// The sessions of a window of `returns` returns that ends at `as_of`: the last `returns` + 1 of the calendar at or
/// before it, or as many as there are. Days of the calendar rise.
pub fn window(calendar: &[i64], as_of: i64, returns: usize) -> &[i64] {
    let end = calendar.partition_point(|day| *day <= as_of);
    let start = end.saturating_sub(returns.saturating_add(1));
    calendar.get(start..end).unwrap_or_default()
}

/// Returns between consecutive sessions of `calendar` that both have a usable close, in order. Closes on other days
/// are not looked at. Refused when the days of either do not rise.
pub fn dated_returns(
    calendar: &[i64],
    closes: &[DatedClose],
    kind: ReturnKind,
) -> Result<Vec<DatedReturn>, Unavailable> {
    rising(calendar.iter().copied())?;
    rising(closes.iter().map(|close| close.day))?;
    let mut returns = Vec::with_capacity(closes.len().min(calendar.len()));
    let mut closes = closes.iter().filter(|close| close.close.is_finite() && close.close > 0.0).peekable();
    let mut before: Option<DatedClose> = None;
    for session in calendar {
        while closes.next_if(|close| close.day < *session).is_some() {}
        let current = closes.next_if(|close| close.day == *session).copied();
        if let (Some(before), Some(current)) = (before, current)
            && let Ok(value) = kind.between(before.close, current.close)
        {
            returns.push(DatedReturn { from: before.day, to: current.day, value });
        }
        before = current;
    }
    Ok(returns)
}

/// Two series of returns over the same days.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Aligned {
    /// The later session of each return.
    pub days: Vec<i64>,
    /// Returns of the left series.
    pub left: Vec<f64>,
    /// Returns of the right series.
    pub right: Vec<f64>,
}

/// The returns that both series have between the same two sessions, in order. The series may follow different
/// calendars: a return over another's holiday has no counterpart and is left out.
pub fn aligned(left: &[DatedReturn], right: &[DatedReturn]) -> Aligned {
    let mut aligned = Aligned::default();
    let mut right = right.iter().peekable();
    for one in left {
        while right.next_if(|other| other.to < one.to).is_some() {}
        if let Some(other) = right.next_if(|other| other.to == one.to)
            && other.from == one.from
        {
            aligned.days.push(one.to);
            aligned.left.push(one.value);
            aligned.right.push(other.value);
        }
    }
    aligned
}

fn rising(days: impl Iterator<Item = i64>) -> Result<(), Unavailable> {
    if days.is_sorted_by(|left, right| left < right) { Ok(()) } else { Err(Because::DaysOutOfOrder.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two weeks of sessions from Monday, day 0.
    const CALENDAR: [i64; 10] = [0, 1, 2, 3, 4, 7, 8, 9, 10, 11];

    fn closes(pairs: &[(i64, f64)]) -> Vec<DatedClose> {
        pairs.iter().map(|(day, close)| DatedClose { day: *day, close: *close }).collect()
    }

    fn spans(returns: &[DatedReturn]) -> Vec<(i64, i64)> {
        returns.iter().map(|one| (one.from, one.to)).collect()
    }

    fn returns(pairs: &[(i64, f64)]) -> Vec<DatedReturn> {
        dated_returns(&CALENDAR, &closes(pairs), ReturnKind::Simple).unwrap()
    }

    #[test]
    fn weekends_are_no_gaps_but_missing_sessions_are() {
        let returns = returns(&[(3, 100.0), (4, 101.0), (7, 102.0), (9, 110.0), (10, 121.0)]);
        assert_eq!(spans(&returns), [(3, 4), (4, 7), (9, 10)]);
        assert!((returns[2].value - 0.1).abs() < 1e-15);
    }

    #[test]
    fn a_price_that_is_none_is_a_missing_session() {
        for price in [0.0, -5.0, f64::NAN, f64::INFINITY] {
            let returns = returns(&[(0, 10.0), (1, price), (2, 11.0), (3, 12.0)]);
            assert_eq!(spans(&returns), [(2, 3)], "{price}");
        }
    }

    #[test]
    fn closes_between_sessions_do_not_count() {
        assert_eq!(spans(&returns(&[(4, 10.0), (5, 11.0), (6, 11.0), (7, 12.0)])), [(4, 7)]);
    }

    #[test]
    fn a_window_ends_at_its_date_and_looks_no_further() {
        assert_eq!(window(&CALENDAR, 8, 3), [3, 4, 7, 8]);
        assert_eq!(window(&CALENDAR, 6, 1), [3, 4]);
        assert_eq!(window(&CALENDAR, 100, 100), CALENDAR);
        assert_eq!(window(&CALENDAR, -1, 5), [0_i64; 0]);
        let all: Vec<_> = CALENDAR.iter().map(|day| DatedClose { day: *day, close: 1.0 }).collect();
        let seen = dated_returns(window(&CALENDAR, 8, 3), &all, ReturnKind::Log).unwrap();
        assert_eq!(spans(&seen), [(3, 4), (4, 7), (7, 8)]);
    }

    #[test]
    fn pairs_keep_the_days_that_both_have() {
        let left = returns(&[(0, 1.0), (1, 2.0), (2, 3.0), (3, 4.0)]);
        let right = returns(&[(1, 1.0), (2, 2.0), (3, 3.0), (4, 4.0)]);
        let pair = aligned(&left, &right);
        assert_eq!(pair.days, [2, 3]);
        assert_eq!((pair.left, pair.right), (vec![0.5, 1.0 / 3.0], vec![1.0, 0.5]));
        assert_eq!(aligned(&left, &[]), Aligned::default());
    }

    #[test]
    fn a_return_over_a_holiday_of_the_other_calendar_has_no_counterpart() {
        let all = |calendar: &[i64]| {
            let closes: Vec<_> = calendar.iter().map(|day| DatedClose { day: *day, close: 1.0 }).collect();
            dated_returns(calendar, &closes, ReturnKind::Simple).unwrap()
        };
        assert_eq!(aligned(&all(&[0, 1, 2, 3]), &all(&[0, 1, 3, 4])).days, [1]);
    }

    #[test]
    fn days_must_rise() {
        let refused = Err(Because::DaysOutOfOrder.into());
        let falling = closes(&[(1, 1.0), (0, 1.0)]);
        assert_eq!(dated_returns(&CALENDAR, &falling, ReturnKind::Simple), refused);
        assert_eq!(dated_returns(&[1, 1], &[], ReturnKind::Simple), refused);
    }
}
