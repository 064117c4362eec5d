//! Which portfolios are to be valued when: after a silence, but not later than patience allows.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use events::PortfolioId;

/// Portfolios that wait.
#[derive(Debug)]
pub(super) struct Due {
    quiet: Duration,
    patience: Duration,
    waiting: BTreeMap<PortfolioId, Waiting>,
}

#[derive(Debug, Clone, Copy)]
struct Waiting {
    /// When it may be valued.
    at: Instant,
    /// When it must be.
    latest: Instant,
}

impl Due {
    pub(super) const fn new(quiet: Duration, patience: Duration) -> Self {
        Self { quiet, patience, waiting: BTreeMap::new() }
    }

    /// Something happened to it.
    pub(super) fn changed(&mut self, portfolio: PortfolioId, now: Instant) {
        let (at, latest) = (now + self.quiet, now + self.patience);
        let waiting = self.waiting.entry(portfolio).or_insert(Waiting { at, latest });
        waiting.at = at.min(waiting.latest);
    }

    /// It is to be valued now.
    pub(super) fn at_once(&mut self, portfolio: PortfolioId, now: Instant) {
        self.waiting.insert(portfolio, Waiting { at: now, latest: now });
    }

    /// When the next one may be valued, of those that are not being valued already.
    pub(super) fn next(&self, is_active: impl Fn(PortfolioId) -> bool) -> Option<Instant> {
        let free = self.waiting.iter().filter(|(id, _)| !is_active(**id));
        free.map(|(_, waiting)| waiting.at).min()
    }

    /// The one that is due for longest, of those that are not being valued already.
    pub(super) fn take(
        &mut self,
        now: Instant,
        is_active: impl Fn(PortfolioId) -> bool,
    ) -> Option<PortfolioId> {
        let due = self.waiting.iter().filter(|(id, waiting)| waiting.at <= now && !is_active(**id));
        let (portfolio, _) = due.min_by_key(|(_, waiting)| waiting.at)?;
        let portfolio = *portfolio;
        self.waiting.remove(&portfolio);
        Some(portfolio)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn portfolio(number: u8) -> PortfolioId {
        PortfolioId::derived(&[&[number]])
    }

    #[test]
    fn changes_are_waited_for_but_not_for_ever() {
        let (begun, none) = (Instant::now(), |_| false);
        let after = |ms| begun + Duration::from_millis(ms);
        let mut due = Due::new(Duration::from_millis(300), Duration::from_secs(1));
        for ms in [0, 200, 400, 600, 800] {
            due.changed(portfolio(1), after(ms));
            assert_eq!(due.take(after(ms), none), None);
        }
        assert_eq!(due.next(none), Some(after(1_000)));
        assert_eq!(due.next(|id| id == portfolio(1)), None, "nobody waits for what is being valued");
        due.changed(portfolio(2), after(800));
        due.at_once(portfolio(3), after(900));
        assert_eq!(due.take(after(900), none), Some(portfolio(3)));
        assert_eq!(due.take(after(1_000), |id| id == portfolio(1)), None);
        assert_eq!(due.take(after(1_100), none), Some(portfolio(1)));
        assert_eq!(due.take(after(1_100), none), Some(portfolio(2)));
        assert_eq!(due.next(none), None);
    }
}
