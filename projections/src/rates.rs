//! Dated risk-free rates.

use crate::reader::Reader;
use jiff::civil::Date;
use serde::Serialize;

use crate::bars::Vintage;
use crate::database::{Columns, QueryError};

const OPERATION: &str = "reading risk-free rates";

/// A rate of a currency, in force from its date until the next.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RiskFreeRate {
    /// ISO 4217.
    pub currency: String,
    /// From when.
    pub rate_date: Date,
    /// A year's interest as a fraction, from -1 to 1.
    pub annual_rate: f64,
}

/// The rates in force from one date to another, both included, as known at a vintage (now, if absent): the last on or
/// before the first date, if there is one, and those after it.
pub async fn rates(
    client: &impl Reader,
    currency: &str,
    from: Date,
    to: Date,
    as_of: Option<Vintage>,
) -> Result<Vec<RiskFreeRate>, QueryError> {
    let vintage = as_of.unwrap_or(Vintage::NEWEST).number();
    client
        .query(include_str!("sql/reference/rates.sql"), &[&currency, &from, &to, &vintage])
        .await
        .map_err(QueryError::during(OPERATION))?
        .iter()
        .map(|row| {
            let columns = Columns::of(row, OPERATION);
            let currency = currency.to_owned();
            let (rate_date, annual_rate) = (columns.get("rate_date")?, columns.get("annual_rate")?);
            Ok(RiskFreeRate { currency, rate_date, annual_rate })
        })
        .collect()
}

/// The rate in force on a date, as known at a vintage (now, if absent).
pub async fn rate_on(
    client: &impl Reader,
    currency: &str,
    on: Date,
    as_of: Option<Vintage>,
) -> Result<Option<RiskFreeRate>, QueryError> {
    Ok(rates(client, currency, on, on, as_of).await?.pop())
}
