//! Data that is uploaded as files.

pub mod prices;
pub mod reference;
mod upload;
