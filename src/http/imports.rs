//! Prices that somebody hands over.

pub mod prices;
mod upload;
