//! The daily closes of one symbol, for valuation and for statistics.

use events::Price;
use jiff::civil::Date;

use crate::bars::DailyCloses;

/// Where the closes for statistics come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adjustment {
    /// Every close has an adjusted one beside it.
    Adjusted,
    /// None has: the closes are taken as the source gives them, adjusted or not.
    AsGiven,
    /// Some have. Those without are left out: a return from one to the other would be made up.
    Partly,
}

/// A close.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Close {
    /// Its date.
    pub date: Date,
    /// What was traded last.
    pub close: Price,
    /// The close for statistics, if the day has one; above zero and finite.
    pub adjusted: Option<f64>,
}

/// The closes of a symbol by rising date.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    closes: Vec<Close>,
    adjustment: Adjustment,
}

impl From<DailyCloses> for Series {
    fn from(daily: DailyCloses) -> Self {
        let adjustment = match daily.adjusted.iter().flatten().count() {
            0 => Adjustment::AsGiven,
            count if count == daily.closes.len() => Adjustment::Adjusted,
            _ => Adjustment::Partly,
        };
        let days = daily.dates.into_iter().zip(daily.closes).zip(daily.adjusted);
        let closes = days
            .map(|((date, close), adjusted)| {
                let adjusted = match adjustment {
                    Adjustment::AsGiven => Some(close),
                    Adjustment::Adjusted | Adjustment::Partly => adjusted,
                };
                Close { date, close, adjusted: adjusted.map(Price::to_f64) }
            })
            .collect();
        Self { closes, adjustment }
    }
}

impl Series {
    /// How many closes there are.
    pub fn len(&self) -> usize {
        self.closes.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.closes.is_empty()
    }

    /// Where the closes for statistics come from.
    pub const fn adjustment(&self) -> Adjustment {
        self.adjustment
    }

    /// The first close.
    pub fn first(&self) -> Option<&Close> {
        self.closes.first()
    }

    /// The last close.
    pub fn last(&self) -> Option<&Close> {
        self.closes.last()
    }

    /// The closes from a date on.
    pub fn since(&self, first: Date) -> std::slice::Iter<'_, Close> {
        let place = self.closes.partition_point(|close| close.date < first);
        self.closes.get(place..).unwrap_or_default().iter()
    }

    /// The first date of which another series says another close, or has one more; none where there is no such date.
    pub fn differs_from(&self, other: &Self) -> Option<Date> {
        let same = self.closes.iter().zip(&other.closes);
        let same = same.take_while(|(one, two)| one.date == two.date && one.close == two.close).count();
        let next = [self.closes.get(same), other.closes.get(same)];
        next.into_iter().flatten().map(|close| close.date).min()
    }

    /// The last close on or before a date.
    pub fn on_or_before(&self, date: Date) -> Option<&Close> {
        let after = self.closes.partition_point(|close| close.date <= date);
        self.closes.get(after.checked_sub(1)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(closes: &[(i8, i64, Option<i64>)]) -> Series {
        let mut daily = DailyCloses::default();
        for (day, close, adjusted) in closes {
            daily.dates.push(jiff::civil::date(2025, 1, *day));
            daily.closes.push(Price::whole(*close).unwrap());
            daily.adjusted.push(adjusted.map(|price| Price::whole(price).unwrap()));
        }
        Series::from(daily)
    }

    fn statistics(series: &Series) -> Vec<Option<f64>> {
        series.since(Date::MIN).map(|close| close.adjusted).collect()
    }

    #[test]
    fn raw_and_adjusted_closes_are_never_mixed() {
        let given = series(&[(2, 10, None), (3, 11, None)]);
        assert_eq!(
            (given.adjustment(), statistics(&given)),
            (Adjustment::AsGiven, vec![Some(10.0), Some(11.0)])
        );
        let adjusted = series(&[(2, 10, Some(5)), (3, 11, Some(6))]);
        assert_eq!(statistics(&adjusted), [Some(5.0), Some(6.0)]);
        assert_eq!(adjusted.adjustment(), Adjustment::Adjusted);
        let partly = series(&[(2, 10, Some(5)), (3, 11, None)]);
        assert_eq!((partly.adjustment(), statistics(&partly)), (Adjustment::Partly, vec![Some(5.0), None]));
    }

    #[test]
    fn series_differ_from_the_first_other_close_on() {
        let one = series(&[(2, 10, None), (6, 11, None)]);
        let from = |closes: &[(i8, i64, Option<i64>)]| {
            let other = series(closes);
            assert_eq!(one.differs_from(&other), other.differs_from(&one));
            one.differs_from(&other).map(Date::day)
        };
        assert_eq!(from(&[(2, 10, None), (6, 11, None)]), None);
        assert_eq!(from(&[(2, 10, None), (6, 11, None), (7, 1, None)]), Some(7));
        assert_eq!(from(&[(2, 10, None), (3, 1, None), (6, 11, None)]), Some(3));
        assert_eq!(from(&[(2, 9, None), (6, 11, None)]), Some(2));
    }

    #[test]
    fn a_mark_is_the_last_close_until_a_date() {
        let series = series(&[(2, 10, None), (6, 11, None)]);
        let on = |day| series.on_or_before(jiff::civil::date(2025, 1, day)).map(|close| close.date.day());
        assert_eq!((on(1), on(2), on(5), on(6), on(9)), (None, Some(2), Some(2), Some(6), Some(6)));
    }
}
