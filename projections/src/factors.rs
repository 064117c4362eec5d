//! The versioned registry of risk factors: which there are, which series stands for each, over which window.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use crate::reader::Reader;
use events::Symbol;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::bars::Vintage;
use crate::database::{Columns, QueryError};

const OPERATION: &str = "reading the factor registry";
/// The standard set: seven equity factors and the rate factor (Size is IWM; SLY was renamed, SIZE is another fund).
const STANDARD: &str = include_str!("factors/standard.json");
/// Longest window, in daily returns.
const WINDOW_MAX: u32 = 2_520;
const FACTORS_MAX: usize = 64;
const ID_CHARS_MAX: usize = 32;
const TEXT_CHARS_MAX: usize = 500;

/// What a factor is called everywhere: lower-case letters, digits and `_`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FactorId(String);

impl FactorId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FactorId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

/// The text is no factor's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a factor's id is 1 to {ID_CHARS_MAX} lower-case letters, digits or _")]
pub struct InvalidFactorId;

impl FromStr for FactorId {
    type Err = InvalidFactorId;

    fn from_str(text: &str) -> Result<Self, InvalidFactorId> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let fits = (1..=ID_CHARS_MAX).contains(&text.len()) && text.bytes().all(allowed);
        if fits { Ok(Self(text.to_owned())) } else { Err(InvalidFactorId) }
    }
}

impl TryFrom<String> for FactorId {
    type Error = InvalidFactorId;

    fn try_from(text: String) -> Result<Self, InvalidFactorId> {
        text.parse()
    }
}

impl From<FactorId> for String {
    fn from(id: FactorId) -> Self {
        id.0
    }
}

/// What kind of risk a factor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactorType {
    /// A style of equities.
    Style,
    /// A sector.
    Sector,
    /// The whole market, or rates.
    Macro,
}

/// What the returns of a factor are in the joint model of non-overlapping betas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactorMethod {
    /// Those of its proxy: the market itself.
    Market,
    /// Those of its proxy less those of the market.
    SpreadOverMarket,
    /// Those of its proxy, a bond fund; a shock of the yield becomes a return by its duration.
    RateProxy,
}

/// One factor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Factor {
    /// What it is called everywhere.
    pub factor_id: FactorId,
    /// For people.
    pub factor_name: String,
    /// What kind of risk it is.
    pub factor_type: FactorType,
    /// What it measures.
    pub description: String,
    /// How its returns follow from those of its proxy.
    pub calculation_method: FactorMethod,
    /// The series that stands for it.
    pub proxy: Symbol,
    /// Daily returns of a regression.
    pub window_days: u32,
    /// Fewest returns with which a regression is made.
    pub min_observations: u32,
    /// Its place among the others.
    pub display_order: u32,
    /// Whether a model is complete only with it.
    pub is_active: bool,
    /// Of a rate proxy: effective duration, years.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_years: Option<f64>,
    /// Of a rate proxy: convexity, where it is to be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub convexity: Option<f64>,
}

/// A version of the registry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FactorRegistry {
    /// What this version is called.
    pub version: String,
    /// Why it is as it is; for people.
    #[serde(default, skip_serializing)]
    pub about: String,
    /// The factors, by display order.
    pub factors: Vec<Factor>,
}

/// A registry in force.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownRegistry {
    /// The registry.
    pub registry: FactorRegistry,
    /// The import that brought it; absent for the standard set of the code.
    pub vintage: Option<Vintage>,
}

/// A registry breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRegistry {
    /// The version has no usable name.
    #[error("a version is called by 1 to 64 characters")]
    NoVersion,
    /// No factors, or too many.
    #[error("a registry has 1 to {FACTORS_MAX} factors")]
    FactorCount,
    /// An id or a place occurs twice.
    #[error("{0}: another factor has this id or display order")]
    Twice(FactorId),
    /// Name or description is empty or too long.
    #[error("{0}: name and description are 1 to {TEXT_CHARS_MAX} characters")]
    Text(FactorId),
    /// The window does not fit the minimum.
    #[error("{0}: min_observations is at least 3 and at most window_days, which is at most {WINDOW_MAX}")]
    Window(FactorId),
    /// There must be exactly one market.
    #[error("exactly one active factor is the market; there are {0}")]
    Markets(usize),
    /// Two factors of one series cannot be told apart.
    #[error("{0}: another active factor has the same proxy")]
    SameProxy(FactorId),
    /// Duration and convexity belong to rate proxies, which need a duration.
    #[error("{0}: a rate proxy has a duration above 0, others have neither duration nor convexity")]
    Duration(FactorId),
}

impl FactorRegistry {
    /// The set of the code, in force until another is imported.
    pub fn standard() -> Self {
        // A test reads it; an empty registry would be the reader's own mistake.
        serde_json::from_str(STANDARD).unwrap_or_else(|_| Self {
            version: "standard".to_owned(),
            about: String::new(),
            factors: Vec::new(),
        })
    }

    /// The registry with its factors in their order, if it keeps all rules.
    pub fn checked(mut self) -> Result<Self, InvalidRegistry> {
        if self.version.trim().is_empty() || self.version.chars().count() > 64 {
            return Err(InvalidRegistry::NoVersion);
        }
        if self.factors.is_empty() || self.factors.len() > FACTORS_MAX {
            return Err(InvalidRegistry::FactorCount);
        }
        self.factors.sort_by_key(|factor| factor.display_order);
        let (mut ids, mut orders, mut proxies) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for factor in &self.factors {
            let id = || factor.factor_id.clone();
            if !ids.insert(&factor.factor_id) || !orders.insert(factor.display_order) {
                return Err(InvalidRegistry::Twice(id()));
            }
            if factor.is_active && !proxies.insert(&factor.proxy) {
                return Err(InvalidRegistry::SameProxy(id()));
            }
            factor.check()?;
        }
        let is_market = |factor: &&Factor| factor.calculation_method == FactorMethod::Market;
        match self.active().filter(is_market).count() {
            1 => Ok(self),
            markets => Err(InvalidRegistry::Markets(markets)),
        }
    }

    /// The factors that a complete model has, by display order.
    pub fn active(&self) -> impl Iterator<Item = &Factor> {
        self.factors.iter().filter(|factor| factor.is_active)
    }

    /// The active factor that is the market.
    pub fn market(&self) -> Option<&Factor> {
        self.active().find(|factor| factor.calculation_method == FactorMethod::Market)
    }

    /// The factor of this id.
    pub fn find(&self, id: &FactorId) -> Option<&Factor> {
        self.factors.iter().find(|factor| factor.factor_id == *id)
    }
}

impl Factor {
    fn check(&self) -> Result<(), InvalidRegistry> {
        let id = || self.factor_id.clone();
        let fits = |text: &str| !text.trim().is_empty() && text.chars().count() <= TEXT_CHARS_MAX;
        if !fits(&self.factor_name) || !fits(&self.description) {
            return Err(InvalidRegistry::Text(id()));
        }
        if !(3..=self.window_days).contains(&self.min_observations) || self.window_days > WINDOW_MAX {
            return Err(InvalidRegistry::Window(id()));
        }
        let is_rate = self.calculation_method == FactorMethod::RateProxy;
        let fits = match self.duration_years {
            Some(years) => is_rate && years > 0.0 && years.is_finite(),
            None => !is_rate,
        };
        let convex = self.convexity.is_none_or(|convexity| is_rate && convexity.is_finite());
        if fits && convex { Ok(()) } else { Err(InvalidRegistry::Duration(id())) }
    }
}

/// The registry in force, as known at a vintage (now, if absent).
pub async fn registry(client: &impl Reader, as_of: Option<Vintage>) -> Result<KnownRegistry, QueryError> {
    let vintage = as_of.unwrap_or(Vintage::NEWEST).number();
    let row = client
        .query_opt(include_str!("sql/reference/factors.sql"), &[&vintage])
        .await
        .map_err(QueryError::during(OPERATION))?;
    let Some(row) = row else {
        return Ok(KnownRegistry { registry: FactorRegistry::standard(), vintage: None });
    };
    let columns = Columns::of(&row, OPERATION);
    let stored: Value = columns.get("registry")?;
    let registry =
        serde_json::from_value(stored).map_err(|error| QueryError::unreadable(OPERATION, error))?;
    Ok(KnownRegistry { registry, vintage: Some(Vintage::new(columns.get("vintage")?)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_set_is_seven_equity_factors_and_rates() {
        let registry = FactorRegistry::standard().checked().unwrap();
        let proxies: Vec<_> =
            registry.active().map(|factor| (factor.factor_id.as_str(), factor.proxy.as_str())).collect();
        assert_eq!(
            proxies,
            [
                ("market", "SPY"),
                ("value", "VTV"),
                ("growth", "VUG"),
                ("momentum", "MTUM"),
                ("quality", "QUAL"),
                ("size", "IWM"),
                ("low_volatility", "USMV"),
                ("interest_rate", "TLT"),
            ]
        );
        assert_eq!(registry.market().unwrap().factor_id.as_str(), "market");
    }

    #[test]
    fn a_registry_that_would_mislead_a_model_is_refused() {
        let broken = |change: fn(&mut FactorRegistry)| {
            let mut registry = FactorRegistry::standard();
            change(&mut registry);
            registry.checked().unwrap_err()
        };
        let id = |text: &str| text.parse::<FactorId>().unwrap();
        assert_eq!(broken(|r| r.factors[0].is_active = false), InvalidRegistry::Markets(0));
        assert_eq!(
            broken(|r| r.factors[1].proxy = "SPY".parse().unwrap()),
            InvalidRegistry::SameProxy(id("value"))
        );
        assert_eq!(
            broken(|r| r.factors[1].factor_id = "market".parse().unwrap()),
            InvalidRegistry::Twice(id("market"))
        );
        assert_eq!(broken(|r| r.factors[2].min_observations = 91), InvalidRegistry::Window(id("growth")));
        assert_eq!(
            broken(|r| r.factors[7].duration_years = None),
            InvalidRegistry::Duration(id("interest_rate"))
        );
        assert_eq!(broken(|r| r.factors.clear()), InvalidRegistry::FactorCount);
        assert_eq!(broken(|r| r.version.clear()), InvalidRegistry::NoVersion);
    }
}
