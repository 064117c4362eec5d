//! Reading one's own writes: every write answers with its log position, and every read may ask for one.

use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::HeaderName;
use axum::http::request::Parts;
use events::Position;
use projections::WaitError;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};

use super::error::ApiError;
use super::query::Parameters;
use super::state::Api;

/// The header that carries a log position, both ways.
pub const X_TAPE_POSITION: HeaderName = HeaderName::from_static("x-tape-position");
/// The parameter that does the same where headers cannot be set.
pub const MIN_POSITION: &str = "min_position";
/// How long a read waits for its read model.
pub const PATIENCE: Duration = Duration::from_secs(2);

/// Where the reader wants the read model to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AtLeast(Position);

/// The same for the documentation.
#[derive(Debug)]
pub struct PositionParameters;

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what AtLeast reads")]
struct PositionParameter {
    /// Answer only once everything up to this log position is shown; waits up to two seconds, then answers 503.
    #[param(example = 1042)]
    min_position: Option<i64>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes what AtLeast reads")]
struct PositionHeader {
    /// The same as a header: the `X-Tape-Position` of a write.
    #[param(rename = "X-Tape-Position", example = 1042)]
    x_tape_position: Option<i64>,
}

impl IntoParams for PositionParameters {
    fn into_params(_parameter_in_provider: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let mut parameters = PositionParameter::into_params(|| None);
        parameters.extend(PositionHeader::into_params(|| None));
        parameters
    }
}

impl<S: Sync> FromRequestParts<S> for AtLeast {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let header = parts.headers.get(X_TAPE_POSITION).map(|value| {
            let number = value.to_str().ok().and_then(|text| text.parse().ok()).filter(|number| *number >= 0);
            number.ok_or_else(|| {
                ApiError::invalid(X_TAPE_POSITION.as_str(), "invalid", "must be a log position")
            })
        });
        let query = Parameters::of(parts.uri.query().unwrap_or_default());
        let parameter: Option<u64> = query.only(MIN_POSITION)?;
        let position = header
            .transpose()?
            .unwrap_or(0)
            .max(parameter.map_or(0, |number| i64::try_from(number).unwrap_or(i64::MAX)));
        Ok(Self(Position(position)))
    }
}

impl AtLeast {
    /// Whether a request names a position.
    pub fn is_named(parts: &Parts) -> bool {
        let in_query = parts.uri.query().is_some_and(|query| query.contains(MIN_POSITION));
        in_query || parts.headers.contains_key(X_TAPE_POSITION)
    }

    /// Waits until these projections show it; answers with the position that the answer is at least from.
    pub async fn shown_by(self, api: &Api, projections: &[&str]) -> Result<Position, ApiError> {
        let watermarks = &api.app().watermarks;
        Ok(watermarks.wait_for_all(projections, self.0, PATIENCE).await?)
    }

    /// Waits until the log itself has it.
    pub async fn in_log(self, api: &Api) -> Result<Position, ApiError> {
        let mut head = api.log().watch_head();
        if *head.borrow() < self.0 {
            api.log().head().await?;
        }
        let arrived = tokio::time::timeout(PATIENCE, head.wait_for(|head| *head >= self.0)).await;
        match arrived {
            Ok(Ok(head)) => Ok(*head),
            Ok(Err(_)) | Err(_) => {
                let reached = api.log().known_head();
                Err(WaitError { projection: "the log".to_owned(), wanted: self.0, reached }.into())
            }
        }
    }
}
