//! The token buckets of many clients: bounded in number, swept beside the requests.

use std::fmt;
use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

/// After how many requests clients that have not been seen for a while are forgotten.
const SWEEP_EVERY: usize = 4_096;

type Limiter<K> = RateLimiter<K, DashMapStateStore<K>, DefaultClock, StateInformationMiddleware>;

/// How a client stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Requests a minute.
    pub limit: u32,
    /// Requests that are left now.
    pub remaining: u32,
    /// Seconds until all of them are there again, or, when none is left, the next one.
    pub reset_s: u64,
}

/// A client asked for more than it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{} requests a minute are served, in bursts of {burst}; try again in {retry_after_s} s", standing.limit)]
pub struct Exceeded {
    /// How it stands.
    pub standing: Standing,
    /// Requests at once.
    pub burst: u32,
    /// Seconds until the next request is served.
    pub retry_after_s: u64,
}

/// Two buckets for each client: one that refills over a minute, and one that refills over a second.
pub(super) struct Buckets<K: Hash + Eq + Clone> {
    shared: Arc<Shared<K>>,
    counted: AtomicUsize,
}

struct Shared<K: Hash + Eq + Clone> {
    minute: Limiter<K>,
    second: Limiter<K>,
    per_minute: NonZeroU32,
    per_second: NonZeroU32,
    clients_max: usize,
    is_full: AtomicBool,
}

impl<K: Hash + Eq + Clone> fmt::Debug for Buckets<K> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shared { per_minute, per_second, .. } = &*self.shared;
        formatter
            .debug_struct("Buckets")
            .field("per_minute", per_minute)
            .field("per_second", per_second)
            .finish_non_exhaustive()
    }
}

impl<K: Hash + Eq + Clone + Send + Sync + 'static> Buckets<K> {
    /// Full ones. Zero, which the configuration refuses, counts as one.
    pub(super) fn new(per_minute: u32, per_second: u32, clients_max: usize) -> Self {
        let of = |number: u32| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        let (per_minute, per_second) = (of(per_minute), of(per_second));
        let limiter = |quota| RateLimiter::dashmap(quota).with_middleware();
        let shared = Shared {
            minute: limiter(Quota::per_minute(per_minute)),
            second: limiter(Quota::per_second(per_second)),
            per_minute,
            per_second,
            clients_max,
            is_full: AtomicBool::new(false),
        };
        Self { shared: Arc::new(shared), counted: AtomicUsize::new(0) }
    }

    /// Takes a token of `client` from both of its buckets.
    pub(super) fn check(&self, client: &K) -> Result<Standing, Exceeded> {
        self.sweep_sometimes();
        let Shared { minute, second, per_minute, per_second, .. } = &*self.shared;
        let limit = per_minute.get();
        let refused = |wait: Duration| {
            let retry_after_s = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            let standing = Standing { limit, remaining: 0, reset_s: retry_after_s };
            Exceeded { standing, burst: per_second.get(), retry_after_s }
        };
        let now = || DefaultClock::default().now();
        // What the first bucket gave is not put back when the second refuses: it refills by itself in a moment.
        second.check_key(client).map_err(|until| refused(until.wait_time_from(now())))?;
        let left = minute.check_key(client).map_err(|until| refused(until.wait_time_from(now())))?;
        let remaining = left.remaining_burst_capacity();
        let used = u64::from(limit.saturating_sub(remaining));
        Ok(Standing { limit, remaining, reset_s: (used * 60).div_ceil(u64::from(limit)) })
    }

    /// Whether as many clients are remembered as may be.
    pub(super) fn is_full(&self) -> bool {
        self.shared.is_full.load(Relaxed)
    }

    /// Looks now and then, on a thread that may take its time.
    fn sweep_sometimes(&self) {
        let counted = self.counted.fetch_add(1, Relaxed) + 1;
        if counted.is_multiple_of(SWEEP_EVERY)
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let shared = self.shared.clone();
            runtime.spawn_blocking(move || shared.sweep());
        }
    }

    #[cfg(test)]
    pub(super) fn sweep(&self) {
        self.shared.sweep();
    }
}

impl<K: Hash + Eq + Clone> Shared<K> {
    /// Forgets clients whose buckets are full again.
    fn sweep(&self) {
        for limiter in [&self.minute, &self.second] {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
        self.is_full.store(self.minute.len() >= self.clients_max, Relaxed);
    }
}
