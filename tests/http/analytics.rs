//! Analytics of portfolios.

mod aggregate;
mod factors;
mod options;
mod portfolio;
mod prices;
mod track_record;
