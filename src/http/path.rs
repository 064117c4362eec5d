//! What the path names: an id that cannot be one is an id of nothing.

use std::str::FromStr;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use events::{
    AccountId, ApiKeyId, CalculationId, CommandId, EquityChangeId, ModelId, PortfolioId, Position,
    PositionId, RunId, SessionId, StreamName, Symbol, TagId, TargetId,
};

use super::error::ApiError;

/// The one variable part of a path. What cannot be parsed does not exist, so it answers 404.
#[derive(Debug, Clone)]
pub struct Path<T>(pub T);

/// The two variable parts of a path: something, and something of it.
#[derive(Debug, Clone)]
pub struct PathWithin<T, U>(pub T, pub U);

/// Something that a path can name.
pub trait Named: FromStr {
    /// The kind of thing.
    const WHAT: &'static str;
}

impl Named for ModelId {
    const WHAT: &'static str = "model";
}

impl Named for RunId {
    const WHAT: &'static str = "run";
}

impl Named for PortfolioId {
    const WHAT: &'static str = "portfolio";
}

impl Named for PositionId {
    const WHAT: &'static str = "position";
}

impl Named for EquityChangeId {
    const WHAT: &'static str = "equity change";
}

impl Named for TargetId {
    const WHAT: &'static str = "target price";
}

impl Named for TagId {
    const WHAT: &'static str = "tag";
}

impl Named for AccountId {
    const WHAT: &'static str = "account";
}

impl Named for SessionId {
    const WHAT: &'static str = "session";
}

impl Named for ApiKeyId {
    const WHAT: &'static str = "API key";
}

impl Named for CalculationId {
    const WHAT: &'static str = "calculation";
}

impl Named for CommandId {
    const WHAT: &'static str = "parked command";
}

impl Named for StreamName {
    const WHAT: &'static str = "stream";
}

impl Named for Symbol {
    const WHAT: &'static str = "symbol";
}

/// A position in a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventPosition(pub Position);

impl FromStr for EventPosition {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(|number| Self(Position(number)))
    }
}

impl Named for EventPosition {
    const WHAT: &'static str = "event";
}

impl<S: Send + Sync, T: Named> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let texts = variable_parts::<T, S>(parts, state).await?;
        named(texts.first()).map(Self)
    }
}

impl<S: Send + Sync, T: Named, U: Named> FromRequestParts<S> for PathWithin<T, U> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let texts = variable_parts::<T, S>(parts, state).await?;
        Ok(Self(named(texts.first())?, named(texts.get(1))?))
    }
}

async fn variable_parts<T: Named, S: Send + Sync>(
    parts: &mut Parts,
    state: &S,
) -> Result<Vec<String>, ApiError> {
    let parameters = RawPathParams::from_request_parts(parts, state)
        .await
        .map_err(|_| ApiError::not_found(T::WHAT, "of that name"))?;
    Ok(parameters.iter().map(|(_, text)| text.to_owned()).collect())
}

fn named<T: Named>(text: Option<&String>) -> Result<T, ApiError> {
    let text = text.map_or("", String::as_str);
    text.parse().map_err(|_| ApiError::not_found(T::WHAT, text))
}
