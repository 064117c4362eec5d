//! Why a statement of an appender failed, and with it what is known of its batch.

use tokio_postgres::error::SqlState;

use crate::causes::whole_chain;

/// Why a statement did not give verdicts.
pub(super) enum Failure {
    /// The connection died: the batch may or may not be committed.
    Lost(String),
    /// The database has no room or is busy; nothing was written and splitting will not help.
    Exhausted(String),
    /// A partition for the next positions is missing.
    NoPartition,
    /// Something in the batch is refused.
    Refused { code: Option<String>, reason: String },
}

/// What the database's refusal says about the batch; `closed` when its connection is gone.
pub(super) fn classify(closed: bool, error: &tokio_postgres::Error) -> Failure {
    let reason = whole_chain(error);
    let Some(code) = error.code() else { return Failure::Lost(reason) };
    let class = code.code().get(..2).unwrap_or_default();
    if closed || class == "08" || (class == "57" && *code != SqlState::QUERY_CANCELED) {
        return Failure::Lost(reason);
    }
    if *code == SqlState::CHECK_VIOLATION && reason.contains("no partition") {
        return Failure::NoPartition;
    }
    let contended =
        [SqlState::LOCK_NOT_AVAILABLE, SqlState::T_R_DEADLOCK_DETECTED, SqlState::T_R_SERIALIZATION_FAILURE];
    if matches!(class, "53" | "58" | "25") || contended.contains(code) {
        return Failure::Exhausted(reason);
    }
    Failure::Refused { code: Some(code.code().to_owned()), reason }
}
