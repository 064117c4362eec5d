//! How much each client may ask: two token buckets a client, one of a minute and one of a second.
//!
//! A request counts against its address before anybody asks who sent it, and against its user once that is known.

mod buckets;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::client_address::ClientAddress;
use super::error::ApiError;
use super::state::Api;
use crate::config::RatesConfig;
use buckets::Buckets;
pub use buckets::{Exceeded, Standing};

/// Who a request counts against, besides its address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RateKey {
    /// The owner of a private installation: bounded, generously.
    Owner,
    /// A user, by something that never changes, such as the id.
    User(Arc<str>),
}

/// What a bucket belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Client {
    Owner,
    Named(Arc<str>),
    Address(IpAddr),
}

/// The buckets of all clients.
#[derive(Debug)]
pub struct RateLimits {
    owner: Buckets<Client>,
    users: Buckets<Client>,
    addresses: Buckets<Client>,
    logins: Buckets<Client>,
}

impl RateLimits {
    /// All buckets full.
    pub fn new(config: &RatesConfig) -> Self {
        let buckets = |per_minute, per_second| Buckets::new(per_minute, per_second, config.clients_max);
        Self {
            owner: buckets(config.owner_per_minute, config.owner_per_second),
            users: buckets(config.user_per_minute, config.user_per_second),
            addresses: buckets(config.address_per_minute, config.address_per_second),
            logins: buckets(config.logins_per_minute, config.logins_per_minute),
        }
    }

    /// Counts a request against its address. Programs on this machine all have the same one, and count as its owner.
    pub fn check_address(&self, address: ClientAddress) -> Result<Standing, Exceeded> {
        if address.is_local {
            return self.owner.check(&Client::Owner);
        }
        self.addresses.check(&self.of_ip(&self.addresses, address.ip))
    }

    /// Counts a request against its user.
    pub fn check_user(&self, key: &RateKey) -> Result<Standing, Exceeded> {
        match key {
            RateKey::User(user) => self.users.check(&Client::Named(user.clone())),
            RateKey::Owner => self.owner.check(&Client::Owner),
        }
    }

    /// Counts an attempt to log in, against where it comes from and against the account it is for.
    pub fn check_login(&self, address: ClientAddress, account: &str) -> Result<Standing, Exceeded> {
        self.logins.check(&self.of_ip(&self.logins, address.ip))?;
        self.logins.check(&Client::Named(account.into()))
    }

    /// An address; while too many are remembered, the large network that it is in.
    fn of_ip(&self, buckets: &Buckets<Client>, ip: IpAddr) -> Client {
        Client::Address(if buckets.is_full() { network(ip, 16, 32) } else { network(ip, 32, 64) })
    }
}

/// The first bits of an address. A customer of IPv6 has at least 64 bits to choose from.
fn network(ip: IpAddr, bits_v4: u32, bits_v6: u32) -> IpAddr {
    match ip {
        IpAddr::V4(ip) => {
            let mask = u32::MAX.checked_shl(32 - bits_v4).unwrap_or(0);
            IpAddr::V4(Ipv4Addr::from_bits(ip.to_bits() & mask))
        }
        IpAddr::V6(ip) => {
            let mask = u128::MAX.checked_shl(128 - bits_v6).unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & mask))
        }
    }
}

/// Lets requests through whose address is within its limit, and tells every client how it stands.
pub(super) async fn limit(
    State(api): State<Api>,
    address: ClientAddress,
    request: Request,
    next: Next,
) -> Response {
    answer(&api, api.rates().check_address(address), request, next).await
}

/// The same for the user that sent a request.
pub(super) async fn limit_user(api: &Api, key: &RateKey, request: Request, next: Next) -> Response {
    answer(api, api.rates().check_user(key), request, next).await
}

async fn answer(api: &Api, checked: Result<Standing, Exceeded>, request: Request, next: Next) -> Response {
    match checked {
        Ok(standing) => {
            let mut response = next.run(request).await;
            tell(response.headers_mut(), standing);
            response
        }
        Err(exceeded) => {
            api.metrics().throttled();
            let standing = exceeded.standing;
            let mut response = ApiError::RateLimited(exceeded).into_response();
            tell(response.headers_mut(), standing);
            response
        }
    }
}

/// The limit of the user is told rather than that of the address, which is looked at first and told last.
fn tell(headers: &mut HeaderMap, Standing { limit, remaining, reset_s }: Standing) {
    const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
    if headers.contains_key(LIMIT) {
        return;
    }
    headers.insert(LIMIT, HeaderValue::from(limit));
    headers.insert(HeaderName::from_static("ratelimit-remaining"), HeaderValue::from(remaining));
    headers.insert(HeaderName::from_static("ratelimit-reset"), HeaderValue::from(reset_s));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(set: impl FnOnce(&mut RatesConfig)) -> RateLimits {
        // Buckets of a minute refill so slowly that a test never sees it; those of a second never run out.
        let mut config = RatesConfig {
            user_per_second: 1_000,
            address_per_second: 1_000,
            address_per_minute: 1_000,
            ..RatesConfig::default()
        };
        set(&mut config);
        RateLimits::new(&config)
    }

    fn from(ip: &str) -> ClientAddress {
        ClientAddress { ip: ip.parse().unwrap(), is_local: false }
    }

    fn user(name: &str) -> RateKey {
        RateKey::User(name.into())
    }

    #[test]
    fn one_users_requests_cost_nobody_else_anything() {
        let limits = limits(|config| config.user_per_minute = 2);
        let ask = |name| limits.check_user(&user(name));
        assert_eq!(ask("ann").unwrap(), Standing { limit: 2, remaining: 1, reset_s: 30 });
        assert_eq!(ask("ann").unwrap().remaining, 0);
        let over = ask("ann").unwrap_err();
        assert_eq!((over.standing.limit, over.standing.remaining, over.retry_after_s), (2, 0, 30));
        assert_eq!(ask("bob").unwrap().remaining, 1);
    }

    #[test]
    fn a_burst_is_bounded_within_the_minute() {
        let limits = limits(|config| config.user_per_second = 3);
        let ask = || limits.check_user(&user("ann"));
        assert!((0..3).all(|_| ask().is_ok()));
        assert_eq!(ask().unwrap_err().retry_after_s, 1);
    }

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let limits = limits(|config| config.address_per_minute = 2);
        assert!(limits.check_address(from("2001:db8::1")).is_ok());
        assert!(limits.check_address(from("2001:db8::2")).is_ok());
        assert!(limits.check_address(from("2001:db8::3")).is_err());
        assert!(limits.check_address(from("2001:db8:0:1::1")).is_ok());
    }

    #[test]
    fn the_owner_on_this_machine_has_plenty() {
        let limits = limits(|_| ());
        let local = ClientAddress { ip: "127.0.0.1".parse().unwrap(), is_local: true };
        assert!((0..5_000).all(|_| limits.check_address(local).is_ok()));
        assert!((0..1_000).all(|_| limits.check_user(&RateKey::Owner).is_ok()));
    }

    #[test]
    fn logins_are_counted_by_address_and_by_account() {
        let limits = limits(|config| config.logins_per_minute = 2);
        assert!(limits.check_login(from("203.0.113.1"), "ann").is_ok());
        assert!(limits.check_login(from("203.0.113.2"), "ann").is_ok());
        assert!(limits.check_login(from("203.0.113.3"), "ann").is_err(), "the account is used up");
        assert!(limits.check_login(from("203.0.113.4"), "bob").is_ok());
        assert!(limits.check_login(from("203.0.113.4"), "cid").is_ok());
        assert!(limits.check_login(from("203.0.113.4"), "dan").is_err(), "the address is used up");
    }

    #[test]
    fn too_many_addresses_are_counted_by_their_networks() {
        let limits = limits(|config| config.clients_max = 10);
        for host in 0..20 {
            assert!(limits.check_address(from(&format!("203.0.113.{host}"))).is_ok());
        }
        limits.addresses.sweep();
        let ask = |ip| limits.check_address(from(ip)).unwrap().remaining;
        assert_eq!((ask("203.0.113.200"), ask("203.0.113.201"), ask("198.51.100.1")), (999, 998, 999));
    }
}
