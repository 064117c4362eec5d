//! Whose a stream is: whoever sent the command that began it.

use events::log::{Log, ReadError};
use events::{Principal, StreamName, Version};

/// The owner of a stream; `None` for a stream without events.
pub async fn owner_of(log: &Log, stream: &StreamName) -> Result<Option<Principal>, ReadError> {
    let first = log.read_stream(stream, Version::NONE, 1).await?;
    Ok(first.first().map(events::Recorded::sender))
}
