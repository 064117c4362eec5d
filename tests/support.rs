//! The test kit.

pub mod app;
pub mod folders;
pub mod services;
pub mod tape;
pub mod waiting;
