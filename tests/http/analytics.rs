//! Analytics of portfolios.

mod aggregate;
mod factors;
mod options;
mod portfolio;
mod track_record;
