//! Files as they are found, good and bad.

mod accounts;
mod csv;
mod files;
mod json;
mod ledgers;
mod properties;

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::{BarReader, ImportError, ImportOptions, ImportReport, ImportedBar};

/// Reads `bytes` as a file of this name, told nothing.
fn read(file: &str, bytes: &[u8]) -> (Vec<ImportedBar>, ImportReport) {
    told(file, bytes, ImportOptions::default())
}

fn told(file: &str, bytes: &[u8], options: ImportOptions) -> (Vec<ImportedBar>, ImportReport) {
    try_read(file, bytes, options).unwrap()
}

fn try_read(
    file: &str,
    bytes: &[u8],
    options: ImportOptions,
) -> Result<(Vec<ImportedBar>, ImportReport), ImportError> {
    let mut reader = BarReader::open(file, bytes, options)?;
    let bars = reader.by_ref().collect::<Result<Vec<_>, _>>()?;
    Ok((bars, reader.finish()?))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// One bar in a line: symbol, interval, start, prices (`-` where unknown), volume.
fn shown(bar: &ImportedBar) -> String {
    let price = |price: Option<events::Price>| price.map_or("-".to_owned(), |price| price.to_string());
    let prices = [Some(bar.prices.open()), bar.prices.high(), bar.prices.low(), bar.prices.close()];
    let volume = bar.volume.map_or("-".to_owned(), |volume| volume.to_string());
    format!("{} {} {} {} {volume}", bar.symbol, bar.interval, bar.start, prices.map(price).join(" "))
}

fn all(bars: &[ImportedBar]) -> Vec<String> {
    bars.iter().map(shown).collect()
}

/// The rows not taken: line, column, reason.
fn rejected(report: &ImportReport) -> Vec<String> {
    assert_eq!(report.rejected_count, report.rejected.len() as u64);
    let column = |column: Option<u64>| column.map_or("-".to_owned(), |column| column.to_string());
    report.rejected.iter().map(|row| format!("{}:{} {}", row.line, column(row.column), row.reason)).collect()
}
