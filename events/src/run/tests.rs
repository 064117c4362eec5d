//! Rules of runs, as given / when / then over small bars.

mod conformance;
mod fills;
mod imported;
mod lifecycle;
mod look_ahead;
mod properties;
mod recheck;
mod refusals;
mod resume;
mod speed;
pub(crate) mod support;
mod waiting;
