//! A price file into the market store: identified, read and stored in one transaction.

use std::fs::File;
use std::path::Path;

use jiff::Timestamp;
use projections::bars::{BarLoad, FileIdentity, Import, Once, Source, Stored};
use tokio_postgres::Client;

use super::lines::sha256_of;
use super::reader::hexadecimal;
use super::{BarReader, ImportError, ImportOptions, ImportReport};

/// Whether a row that cannot be taken refuses the whole file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strictness {
    /// Take the good rows and report the others.
    Lenient,
    /// Store nothing unless every row is good.
    Strict,
}

/// What became of a file.
#[derive(Debug)]
pub enum Imported {
    /// The same bytes were imported before with the same options; nothing changed.
    Before(Import),
    /// It was read; what it stored may still be nothing, if every bar was known.
    Now {
        /// What was stored.
        stored: Stored,
        /// What was found in the file.
        report: ImportReport,
    },
}

/// Imports the file at `path`.
///
/// The file is read twice: once to see whether it is known, once for its bars.
pub async fn import_path(
    client: &mut Client,
    path: &Path,
    options: ImportOptions,
    strictness: Strictness,
    imported_at: Timestamp,
) -> Result<Imported, ImportError> {
    let file = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let failed = |source| ImportError::Read { file: file.clone(), line: 0, source };
    let sha256 = sha256_of(File::open(path).map_err(failed)?).map_err(failed)?;
    let options_text = serde_json::to_string(&options).map_err(ImportError::Report)?;
    let mut reader = BarReader::open(&file, File::open(path).map_err(failed)?, options)?;
    let source = Source {
        name: file.clone(),
        format: reader.format().name().to_owned(),
        identity: Some(FileIdentity { sha256, options: options_text }),
    };
    let mut load = match BarLoad::begin(client, source).await? {
        Once::Before(import) => return Ok(Imported::Before(import)),
        Once::New(load) => load,
    };
    // An error on the way drops the transaction, and with it every bar.
    for bar in reader.by_ref() {
        load.push(&bar?).await?;
    }
    let report = reader.finish()?;
    if report.sha256 != hexadecimal(&sha256) {
        return Err(ImportError::Changed { file });
    }
    if strictness == Strictness::Strict && report.rejected_count > 0 {
        load.abandon().await?;
        return Err(ImportError::Strict { report: Box::new(report) });
    }
    let json = serde_json::to_value(&report).map_err(ImportError::Report)?;
    match load.commit(&json, imported_at).await? {
        Once::Before(import) => Ok(Imported::Before(import)),
        Once::New(stored) => Ok(Imported::Now { stored, report }),
    }
}
