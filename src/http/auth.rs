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

use super::answer::Answer;
use super::caller::Asked;
use super::state::Api;
use crate::identity::SignedIn;
pub use view::{AccountView, ApiKeyView, SessionView, SignedInView};

/// What whoever came in is answered: the tokens in the body, and as cookies for browsers.
fn entered(api: &Api, asked: Asked, signed_in: SignedIn) -> Answer<SignedInView> {
    let cookies = cookies::given(api.config(), &signed_in.tokens);
    let position = signed_in.position;
    Answer::ok(&asked, signed_in.into()).at(position).headers(cookies)
}
