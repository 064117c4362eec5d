//! Rows into aligned columns: one union calendar, one allocation per column.

use std::sync::Arc;

use events::market::{Bars, BarsError, Columns};
use events::{Interval, Price, Symbol};
use jiff::Timestamp;

use super::BarPrices;

/// Collects the bars of one symbol after another; of equal starts the last bar counts.
///
/// Symbols whose calendars are equal share one; the prices of a symbol take their final form one column at a time,
/// so that the peak is little above what is kept.
#[derive(Debug)]
pub struct Assembly {
    interval: Interval,
    finished: Vec<Series>,
    current: Option<Series>,
}

#[derive(Debug)]
struct Series {
    symbol: Symbol,
    starts: Arc<Vec<Timestamp>>,
    open: Vec<Price>,
    /// Absent while every bar is flat.
    others: Option<Others>,
}

#[derive(Debug)]
struct Others {
    high: Vec<Price>,
    low: Vec<Price>,
    close: Vec<Price>,
}

impl Assembly {
    /// Nothing yet.
    pub const fn new(interval: Interval) -> Self {
        Self { interval, finished: Vec::new(), current: None }
    }

    /// The bars pushed from now on are those of `symbol`, which must come after all before it.
    pub fn begin(&mut self, symbol: Symbol) {
        self.end_series();
        let room = self.finished.last().map_or(0, |series| series.starts.len());
        self.current = Some(Series {
            symbol,
            starts: Arc::new(Vec::with_capacity(room)),
            open: Vec::with_capacity(room),
            others: None,
        });
    }

    /// Adds a bar of the symbol begun last; starts rise, or repeat for a newer vintage of the same bar.
    pub fn push(&mut self, start: Timestamp, prices: BarPrices) {
        let Some(series) = &mut self.current else { return };
        // Shared only once the series has ended, so that this never copies.
        let starts = Arc::make_mut(&mut series.starts);
        if starts.last() == Some(&start) {
            series.open.pop();
            if let Some(others) = &mut series.others {
                others.pop();
            }
        } else {
            starts.push(start);
        }
        if series.others.is_none() && !matches!(prices, BarPrices::Flat(_)) {
            series.others = Some(Others::flat(&series.open));
        }
        series.open.push(prices.open());
        if let Some(others) = &mut series.others {
            others.high.push(prices.high().unwrap_or(Price::ZERO));
            others.low.push(prices.low().unwrap_or(Price::ZERO));
            others.close.push(prices.close().unwrap_or(Price::ZERO));
        }
    }

    /// The columns over the union of all starts; a symbol without bars is left out.
    pub fn finish(mut self) -> Result<Bars, BarsError> {
        self.end_series();
        let calendar = union(&self.finished);
        let columns = self.finished.into_iter().map(|series| series.align(&calendar)).collect();
        Bars::new(self.interval, Arc::from(calendar.as_slice()), columns)
    }

    fn end_series(&mut self) {
        let Some(mut series) = self.current.take().filter(|series| !series.starts.is_empty()) else { return };
        if let Some(before) = self.finished.last()
            && before.starts == series.starts
        {
            series.starts = before.starts.clone();
        }
        self.finished.push(series);
    }
}

impl Others {
    fn flat(open: &Vec<Price>) -> Self {
        let copy = || {
            let mut copy = Vec::with_capacity(open.capacity());
            copy.extend_from_slice(open);
            copy
        };
        Self { high: copy(), low: copy(), close: copy() }
    }

    fn pop(&mut self) {
        self.high.pop();
        self.low.pop();
        self.close.pop();
    }
}

impl Series {
    fn align(self, calendar: &Arc<Vec<Timestamp>>) -> Columns {
        let Self { symbol, starts, open, others } = self;
        let places = if starts == *calendar { None } else { Some(places(&starts, calendar)) };
        let column = |prices: Vec<Price>| -> Arc<[Price]> {
            match &places {
                None => Arc::from(prices),
                Some(places) => {
                    let mut aligned = vec![Price::ZERO; calendar.len()];
                    for (price, place) in prices.into_iter().zip(places) {
                        if let Some(slot) = aligned.get_mut(*place) {
                            *slot = price;
                        }
                    }
                    Arc::from(aligned)
                }
            }
        };
        match others {
            None => Columns::flat(symbol, column(open)),
            Some(Others { high, low, close }) => Columns {
                symbol,
                open: column(open),
                high: column(high),
                low: column(low),
                close: column(close),
            },
        }
    }
}

/// Where each of `starts` stands in `calendar`, which contains them all.
fn places(starts: &[Timestamp], calendar: &[Timestamp]) -> Vec<usize> {
    let mut walk = calendar.iter().enumerate();
    starts
        .iter()
        .filter_map(|start| walk.find(|(_, known)| *known == start).map(|(place, _)| place))
        .collect()
}

/// All starts, rising; the calendar of the series itself where all have the same.
fn union(all: &[Series]) -> Arc<Vec<Timestamp>> {
    let mut distinct: Vec<&Arc<Vec<Timestamp>>> = Vec::new();
    for series in all {
        if !distinct.contains(&&series.starts) {
            distinct.push(&series.starts);
        }
    }
    let Some((first, others)) = distinct.split_first() else { return Arc::default() };
    others.iter().fold((*first).clone(), |known, starts| merged(&known, starts))
}

fn merged(left: &Arc<Vec<Timestamp>>, right: &[Timestamp]) -> Arc<Vec<Timestamp>> {
    let mut union = Vec::with_capacity(left.len().max(right.len()));
    let (mut lefts, mut rights) = (left.iter().peekable(), right.iter().peekable());
    loop {
        let next = match (lefts.peek(), rights.peek()) {
            (Some(left), Some(right)) => **left.min(right),
            (Some(only), None) | (None, Some(only)) => **only,
            (None, None) => break,
        };
        lefts.next_if(|start| **start == next);
        rights.next_if(|start| **start == next);
        union.push(next);
    }
    if union.len() == left.len() { left.clone() } else { Arc::new(union) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(number: i64) -> Timestamp {
        Timestamp::from_second(number * 86_400).unwrap()
    }

    fn price(units: i64) -> Price {
        Price::from_units(units)
    }

    #[test]
    fn a_symbol_without_the_bar_has_price_zero() {
        let mut assembly = Assembly::new(Interval::Day);
        assembly.begin("A".parse().unwrap());
        assembly.push(day(1), BarPrices::Flat(price(10)));
        assembly.push(day(3), BarPrices::OpenOnly(price(30)));
        assembly.begin("B".parse().unwrap());
        assembly.push(day(2), BarPrices::OpenClose { open: price(5), close: price(7) });
        assembly.begin("C".parse().unwrap());
        let bars = assembly.finish().unwrap();
        assert_eq!(bars.starts(), [day(1), day(2), day(3)]);
        assert_eq!(bars.columns().len(), 2, "C has no bars");
        assert_eq!(*bars.columns()[0].open, [price(10), Price::ZERO, price(30)]);
        assert_eq!(*bars.columns()[0].close, [price(10), Price::ZERO, Price::ZERO]);
        assert_eq!(*bars.columns()[1].high, [Price::ZERO, price(7), Price::ZERO]);
        assert_eq!(*bars.columns()[1].low, [Price::ZERO, price(5), Price::ZERO]);
    }

    #[test]
    fn flat_columns_are_one_allocation_and_the_newest_vintage_counts() {
        let mut assembly = Assembly::new(Interval::Day);
        assembly.begin("A".parse().unwrap());
        assembly.push(day(1), BarPrices::Flat(price(10)));
        assembly.push(day(1), BarPrices::Flat(price(11)));
        assembly.push(day(2), BarPrices::Flat(price(12)));
        let bars = assembly.finish().unwrap();
        let column = &bars.columns()[0];
        assert_eq!(*column.open, [price(11), price(12)]);
        assert!(Arc::ptr_eq(&column.open, &column.close) && Arc::ptr_eq(&column.open, &column.low));
    }

    #[test]
    fn a_completed_bar_replaces_the_open_only_one() {
        let mut assembly = Assembly::new(Interval::Day);
        assembly.begin("A".parse().unwrap());
        assembly.push(day(1), BarPrices::OpenOnly(price(10)));
        let full = BarPrices::Full { open: price(10), high: price(12), low: price(9), close: price(11) };
        assembly.push(day(1), full);
        let bars = assembly.finish().unwrap();
        assert_eq!(*bars.columns()[0].close, [price(11)]);
        assert_eq!(bars.columns()[0].open.len(), 1);
    }
}
