//! Entering and leaving: accounts, sessions, keys and tickets of the caller's own.

pub mod api_keys;
pub mod claim;
mod cookies;
pub mod login;
pub mod logout;
pub mod me;
pub mod password;
pub mod refresh;
pub mod sessions;
pub mod sign_up;
pub mod stream_ticket;
mod view;

pub use view::{AccountView, ApiKeyView, SessionView, SignedInView};
