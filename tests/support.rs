//! The test kit.

pub mod folders;
pub mod services;
pub mod waiting;
