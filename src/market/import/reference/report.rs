//! What became of a file of records.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::RecordKind;
use crate::market::import::Rejected;
use crate::market::import::report::{REJECTED_LISTED_MAX, REJECTED_SHOWN_MAX};

/// What became of a file of records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordsReport {
    /// Its name, without folders.
    pub file: String,
    /// Of its bytes as given, in hexadecimal.
    pub sha256: String,
    /// What it holds.
    pub records: Cow<'static, str>,
    /// How it was read: `csv`, `jsonl` or `json`.
    pub format: Cow<'static, str>,
    /// Lines of the unpacked file.
    pub lines_read: u64,
    /// Records taken: profiles, rates, sets of weights, or the one registry or catalogue.
    pub records_accepted: u64,
    /// Rows not taken, and sets of weights.
    pub rejected_count: u64,
    /// The first of them.
    pub rejected: Vec<Rejected>,
}

impl RecordsReport {
    pub(super) fn new(file: &str, kind: RecordKind, format: &'static str) -> Self {
        Self {
            file: file.to_owned(),
            sha256: String::new(),
            records: Cow::Borrowed(kind.name()),
            format: Cow::Borrowed(format),
            lines_read: 0,
            records_accepted: 0,
            rejected_count: 0,
            rejected: Vec::new(),
        }
    }

    pub(super) fn reject(&mut self, line: u64, column: Option<u64>, reason: &impl fmt::Display) {
        self.rejected_count += 1;
        if self.rejected.len() < REJECTED_LISTED_MAX {
            self.rejected.push(Rejected { line, column, reason: reason.to_string() });
        }
    }
}

impl fmt::Display for RecordsReport {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{} ({} as {}, sha256 {})", self.file, self.records, self.format, self.sha256)?;
        write!(out, "  {} lines, {} records", self.lines_read, self.records_accepted)?;
        if self.rejected_count > 0 {
            write!(out, "\n  {} rejected:", self.rejected_count)?;
        }
        for rejected in self.rejected.iter().take(REJECTED_SHOWN_MAX) {
            write!(out, "\n    {rejected}")?;
        }
        if self.rejected.len() > REJECTED_SHOWN_MAX {
            write!(out, "\n    and {} more", self.rejected_count - REJECTED_SHOWN_MAX as u64)?;
        }
        Ok(())
    }
}
