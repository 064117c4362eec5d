//! Beginning with a private server that dies meanwhile: it is brought back, and what was begun is begun again.
//!
//! Whoever joins a server may find it in its last moment, as after `kill -9` of server and database at once: it still
//! answers, and is gone a moment later. Nobody else need be there to start it again.

use std::error::Error;
use std::io::ErrorKind;
use std::time::Duration;

use tokio::time::Instant;
use tokio_postgres::error::SqlState;

/// Wait before a server that is not seen to be dead is asked again: it may be recovering, or not quite dead yet.
const PAUSE: Duration = Duration::from_millis(50);

/// Until when something is begun again.
#[derive(Debug, Clone, Copy)]
pub struct Insistence {
    deadline: Instant,
}

impl Insistence {
    /// For so long from now on.
    pub fn of(patience: Duration) -> Self {
        Self { deadline: Instant::now() + patience }
    }

    /// After `error`: returns when it is time to begin again, or gives the error back if that would not help. `revived`
    /// says that a server was found dead and has been started.
    pub async fn after<E: Error + 'static>(self, error: E, revived: bool) -> Result<(), E> {
        if Instant::now() >= self.deadline || !(revived || went_away(&error)) {
            return Err(error);
        }
        tracing::debug!(error = %error, revived, "A private server died while it was joined: {error}");
        tokio::time::sleep(PAUSE).await;
        Ok(())
    }
}

/// Whether something in the chain of causes says that the other side ended, is about to, or is not there yet.
fn went_away(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.downcast_ref().is_some_and(database_went_away)
            || error.downcast_ref().is_some_and(connection_ended)
        {
            return true;
        }
        next = error.source();
    }
    false
}

fn database_went_away(error: &tokio_postgres::Error) -> bool {
    // 08 connection, 57 operator.
    let code = error.code().filter(|code| **code != SqlState::QUERY_CANCELED);
    error.is_closed()
        || code.is_some_and(|code| ["08", "57"].iter().any(|class| code.code().starts_with(class)))
}

fn connection_ended(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionRefused
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
            | ErrorKind::NotConnected
            | ErrorKind::UnexpectedEof
            // The socket's file goes with its server.
            | ErrorKind::NotFound
    )
}
