//! Instruments and company profiles: what is known of a symbol besides its prices, insert-only with vintages.

mod fields;

use std::collections::BTreeMap;

use crate::reader::Reader;
use events::Symbol;
use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::{Map, Value};
use tokio_postgres::Row;

use crate::bars::Vintage;
use crate::database::{Columns, QueryError};

pub use fields::{FIELDS, Field, FieldKind, InvalidValue};

const OPERATION: &str = "reading company profiles";

/// What one source knows of a symbol. A profile is stored and replaced whole.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Profile {
    /// Whose profile.
    pub symbol: Symbol,
    /// The name of the company or fund.
    pub company_name: String,
    /// Its sector, by GICS or as the source calls it.
    pub sector: Option<String>,
    /// Its industry.
    pub industry: Option<String>,
    /// Whether it is an exchange-traded fund.
    pub is_etf: Option<bool>,
    /// Whether it is another fund.
    pub is_fund: Option<bool>,
    /// The provider's beta to the market, usually of a year.
    pub beta: Option<f64>,
    /// Dividends of a year as a fraction of the price.
    pub dividend_yield: Option<f64>,
    /// The value of all shares, in the currency of its prices.
    #[serde(with = "rust_decimal::serde::str_option")]
    pub market_cap: Option<Decimal>,
    /// The first day it could be traded.
    pub listing_date: Option<Date>,
    /// The other fields of [`FIELDS`], those that are known.
    pub details: Map<String, Value>,
}

/// A profile as the store has it.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownProfile {
    /// What is known.
    pub profile: Profile,
    /// The import that brought it.
    pub vintage: Vintage,
    /// When that was.
    pub updated_at: Timestamp,
}

impl Profile {
    /// A profile from values by the names of [`FIELDS`], as [`FieldKind::parse`] gives them.
    ///
    /// # Errors
    /// The name of a field that must be there and is not, or that there is not.
    pub fn of_values(symbol: Symbol, mut values: BTreeMap<String, Value>) -> Result<Self, String> {
        if let Some(unknown) = values.keys().find(|name| Field::named(name).is_none()) {
            return Err(unknown.clone());
        }
        let text = |value: Value| value.as_str().map(str::to_owned);
        let parsed = |value: Option<Value>| value.and_then(text);
        let company_name = parsed(values.remove("company_name")).ok_or("company_name")?;
        Ok(Self {
            symbol,
            company_name,
            sector: parsed(values.remove("sector")),
            industry: parsed(values.remove("industry")),
            is_etf: values.remove("is_etf").and_then(|value| value.as_bool()),
            is_fund: values.remove("is_fund").and_then(|value| value.as_bool()),
            beta: values.remove("beta").and_then(|value| value.as_f64()),
            dividend_yield: values.remove("dividend_yield").and_then(|value| value.as_f64()),
            market_cap: parsed(values.remove("market_cap")).and_then(|text| text.parse().ok()),
            listing_date: parsed(values.remove("listing_date")).and_then(|text| text.parse().ok()),
            details: values.into_iter().collect(),
        })
    }

    /// The value of a field of [`FIELDS`]; null where it is not known.
    pub fn value(&self, field: &Field) -> Value {
        let text = |value: &Option<String>| value.clone().map_or(Value::Null, Value::from);
        match field.name {
            "company_name" => self.company_name.clone().into(),
            "sector" => text(&self.sector),
            "industry" => text(&self.industry),
            "is_etf" => self.is_etf.into(),
            "is_fund" => self.is_fund.into(),
            "beta" => self.beta.into(),
            "dividend_yield" => self.dividend_yield.into(),
            "market_cap" => self.market_cap.map(|amount| amount.to_string()).into(),
            "listing_date" => self.listing_date.map(|date| date.to_string()).into(),
            name => self.details.get(name).cloned().unwrap_or_default(),
        }
    }
}

/// The profiles of the symbols that have one, as known at a vintage (now, if absent).
pub async fn profiles(
    client: &impl Reader,
    symbols: &[Symbol],
    as_of: Option<Vintage>,
) -> Result<BTreeMap<Symbol, KnownProfile>, QueryError> {
    let names: Vec<&str> = symbols.iter().map(Symbol::as_str).collect();
    let vintage = as_of.unwrap_or(Vintage::NEWEST).number();
    let rows = client
        .query(include_str!("sql/reference/profiles.sql"), &[&names, &vintage])
        .await
        .map_err(QueryError::during(OPERATION))?;
    let profiles = rows.iter().map(known_profile_of);
    profiles.map(|known| known.map(|known| (known.profile.symbol.clone(), known))).collect()
}

fn known_profile_of(row: &Row) -> Result<KnownProfile, QueryError> {
    let columns = Columns::of(row, OPERATION);
    let details: Value = columns.get("details")?;
    let Value::Object(details) = details else {
        return Err(QueryError::unreadable(OPERATION, "details are not an object"));
    };
    let profile = Profile {
        symbol: columns.parsed("symbol")?,
        company_name: columns.get("company_name")?,
        sector: columns.get("sector")?,
        industry: columns.get("industry")?,
        is_etf: columns.get("is_etf")?,
        is_fund: columns.get("is_fund")?,
        beta: columns.get("beta")?,
        dividend_yield: columns.get("dividend_yield")?,
        market_cap: columns.get("market_cap")?,
        listing_date: columns.get("listing_date")?,
        details,
    };
    let vintage = Vintage::new(columns.get("vintage")?);
    Ok(KnownProfile { profile, vintage, updated_at: columns.get("imported_at")? })
}
