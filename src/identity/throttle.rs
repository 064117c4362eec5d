//! Failed sign-ins are slowed down, by account and by network address, on all nodes and across restarts.
//!
//! An attempt is counted before the password is looked at and forgiven when it was right, so that many at once are no
//! way around. An attempt that has to wait is turned away after one read: it costs neither a hash nor a write.

use std::net::IpAddr;

use deadpool_postgres::Pool;
use events::AccountId;
use jiff::{SignedDuration, Timestamp};
use projections::Reader;

use super::IdentityError;
use crate::config::ThrottleConfig;

/// Old counters that an attempt clears away.
const FORGET_AT_ONCE: i64 = 8;

/// Slows failed sign-ins down.
#[derive(Debug, Clone)]
pub struct Throttle {
    config: ThrottleConfig,
    pool: Pool,
}

/// An attempt that was counted.
#[derive(Debug)]
pub struct Attempt {
    account: String,
    address: Option<String>,
}

impl Throttle {
    /// With these limits.
    pub fn new(config: ThrottleConfig, pool: Pool) -> Self {
        Self { config, pool }
    }

    /// Refuses an attempt that has to wait; counts nothing.
    pub async fn check(
        &self,
        account: AccountId,
        ip: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<(), IdentityError> {
        let client = self.pool.get().await?;
        let mut subjects = vec![of_account(account)];
        subjects.extend(ip.map(of_address));
        let row = client
            .query_one(include_str!("sql/throttle_check.sql"), &[&subjects, &now])
            .await
            .map_err(IdentityError::during("looking at failed sign-ins"))?;
        match row.get::<_, Option<Timestamp>>("blocked_until") {
            Some(until) => Err(throttled(until, now)),
            None => Ok(()),
        }
    }

    /// Counts an attempt, or refuses it because it has to wait.
    pub async fn attempt(
        &self,
        account: AccountId,
        ip: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<Attempt, IdentityError> {
        let client = self.pool.get().await?;
        let attempt = Attempt { account: of_account(account), address: ip.map(of_address) };
        if let Some(address) = &attempt.address {
            count(&client, address, self.config.address_free, &self.config, now).await?;
        }
        let delayed = count(&client, &attempt.account, self.config.account_free, &self.config, now).await?;
        if delayed {
            tracing::warn!(account.id = %account, "Failed sign-ins of account {account} are slowed down");
        }
        let forgotten = self.forgotten(now);
        client
            .execute(include_str!("sql/throttle_forget.sql"), &[&forgotten, &FORGET_AT_ONCE])
            .await
            .map_err(IdentityError::during("forgetting failed sign-ins"))?;
        Ok(attempt)
    }

    /// The attempt was right: the account's failures are forgotten, and the address is not charged with it.
    pub async fn succeeded(&self, attempt: Attempt) -> Result<(), IdentityError> {
        let client = self.pool.get().await?;
        client
            .execute(include_str!("sql/throttle_clear.sql"), &[&attempt.account])
            .await
            .map_err(IdentityError::during("clearing failed sign-ins"))?;
        if let Some(address) = &attempt.address {
            client
                .execute(include_str!("sql/throttle_forgive.sql"), &[&address])
                .await
                .map_err(IdentityError::during("forgiving a sign-in"))?;
        }
        Ok(())
    }

    fn forgotten(&self, now: Timestamp) -> Timestamp {
        forgotten(&self.config, now)
    }
}

fn forgotten(config: &ThrottleConfig, now: Timestamp) -> Timestamp {
    let window = SignedDuration::from_mins(i64::from(config.forget_minutes));
    now.saturating_sub(window).unwrap_or(Timestamp::MIN)
}

/// Counts an attempt of a subject; answers whether it is the first that brings a delay.
async fn count(
    client: &impl Reader,
    subject: &str,
    free: u32,
    config: &ThrottleConfig,
    now: Timestamp,
) -> Result<bool, IdentityError> {
    let free = i32::try_from(free).unwrap_or(i32::MAX);
    let (first, longest) = (f64::from(config.first_delay_seconds), f64::from(config.delay_max_seconds));
    let row = client
        .query_opt(
            include_str!("sql/throttle_attempt.sql"),
            &[&subject, &now, &forgotten(config, now), &free, &first, &longest],
        )
        .await
        .map_err(IdentityError::during("counting a sign-in"))?;
    match row {
        Some(row) => Ok(row.get::<_, i32>("failures") == free.saturating_add(1)),
        // Another attempt was faster, and this one has to wait for the delay that it brought.
        None => Err(IdentityError::Throttled { retry_after_s: u64::from(config.first_delay_seconds) }),
    }
}

fn throttled(until: Timestamp, now: Timestamp) -> IdentityError {
    let wait_ms = u64::try_from(until.duration_since(now).as_millis()).unwrap_or_default();
    IdentityError::Throttled { retry_after_s: wait_ms.div_ceil(1_000).max(1) }
}

fn of_account(account: AccountId) -> String {
    format!("account:{account}")
}

/// Of an IPv6 address the network counts: whoever has one address has all of them.
fn of_address(ip: IpAddr) -> String {
    match ip.to_canonical() {
        IpAddr::V4(ip) => format!("address:{ip}"),
        IpAddr::V6(ip) => {
            let [a, b, c, d, ..] = ip.segments();
            format!("address:{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_of_ipv6_is_one_subject() {
        let one = of_address("2001:db8:1:2:3:4:5:6".parse().unwrap());
        assert_eq!(one, of_address("2001:db8:1:2::1".parse().unwrap()));
        assert_ne!(one, of_address("2001:db8:1:3::1".parse().unwrap()));
        let mapped = of_address("::ffff:192.0.2.1".parse().unwrap());
        assert_eq!(mapped, of_address("192.0.2.1".parse().unwrap()));
    }
}
