//! The journal of what operators did to an installation: what was asked, by whom, why and from where, and what came of it.
//!
//! What is asked is recorded before it is done, so that nothing is done that nobody can read of.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::account::{ACT_REASON_CHARS_MAX, Act};
use crate::text::clean;
use crate::{CommandId, Decider, OperationId};

/// The key of the one journal of an installation.
pub const OPERATIONS_KEY: &str = "journal";
/// Longest name of a file or selection that is kept, in characters; what is beyond is cut off.
const NAME_CHARS_MAX: usize = 300;

crate::events! {
    /// What happened to the journal.
    pub enum OperationEvent {
        /// Somebody asked for an operation, which now begins.
        OperationBegun(OperationBegun) = 1,
        /// It is over.
        OperationEnded(OperationEnded) = 1,
    }
}

/// Somebody asked for an operation, which now begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationBegun {
    /// Which.
    pub operation_id: OperationId,
    /// What is done.
    pub operation: Operation,
    /// Who asked, why, from where.
    pub act: Act,
}

/// An operation is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationEnded {
    /// Which.
    pub operation_id: OperationId,
    /// What came of it.
    pub outcome: Outcome,
}

/// What an operator does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Operation {
    /// A read model is folded anew.
    RebuildReadModel {
        /// Its name.
        projection: String,
    },
    /// A file of prices is imported.
    ImportPrices {
        /// Its name.
        file: String,
    },
    /// A file of reference data is imported.
    ImportReference {
        /// What it holds.
        records: String,
        /// Its name.
        file: String,
    },
    /// Parked events of a read model are tried again.
    RetryParkedEvents {
        /// The read model.
        projection: String,
        /// Which events, in words.
        selection: String,
    },
    /// Parked events of a read model are given up.
    DiscardParkedEvents {
        /// The read model.
        projection: String,
        /// Which events, in words.
        selection: String,
    },
    /// A parked command is put on the work queue again.
    RetryParkedCommand {
        /// Which.
        command_id: CommandId,
    },
    /// A parked command is given up.
    DiscardParkedCommand {
        /// Which.
        command_id: CommandId,
    },
}

impl Operation {
    /// The import of a file of prices.
    pub fn import_prices(file: &str) -> Self {
        Self::ImportPrices { file: clean(file, NAME_CHARS_MAX) }
    }

    /// The import of a file of reference data that holds `records`.
    pub fn import_reference(records: &str, file: &str) -> Self {
        Self::ImportReference { records: records.to_owned(), file: clean(file, NAME_CHARS_MAX) }
    }

    /// Another try of `selection`, in words.
    pub fn retry_parked(projection: &str, selection: &str) -> Self {
        let selection = clean(selection, NAME_CHARS_MAX);
        Self::RetryParkedEvents { projection: projection.to_owned(), selection }
    }

    /// Giving up `selection`, in words.
    pub fn discard_parked(projection: &str, selection: &str) -> Self {
        let selection = clean(selection, NAME_CHARS_MAX);
        Self::DiscardParkedEvents { projection: projection.to_owned(), selection }
    }

    /// The name of the act in the API and the database.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::RebuildReadModel { .. } => "read_model_rebuilt",
            Self::ImportPrices { .. } => "prices_imported",
            Self::ImportReference { .. } => "reference_data_imported",
            Self::RetryParkedEvents { .. } => "parked_events_retried",
            Self::DiscardParkedEvents { .. } => "parked_events_discarded",
            Self::RetryParkedCommand { .. } => "parked_command_retried",
            Self::DiscardParkedCommand { .. } => "parked_command_discarded",
        }
    }
}

/// What came of an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Outcome {
    /// It was done.
    Done {
        /// How much of what: `bars_added`, `rows`, …
        counts: BTreeMap<String, i64>,
    },
    /// It was not, or not to its end.
    Failed {
        /// Why.
        reason: String,
    },
}

impl Outcome {
    /// It was done; a count beyond what is kept is the largest that is.
    pub fn done<const N: usize>(counts: [(&str, u64); N]) -> Self {
        let kept = counts.map(|(what, count)| (what.to_owned(), i64::try_from(count).unwrap_or(i64::MAX)));
        Self::Done { counts: kept.into() }
    }

    /// It was not done; the reason is cut to what is kept.
    pub fn failed(reason: &str) -> Self {
        Self::Failed { reason: clean(reason, ACT_REASON_CHARS_MAX) }
    }
}

/// What the journal is asked to note.
#[derive(Debug, Clone)]
pub enum OperationCommand {
    /// An operation begins; one that begins twice begins once.
    Begin {
        /// Which.
        operation_id: OperationId,
        /// What is done.
        operation: Operation,
        /// Who asks.
        act: Act,
    },
    /// An operation is over; one that ends twice ends once.
    End {
        /// Which.
        operation_id: OperationId,
        /// What came of it.
        outcome: Outcome,
    },
}

/// The broken rule of a command to the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OperationError {
    /// Giving something up takes a reason.
    #[error("say why")]
    NoReason,
}

/// The journal: what is under way, or was when its process died.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Operations(BTreeSet<OperationId>);

impl Operations {
    /// What is under way, or was when its process died.
    pub const fn under_way(&self) -> &BTreeSet<OperationId> {
        &self.0
    }
}

impl Decider for Operations {
    const CATEGORY: &'static str = "operations";
    const FOLD: u32 = 1;
    type Command = OperationCommand;
    type Event = OperationEvent;
    type Error = OperationError;

    fn decide(&self, command: OperationCommand) -> Result<Vec<OperationEvent>, OperationError> {
        Ok(match command {
            OperationCommand::Begin { operation_id, .. } if self.0.contains(&operation_id) => vec![],
            OperationCommand::Begin { operation_id, operation, act } => {
                let gives_up = matches!(
                    operation,
                    Operation::DiscardParkedEvents { .. } | Operation::DiscardParkedCommand { .. }
                );
                if gives_up && act.reason.is_empty() {
                    return Err(OperationError::NoReason);
                }
                vec![OperationEvent::OperationBegun(OperationBegun { operation_id, operation, act })]
            }
            OperationCommand::End { operation_id, .. } if !self.0.contains(&operation_id) => vec![],
            OperationCommand::End { operation_id, outcome } => {
                vec![OperationEvent::OperationEnded(OperationEnded { operation_id, outcome })]
            }
        })
    }

    fn evolve(&mut self, event: &OperationEvent) {
        match event {
            OperationEvent::OperationBegun(begun) => self.0.insert(begun.operation_id),
            OperationEvent::OperationEnded(ended) => self.0.remove(&ended.operation_id),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Principal;
    use crate::account::Origin;
    use crate::testing::given;

    fn id() -> OperationId {
        OperationId::derived(&[b"one"])
    }

    fn act(reason: &str) -> Act {
        Act::of(Principal("olga".to_owned()), reason, Origin::default())
    }

    fn begin(operation: Operation, reason: &str) -> OperationCommand {
        OperationCommand::Begin { operation_id: id(), operation, act: act(reason) }
    }

    fn begun(operation: Operation, reason: &str) -> OperationEvent {
        OperationEvent::OperationBegun(OperationBegun { operation_id: id(), operation, act: act(reason) })
    }

    fn end() -> OperationCommand {
        OperationCommand::End { operation_id: id(), outcome: Outcome::done([("rows", 3)]) }
    }

    fn ended() -> OperationEvent {
        let outcome = Outcome::done([("rows", 3)]);
        OperationEvent::OperationEnded(OperationEnded { operation_id: id(), outcome })
    }

    fn rebuild() -> Operation {
        Operation::RebuildReadModel { projection: "runs".to_owned() }
    }

    #[test]
    fn an_operation_begins_and_ends_once() {
        given::<Operations>([]).when(begin(rebuild(), "")).then([begun(rebuild(), "")]);
        given::<Operations>([begun(rebuild(), "")]).when(begin(rebuild(), "")).then([]);
        let over = given::<Operations>([begun(rebuild(), "")]).when(end()).then([ended()]);
        assert!(over.state().under_way().is_empty());
        given::<Operations>([begun(rebuild(), ""), ended()]).when(end()).then([]);
    }

    #[test]
    fn nothing_is_given_up_without_a_reason() {
        let discard = || Operation::discard_parked("runs", "position 3");
        given::<Operations>([]).when(begin(discard(), " ")).refused(OperationError::NoReason);
        given::<Operations>([]).when(begin(discard(), "a typo")).then([begun(discard(), "a typo")]);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let Outcome::Failed { reason } = Outcome::failed(&"x".repeat(10_000)) else { panic!() };
        assert_eq!(reason.chars().count(), ACT_REASON_CHARS_MAX);
        assert_eq!(Operation::import_prices("a\nb.csv"), Operation::import_prices("a b.csv"));
    }
}
