//! The ticks of one symbol in their order: what comes next is used, what comes too early waits for what is missing.

use std::collections::BTreeMap;

use super::Tick;
use super::bars::Minute;

/// What follows from a tick, or from the end of reading again.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Step {
    /// These are next, in order.
    pub(super) ready: Vec<Tick>,
    /// The first and last number of ticks that are missing and are to be read again.
    pub(super) missing: Option<(u64, u64)>,
}

/// One symbol.
#[derive(Debug, Default)]
pub(super) struct Track {
    pub(super) minute: Minute,
    /// A place in the capturing stream before everything that can be missing.
    pub(super) floor: u64,
    last: Option<Tick>,
    gap: Option<Gap>,
}

/// Ticks that are missing and are being read again, and those that wait for them.
#[derive(Debug)]
struct Gap {
    to: u64,
    waiting: BTreeMap<u64, Tick>,
}

impl Track {
    /// Whether missing ticks are being read again.
    pub(super) fn has_gap(&self) -> bool {
        self.gap.is_some()
    }

    /// The newest tick, used or waiting.
    pub(super) fn newest(&self) -> Option<&Tick> {
        let waiting = self.gap.as_ref().and_then(|gap| gap.waiting.values().next_back());
        waiting.or(self.last.as_ref())
    }

    /// The number of the last tick that was used.
    pub(super) fn last_seq(&self) -> Option<u64> {
        self.last.as_ref().map(|last| last.seq)
    }

    /// A tick came from the feed.
    pub(super) fn arrive(&mut self, tick: Tick, waiting_max: usize) -> Step {
        if let Some(last) = &self.last
            && tick.seq <= last.seq
        {
            // A source that begins to count again is later in time; anything else is a repetition.
            let counts_anew = tick.at > last.at && tick.seq == 1;
            if !counts_anew {
                return Step::default();
            }
            (self.last, self.gap) = (None, None);
        }
        match &mut self.gap {
            Some(gap) => {
                gap.waiting.insert(tick.seq, tick);
                if gap.waiting.len() > waiting_max { self.found(Vec::new()) } else { Step::default() }
            }
            None => self.proceed(BTreeMap::from([(tick.seq, tick)])),
        }
    }

    /// Reading again ended with these ticks; what was asked for and not found is given up.
    pub(super) fn found(&mut self, ticks: Vec<Tick>) -> Step {
        let Some(Gap { to, mut waiting }) = self.gap.take() else { return Step::default() };
        let known = self.last_seq().unwrap_or(0);
        waiting.extend(ticks.into_iter().filter(|tick| tick.seq > known).map(|tick| (tick.seq, tick)));
        let after = waiting.split_off(&(to + 1));
        let mut ready: Vec<_> = waiting.into_values().collect();
        let first_after = after.first_key_value().map(|(seq, _)| *seq);
        // What follows the gap directly goes on, whatever was found within it.
        if first_after == Some(to + 1) {
            self.last = None;
        } else if let Some(newest) = ready.last() {
            self.last = Some(newest.clone());
        }
        let rest = self.proceed(after);
        ready.extend(rest.ready);
        Step { ready, missing: rest.missing }
    }

    /// Uses ticks up to the next hole, where the others wait.
    fn proceed(&mut self, mut ticks: BTreeMap<u64, Tick>) -> Step {
        let mut step = Step::default();
        while let Some((seq, tick)) = ticks.pop_first() {
            if let Some(last) = self.last_seq()
                && seq > last + 1
            {
                step.missing = Some((last + 1, seq - 1));
                ticks.insert(seq, tick);
                self.gap = Some(Gap { to: seq - 1, waiting: ticks });
                break;
            }
            self.last = Some(tick.clone());
            step.ready.push(tick);
        }
        step
    }
}

/// How many numbers are missing between a tick and the one used before it.
pub(super) fn missing_between(last: Option<u64>, tick: &Tick) -> u64 {
    last.map_or(0, |last| tick.seq.saturating_sub(last).saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tick(seq: u64) -> Tick {
        tick_at(seq, seq)
    }

    fn tick_at(seq: u64, second: u64) -> Tick {
        Tick {
            symbol: "AAPL".parse().unwrap(),
            price: events::Price::whole(1).unwrap(),
            size: events::Quantity::whole(1).unwrap(),
            at: jiff::Timestamp::from_second(second.cast_signed()).unwrap(),
            seq,
        }
    }

    fn ready(ticks: impl IntoIterator<Item = u64>) -> Step {
        Step { ready: ticks.into_iter().map(tick).collect(), missing: None }
    }

    fn missing(from: u64, to: u64) -> Step {
        Step { ready: Vec::new(), missing: Some((from, to)) }
    }

    fn track(last: u64) -> Track {
        let mut track = Track::default();
        assert_eq!(track.arrive(tick(last), 10), ready([last]));
        track
    }

    #[test]
    fn ticks_that_come_too_early_wait_for_those_that_are_missing() {
        let mut track = track(5);
        assert_eq!(track.arrive(tick(8), 10), missing(6, 7));
        assert_eq!(track.arrive(tick(9), 10), Step::default());
        assert!(track.has_gap());
        assert_eq!(track.newest(), Some(&tick(9)));
        assert_eq!(track.found(vec![tick(7), tick(6)]), ready(6..=9));
        assert!(!track.has_gap());
        assert_eq!(track.arrive(tick(10), 10), ready([10]));
    }

    #[test]
    fn what_is_not_found_is_given_up() {
        let mut track = track(5);
        track.arrive(tick(8), 10);
        assert_eq!(track.found(vec![tick(7)]), ready([7, 8]));
        assert_eq!(missing_between(Some(5), &tick(7)), 1);
    }

    #[test]
    fn a_second_hole_among_those_that_wait_is_read_again_too() {
        let mut track = track(5);
        track.arrive(tick(8), 10);
        track.arrive(tick(11), 10);
        let step = track.found(vec![tick(6), tick(7)]);
        assert_eq!(step, Step { missing: Some((9, 10)), ..ready(6..=8) });
        assert_eq!(track.found(vec![tick(9), tick(10)]), ready(9..=11));
    }

    #[test]
    fn too_many_that_wait_go_on_without_the_missing_ones() {
        let mut track = track(1);
        track.arrive(tick(3), 2);
        track.arrive(tick(4), 2);
        assert_eq!(track.arrive(tick(5), 2), ready(3..=5));
        assert_eq!(track.found(vec![tick(2)]), Step::default());
    }

    #[test]
    fn repetitions_are_known_and_a_source_may_count_anew() {
        let mut track = track(5);
        assert_eq!(track.arrive(tick(5), 10), Step::default());
        assert_eq!(track.arrive(tick(1), 10), Step::default());
        assert_eq!(track.arrive(tick_at(1, 100), 10).ready, vec![tick_at(1, 100)]);
    }
}
