//! One trade or quote as it arrives, and the subject it arrives on.

use std::fmt::Write;

use events::{Price, Quantity, Symbol};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One trade or quote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tick {
    /// What was traded. One venue feeds one symbol.
    pub symbol: Symbol,
    /// The price.
    pub price: Price,
    /// How many; zero for a quote without a trade.
    pub size: Quantity,
    /// When, at its source (UTC).
    pub at: Timestamp,
    /// Rises by one with each tick of the symbol.
    pub seq: u64,
}

/// `text` as one token of a subject: what is not a letter, digit, `-` or `_` becomes `%` and two hexadecimal digits.
pub fn token_of(text: &str) -> String {
    let mut token = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') {
            token.push(char::from(byte));
        } else {
            // Writing into a string cannot fail.
            let _ = write!(token, "%{byte:02X}");
        }
    }
    token
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symbol_is_one_token_and_no_two_symbols_share_one() {
        assert_eq!(token_of("AAPL"), "AAPL");
        assert_eq!(token_of("600519.SH"), "600519%2ESH");
        assert_ne!(token_of("A%2EB"), token_of("A.B"));
    }

    #[test]
    fn a_tick_is_plain_json() {
        let json = r#"{"symbol":"AAPL","price":"187.2","size":"100","at":"2025-11-03T14:30:00.25Z","seq":7}"#;
        let tick: Tick = serde_json::from_str(json).unwrap();
        assert_eq!(tick.seq, 7);
        assert_eq!(serde_json::from_str::<Tick>(&serde_json::to_string(&tick).unwrap()).unwrap(), tick);
    }
}
