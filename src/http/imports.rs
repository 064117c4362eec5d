//! Data that is uploaded as files.

mod kept;
pub mod prices;
pub mod reference;
mod upload;
