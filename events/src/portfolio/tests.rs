//! Rules of portfolios, as given / when / then.

mod capital;
mod closing;
mod entering;
pub(super) mod facts;
mod settlement;
mod standing;
pub(super) mod support;
mod targets;
