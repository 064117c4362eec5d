//! Query parameters: strict, and everything that is wrong with them is reported.

use std::fmt::Display;
use std::str::FromStr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::error::ApiError;
use super::page::{Limit, Paging};
use super::position::MIN_POSITION;
use super::problem::FieldProblem;

/// A type that is read parameter by parameter.
pub trait FromParameters: Sized {
    /// Reads the parameters; `None` after one was reported.
    fn read(parameters: &mut Parameters) -> Option<Self>;
}

/// A list that takes no parameters but these.
impl<C: FromStr<Err: Display>> FromParameters for Paging<C> {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        Some(parameters.paging())
    }
}

/// The query of a request.
#[derive(Debug, Clone)]
pub struct Query<T>(pub T);

impl<S: Sync, T: FromParameters> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        Parameters::of(parts.uri.query().unwrap_or_default()).finish(T::read).map(Self)
    }
}

/// The parameters that are still to be read, and what was wrong with those that were.
#[derive(Debug)]
pub struct Parameters {
    rest: Vec<(String, String)>,
    known: Vec<&'static str>,
    errors: Vec<FieldProblem>,
}

impl Parameters {
    /// Of the query part of an address.
    pub fn of(query: &str) -> Self {
        let rest = form_pairs(query);
        Self { rest, known: Vec::new(), errors: Vec::new() }
    }

    /// A parameter that must be there.
    pub fn required<T: FromStr<Err: Display>>(&mut self, name: &'static str) -> Option<T> {
        match self.take(name) {
            Some(text) => self.parsed(name, &text),
            None => {
                self.errors.push(FieldProblem::new(name, "required", "must be given"));
                None
            }
        }
    }

    /// A parameter that may be absent.
    pub fn optional<T: FromStr<Err: Display>>(&mut self, name: &'static str) -> Option<T> {
        let text = self.take(name)?;
        self.parsed(name, &text)
    }

    /// A list separated by commas.
    pub fn list<T: FromStr<Err: Display>>(&mut self, name: &'static str) -> Option<Vec<T>> {
        let text = self.take(name)?;
        // All of them are read before one that cannot be read ends the matter.
        let items: Vec<Option<T>> = text.split(',').map(|item| self.parsed(name, item.trim())).collect();
        items.into_iter().collect()
    }

    /// A list separated by commas that must be there.
    pub fn required_list<T: FromStr<Err: Display>>(&mut self, name: &'static str) -> Option<Vec<T>> {
        if !self.rest.iter().any(|(given, _)| given == name) {
            return self.required::<String>(name).map(|_| Vec::new());
        }
        self.list(name)
    }

    /// A parameter that may be given again and again; absent where it is not given at all.
    pub fn repeated<T: FromStr<Err: Display>>(&mut self, name: &'static str) -> Option<Vec<T>> {
        self.known.push(name);
        let (given, rest): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.rest).into_iter().partition(|(given, _)| given == name);
        self.rest = rest;
        let items: Vec<Option<T>> = given.iter().map(|(_, text)| self.parsed(name, text)).collect();
        items.into_iter().collect::<Option<Vec<T>>>().filter(|items| !items.is_empty())
    }

    /// `limit` and `cursor`.
    pub fn paging<C: FromStr<Err: Display>>(&mut self) -> Paging<C> {
        let limit: Limit = self.optional("limit").unwrap_or_default();
        Paging { limit: limit.0, cursor: self.optional("cursor") }
    }

    /// One parameter among others that somebody else reads.
    pub fn only<T: FromStr<Err: Display>>(mut self, name: &'static str) -> Result<Option<T>, ApiError> {
        let value = self.optional(name);
        if self.errors.is_empty() { Ok(value) } else { Err(ApiError::Invalid(self.errors)) }
    }

    /// Reports a broken rule between parameters.
    pub fn report(&mut self, name: &'static str, code: &str, message: impl ToString) {
        self.errors.push(FieldProblem::new(name, code, message));
    }

    fn take(&mut self, name: &'static str) -> Option<String> {
        self.known.push(name);
        let place = self.rest.iter().position(|(given, _)| given == name)?;
        let (_, text) = self.rest.remove(place);
        if self.rest.iter().any(|(given, _)| given == name) {
            self.rest.retain(|(given, _)| given != name);
            self.errors.push(FieldProblem::new(name, "repeated", "must be given once"));
        }
        Some(text)
    }

    fn parsed<T: FromStr<Err: Display>>(&mut self, name: &'static str, text: &str) -> Option<T> {
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.errors.push(FieldProblem::new(name, "invalid", error));
                None
            }
        }
    }

    /// Reads a whole query and reports what is left over.
    pub fn finish<T>(mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Result<T, ApiError> {
        let value = read(&mut self);
        let Self { rest, known, mut errors } = self;
        // Every read may name a position; its own extractor checks it.
        for (name, _) in rest.iter().filter(|(name, _)| name != MIN_POSITION) {
            let message = match known.as_slice() {
                [] => "is not a parameter; there are none".to_owned(),
                known => format!("is not a parameter; there are {}", known.join(", ")),
            };
            errors.push(FieldProblem::new(name, "unknown", message));
        }
        match value {
            Some(value) if errors.is_empty() => Ok(value),
            Some(_) | None => Err(ApiError::Invalid(errors)),
        }
    }
}

/// No parameters.
#[derive(Debug, Clone, Copy)]
pub struct NoParameters;

impl FromParameters for NoParameters {
    fn read(_parameters: &mut Parameters) -> Option<Self> {
        Some(Self)
    }
}

/// Decodes `a=b&c=d`, where `+` and `%20` are spaces.
fn form_pairs(query: &str) -> Vec<(String, String)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (percent_decoded(name), percent_decoded(value))
        })
        .collect()
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let mut ahead = rest.clone();
        let escaped =
            (byte == b'%').then(|| Some((hex(ahead.next()?)? << 4) | hex(ahead.next()?)?)).flatten();
        match (byte, escaped) {
            (_, Some(decoded)) => {
                bytes.push(decoded);
                rest = ahead;
            }
            (b'+', None) => bytes.push(b' '),
            (plain, None) => bytes.push(plain),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_decoded_and_keep_what_is_not_an_escape() {
        let pairs = form_pairs("symbol=BRK.B&to=2025-01-01T00%3A00%3A00Z&note=a+b%20c%zz&flag");
        let expected =
            [("symbol", "BRK.B"), ("to", "2025-01-01T00:00:00Z"), ("note", "a b c%zz"), ("flag", "")];
        assert_eq!(pairs, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn everything_wrong_is_reported_at_once() {
        let outcome = Parameters::of("limit=0&limit=2&colour=red&interval=2d").finish(|parameters| {
            let _interval: Option<events::Interval> = parameters.optional("interval");
            let _symbol: Option<events::Symbol> = parameters.required("symbol");
            Some(parameters.paging::<String>())
        });
        let Err(ApiError::Invalid(errors)) = outcome else { panic!("accepted") };
        let found: Vec<_> = errors.iter().map(|error| (error.field.as_str(), error.code.as_str())).collect();
        assert_eq!(
            found,
            [
                ("interval", "invalid"),
                ("symbol", "required"),
                ("limit", "repeated"),
                ("limit", "invalid"),
                ("colour", "unknown")
            ]
        );
    }
}
