//! What is wrong with one field of a document that a user sent.

use serde::{Deserialize, Serialize};

/// A broken rule of one field; checks report all of them, not only the first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{field}: {message}")]
pub struct FieldError {
    /// Path of the field: `policy.parameters.fast`.
    pub field: String,
    /// Stable name of the rule: `required`, `too_long`, `out_of_range`, `not_unique`, `unknown`.
    pub code: String,
    /// The rule for people.
    pub message: String,
    /// Which element of a list that was sent breaks the rule, from 0; none where there was no list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<usize>,
}

impl FieldError {
    /// A broken rule of `field`.
    pub fn new(field: impl Into<String>, code: &str, message: impl Into<String>) -> Self {
        Self { field: field.into(), code: code.to_owned(), message: message.into(), row: None }
    }

    /// The same error of the element `row` of a list.
    pub fn at_row(mut self, row: usize) -> Self {
        self.row = Some(row);
        self
    }

    /// The same error seen from the document that contains this one as `parent`.
    pub fn below(mut self, parent: &str) -> Self {
        self.field = format!("{parent}.{}", self.field);
        self
    }
}

/// Several broken rules as one sentence.
pub fn sentence(errors: &[FieldError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
