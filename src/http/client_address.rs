//! Where a request comes from: the peer of the connection, or what proxies that are trusted say of it.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, header};
use axum::middleware::Next;
use axum::response::Response;
use ipnet::IpNet;

use super::state::Api;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Where a request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress {
    /// The address of the client, as far as it can be believed.
    pub ip: IpAddr,
    /// Whether a program on this machine sent it itself, without a proxy between.
    pub is_local: bool,
}

impl ClientAddress {
    /// Follows `X-Forwarded-For` from its end, where the nearest proxy writes, for as long as the writer is trusted.
    pub fn of(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> Self {
        let peer = peer.to_canonical();
        let forwarded = headers.contains_key(X_FORWARDED_FOR) || headers.contains_key(header::FORWARDED);
        let is_local = peer.is_loopback() && !forwarded;
        let believed = |ip: &IpAddr| trusted.iter().any(|network| network.contains(ip));
        let mut ip = peer;
        let hops = headers.get_all(X_FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok());
        let hops: Vec<&str> = hops.flat_map(|value| value.split(',')).map(str::trim).collect();
        for hop in hops.into_iter().rev() {
            match hop.parse::<IpAddr>() {
                Ok(next) if believed(&ip) => ip = next.to_canonical(),
                // Whoever is not trusted may write anything.
                Ok(_) | Err(_) => break,
            }
        }
        Self { ip, is_local }
    }
}

/// Notes where the request comes from, for all who are inside.
pub(super) async fn note(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    // Only a request that never came over a connection has none: one of a test of the router.
    let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(address)| address.ip());
    let address = ClientAddress::of(peer, request.headers(), &api.config().trusted_proxies);
    request.extensions_mut().insert(address);
    next.run(request).await
}

impl<S: Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        let unknown = Self { ip: IpAddr::V4(Ipv4Addr::UNSPECIFIED), is_local: false };
        Ok(parts.extensions.get().copied().unwrap_or(unknown))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, forwarded: &[&'static str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(X_FORWARDED_FOR, value.parse().unwrap());
        }
        let trusted: Vec<IpNet> = trusted.iter().map(|network| network.parse().unwrap()).collect();
        ClientAddress::of(peer.parse().unwrap(), &headers, &trusted).ip.to_string()
    }

    #[test]
    fn nobody_is_believed_by_default() {
        assert_eq!(seen("203.0.113.9", &["1.1.1.1"], &[]), "203.0.113.9");
        assert_eq!(seen("::ffff:203.0.113.9", &[], &[]), "203.0.113.9");
    }

    #[test]
    fn trusted_proxies_are_followed_to_the_first_stranger() {
        let trusted = ["10.0.0.0/8", "192.0.2.1/32"];
        assert_eq!(seen("10.0.0.1", &["6.6.6.6, 203.0.113.9, 192.0.2.1"], &trusted), "203.0.113.9");
        assert_eq!(seen("10.0.0.1", &["6.6.6.6, 203.0.113.9", "192.0.2.1"], &trusted), "203.0.113.9");
        assert_eq!(seen("203.0.113.9", &["6.6.6.6"], &trusted), "203.0.113.9");
        assert_eq!(seen("10.0.0.1", &["6.6.6.6, nonsense"], &trusted), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", &[], &trusted), "10.0.0.1");
    }

    #[test]
    fn what_a_proxy_on_this_machine_passes_on_is_not_local() {
        let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let mut headers = HeaderMap::new();
        assert!(ClientAddress::of(peer, &headers, &[]).is_local);
        headers.insert(X_FORWARDED_FOR, "203.0.113.9".parse().unwrap());
        assert!(!ClientAddress::of(peer, &headers, &[]).is_local);
    }
}
