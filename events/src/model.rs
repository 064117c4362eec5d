//! A trading model: a user's configuration of what trades, with what, under which rules; and the numbers of its runs.

mod risk;
mod settings;
mod slug;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use risk::{Gates, Limit, LossResponse, RULES_MAX, Risk, Rule, TradingStyle};
use serde::{Deserialize, Serialize};
pub use settings::{
    COST_RATE_MAX, DESCRIPTION_CHARS_MAX, INITIAL_CASH_DEFAULT, INITIAL_CASH_MAX, ModelChange, ModelDraft,
    ModelSettings, NAME_CHARS_MAX, SYMBOLS_MAX,
};
pub use slug::{Signature, signature_base};

use crate::policy::{FieldError, sentence};
use crate::{Decider, RunId};

crate::events! {
    /// What happened to a model.
    pub enum ModelEvent {
        /// The model exists.
        ModelCreated(ModelCreated) = 1,
        /// Its settings changed.
        ModelUpdated(ModelUpdated) = 1,
        /// A run got its number.
        RunAllocated(RunAllocated) = 1,
        /// The model is gone.
        ModelDeleted(ModelDeleted) = 1,
    }
}

/// The model exists.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelCreated {
    /// Its name in addresses; it never changes.
    pub signature: Signature,
    /// What it was created with.
    pub settings: ModelSettings,
}

/// Its settings changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelUpdated {
    /// All settings after the change.
    pub settings: ModelSettings,
}

/// A run got its number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunAllocated {
    /// The run.
    pub run_id: RunId,
    /// Its number among the runs of the model: 1, 2, 3, …
    pub run_number: u32,
}

/// The model is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelDeleted {}

/// What a model is asked to do.
#[derive(Debug, Clone)]
pub enum ModelCommand {
    /// Bring it into being.
    Create {
        /// Its settings; what is left out has its default.
        draft: Box<ModelDraft>,
        /// Makes the signature unique among the owner's models: 2, 3, …; `None` where it is unique without.
        signature_suffix: Option<u32>,
    },
    /// Change the settings that are given.
    Update(Box<ModelChange>),
    /// Give a run its number; the same run keeps its number.
    AllocateRun {
        /// The run.
        run_id: RunId,
    },
    /// End it; the same deletion twice is one.
    Delete,
}

/// The broken rule of a command to a model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// There is no such model.
    #[error("the model does not exist")]
    NotCreated,
    /// There is one already.
    #[error("the model exists already")]
    AlreadyCreated,
    /// The model is gone.
    #[error("the model is deleted")]
    Deleted,
    /// The settings break rules.
    #[error("the settings are not valid: {}", sentence(.0))]
    Invalid(Vec<FieldError>),
}

/// A user's trading configuration.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TradingModel {
    /// Nobody created it yet.
    #[default]
    Uncreated,
    /// It can be run.
    Active(Box<ActiveModel>),
    /// It refuses everything.
    Deleted,
}

/// A model that can be run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ActiveModel {
    /// Its name in addresses.
    pub signature: Signature,
    /// What trades, with what, under which rules.
    pub settings: ModelSettings,
    /// The numbers of its runs.
    pub runs: BTreeMap<RunId, u32>,
}

impl TradingModel {
    /// The model, while it can be run.
    pub fn active(&self) -> Option<&ActiveModel> {
        match self {
            Self::Active(model) => Some(model),
            Self::Uncreated | Self::Deleted => None,
        }
    }

    /// The number of a run of this model.
    pub fn run_number(&self, run_id: RunId) -> Option<u32> {
        self.active()?.runs.get(&run_id).copied()
    }
}

impl Decider for TradingModel {
    const CATEGORY: &'static str = "model";
    const FOLD: u32 = 1;
    type Command = ModelCommand;
    type Event = ModelEvent;
    type Error = ModelError;

    fn decide(&self, command: ModelCommand) -> Result<Vec<ModelEvent>, ModelError> {
        match (self, command) {
            // Deleting twice is deleting once.
            (Self::Deleted, ModelCommand::Delete) => Ok(vec![]),
            (Self::Deleted, _) => Err(ModelError::Deleted),
            (Self::Uncreated, ModelCommand::Create { draft, signature_suffix }) => {
                let settings = ModelSettings::of(*draft).map_err(ModelError::Invalid)?;
                let signature = Signature::of(&settings.name, signature_suffix);
                Ok(vec![ModelEvent::ModelCreated(ModelCreated { signature, settings })])
            }
            (Self::Uncreated, _) => Err(ModelError::NotCreated),
            (Self::Active(_), ModelCommand::Create { .. }) => Err(ModelError::AlreadyCreated),
            (Self::Active(model), ModelCommand::Update(change)) => {
                let settings = model.settings.changed(*change).map_err(ModelError::Invalid)?;
                if settings == model.settings {
                    return Ok(vec![]);
                }
                Ok(vec![ModelEvent::ModelUpdated(ModelUpdated { settings })])
            }
            (Self::Active(model), ModelCommand::AllocateRun { run_id }) => Ok(model.allocated(run_id)),
            (Self::Active(_), ModelCommand::Delete) => Ok(vec![ModelEvent::ModelDeleted(ModelDeleted {})]),
        }
    }

    fn evolve(&mut self, event: &ModelEvent) {
        match (&mut *self, event) {
            (Self::Uncreated, ModelEvent::ModelCreated(created)) => {
                *self = Self::Active(Box::new(ActiveModel {
                    signature: created.signature.clone(),
                    settings: created.settings.clone(),
                    runs: BTreeMap::new(),
                }));
            }
            (Self::Active(model), ModelEvent::ModelUpdated(updated)) => {
                model.settings = updated.settings.clone()
            }
            (Self::Active(model), ModelEvent::RunAllocated(allocated)) => {
                model.runs.insert(allocated.run_id, allocated.run_number);
            }
            (_, ModelEvent::ModelDeleted(_)) => *self = Self::Deleted,
            // History is never refused: an event out of place changes nothing.
            (Self::Uncreated | Self::Active(_) | Self::Deleted, _) => {}
        }
    }
}

impl ActiveModel {
    fn allocated(&self, run_id: RunId) -> Vec<ModelEvent> {
        if self.runs.contains_key(&run_id) {
            return vec![];
        }
        let run_number = self.runs.values().max().map_or(1, |highest| highest + 1);
        vec![ModelEvent::RunAllocated(RunAllocated { run_id, run_number })]
    }
}
