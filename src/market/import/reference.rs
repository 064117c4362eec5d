//! Reading reference data: company profiles, sector weights and rates as CSV or JSON lines, registries and catalogues as
//! one JSON document.

mod records;
mod report;
mod rows;

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::str::FromStr;

use jiff::Timestamp;
use projections::bars::{FileIdentity, Import, Once, Source, Stored};
use projections::factors::FactorRegistry;
use projections::reference::{Records, load};
use projections::scenarios::ScenarioCatalogue;
use serde::de::DeserializeOwned;
use tokio_postgres::Client;

use super::lines::{Lines, sha256_of};
use super::reader::hexadecimal;
use super::{ImportError, Strictness};
use rows::Rows;

pub use report::RecordsReport;

/// Most rows of a file: all of them are in memory at once.
pub const ROWS_MAX: u64 = 200_000;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordKind {
    /// Company profiles, one a row.
    Profiles,
    /// Sector weights of benchmarks, one sector a row.
    SectorWeights,
    /// Risk-free rates, one a row.
    Rates,
    /// A version of the factor registry.
    Factors,
    /// A version of the scenario catalogue.
    Scenarios,
}

impl RecordKind {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Profiles, Self::SectorWeights, Self::Rates, Self::Factors, Self::Scenarios];

    /// The name in the API: `profiles`, `sector_weights`, `rates`, `factors` or `scenarios`.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Profiles => "profiles",
            Self::SectorWeights => "sector_weights",
            Self::Rates => "rates",
            Self::Factors => "factors",
            Self::Scenarios => "scenarios",
        }
    }

    /// In words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Profiles => "company profiles",
            Self::SectorWeights => "sector weights",
            Self::Rates => "risk-free rates",
            Self::Factors => "a factor registry",
            Self::Scenarios => "a scenario catalogue",
        }
    }
}

impl FromStr for RecordKind {
    type Err = UnknownRecordKind;

    fn from_str(text: &str) -> Result<Self, UnknownRecordKind> {
        Self::ALL.into_iter().find(|kind| kind.key() == text).ok_or(UnknownRecordKind)
    }
}

/// The text is not a kind of reference data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be profiles, sector_weights, rates, factors or scenarios")]
pub struct UnknownRecordKind;

/// What became of a file.
#[derive(Debug)]
pub enum RecordsImported {
    /// The same bytes were imported before as the same records; nothing changed.
    Before(Import),
    /// A row cannot be taken, and the import is strict: nothing was stored.
    Refused(RecordsReport),
    /// It was read; what it stored may still be nothing, if everything was known.
    Now {
        /// What was stored.
        stored: Stored,
        /// What was found in the file.
        report: RecordsReport,
    },
}

/// Imports the reference data in the file at `path`.
pub async fn import_records(
    client: &mut Client,
    path: &Path,
    kind: RecordKind,
    strictness: Strictness,
    imported_at: Timestamp,
) -> Result<RecordsImported, ImportError> {
    let file = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let failed = |source| ImportError::Read { file: file.clone(), line: 0, source };
    let sha256 = sha256_of(File::open(path).map_err(failed)?).map_err(failed)?;
    let (records, report) = read_records(&file, File::open(path).map_err(failed)?, kind)?;
    if report.sha256 != hexadecimal(&sha256) {
        return Err(ImportError::Changed { file });
    }
    if strictness == Strictness::Strict && report.rejected_count > 0 {
        return Ok(RecordsImported::Refused(report));
    }
    let source = Source {
        name: file,
        format: report.format.clone().into_owned(),
        identity: Some(FileIdentity { sha256, options: kind.name().to_owned() }),
    };
    let json = serde_json::to_value(&report).map_err(ImportError::Report)?;
    match load(client, &source, &records, &json, imported_at).await.map_err(ImportError::Reference)? {
        Once::Before(import) => Ok(RecordsImported::Before(import)),
        Once::New(stored) => Ok(RecordsImported::Now { stored, report }),
    }
}

/// Reads all of a file. A registry or catalogue is taken whole or not at all; of other records the good rows are.
pub fn read_records<R: Read>(
    file: &str,
    source: R,
    kind: RecordKind,
) -> Result<(Records, RecordsReport), ImportError> {
    let lines = Lines::open(file, source)?;
    match kind {
        RecordKind::Factors => read_document(file, lines, kind, |registry: FactorRegistry| {
            registry.checked().map(Records::Factors).map_err(|error| error.to_string())
        }),
        RecordKind::Scenarios => read_document(file, lines, kind, |catalogue: ScenarioCatalogue| {
            catalogue.checked().map(Records::Scenarios).map_err(|error| error.to_string())
        }),
        RecordKind::Profiles => read_rows(file, lines, kind, records::Profiles::default()),
        RecordKind::SectorWeights => read_rows(file, lines, kind, records::WeightSets::default()),
        RecordKind::Rates => read_rows(file, lines, kind, records::Rates::default()),
    }
}

fn read_document<R: Read, T: DeserializeOwned>(
    file: &str,
    mut lines: Lines<R>,
    kind: RecordKind,
    check: impl FnOnce(T) -> Result<Records, String>,
) -> Result<(Records, RecordsReport), ImportError> {
    let (first, document) = lines.rest()?;
    if first == 0 {
        return Err(ImportError::Empty { file: file.to_owned() });
    }
    let no_records =
        |because| ImportError::NotRecords { file: file.to_owned(), records: kind.name(), because };
    // The message of the parser ends with the line, counted from where the document begins.
    let document = serde_json::from_slice(&document).map_err(|error| no_records(error.to_string()))?;
    let records = check(document).map_err(no_records)?;
    let mut report = RecordsReport::new(file, kind, "json");
    report.records_accepted = 1;
    report.lines_read = lines.read();
    report.sha256 = hexadecimal(&lines.into_sha256()?);
    Ok((records, report))
}

fn read_rows<R: Read>(
    file: &str,
    lines: Lines<R>,
    kind: RecordKind,
    mut taker: impl records::Taker,
) -> Result<(Records, RecordsReport), ImportError> {
    let mut rows = Rows::open(file, lines, kind, |name| taker.knows(name))?;
    let mut report = RecordsReport::new(file, kind, rows.format());
    let mut count = 0;
    while let Some((line, row)) = rows.next_row(|name| taker.knows(name))? {
        count += 1;
        if count > ROWS_MAX {
            return Err(ImportError::TooManyRows { file: file.to_owned(), limit: ROWS_MAX });
        }
        if let Err(refusal) = row.and_then(|row| taker.take(line, row)) {
            report.reject(line, refusal.column, &refusal.error);
        }
    }
    let records = taker.finish(&mut report);
    report.records_accepted = u64::try_from(records.len()).unwrap_or(u64::MAX);
    let lines = rows.into_lines();
    report.lines_read = lines.read();
    report.sha256 = hexadecimal(&lines.into_sha256()?);
    Ok((records, report))
}
