//! Minute bars from ticks: first, highest, lowest and last price, summed size. A minute without a tick has no bar.

use events::Quantity;
use events::market::Bar;
use jiff::{SignedDuration, Timestamp};

use super::{CompletedBar, Tick};

/// The minute of one symbol that is not over yet.
#[derive(Debug, Default)]
pub(super) struct Minute {
    open: Option<CompletedBar>,
    /// No bar starts before this: what is over stays over.
    not_before: Option<Timestamp>,
}

impl Minute {
    /// Adds the next tick; it may complete the minute before.
    pub(super) fn add(&mut self, tick: &Tick, missing_before: u64) -> Option<CompletedBar> {
        let start = minute_of(tick.at);
        if self.not_before.is_some_and(|earliest| start < earliest) {
            // It came too late for its minute.
            return None;
        }
        let done = self.open.take_if(|open| open.start < start);
        match &mut self.open {
            Some(open) => extend(open, tick, missing_before),
            None => self.open = Some(first(tick, start, missing_before)),
        }
        self.not_before = Some(start);
        done
    }

    /// Completes the minute if it ended at least `grace` before `now`.
    pub(super) fn complete(&mut self, now: Timestamp, grace: SignedDuration) -> Option<CompletedBar> {
        let over = |open: &mut CompletedBar| {
            now.duration_since(open.start) >= SignedDuration::from_mins(1).saturating_add(grace)
        };
        let done = self.open.take_if(over)?;
        self.not_before = done.start.checked_add(SignedDuration::from_mins(1)).ok();
        Some(done)
    }
}

fn minute_of(at: Timestamp) -> Timestamp {
    let second = at.as_second().div_euclid(60) * 60;
    Timestamp::from_second(second).unwrap_or(at)
}

fn first(tick: &Tick, start: Timestamp, missing: u64) -> CompletedBar {
    let price = tick.price;
    CompletedBar {
        symbol: tick.symbol.clone(),
        start,
        bar: Bar { open: price, high: price, low: price, close: price },
        volume: tick.size,
        ticks: 1,
        first_seq: tick.seq,
        last_seq: tick.seq,
        missing,
    }
}

fn extend(open: &mut CompletedBar, tick: &Tick, missing: u64) {
    open.bar.high = open.bar.high.max(tick.price);
    open.bar.low = open.bar.low.min(tick.price);
    open.bar.close = tick.price;
    open.volume = Quantity::from_units(open.volume.units().saturating_add(tick.size.units()));
    open.ticks += 1;
    open.last_seq = tick.seq;
    open.missing += missing;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tick(at: &str, price: i64, seq: u64) -> Tick {
        Tick {
            symbol: "AAPL".parse().unwrap(),
            price: events::Price::whole(price).unwrap(),
            size: Quantity::whole(10).unwrap(),
            at: format!("2025-11-03T14:{at}Z").parse().unwrap(),
            seq,
        }
    }

    #[test]
    fn a_bar_is_first_highest_lowest_last_and_sum() {
        let mut minute = Minute::default();
        for (at, price, seq) in [("30:00", 5, 1), ("30:10", 9, 2), ("30:20", 3, 3), ("30:59.9", 4, 4)] {
            assert_eq!(minute.add(&tick(at, price, seq), 0), None);
        }
        let bar = minute.add(&tick("31:00", 7, 5), 0).unwrap();
        let prices = [bar.bar.open, bar.bar.high, bar.bar.low, bar.bar.close].map(|price| price.to_string());
        assert_eq!(
            prices,
            ["5", "9", "3", "4"].map(|text| text.parse::<events::Price>().unwrap().to_string())
        );
        assert_eq!(
            (bar.volume, bar.ticks, bar.first_seq, bar.last_seq),
            (Quantity::whole(40).unwrap(), 4, 1, 4)
        );
        assert_eq!(bar.start.to_string(), "2025-11-03T14:30:00Z");
    }

    #[test]
    fn minutes_without_ticks_do_not_exist() {
        let mut minute = Minute::default();
        minute.add(&tick("30:00", 5, 1), 0);
        assert_eq!(minute.add(&tick("40:00", 6, 2), 0).unwrap().ticks, 1);
        let grace = SignedDuration::from_secs(5);
        assert_eq!(minute.complete("2025-11-03T14:41:04Z".parse().unwrap(), grace), None);
        assert!(minute.complete("2025-11-03T14:41:05Z".parse().unwrap(), grace).is_some());
        assert_eq!(minute.complete("2025-11-03T15:00:00Z".parse().unwrap(), grace), None);
    }

    #[test]
    fn a_tick_that_comes_after_its_minute_was_completed_changes_nothing() {
        let mut minute = Minute::default();
        minute.add(&tick("30:00", 5, 1), 0);
        minute.complete("2025-11-03T14:35:00Z".parse().unwrap(), SignedDuration::ZERO).unwrap();
        assert_eq!(minute.add(&tick("30:59", 6, 2), 0), None);
        assert_eq!(minute.add(&tick("31:00", 7, 3), 0), None);
        assert_eq!(minute.add(&tick("32:00", 7, 4), 0).unwrap().first_seq, 3);
    }
}
