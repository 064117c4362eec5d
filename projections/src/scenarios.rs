//! The versioned catalogue of stress scenarios: what-if moves of the risk factors.

use std::collections::BTreeSet;

use crate::reader::Reader;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::bars::Vintage;
use crate::database::{Columns, QueryError};
use crate::factors::FactorId;

const OPERATION: &str = "reading the stress scenarios";
const STANDARD: &str = include_str!("../../data/stress_scenarios.json");
/// Most scenarios of a catalogue.
const SCENARIOS_MAX: usize = 500;
/// Most shocks of a scenario.
pub const SHOCKS_MAX: usize = 12;
/// Largest move of a return, as a fraction.
pub const RETURN_SHOCK_MAX: f64 = 1.0;
/// Largest move of a yield, as a fraction.
pub const YIELD_SHOCK_MAX: f64 = 0.1;
const TEXT_CHARS_MAX: usize = 2_000;

/// What the size of a shock is a change of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShockBasis {
    /// The return of the market.
    IndexReturn,
    /// The return of a style over that of the market.
    RelativeToMarket,
    /// A yield.
    YieldChange,
}

/// A move of one factor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shock {
    /// Of which factor.
    pub factor: FactorId,
    /// What the size is a change of.
    pub basis: ShockBasis,
    /// A fraction: 0.05 is +5 % of a return, 0.005 is +50 basis points of a yield.
    pub size: f64,
}

impl Shock {
    /// Whether the size is within the bounds of its basis.
    pub fn is_bounded(&self) -> bool {
        let bound = match self.basis {
            ShockBasis::IndexReturn | ShockBasis::RelativeToMarket => RETURN_SHOCK_MAX,
            ShockBasis::YieldChange => YIELD_SHOCK_MAX,
        };
        self.size.abs() <= bound
    }
}

/// How hard a scenario is meant to be: a label of the shock, not of a portfolio's loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Up to 5 %.
    Base,
    /// 5 to 10 %.
    Mild,
    /// 10 to 20 %.
    Moderate,
    /// 20 to 35 %.
    Severe,
    /// 35 % and more.
    Extreme,
}

/// What a severity stands for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeverityBand {
    /// The severity.
    pub id: Severity,
    /// The smallest move, as a fraction.
    pub impact_min: f64,
    /// The move from which on it is the next severity; absent for the last.
    pub impact_max: Option<f64>,
    /// How likely, in words.
    pub likelihood: String,
}

/// The days that a replay is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplayWindow {
    /// The first.
    pub from: Date,
    /// The last.
    pub to: Date,
}

/// One scenario.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What it is called everywhere.
    pub id: String,
    /// For people.
    pub title: String,
    /// The heading under which it is shown.
    pub group: String,
    /// What kind of move it is.
    pub category: String,
    /// How hard it is meant to be.
    pub severity: Severity,
    /// Whether it is computed where nobody names scenarios.
    pub enabled: bool,
    /// Whether a catalogue is complete without it.
    pub optional: bool,
    /// What moves.
    pub shocks: Vec<Shock>,
    /// Of a replay: the days it is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<ReplayWindow>,
    /// What is doubtful about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<String>,
}

/// A version of the catalogue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScenarioCatalogue {
    /// What this version is called.
    pub version: String,
    /// How to read it; for people.
    pub about: String,
    /// What the severities stand for, lowest first.
    pub severities: Vec<SeverityBand>,
    /// The scenarios, in the order in which they are shown.
    pub scenarios: Vec<Scenario>,
}

/// A catalogue in force.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownCatalogue {
    /// The catalogue.
    pub catalogue: ScenarioCatalogue,
    /// The import that brought it; absent for the one that comes with the code.
    pub vintage: Option<Vintage>,
}

/// A catalogue breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCatalogue {
    /// The version has no usable name.
    #[error("a version is called by 1 to 64 characters")]
    NoVersion,
    /// No scenarios, or too many.
    #[error("a catalogue has 1 to {SCENARIOS_MAX} scenarios")]
    ScenarioCount,
    /// Two scenarios have the same id, or one has none.
    #[error("{0:?}: an id is used once, and is 1 to 64 characters")]
    Id(String),
    /// A text is too long or empty.
    #[error(
        "{0}: title, group and category are not empty; no text is longer than {TEXT_CHARS_MAX} characters"
    )]
    Text(String),
    /// Nothing moves, too much does, or a factor moves twice.
    #[error("{0}: a scenario has 1 to {SHOCKS_MAX} shocks, one a factor")]
    Shocks(String),
    /// A shock is out of bounds.
    #[error("{0}: the shock of {1} is beyond {RETURN_SHOCK_MAX} of a return or {YIELD_SHOCK_MAX} of a yield")]
    Size(String, FactorId),
    /// A replay ends before it begins.
    #[error("{0}: the window ends before it begins")]
    Window(String),
}

impl ScenarioCatalogue {
    /// The catalogue that comes with the code, in force until another is imported.
    pub fn standard() -> Self {
        // A test reads it; an empty catalogue would be the reader's own mistake.
        serde_json::from_str(STANDARD).unwrap_or_else(|_| Self {
            version: "standard".to_owned(),
            about: String::new(),
            severities: Vec::new(),
            scenarios: Vec::new(),
        })
    }

    /// The catalogue, if it keeps all rules.
    pub fn checked(self) -> Result<Self, InvalidCatalogue> {
        if self.version.trim().is_empty() || self.version.chars().count() > 64 {
            return Err(InvalidCatalogue::NoVersion);
        }
        if self.scenarios.is_empty() || self.scenarios.len() > SCENARIOS_MAX {
            return Err(InvalidCatalogue::ScenarioCount);
        }
        let mut ids = BTreeSet::new();
        for scenario in &self.scenarios {
            if !ids.insert(&scenario.id) || !(1..=64).contains(&scenario.id.chars().count()) {
                return Err(InvalidCatalogue::Id(scenario.id.clone()));
            }
            scenario.check()?;
        }
        Ok(self)
    }
}

impl Scenario {
    fn check(&self) -> Result<(), InvalidCatalogue> {
        let id = || self.id.clone();
        let fits = |text: &str| text.chars().count() <= TEXT_CHARS_MAX;
        let filled = [&self.title, &self.group, &self.category].iter().all(|text| !text.trim().is_empty());
        if !filled
            || ![&self.title, &self.group, &self.category]
                .into_iter()
                .chain(&self.review)
                .all(|text| fits(text))
        {
            return Err(InvalidCatalogue::Text(id()));
        }
        let factors: BTreeSet<_> = self.shocks.iter().map(|shock| &shock.factor).collect();
        if factors.is_empty() || factors.len() != self.shocks.len() || factors.len() > SHOCKS_MAX {
            return Err(InvalidCatalogue::Shocks(id()));
        }
        if let Some(shock) = self.shocks.iter().find(|shock| !shock.is_bounded()) {
            return Err(InvalidCatalogue::Size(id(), shock.factor.clone()));
        }
        match &self.window {
            Some(window) if window.from > window.to => Err(InvalidCatalogue::Window(id())),
            _ => Ok(()),
        }
    }
}

/// The catalogue in force, as known at a vintage (now, if absent).
pub async fn catalogue(client: &impl Reader, as_of: Option<Vintage>) -> Result<KnownCatalogue, QueryError> {
    let vintage = as_of.unwrap_or(Vintage::NEWEST).number();
    let row = client
        .query_opt(include_str!("sql/reference/scenarios.sql"), &[&vintage])
        .await
        .map_err(QueryError::during(OPERATION))?;
    let Some(row) = row else {
        return Ok(KnownCatalogue { catalogue: ScenarioCatalogue::standard(), vintage: None });
    };
    let columns = Columns::of(&row, OPERATION);
    let stored: Value = columns.get("catalogue")?;
    let catalogue =
        serde_json::from_value(stored).map_err(|error| QueryError::unreadable(OPERATION, error))?;
    Ok(KnownCatalogue { catalogue, vintage: Some(Vintage::new(columns.get("vintage")?)) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::factors::FactorRegistry;

    #[test]
    fn the_catalogue_that_comes_with_the_code_moves_known_factors() {
        let catalogue = ScenarioCatalogue::standard().checked().unwrap();
        let enabled = catalogue.scenarios.iter().filter(|scenario| scenario.enabled).count();
        assert_eq!((catalogue.scenarios.len(), enabled), (22, 19));
        assert_eq!(catalogue.scenarios.iter().filter(|scenario| scenario.review.is_some()).count(), 9);
        assert!(catalogue.severities.is_sorted_by(|low, high| low.id < high.id));
        let registry = FactorRegistry::standard();
        for shock in catalogue.scenarios.iter().flat_map(|scenario| &scenario.shocks) {
            assert!(registry.find(&shock.factor).is_some(), "{}", shock.factor);
        }
    }

    #[test]
    fn a_catalogue_with_an_impossible_scenario_is_refused() {
        let broken = |change: fn(&mut Scenario)| {
            let mut catalogue = ScenarioCatalogue::standard();
            change(&mut catalogue.scenarios[1]);
            catalogue.checked().unwrap_err()
        };
        let id = || "market_down_5".to_owned();
        assert!(matches!(broken(|it| it.id = "market_up_5".to_owned()), InvalidCatalogue::Id(_)));
        assert_eq!(broken(|it| it.shocks.clear()), InvalidCatalogue::Shocks(id()));
        assert_eq!(broken(|it| it.shocks.push(it.shocks[0].clone())), InvalidCatalogue::Shocks(id()));
        assert!(matches!(broken(|it| it.shocks[0].size = -1.5), InvalidCatalogue::Size(..)));
        assert_eq!(broken(|it| it.title = " ".to_owned()), InvalidCatalogue::Text(id()));
    }
}
