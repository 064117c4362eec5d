//! The application: everything that meets the outside world.

pub mod market;
