//! How long appends take, by the category of their stream.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

/// Upper bounds in seconds of the classes in which appends are counted; what takes longer is in one more class.
pub const APPEND_BOUNDS_S: [f64; 12] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];
/// Categories that are told apart; more would be a mistake of the code, and are counted together.
const CATEGORIES_MAX: usize = 64;
const OTHERS: &str = "other";

/// The appends of one category since the log was opened.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct CategoryStats {
    /// Appends committed.
    pub appends: u64,
    /// Events committed.
    pub events: u64,
    /// Seconds from queueing to commit, of all of them together.
    pub seconds: f64,
    /// Appends in each class of [`APPEND_BOUNDS_S`], and those beyond.
    pub classes: [u64; APPEND_BOUNDS_S.len() + 1],
}

/// The appends of every category.
#[derive(Debug, Default)]
pub(super) struct Latencies(BTreeMap<String, CategoryStats>);

impl Latencies {
    pub(super) fn note(&mut self, category: &str, events: usize, took: Duration) {
        let known = self.0.contains_key(category) || self.0.len() < CATEGORIES_MAX;
        let name = if known { category } else { OTHERS };
        let stats = match self.0.get_mut(name) {
            Some(stats) => stats,
            None => self.0.entry(name.to_owned()).or_default(),
        };
        let seconds = took.as_secs_f64();
        stats.appends += 1;
        stats.events += events as u64;
        stats.seconds += seconds;
        let class = APPEND_BOUNDS_S.iter().position(|bound| seconds <= *bound);
        if let Some(count) = stats.classes.get_mut(class.unwrap_or(APPEND_BOUNDS_S.len())) {
            *count += 1;
        }
    }

    pub(super) fn read(&self) -> BTreeMap<String, CategoryStats> {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn appends_are_counted_by_category_and_by_how_long_they_took() {
        let mut latencies = Latencies::default();
        latencies.note("run", 3, Duration::from_micros(700));
        latencies.note("run", 1, Duration::from_secs(60));
        let run = latencies.read()["run"].clone();
        assert_eq!((run.appends, run.events, run.classes[1], run.classes[12]), (2, 4, 1, 1));
    }

    #[test]
    fn categories_are_bounded() {
        let mut latencies = Latencies::default();
        for number in 0..100 {
            latencies.note(&format!("c{number}"), 1, Duration::ZERO);
        }
        assert_eq!(latencies.read().len(), CATEGORIES_MAX + 1);
        assert_eq!(latencies.read()[OTHERS].appends, 36);
    }
}
