//! Which policy, with which parameters: the part of a model that decides.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::builtin::{
    self, BuyAndHold, EqualWeight, EqualWeightParameters, MeanReversion, MeanReversionParameters, Momentum,
    MomentumParameters, NoParameters, SmaCross, SmaCrossParameters, recorded,
};
use super::imported::Imported;
use super::{FieldError, ImportedParameters, Policy, RecordedParameters, SharedIndicators};
use crate::market::Bars;

/// A policy by name and parameters: `{"name": "builtin/sma-cross", "parameters": {"fast": 10, "slow": 50}}`.
///
/// Parameters that are left out have their defaults; unknown ones are refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", content = "parameters", try_from = "Named")]
pub enum PolicySpec {
    /// Buys every symbol once, in equal slots of the initial cash, and holds.
    #[serde(rename = "builtin/buy-and-hold")]
    BuyAndHold(NoParameters),
    /// Keeps every symbol at an equal share of the account.
    #[serde(rename = "builtin/equal-weight")]
    EqualWeight(EqualWeightParameters),
    /// Holds a symbol while its fast average is above its slow one.
    #[serde(rename = "builtin/sma-cross")]
    SmaCross(SmaCrossParameters),
    /// Holds the symbols that rose most.
    #[serde(rename = "builtin/momentum")]
    Momentum(MomentumParameters),
    /// Buys what fell unusually far below its average, sells when it is back.
    #[serde(rename = "builtin/mean-reversion")]
    MeanReversion(MeanReversionParameters),
    /// Repeats decisions that were made elsewhere.
    #[serde(rename = "recorded")]
    Recorded(RecordedParameters),
    /// Repeats an account that was kept elsewhere, line by line; made by importing it.
    #[serde(rename = "imported")]
    Imported(Box<ImportedParameters>),
}

/// The shape at the door, before the name says which parameters to expect.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
    #[serde(default)]
    parameters: serde_json::Map<String, serde_json::Value>,
}

impl TryFrom<Named> for PolicySpec {
    type Error = String;

    fn try_from(Named { name, parameters }: Named) -> Result<Self, String> {
        fn of<P: serde::de::DeserializeOwned>(
            parameters: serde_json::Map<String, serde_json::Value>,
        ) -> Result<P, String> {
            serde_json::from_value(parameters.into()).map_err(|error| format!("parameters: {error}"))
        }
        match name.as_str() {
            "builtin/buy-and-hold" => of(parameters).map(Self::BuyAndHold),
            "builtin/equal-weight" => of(parameters).map(Self::EqualWeight),
            "builtin/sma-cross" => of(parameters).map(Self::SmaCross),
            "builtin/momentum" => of(parameters).map(Self::Momentum),
            "builtin/mean-reversion" => of(parameters).map(Self::MeanReversion),
            "recorded" => of(parameters).map(Self::Recorded),
            "imported" => of(parameters).map(Self::Imported),
            _ => Err(format!("no policy is named {name}; there are {}", Self::NAMES.join(", "))),
        }
    }
}

impl PolicySpec {
    /// The names of the policies that can be chosen; `imported` comes with a ledger.
    pub const NAMES: [&'static str; 6] = [
        "builtin/buy-and-hold",
        "builtin/equal-weight",
        "builtin/sma-cross",
        "builtin/momentum",
        "builtin/mean-reversion",
        "recorded",
    ];

    /// The name of this policy.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::BuyAndHold(_) => "builtin/buy-and-hold",
            Self::EqualWeight(_) => "builtin/equal-weight",
            Self::SmaCross(_) => "builtin/sma-cross",
            Self::Momentum(_) => "builtin/momentum",
            Self::MeanReversion(_) => "builtin/mean-reversion",
            Self::Recorded(_) => "recorded",
            Self::Imported(_) => "imported",
        }
    }

    /// Whether it may name the prices at which its orders executed.
    pub const fn names_prices(&self) -> bool {
        matches!(self, Self::Recorded(_))
    }

    /// The account that it repeats, where it was kept elsewhere.
    pub fn imported(&self) -> Option<&ImportedParameters> {
        match self {
            Self::Imported(parameters) => Some(parameters),
            Self::BuyAndHold(_)
            | Self::EqualWeight(_)
            | Self::SmaCross(_)
            | Self::Momentum(_)
            | Self::MeanReversion(_)
            | Self::Recorded(_) => None,
        }
    }

    /// Every broken rule of the parameters, by field (`parameters.fast`).
    pub fn check(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        match self {
            Self::BuyAndHold(_) => {}
            Self::EqualWeight(parameters) => parameters.check(&mut errors),
            Self::SmaCross(parameters) => parameters.check(&mut errors),
            Self::Momentum(parameters) => parameters.check(&mut errors),
            Self::MeanReversion(parameters) => parameters.check(&mut errors),
            Self::Recorded(parameters) => parameters.check(&mut errors),
            Self::Imported(parameters) => parameters.check(&mut errors),
        }
        errors.into_iter().map(|error| error.below("parameters")).collect()
    }

    /// The policy over `bars`; policies over the same bars share their indicators through `shared`.
    pub fn build(&self, bars: &Arc<Bars>, shared: &SharedIndicators) -> Arc<dyn Policy> {
        match self {
            Self::BuyAndHold(_) => Arc::new(BuyAndHold),
            Self::EqualWeight(parameters) => Arc::new(EqualWeight::new(*parameters)),
            Self::SmaCross(parameters) => Arc::new(SmaCross::new(*parameters, shared.of(bars))),
            Self::Momentum(parameters) => Arc::new(Momentum::new(*parameters)),
            Self::MeanReversion(parameters) => Arc::new(MeanReversion::new(*parameters, shared.of(bars))),
            Self::Recorded(parameters) => Arc::new(recorded::Recorded::new(parameters.clone())),
            Self::Imported(_) => Arc::new(Imported),
        }
    }
}

/// A whole-number parameter: its default and its range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// The name of the parameter.
    pub name: &'static str,
    /// Its value when left out.
    pub default: u32,
    /// The smallest value.
    pub min: u32,
    /// The largest value.
    pub max: u32,
    /// What it does.
    pub meaning: &'static str,
}

impl Limits {
    /// Reports a value outside the range.
    pub(super) fn check(&self, value: u32, errors: &mut Vec<FieldError>) {
        if !(self.min..=self.max).contains(&value) {
            let message = format!("must be from {} to {}, not {value}", self.min, self.max);
            errors.push(FieldError::new(self.name, "out_of_range", message));
        }
    }
}

/// A policy for people who choose one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PolicyDescription {
    /// Its name.
    pub name: &'static str,
    /// What it does, in a sentence.
    pub summary: &'static str,
    /// Its whole-number parameters.
    pub parameters: Vec<Limits>,
}

/// All policies with their parameters, for documentation and forms.
pub fn catalogue() -> Vec<PolicyDescription> {
    builtin::descriptions()
}
