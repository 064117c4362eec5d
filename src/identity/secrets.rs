//! Tokens that are random and long: what they look like, and what is kept of them.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use events::account::TokenHash;
use events::{AccountId, ApiKeyId, SessionId};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::config::SecretText;

const REFRESH_PREFIX: &str = "tdr_";
const API_KEY_PREFIX: &str = "tdk_";
const TICKET_PREFIX: &str = "tdt_";
const CLAIM_PREFIX: &str = "tdc_";
/// How much of an API key is shown, its prefix included.
const SHOWN_CHARS: usize = 12;
/// Longest token that is looked at, in bytes.
const TOKEN_BYTES_MAX: usize = 200;

/// 256 bits that nobody can guess.
pub fn random() -> Zeroizing<[u8; 32]> {
    Zeroizing::new(rand::random())
}

/// A token as its holder has it, and the fingerprint that is kept.
#[derive(Debug)]
pub struct Minted {
    /// The token; it is shown once.
    pub token: SecretText,
    /// What is kept of it.
    pub hash: TokenHash,
}

fn mint(prefix: &str, parts: &[&[u8]]) -> Minted {
    let bytes = Zeroizing::new(parts.concat());
    let token = SecretText::new(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(&*bytes)));
    Minted { token, hash: TokenHash::of(&bytes) }
}

fn read(prefix: &str, token: &str) -> Option<Zeroizing<Vec<u8>>> {
    if token.len() > TOKEN_BYTES_MAX {
        return None;
    }
    URL_SAFE_NO_PAD.decode(token.strip_prefix(prefix)?).ok().map(Zeroizing::new)
}

/// A refresh token names its account and session, so that a spent one is recognised wherever it turns up.
pub fn refresh_token(account: AccountId, session: SessionId) -> Minted {
    mint(REFRESH_PREFIX, &[account.uuid().as_bytes(), session.uuid().as_bytes(), random().as_slice()])
}

/// What a refresh token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadRefreshToken {
    /// Whose session.
    pub account_id: AccountId,
    /// Which session.
    pub session_id: SessionId,
    /// Its fingerprint.
    pub hash: TokenHash,
}

/// Reads a refresh token; nothing for what is not shaped like one.
pub fn read_refresh_token(token: &str) -> Option<ReadRefreshToken> {
    let bytes = read(REFRESH_PREFIX, token)?;
    if bytes.len() != 64 {
        return None;
    }
    let uuid = |at: usize| Uuid::from_slice(bytes.get(at..at + 16)?).ok();
    let (account_id, session_id) = (AccountId::from_uuid(uuid(0)?), SessionId::from_uuid(uuid(16)?));
    Some(ReadRefreshToken { account_id, session_id, hash: TokenHash::of(&bytes) })
}

/// A new API key, and how it begins.
pub fn api_key(key: ApiKeyId) -> (Minted, String) {
    let minted = mint(API_KEY_PREFIX, &[&random_start(key), random().as_slice()]);
    let prefix = minted.token.expose().chars().take(SHOWN_CHARS).collect();
    (minted, prefix)
}

/// What of a key's id stands at its beginning: enough to tell keys apart. The part that is secret follows.
fn random_start(key: ApiKeyId) -> [u8; 6] {
    let mut start = [0; 6];
    // The last bytes of an id are random, the first ones are its time.
    start.copy_from_slice(key.uuid().as_bytes().last_chunk::<6>().unwrap_or(&[0; 6]));
    start
}

/// The fingerprint of an API key; nothing for what is not shaped like one.
pub fn api_key_hash(token: &str) -> Option<TokenHash> {
    read(API_KEY_PREFIX, token).map(|bytes| TokenHash::of(&bytes))
}

/// A new ticket for an event stream.
pub fn ticket() -> Minted {
    mint(TICKET_PREFIX, &[random().as_slice()])
}

/// The fingerprint of a ticket; nothing for what is not shaped like one.
pub fn ticket_hash(token: &str) -> Option<TokenHash> {
    read(TICKET_PREFIX, token).map(|bytes| TokenHash::of(&bytes))
}

/// A new token that claims an installation.
pub fn claim_token() -> Minted {
    mint(CLAIM_PREFIX, &[random().as_slice()])
}

/// The fingerprint of a token that claims an installation; nothing for what is not shaped like one.
pub fn claim_hash(token: &str) -> Option<TokenHash> {
    read(CLAIM_PREFIX, token).map(|bytes| TokenHash::of(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refresh_token_reads_back() {
        let (account, session) = (AccountId::derived(&[b"ann"]), SessionId::derived(&[b"1"]));
        let minted = refresh_token(account, session);
        let read = read_refresh_token(minted.token.expose()).unwrap();
        assert_eq!((read.account_id, read.session_id, read.hash), (account, session, minted.hash));
        for wrong in ["", "tdr_", "tdr_AAAA", "tdk_AAAA", &"tdr_A".repeat(1_000)] {
            assert_eq!(read_refresh_token(wrong), None);
        }
    }

    #[test]
    fn a_key_is_told_by_its_beginning_and_kept_as_its_fingerprint() {
        let id = ApiKeyId::derived(&[b"laptop"]);
        let ((one, prefix), (other, _)) = (api_key(id), api_key(id));
        assert!(one.token.expose().starts_with(&prefix) && prefix.len() == SHOWN_CHARS);
        assert_ne!(one.hash, other.hash);
        assert_eq!(api_key_hash(one.token.expose()), Some(one.hash));
        assert!(format!("{one:?}").contains("***"));
    }
}
