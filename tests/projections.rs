//! Read models against a real Postgres. Each test names the rules (EL-n) that it would fail without.

mod diary;
mod exactly_once;
mod forking;
mod isolation;
mod market;
mod models;
mod parking;
mod portfolios;
mod ranking;
mod rebuilding;
mod runs;
mod waiting;
