//! Rows into aligned columns: one union calendar, one allocation per column.

use std::sync::Arc;

use events::market::{Bars, BarsError, Columns};
use events::{Interval, Price, Symbol};
use jiff::Timestamp;

use super::{BarPrices, Vintage};

/// Collects bars in any order; of one bar the newest vintage counts.
///
/// Bars that come by rising start, as a table filled in that order gives them, are appended and nothing else. Prices
/// take their final form one column at a time, so that the peak is little above what is kept.
#[derive(Debug)]
pub struct Assembly {
    interval: Interval,
    series: Vec<Series>,
}

#[derive(Debug)]
struct Series {
    symbol: Symbol,
    starts: Vec<Timestamp>,
    open: Vec<Price>,
    /// Absent while every bar is flat.
    others: Option<Others>,
    /// The first bar of every stretch of equal vintage.
    vintages: Vec<(usize, Vintage)>,
    /// Whether starts rise.
    rising: bool,
}

#[derive(Debug)]
struct Others {
    high: Vec<Price>,
    low: Vec<Price>,
    close: Vec<Price>,
}

impl Assembly {
    /// Nothing yet of these symbols, which rise; each comes with the bars to make room for.
    pub fn new(interval: Interval, symbols: impl IntoIterator<Item = (Symbol, usize)>) -> Self {
        let series = symbols.into_iter().map(|(symbol, room)| Series::new(symbol, room)).collect();
        Self { interval, series }
    }

    /// Adds a bar of the symbol at `place`; there must be one.
    pub fn push(&mut self, place: usize, start: Timestamp, vintage: Vintage, prices: BarPrices) {
        if let Some(series) = self.series.get_mut(place) {
            series.push(start, vintage, prices);
        }
    }

    /// The columns over the union of all starts; a symbol without bars is left out.
    pub fn finish(mut self) -> Result<Bars, BarsError> {
        self.series.retain(|series| !series.starts.is_empty());
        self.series.iter_mut().filter(|series| !series.rising).for_each(Series::sort);
        let calendar = union(&self.series);
        let columns = self.series.into_iter().map(|series| series.align(&calendar)).collect();
        Bars::new(self.interval, Arc::from(calendar), columns)
    }
}

impl Series {
    fn new(symbol: Symbol, room: usize) -> Self {
        let (starts, open) = (Vec::with_capacity(room), Vec::with_capacity(room));
        Self { symbol, starts, open, others: None, vintages: Vec::new(), rising: true }
    }

    fn push(&mut self, start: Timestamp, vintage: Vintage, prices: BarPrices) {
        self.rising &= self.starts.last().is_none_or(|last| *last < start);
        if self.vintages.last().is_none_or(|(_, last)| *last != vintage) {
            self.vintages.push((self.starts.len(), vintage));
        }
        if self.others.is_none() && !matches!(prices, BarPrices::Flat(_)) {
            self.others = Some(Others::flat(&self.open));
        }
        self.starts.push(start);
        self.open.push(prices.open());
        if let Some(others) = &mut self.others {
            others.high.push(prices.high().unwrap_or(Price::ZERO));
            others.low.push(prices.low().unwrap_or(Price::ZERO));
            others.close.push(prices.close().unwrap_or(Price::ZERO));
        }
    }

    /// Puts bars in order and keeps the newest vintage of each.
    fn sort(&mut self) {
        let mut bars: Vec<(Timestamp, Vintage, usize)> = Vec::with_capacity(self.starts.len());
        let ends = self.vintages.iter().skip(1).map(|(first, _)| *first).chain([self.starts.len()]);
        for ((first, vintage), end) in self.vintages.iter().zip(ends) {
            let stretch = self.starts.get(*first..end).unwrap_or_default().iter().zip(*first..);
            bars.extend(stretch.map(|(start, place)| (*start, *vintage, place)));
        }
        bars.sort_unstable();
        // Of equal starts the last, which is the newest, takes the place of the first.
        bars.dedup_by(|later, kept| {
            later.0 == kept.0 && {
                *kept = *later;
                true
            }
        });
        let pick =
            |column: &[Price]| bars.iter().filter_map(|(_, _, place)| column.get(*place).copied()).collect();
        self.open = pick(&self.open);
        if let Some(others) = &mut self.others {
            others.high = pick(&others.high);
            others.low = pick(&others.low);
            others.close = pick(&others.close);
        }
        self.starts = bars.iter().map(|(start, _, _)| *start).collect();
        self.rising = true;
    }

    fn align(self, calendar: &[Timestamp]) -> Columns {
        let Self { symbol, starts, open, others, .. } = self;
        let places = if starts == calendar { None } else { Some(places(&starts, calendar)) };
        drop(starts);
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

impl Others {
    fn flat(open: &Vec<Price>) -> Self {
        let copy = || {
            let mut copy = Vec::with_capacity(open.capacity());
            copy.extend_from_slice(open);
            copy
        };
        Self { high: copy(), low: copy(), close: copy() }
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

/// All starts, rising.
fn union(all: &[Series]) -> Vec<Timestamp> {
    let mut calendar: Vec<Timestamp> = Vec::new();
    for series in all {
        // Most symbols trade on the same days: nothing to merge.
        if calendar != series.starts {
            calendar = merged(&calendar, &series.starts);
        }
    }
    calendar
}

fn merged(left: &[Timestamp], right: &[Timestamp]) -> Vec<Timestamp> {
    let mut union = Vec::with_capacity(left.len().max(right.len()));
    let (mut lefts, mut rights) = (left.iter().peekable(), right.iter().peekable());
    loop {
        let next = match (lefts.peek(), rights.peek()) {
            (Some(left), Some(right)) => **left.min(right),
            (Some(only), None) | (None, Some(only)) => **only,
            (None, None) => return union,
        };
        lefts.next_if(|start| **start == next);
        rights.next_if(|start| **start == next);
        union.push(next);
    }
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

    fn assembly(symbols: &[&str]) -> Assembly {
        Assembly::new(Interval::Day, symbols.iter().map(|symbol| (symbol.parse().unwrap(), 0)))
    }

    const FIRST: Vintage = Vintage::new(1);
    const SECOND: Vintage = Vintage::new(2);

    #[test]
    fn a_symbol_without_the_bar_has_price_zero() {
        let mut assembly = assembly(&["A", "B", "C"]);
        assembly.push(0, day(1), FIRST, BarPrices::Flat(price(10)));
        assembly.push(0, day(3), FIRST, BarPrices::OpenOnly(price(30)));
        assembly.push(1, day(2), FIRST, BarPrices::OpenClose { open: price(5), close: price(7) });
        let bars = assembly.finish().unwrap();
        assert_eq!(bars.starts(), [day(1), day(2), day(3)]);
        assert_eq!(bars.columns().len(), 2, "C has no bars");
        assert_eq!(*bars.columns()[0].open, [price(10), Price::ZERO, price(30)]);
        assert_eq!(*bars.columns()[0].close, [price(10), Price::ZERO, Price::ZERO]);
        assert_eq!(*bars.columns()[1].high, [Price::ZERO, price(7), Price::ZERO]);
        assert_eq!(*bars.columns()[1].low, [Price::ZERO, price(5), Price::ZERO]);
    }

    #[test]
    fn flat_columns_are_one_allocation() {
        let mut assembly = assembly(&["A"]);
        assembly.push(0, day(1), FIRST, BarPrices::Flat(price(11)));
        assembly.push(0, day(2), FIRST, BarPrices::Flat(price(12)));
        let bars = assembly.finish().unwrap();
        let column = &bars.columns()[0];
        assert_eq!(*column.open, [price(11), price(12)]);
        assert!(Arc::ptr_eq(&column.open, &column.close) && Arc::ptr_eq(&column.open, &column.low));
    }

    #[test]
    fn the_newest_vintage_counts_in_whatever_order_bars_come() {
        let full = BarPrices::Full { open: price(10), high: price(12), low: price(9), close: price(11) };
        let rows = [
            (day(1), FIRST, BarPrices::OpenOnly(price(10))),
            (day(1), SECOND, full),
            (day(2), FIRST, BarPrices::Flat(price(5))),
            (day(3), SECOND, BarPrices::Flat(price(6))),
        ];
        let orders = [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2], [2, 0, 3, 1]];
        for order in orders {
            let mut assembly = assembly(&["A"]);
            for (start, vintage, prices) in order.map(|row| rows[row]) {
                assembly.push(0, start, vintage, prices);
            }
            let bars = assembly.finish().unwrap();
            assert_eq!(bars.starts(), [day(1), day(2), day(3)], "{order:?}");
            assert_eq!(*bars.columns()[0].open, [10, 5, 6].map(price), "{order:?}");
            assert_eq!(*bars.columns()[0].high, [12, 5, 6].map(price), "{order:?}");
            assert_eq!(*bars.columns()[0].close, [11, 5, 6].map(price), "{order:?}");
        }
    }
}
