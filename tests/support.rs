//! The test kit.

pub mod app;
pub mod folders;
pub mod program;
pub mod services;
pub mod story;
pub mod tape;
pub mod waiting;
