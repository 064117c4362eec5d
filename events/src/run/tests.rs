//! Rules of runs, as given / when / then over small bars.

mod conformance;
mod fills;
mod imported;
mod kinds;
mod lifecycle;
mod look_ahead;
mod margin;
mod properties;
mod recheck;
mod refusals;
mod regressions;
mod resume;
mod risk;
mod speed;
pub(crate) mod support;
mod waiting;
