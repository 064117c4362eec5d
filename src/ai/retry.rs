//! When a call that brought no answer is made again.

use std::time::Duration;

use super::error::ProviderError;

/// How often and after which delays a call is made again. Never after a part of an answer was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Most attempts, the first included.
    pub attempts_max: u32,
    /// The delay before the second attempt; doubled before each further one.
    pub first_delay: Duration,
    /// The longest delay that we choose, without the random one. A provider may want a longer one.
    pub delay_max: Duration,
    /// A random delay up to this is added, so that those who failed together do not return together.
    pub jitter_max: Duration,
}

impl RetryPolicy {
    /// So many attempts, half a second apart, then a second, and so on up to five.
    pub const fn attempts(attempts_max: u32) -> Self {
        Self {
            attempts_max,
            first_delay: Duration::from_millis(500),
            delay_max: Duration::from_secs(5),
            jitter_max: Duration::from_millis(250),
        }
    }

    /// How long to wait after `made` attempts of which the last failed like this; none to give up. `chance` is a number
    /// from 0 to 1.
    pub fn delay(&self, made: u32, failure: &ProviderError, chance: f64) -> Option<Duration> {
        if made >= self.attempts_max || !failure.is_passing() {
            return None;
        }
        let jitter = self.jitter_max.mul_f64(chance.clamp(0.0, 1.0));
        if let Some(wanted) = failure.retry_after() {
            return Some(wanted.saturating_add(jitter));
        }
        let doubled = 2_u32.saturating_pow(made.saturating_sub(1));
        Some(self.first_delay.saturating_mul(doubled).min(self.delay_max).saturating_add(jitter))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure() -> ProviderError {
        ProviderError::Unavailable { status: Some(503), retry_after: None, message: String::new() }
    }

    #[test]
    fn delays_double_up_to_the_longest() {
        let policy = RetryPolicy::attempts(9);
        let delays: Vec<u128> =
            (1..8).map(|made| policy.delay(made, &failure(), 1.0).unwrap().as_millis()).collect();
        assert_eq!(delays, [750, 1_250, 2_250, 4_250, 5_250, 5_250, 5_250]);
        assert_eq!(policy.delay(1, &failure(), 0.0), Some(Duration::from_millis(500)));
        assert_eq!(policy.delay(9, &failure(), 0.0), None);
    }

    #[test]
    fn the_provider_may_want_a_longer_delay() {
        let wanted = Duration::from_secs(42);
        let limited = |retry_after| ProviderError::RateLimited { retry_after, message: String::new() };
        let policy = RetryPolicy::attempts(2);
        let delay = policy.delay(1, &limited(Some(wanted)), 0.5).unwrap();
        assert_eq!(delay, wanted + Duration::from_millis(125));
        let unsaid = policy.delay(1, &limited(None), 0.0);
        assert_eq!(unsaid, Some(policy.first_delay), "nobody said when");
    }

    #[test]
    fn what_stays_wrong_is_not_repeated() {
        let refused = ProviderError::Refused { message: String::new() };
        assert_eq!(RetryPolicy::attempts(5).delay(1, &refused, 0.0), None);
    }
}
