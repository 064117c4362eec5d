//! Work that computes for long: on a thread that may, a few at once, so that those that answer never wait for it.

use std::future::Future;

use tokio::runtime::Handle;

use super::error::ApiError;
use super::state::Api;

/// How many of it one process does at once; more wait their turn, as long as a request may last.
pub const AT_ONCE: usize = 2;

/// Does `work` aside, on one thread from its beginning to its end. It goes on when nobody waits for it any more.
pub(super) async fn aside<T: Send + 'static, F: Future<Output = T>>(
    api: &Api,
    operation: &'static str,
    work: impl FnOnce() -> F + Send + 'static,
) -> Result<T, ApiError> {
    let failed = |source: Box<dyn std::error::Error + Send + Sync>| ApiError::Internal { operation, source };
    let patience = api.config().request_timeout();
    let turn = tokio::time::timeout(patience, api.turns_aside().clone().acquire_owned()).await;
    let turn = turn.map_err(|_| ApiError::Timeout(patience))?.map_err(|error| failed(error.into()))?;
    let runtime = Handle::current();
    let done = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        runtime.block_on(work())
    });
    done.await.map_err(|error| failed(error.into()))
}
