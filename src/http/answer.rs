//! Successful answers: what was asked for in `data`, what is to be said about it in `meta`.

use std::borrow::Borrow;

use actors::Receipt;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use events::time::TradingDay;
use events::{Position, RequestId, Version};
use serde::Serialize;
use utoipa::ToSchema;

use super::conditional::ContentTag;
use super::error::ApiError;
use super::position::X_TAPE_POSITION;

/// A successful answer.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Envelope<T> {
    /// What was asked for.
    pub data: T,
    /// What is to be said about it.
    pub meta: Meta,
}

/// What is to be said about an answer.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Meta {
    /// The request, as in the header `X-Request-Id` and in the logs.
    #[schema(value_type = String, example = "01988d2f-6c3b-7f10-9d5e-3c1b6a1f0e77")]
    pub request_id: RequestId,
    /// A write: where the log recorded it. A read: everything up to here is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<i64>, example = 1042)]
    pub position: Option<Position>,
    /// A list: the `cursor` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// A list: how many items there are in all, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<i64>,
    /// The New York date that the answer is of.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date, example = "2025-11-03")]
    pub as_of_date: Option<TradingDay>,
    /// What the reader should know before relying on the answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// A successful answer with its status and headers.
#[derive(Debug)]
pub struct Answer<T> {
    status: StatusCode,
    headers: HeaderMap,
    envelope: Envelope<T>,
}

impl<T> Answer<T> {
    /// 200 with `data`.
    pub fn ok(asked: &impl Borrow<RequestId>, data: T) -> Self {
        let meta = Meta {
            request_id: *asked.borrow(),
            position: None,
            next_cursor: None,
            total: None,
            as_of_date: None,
            warnings: Vec::new(),
        };
        Self { status: StatusCode::OK, headers: HeaderMap::new(), envelope: Envelope { data, meta } }
    }

    /// The answer to a write that is durable.
    pub fn written(asked: &impl Borrow<RequestId>, receipt: &Receipt, data: T) -> Self {
        Self::ok(asked, data).at(receipt.position).version(receipt.version)
    }

    /// With another status than 200.
    #[must_use]
    pub fn status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// With the address of what was made.
    #[must_use]
    pub fn location(self, path: &str) -> Self {
        self.header(header::LOCATION, path)
    }

    /// With the log position it is from.
    #[must_use]
    pub fn at(mut self, position: Position) -> Self {
        self.envelope.meta.position = Some(position);
        self.header(X_TAPE_POSITION, &position.to_string())
    }

    /// With the version of the thing, as its `ETag`.
    #[must_use]
    pub fn version(self, version: Version) -> Self {
        self.header(header::ETAG, &format!("\"{version}\""))
    }

    /// With the cursor of the next page.
    #[must_use]
    pub fn next(mut self, cursor: Option<impl ToString>) -> Self {
        self.envelope.meta.next_cursor = cursor.map(|cursor| cursor.to_string());
        self
    }

    /// With the number of items in all.
    #[must_use]
    pub fn total(mut self, total: i64) -> Self {
        self.envelope.meta.total = Some(total);
        self
    }

    /// With the New York date that it is of.
    #[must_use]
    pub fn as_of(mut self, date: TradingDay) -> Self {
        self.envelope.meta.as_of_date = Some(date);
        self
    }

    /// With something that the reader should know.
    #[must_use]
    pub fn warning(mut self, text: impl Into<String>) -> Self {
        self.envelope.meta.warnings.push(text.into());
        self
    }

    /// With more headers.
    #[must_use]
    pub fn headers(mut self, headers: HeaderMap) -> Self {
        for (name, value) in &headers {
            self.headers.append(name.clone(), value.clone());
        }
        self
    }

    fn header(mut self, name: HeaderName, value: &str) -> Self {
        // Numbers, paths and quoted versions are valid header values.
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }
}

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        let (body, tag) = match written_out(&self.envelope) {
            Ok(written) => written,
            Err(source) => {
                let operation = "writing an answer as JSON";
                return ApiError::Internal { operation, source: source.into() }.into_response();
            }
        };
        let json = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
        let mut response = (self.status, json, self.headers, body).into_response();
        if let Some(tag) = tag {
            response.extensions_mut().insert(tag);
        }
        response
    }
}

/// The envelope as JSON, and the tag of its data: written once, because answers can be large.
fn written_out<T: Serialize>(
    Envelope { data, meta }: &Envelope<T>,
) -> Result<(Vec<u8>, Option<ContentTag>), serde_json::Error> {
    const OPEN: &[u8] = b"{\"data\":";
    let mut body = OPEN.to_vec();
    serde_json::to_writer(&mut body, data)?;
    let tag = ContentTag::of(body.get(OPEN.len()..).unwrap_or_default());
    body.extend_from_slice(b",\"meta\":");
    serde_json::to_writer(&mut body, meta)?;
    body.push(b'}');
    Ok((body, tag))
}
