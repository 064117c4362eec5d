//! Streams: the log by what it is about.

pub mod audit;
pub mod events;
pub mod find;
pub mod list;
mod view;

pub use view::StreamView;
