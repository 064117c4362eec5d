//! A parked command as the API shows it.

use actors::work_queue::DeadLetter;
use events::CommandId;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// A command from the work queue that could not be carried out.
#[derive(Debug, Serialize, ToSchema)]
pub struct ParkedCommandView {
    /// The command.
    #[schema(value_type = String, format = Uuid)]
    command_id: CommandId,
    /// The subject it came on.
    #[schema(example = "td.cmd.v1.1.run.p37")]
    subject: String,
    /// What it says; null where that is not JSON.
    #[schema(value_type = Option<Object>)]
    payload: Option<Value>,
    /// How often it was delivered.
    #[schema(example = 5)]
    deliveries: u32,
    /// Why it failed the last time.
    error: String,
    /// `parked`, `retried` or `discarded`.
    #[schema(value_type = String, example = "parked")]
    state: &'static str,
    /// When it was given up by its worker.
    parked_at: Timestamp,
    /// When it was put on the queue again, or given up for good.
    resolved_at: Option<Timestamp>,
    /// Who did that.
    resolved_by: Option<String>,
    /// Why it was given up for good.
    resolved_reason: Option<String>,
}

impl From<DeadLetter> for ParkedCommandView {
    fn from(letter: DeadLetter) -> Self {
        Self {
            command_id: letter.command_id,
            state: letter.state().name(),
            payload: serde_json::from_slice(&letter.payload).ok(),
            subject: letter.subject,
            deliveries: letter.deliveries,
            error: letter.error,
            parked_at: letter.at,
            resolved_at: letter.discarded_at.or(letter.replayed_at),
            resolved_by: letter.resolved_by,
            resolved_reason: letter.resolved_reason,
        }
    }
}
