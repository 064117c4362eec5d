//! Forms with files: `multipart/form-data`, strict, and bounded as a whole.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use axum::extract::{FromRequest, Request};
use axum::http::header;
use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::body::read_all;
use super::error::ApiError;
use super::problem::FieldProblem;
use super::state::Api;
use crate::portfolio_import::FILE_BYTES_MAX;

/// What a form may hold beside its file: fields, and the lines between the parts.
const REST_BYTES_MAX: usize = 64 * 1024;

/// A type that is read field by field.
pub trait FromForm: Sized {
    /// Reads the fields; `None` after one was reported.
    fn read(fields: &mut Fields) -> Option<Self>;
}

/// A form that was read, and the fingerprint of what it says.
#[derive(Debug, Clone)]
pub struct Form<T> {
    /// What it says.
    pub value: T,
    /// SHA-256 of names and contents: a repetition has other lines between its parts.
    pub hash: [u8; 32],
}

/// A file of a form.
#[derive(Debug, Clone)]
pub struct File {
    /// What it is called, where the sender said so.
    pub name: Option<String>,
    /// What it holds.
    pub bytes: Bytes,
}

impl<T: FromForm> FromRequest<Api> for Form<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, api: &Api) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let boundary = kind.and_then(|kind| multer::parse_boundary(kind).ok()).ok_or(ApiError::NotForm)?;
        let (limit, patience) = (FILE_BYTES_MAX + REST_BYTES_MAX, api.config().body_timeout());
        let bytes = tokio::time::timeout(patience, read_all(&parts.headers, body, limit))
            .await
            .map_err(|_| ApiError::SlowBody(patience))??;
        let fields = Fields::of(bytes, boundary).await?;
        let hash = fields.hash();
        Ok(Self { value: fields.finish(T::read)?, hash })
    }
}

/// The fields of a form that are still to be read, and what was wrong with those that were.
#[derive(Debug)]
pub struct Fields {
    rest: BTreeMap<String, File>,
    known: Vec<&'static str>,
    errors: Vec<FieldProblem>,
}

impl Fields {
    async fn of(bytes: Bytes, boundary: String) -> Result<Self, ApiError> {
        let malformed = |error: multer::Error| ApiError::invalid("body", "malformed", error);
        let whole = futures_util::stream::iter([Ok::<_, std::convert::Infallible>(bytes)]);
        let mut parts = multer::Multipart::new(whole, boundary);
        let mut fields = Self { rest: BTreeMap::new(), known: Vec::new(), errors: Vec::new() };
        while let Some(part) = parts.next_field().await.map_err(malformed)? {
            let field = part.name().unwrap_or_default().to_owned();
            let name = part.file_name().map(str::to_owned);
            let file = File { name, bytes: part.bytes().await.map_err(malformed)? };
            if fields.rest.insert(field.clone(), file).is_some() {
                fields.errors.push(FieldProblem::new(field, "not_unique", "occurs more than once"));
            }
        }
        Ok(fields)
    }

    fn hash(&self) -> [u8; 32] {
        let mut hasher = Sha256::new();
        for (name, file) in &self.rest {
            for part in [name.as_bytes(), &file.bytes] {
                hasher.update((part.len() as u64).to_be_bytes());
                hasher.update(part);
            }
        }
        hasher.finalize().into()
    }

    /// A field that must be there and hold something.
    pub fn required<T: FromStr<Err: Display>>(&mut self, name: &'static str) -> Option<T> {
        if let Some(text) = self.text(name) {
            return self.parsed(name, &text);
        }
        self.report(name, "required", "must be given");
        None
    }

    /// A field that may be absent or empty.
    pub fn optional<T: FromStr<Err: Display>>(&mut self, name: &'static str) -> Option<T> {
        let text = self.text(name)?;
        self.parsed(name, &text)
    }

    /// A file that must be there.
    pub fn file(&mut self, name: &'static str) -> Option<File> {
        self.known.push(name);
        let file = self.rest.remove(name);
        if file.is_none() {
            self.report(name, "required", "must be given");
        }
        file
    }

    /// Reports a broken rule.
    pub fn report(&mut self, name: &'static str, code: &str, message: impl ToString) {
        self.errors.push(FieldProblem::new(name, code, message));
    }

    fn text(&mut self, name: &'static str) -> Option<String> {
        self.known.push(name);
        let bytes = self.rest.remove(name)?.bytes;
        match std::str::from_utf8(&bytes).map(str::trim) {
            Ok("") => None,
            Ok(text) => Some(text.to_owned()),
            Err(error) => {
                self.report(name, "invalid", error);
                None
            }
        }
    }

    fn parsed<T: FromStr<Err: Display>>(&mut self, name: &'static str, text: &str) -> Option<T> {
        text.parse().map_err(|error| self.report(name, "invalid", error)).ok()
    }

    fn finish<T>(mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Result<T, ApiError> {
        let value = read(&mut self);
        let Self { rest, known, mut errors } = self;
        errors.extend(rest.into_keys().map(|name| {
            let message = format!("is not a field; there are {}", known.join(", "));
            FieldProblem::new(name, "unknown", message)
        }));
        match value {
            Some(value) if errors.is_empty() => Ok(value),
            Some(_) | None => Err(ApiError::Invalid(errors)),
        }
    }
}
