//! Rules of runs, as given / when / then over small bars.

mod conformance;
mod resume;
pub(crate) mod support;
