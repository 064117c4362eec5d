//! How often an actor that fails is started again, and when its stream is taken out of service (EL-122).

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How often an actor may fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RestartLimits {
    /// Restarts within the window before the stream is quarantined.
    pub restarts_max: usize,
    /// The time over which failures are counted.
    pub window: Duration,
}

impl Default for RestartLimits {
    fn default() -> Self {
        Self { restarts_max: 5, window: Duration::from_secs(60) }
    }
}

/// Wait before the first restart; it doubles with each failure in the window.
pub const BACKOFF_MIN: Duration = Duration::from_millis(50);
/// Longest wait before a restart.
pub const BACKOFF_MAX: Duration = Duration::from_secs(5);

/// The recent failures of one actor.
#[derive(Debug, Clone, Default)]
pub struct RestartBudget {
    failures: VecDeque<Instant>,
}

/// What follows from a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// Start it again after this time.
    RestartAfter(Duration),
    /// It failed too often: take its stream out of service until an operator releases it.
    Quarantine,
}

impl RestartBudget {
    /// Counts a failure at `now` and says what follows.
    pub fn failed(&mut self, now: Instant, limits: RestartLimits) -> Remedy {
        while self.failures.front().is_some_and(|first| now.duration_since(*first) > limits.window) {
            self.failures.pop_front();
        }
        self.failures.push_back(now);
        let recent = self.failures.len();
        if recent > limits.restarts_max {
            return Remedy::Quarantine;
        }
        let doublings = u32::try_from(recent.saturating_sub(1)).unwrap_or(u32::MAX);
        Remedy::RestartAfter(BACKOFF_MIN.saturating_mul(2_u32.saturating_pow(doublings)).min(BACKOFF_MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn restarts_wait_longer_each_time_and_end_in_quarantine() {
        let mut budget = RestartBudget::default();
        let now = Instant::now();
        let remedies: Vec<_> = (0..6).map(|_| budget.failed(now, RestartLimits::default())).collect();
        let waits = [50, 100, 200, 400, 800].map(|wait| Remedy::RestartAfter(Duration::from_millis(wait)));
        assert_eq!(remedies[..5], waits);
        assert_eq!(remedies[5], Remedy::Quarantine);
    }

    #[test]
    fn old_failures_do_not_count() {
        let mut budget = RestartBudget::default();
        let begin = Instant::now();
        for minute in 0..20 {
            let now = begin + (RestartLimits::default().window + Duration::from_secs(1)) * minute;
            assert_eq!(budget.failed(now, RestartLimits::default()), Remedy::RestartAfter(BACKOFF_MIN));
        }
    }
}
