//! Histories in memory, and which vintages touched them: bounded by closes, the least recently used go first.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use events::Symbol;

use super::Series;
use crate::bars::{TouchedSeries, Vintage};

/// Closes that are kept at most: some fifty megabytes, or 240 symbols of thirty years.
const CLOSES_MAX: usize = 2_000_000;

/// What is in memory.
#[derive(Debug)]
pub(super) struct Cache {
    /// By symbol, the vintages that touched it, rising.
    touched: BTreeMap<Symbol, Vec<Vintage>>,
    /// Up to which vintage they are known.
    learned: Vintage,
    /// By symbol and newest vintage that counts.
    histories: HashMap<(Symbol, Vintage), Kept>,
    closes: usize,
    closes_max: usize,
    /// Rises with every use.
    clock: u64,
}

#[derive(Debug)]
struct Kept {
    series: Arc<Series>,
    used: u64,
}

impl Default for Cache {
    fn default() -> Self {
        Self::bounded(CLOSES_MAX)
    }
}

impl Cache {
    fn bounded(closes_max: usize) -> Self {
        let (touched, histories) = (BTreeMap::new(), HashMap::new());
        Self { touched, learned: Vintage::new(0), histories, closes: 0, closes_max, clock: 0 }
    }

    /// Up to which vintage it is known what was touched.
    pub(super) const fn learned(&self) -> Vintage {
        self.learned
    }

    /// Takes in what was touched after `after` up to `until`, unless somebody else did meanwhile.
    pub(super) fn learn(&mut self, after: Vintage, until: Vintage, touched: Vec<TouchedSeries>) {
        if self.learned != after {
            return;
        }
        for TouchedSeries { symbol, vintage } in touched {
            self.touched.entry(symbol).or_default().push(vintage);
        }
        self.learned = until;
    }

    /// The newest vintage up to `vintage` that touched a symbol.
    pub(super) fn newest(&self, symbol: &Symbol, vintage: Vintage) -> Option<Vintage> {
        let touched = self.touched.get(symbol)?;
        let after = touched.partition_point(|known| *known <= vintage);
        touched.get(after.checked_sub(1)?).copied()
    }

    /// Whether there is a history that is not in memory.
    pub(super) fn lacks(&self, symbol: &Symbol, vintage: Vintage) -> bool {
        let newest = self.newest(symbol, vintage);
        newest.is_some_and(|newest| !self.histories.contains_key(&(symbol.clone(), newest)))
    }

    /// The history of a symbol as known at a vintage.
    pub(super) fn find(&mut self, symbol: &Symbol, vintage: Vintage) -> Option<Arc<Series>> {
        let newest = self.newest(symbol, vintage)?;
        self.clock += 1;
        let kept = self.histories.get_mut(&(symbol.clone(), newest))?;
        kept.used = self.clock;
        Some(kept.series.clone())
    }

    /// Keeps a history, at the cost of those that were not used for longest.
    pub(super) fn keep(&mut self, symbol: &Symbol, vintage: Vintage, series: &Arc<Series>) {
        let Some(newest) = self.newest(symbol, vintage) else { return };
        if series.len() > self.closes_max {
            return;
        }
        self.clock += 1;
        let kept = Kept { series: series.clone(), used: self.clock };
        self.closes += series.len();
        if let Some(before) = self.histories.insert((symbol.clone(), newest), kept) {
            self.closes -= before.series.len();
        }
        while self.closes > self.closes_max {
            let oldest = self.histories.iter().min_by_key(|(_, kept)| kept.used);
            let Some(key) = oldest.map(|(key, _)| key.clone()) else { return };
            if let Some(gone) = self.histories.remove(&key) {
                self.closes -= gone.series.len();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use events::Price;

    use super::*;
    use crate::bars::DailyCloses;

    const V: [Vintage; 4] = [Vintage::new(0), Vintage::new(1), Vintage::new(2), Vintage::new(3)];

    fn symbol(name: &str) -> Symbol {
        name.parse().unwrap()
    }

    fn touched(name: &str, vintage: Vintage) -> TouchedSeries {
        TouchedSeries { symbol: symbol(name), vintage }
    }

    fn series(length: i8) -> Arc<Series> {
        let dates: Vec<_> = (1..=length).map(|day| jiff::civil::date(2025, 1, day)).collect();
        let closes = vec![Price::whole(1).unwrap(); dates.len()];
        Arc::new(Series::from(DailyCloses { adjusted: vec![None; dates.len()], dates, closes }))
    }

    #[test]
    fn a_vintage_makes_only_what_it_touched_stale() {
        let mut cache = Cache::default();
        cache.learn(V[0], V[1], vec![touched("A", V[1]), touched("B", V[1])]);
        cache.keep(&symbol("A"), V[1], &series(3));
        cache.keep(&symbol("B"), V[1], &series(3));
        cache.learn(V[1], V[3], vec![touched("A", V[3])]);
        assert!(cache.lacks(&symbol("A"), V[3]) && !cache.lacks(&symbol("A"), V[2]));
        assert!(!cache.lacks(&symbol("B"), V[3]) && cache.find(&symbol("B"), V[3]).is_some());
        assert!(!cache.lacks(&symbol("C"), V[3]) && cache.find(&symbol("C"), V[3]).is_none());
        assert!(cache.find(&symbol("A"), V[0]).is_none(), "then nothing was known of it");
    }

    #[test]
    fn what_was_learned_twice_counts_once() {
        let mut cache = Cache::default();
        cache.learn(V[0], V[2], vec![touched("A", V[2])]);
        cache.learn(V[0], V[1], vec![touched("A", V[1])]);
        assert_eq!((cache.learned(), cache.touched[&symbol("A")].len()), (V[2], 1));
    }

    #[test]
    fn the_least_recently_used_go_first() {
        let mut cache = Cache::bounded(7);
        cache.learn(V[0], V[1], ["A", "B", "C", "D"].map(|name| touched(name, V[1])).into());
        for name in ["A", "B"] {
            cache.keep(&symbol(name), V[1], &series(3));
        }
        cache.find(&symbol("A"), V[1]).unwrap();
        cache.keep(&symbol("C"), V[1], &series(3));
        assert!(cache.lacks(&symbol("B"), V[1]) && !cache.lacks(&symbol("A"), V[1]));
        cache.keep(&symbol("D"), V[1], &series(8));
        assert!(cache.lacks(&symbol("D"), V[1]), "more than all that may be kept");
        assert_eq!((cache.closes, cache.histories.len()), (6, 2));
    }
}
