//! Commands from the work queue that could not be carried out, and what operators do with them.

pub mod discard;
pub mod list;
pub mod retry;
mod view;

use actors::work_queue::{DeadLetterError, DeadLetters};

use super::error::ApiError;
use super::state::Api;
pub use view::ParkedCommandView;

impl Api {
    fn dead_letters(&self) -> DeadLetters {
        DeadLetters::new(self.log().clone())
    }
}

impl From<DeadLetterError> for ApiError {
    fn from(error: DeadLetterError) -> Self {
        match error {
            DeadLetterError::Unknown(command) => Self::not_found("parked command", command),
            DeadLetterError::Store(error) => error.into(),
            error => Self::Internal { operation: "handling a parked command", source: error.into() },
        }
    }
}
