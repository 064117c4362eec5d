//! `GET /quotes/{symbol}`

use axum::extract::State;
use events::Symbol;

use super::QuoteView;
use crate::http::answer::{Answer, Envelope};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::path::Path;
use crate::http::query::{NoParameters, Query};
use crate::http::state::Api;

/// Shows the last quote of one symbol.
#[utoipa::path(get, path = "/api/v1/quotes/{symbol}", tag = "market", operation_id = "find_quote",
    extensions(("x-access" = json!("signed-in"))),
    params(("symbol" = String, Path, description = "The symbol", example = "AAPL")),
    responses((status = 200, description = "Its last quote", body = Envelope<QuoteView>)))]
pub async fn find(
    State(api): State<Api>,
    caller: Caller,
    Path(symbol): Path<Symbol>,
    Query(NoParameters): Query<NoParameters>,
) -> Result<Answer<QuoteView>, ApiError> {
    let quote = api.quotes().find(&symbol).ok_or_else(|| ApiError::not_found("quote of", symbol))?;
    Ok(Answer::ok(&caller, quote.into()))
}
