//! The application.
pub mod bench;
