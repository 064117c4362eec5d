//! A date and one close per symbol in each row: `date,AAPL,AMD`. Every close becomes a flat bar.

use std::borrow::Cow;
use std::collections::HashSet;
use std::io::Read;

use events::Interval;

use super::error::RowError;
use super::intake::{FileZone, Intake, SeriesNumber};
use super::lines::Lines;
use super::prices::{Cell, RawBar};
use super::stamp::Stamp;
use super::{ImportError, VolumeUnit, cells};

/// The header of a wide file.
#[derive(Debug)]
pub(super) struct WideCsv {
    /// Of every cell after the date; absent where the header's cell is unusable.
    columns: Vec<Option<SeriesNumber>>,
}

impl WideCsv {
    /// Names the columns; those without a usable name are reported once and never read.
    pub(super) fn new(header: &[Cow<'_, str>], line: u64, interval: Interval, intake: &mut Intake) -> Self {
        let mut seen = HashSet::new();
        let mut columns = Vec::with_capacity(header.len());
        for (name, cell_number) in header.iter().zip(1_u64..).skip(1) {
            let symbol = match intake.symbol(name) {
                Err(RowError::NoSymbol) => Err(RowError::NoColumnName),
                Ok(symbol) if !seen.insert(symbol.clone()) => Err(RowError::Twice(symbol.to_string())),
                other => other,
            };
            columns.push(match symbol {
                Ok(symbol) => {
                    Some(intake.series(&symbol, interval, FileZone::Unstated, VolumeUnit::Shares, line))
                }
                Err(error) => {
                    intake.report.reject(line, Some(cell_number), &error);
                    None
                }
            });
        }
        Self { columns }
    }

    /// Reads one row; `false` at the end of the file.
    pub(super) fn read_row<R: Read>(
        &self,
        lines: &mut Lines<R>,
        intake: &mut Intake,
    ) -> Result<bool, ImportError> {
        let Some(line) = lines.next_filled()? else { return Ok(false) };
        let cells = match cells::split(&line) {
            Ok(cells) if cells.len() == self.columns.len() + 1 => cells,
            Ok(cells) => {
                let error = RowError::CellCount { expected: self.columns.len() + 1, found: cells.len() };
                intake.report.reject(line.number, None, &error);
                return Ok(true);
            }
            Err(error) => {
                intake.report.reject(line.number, None, &error);
                return Ok(true);
            }
        };
        let mut cells = cells.iter().zip(1_u64..);
        let stamp = match Stamp::parse(cells.next().map_or("", |(cell, _)| cell)) {
            Ok(stamp) => stamp,
            Err(error) => {
                intake.report.reject(line.number, Some(1), &error);
                return Ok(true);
            }
        };
        for ((text, column), series) in cells.zip(&self.columns) {
            if let Some(series) = series {
                let close = cell(text, column);
                let raw = RawBar { close, flat: true, ..RawBar::default() };
                intake.offer(*series, line.number, Ok(stamp), &raw);
            }
        }
        Ok(true)
    }
}

/// A cell unless it is empty, in one of the ways in which table programs write emptiness.
pub(super) fn cell(text: &str, column: u64) -> Option<Cell<'_>> {
    let empty = text.is_empty()
        || ["null", "nan", "na", "n/a", "-"].iter().any(|word| text.eq_ignore_ascii_case(word));
    (!empty).then_some(Cell { text, column: Some(column) })
}
