//! What is seen: one file per read model, its fold and its queries; the runner that keeps them exactly once.
//!
//! A read model is a [`Projection`]: a fold of the log into tables. The [`runner`] writes rows and checkpoint in one
//! transaction, so that a crash at any instruction neither skips nor repeats an event; [`rebuild`] folds anew while
//! readers keep seeing the old rows; [`watermarks`] let a reader wait for what it has written.

pub mod accounts;
pub mod admin_acts;
pub mod bars;
pub mod closes;
pub mod compare;
pub mod coverage;
pub mod database;
pub mod equity;
pub mod factors;
mod fold;
pub mod instruments;
pub mod invitations;
pub mod leaderboard;
pub mod ledger;
pub mod models;
pub mod page;
pub mod parked;
pub mod performance;
pub mod portfolios;
pub mod projection;
pub mod rates;
pub mod reader;
pub mod rebuild;
pub mod reference;
pub mod refold;
pub mod registry;
pub mod risk;
pub mod runner;
pub mod runs;
pub mod scenarios;
pub mod sector_weights;
pub mod snapshots;
pub mod stats;
pub mod status;
pub mod streams;
pub mod tags;
pub mod viewer;
pub mod watermarks;

pub use database::QueryError;
pub use page::{InvalidCursor, Page, PositionCursor};
pub use projection::{OnPoison, Projection, ProjectionError};
pub use reader::Reader;
pub use registry::Projections;
pub use runner::{RunnerOptions, RunningProjections};
pub use viewer::{View, Viewer};
pub use watermarks::{WaitError, Watermarks};
