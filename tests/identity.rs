//! Accounts, passwords, sessions, tokens and API keys, over the real services.

mod kit;
mod life;
mod passwords;
mod roles;
mod sessions;
mod sign_up;
mod tokens;
