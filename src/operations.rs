//! What operators do to an installation, noted in the log before it is done, and what came of it after.

use actors::{CommandEnvelope, CommandError, Directory, DirectoryOptions};
use events::causes::whole_chain;
use events::log::Log;
use events::operations::{OPERATIONS_KEY, Operation, OperationCommand, OperationError, Operations, Outcome};
use events::{Aggregate, CommandId, Metadata, OperationId, Position};
use projections::bars::Stored;
use projections::parked::Retried;

use crate::identity::{Asked, Operator};
use crate::market::import::Imported;
use crate::market::import::reference::RecordsImported;

/// The journal of an installation; cheap to clone.
#[derive(Debug, Clone)]
pub struct Journal {
    operations: Directory<Aggregate<Operations>>,
}

/// Something that was noted and may now be done. Dropped without an end, it is one that nobody knows the end of.
#[derive(Debug)]
#[must_use = "say how it ended"]
pub struct UnderWay {
    journal: Journal,
    operation_id: OperationId,
    metadata: Metadata,
    begun: Position,
}

impl Journal {
    /// The journal in `log`.
    pub async fn start(log: Log, options: DirectoryOptions) -> Result<Self, ractor::SpawnErr> {
        Ok(Self { operations: Directory::start(log, (), options).await? })
    }

    /// Notes what is to be done; it may be done once this answers. The same command noted twice is noted once.
    pub async fn begin(
        &self,
        operator: &Operator,
        operation: Operation,
        reason: &str,
        asked: &Asked,
    ) -> Result<UnderWay, CommandError<OperationError>> {
        let operation_id = OperationId::derived(&[asked.command_id.uuid().as_bytes()]);
        let command = OperationCommand::Begin { operation_id, operation, act: operator.act(reason) };
        let metadata = Metadata::new(operator.principal().clone(), asked.request_id);
        let envelope = CommandEnvelope {
            request_hash: asked.request_hash,
            ..CommandEnvelope::new(command, asked.command_id).with_metadata(metadata.clone())
        };
        let begun = self.operations.execute(OPERATIONS_KEY, envelope).await?.position;
        Ok(UnderWay { journal: self.clone(), operation_id, metadata, begun })
    }

    /// Lets its actor finish.
    pub async fn stop(&self) {
        self.operations.stop().await;
    }
}

impl UnderWay {
    /// Notes how it ended; answers where that is in the log. What was done is done even if that cannot be noted.
    pub async fn end(self, outcome: Outcome) -> Position {
        let Self { journal, operation_id, metadata, begun } = self;
        let command = OperationCommand::End { operation_id, outcome };
        let command_id = CommandId::derived(&[b"end", operation_id.uuid().as_bytes()]);
        let envelope = CommandEnvelope::new(command, command_id).with_metadata(metadata);
        match journal.operations.execute(OPERATIONS_KEY, envelope).await {
            Ok(receipt) => receipt.position,
            Err(error) => {
                let cause = whole_chain(&error);
                tracing::error!("How operation {operation_id} ended cannot be noted: {cause}");
                begun
            }
        }
    }

    /// Notes that it was done, with what `outcome` says of it, or why it failed; passes the result on.
    pub async fn end_with<T, E: std::error::Error + 'static>(
        self,
        result: Result<T, E>,
        outcome: impl FnOnce(&T) -> Outcome,
    ) -> Result<(T, Position), E> {
        let (outcome, result) = match result {
            Ok(done) => (outcome(&done), Ok(done)),
            Err(error) => (Outcome::failed(&whole_chain(&error)), Err(error)),
        };
        let position = self.end(outcome).await;
        result.map(|done| (done, position))
    }
}

/// What came of the import of a file of prices.
pub fn of_prices(imported: &Imported) -> Outcome {
    match imported {
        Imported::Before(_) => Outcome::done([("imported_before", 1)]),
        Imported::Now { stored, .. } => of_stored(stored),
    }
}

/// What came of the import of a file of reference data.
pub fn of_records(imported: &RecordsImported) -> Outcome {
    match imported {
        RecordsImported::Before(_) => Outcome::done([("imported_before", 1)]),
        RecordsImported::Refused(report) => {
            Outcome::failed(&format!("{} rows cannot be taken", report.rejected_count))
        }
        RecordsImported::Now { stored, .. } => of_stored(stored),
    }
}

fn of_stored(stored: &Stored) -> Outcome {
    Outcome::done([("added", stored.added), ("changed", stored.changed), ("unchanged", stored.unchanged)])
}

/// What came of retrying or discarding parked events.
pub fn of_retried(retried: &Retried) -> Outcome {
    let Retried { applied, discarded, waiting, .. } = *retried;
    Outcome::done([("applied", applied), ("discarded", discarded), ("waiting", waiting)])
}
