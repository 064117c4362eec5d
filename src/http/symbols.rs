//! What the market store has.

pub mod list;

use events::Symbol;
use projections::{Reader, bars};

use super::error::ApiError;

/// Answers 422 for a symbol of which there is no bar at all.
pub async fn known(client: &impl Reader, symbol: &Symbol) -> Result<(), ApiError> {
    let covered = bars::coverage(client, Some(std::slice::from_ref(symbol)), None, None).await?;
    if covered.is_empty() {
        let message = format!("the market store has no bars of {symbol}");
        return Err(ApiError::invalid("symbol", "unknown_symbol", message));
    }
    Ok(())
}
