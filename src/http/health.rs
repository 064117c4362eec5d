//! Whether the process lives, whether it can serve, and what it is.

pub mod live;
pub mod ready;
pub mod version;
