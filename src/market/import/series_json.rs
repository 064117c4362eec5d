//! Price series as JSON objects with `Meta Data` and `Time Series (…)`: one object per line, or one per file.

use std::borrow::Cow;
use std::io::Read;

use events::{Interval, Market};
use serde_json::value::RawValue;

use super::error::{RowError, excerpt};
use super::intake::{FileZone, Intake, SeriesNumber};
use super::lines::Lines;
use super::prices::{Cell, RawBar};
use super::raw_json::{Entries, Locator, scalar};
use super::stamp::Stamp;
use super::{ImportError, VolumeUnit};

/// Reads the object of the next line; `false` at the end of the file.
pub(super) fn read_line<R: Read>(lines: &mut Lines<R>, intake: &mut Intake) -> Result<bool, ImportError> {
    let Some(line) = lines.next_filled()? else { return Ok(false) };
    match std::str::from_utf8(&line.bytes) {
        Ok(text) => read_object(text, line.number, intake),
        Err(_) => intake.report.reject(line.number, None, &RowError::NotUtf8),
    }
    Ok(true)
}

/// Reads everything that is left as one object; always at the end of the file afterwards.
pub(super) fn read_document<R: Read>(lines: &mut Lines<R>, intake: &mut Intake) -> Result<bool, ImportError> {
    let (first, document) = lines.rest()?;
    match std::str::from_utf8(&document) {
        Ok("") => {}
        Ok(text) => read_object(text, first, intake),
        Err(_) => intake.report.reject(first, None, &RowError::NotUtf8),
    }
    Ok(false)
}

fn read_object(text: &str, first_line: u64, intake: &mut Intake) {
    let entries = match serde_json::from_str::<Entries<'_>>(text) {
        Ok(Entries(entries)) => entries,
        Err(error) if error.is_data() => {
            let error = RowError::NotAnObject("the line".to_owned());
            return intake.report.reject(first_line, None, &error);
        }
        Err(error) => {
            let line = first_line + (error.line() as u64).saturating_sub(1);
            let reason = error.to_string();
            let reason = reason.split(" at line ").next().unwrap_or(&reason).to_owned();
            return intake.report.reject(line, Some(error.column() as u64), &RowError::NotJson(reason));
        }
    };
    if let Err(error) = read_series(text, entries, first_line, intake) {
        intake.report.reject(first_line, None, &error);
    }
}

fn read_series(
    text: &str,
    entries: Vec<(Cow<'_, str>, &RawValue)>,
    line: u64,
    intake: &mut Intake,
) -> Result<(), RowError> {
    let mut meta = Meta::default();
    let mut series = None;
    for (key, value) in entries {
        if key.starts_with("Time Series") {
            if series.replace((key, value)).is_some() {
                return Err(RowError::SeveralSeries);
            }
        } else if key == "Meta Data" {
            meta = Meta::of(Entries::of(value, "Meta Data")?, intake);
        } else {
            intake.report.count_unknown(&key);
        }
    }
    let (key, value) = series.ok_or(RowError::NoSeries)?;
    let interval = match intake.options.interval {
        Some(interval) => interval,
        None => interval_of(&key)?,
    };
    let symbol = match &intake.options.symbol {
        Some(symbol) => symbol.clone(),
        None => intake.symbol(meta.symbol.as_deref().ok_or(RowError::NoSymbol)?)?,
    };
    // A-share series count shares by the day and hundreds by the hour.
    let volume_unit = match (symbol.market(), interval) {
        (Market::China, Interval::Hour | Interval::Minute) => VolumeUnit::Lots,
        (Market::China, Interval::Day) | (Market::UnitedStates | Market::Crypto, _) => VolumeUnit::Shares,
    };
    let zone = FileZone::Stated(meta.zone.as_deref());
    let number = intake.series(&symbol, interval, zone, volume_unit, line);
    let bars = Entries::of(value, &key)?;
    let mut locator = Locator::new(text, line);
    for (stamp, bar) in bars.0 {
        let (bar_line, column) = locator.locate(bar.get());
        if let Err(error) = offer(number, &stamp, bar, &mut locator, intake) {
            intake.report.reject(bar_line, column, &error);
        }
    }
    Ok(())
}

fn offer(
    number: SeriesNumber,
    stamp: &str,
    bar: &RawValue,
    locator: &mut Locator<'_>,
    intake: &mut Intake,
) -> Result<(), RowError> {
    let (line, _) = locator.locate(bar.get());
    let mut found: [(Option<Cow<'_, str>>, Option<u64>); 5] = Default::default();
    for (key, value) in Entries::of(bar, &excerpt(stamp))?.0 {
        let slot = match after_number(&key) {
            "open" | "buy price" => 0,
            "high" => 1,
            "low" => 2,
            "close" | "sell price" => 3,
            "volume" => 4,
            _ => {
                intake.report.count_unknown(&key);
                continue;
            }
        };
        let (_, column) = locator.locate(value.get());
        let Some(place) = found.get_mut(slot) else { continue };
        if place.0.is_some() {
            return Err(RowError::Twice(excerpt(&key)));
        }
        if value.get() != "null" {
            *place = (Some(scalar(value)), column);
        }
    }
    let [open, high, low, close, volume] =
        found.each_ref().map(|(text, column)| text.as_deref().map(|text| Cell { text, column: *column }));
    let raw = RawBar { open, high, low, close, volume, ..RawBar::default() };
    intake.offer(number, line, Stamp::parse(stamp), &raw);
    Ok(())
}

/// What of `Meta Data` matters.
#[derive(Debug, Default)]
struct Meta<'a> {
    symbol: Option<Cow<'a, str>>,
    zone: Option<Cow<'a, str>>,
}

impl<'a> Meta<'a> {
    fn of(entries: Entries<'a>, intake: &mut Intake) -> Self {
        let mut meta = Self::default();
        for (key, value) in entries.0 {
            match after_number(&key) {
                "symbol" => meta.symbol = Some(scalar(value)),
                "time zone" => meta.zone = Some(scalar(value)),
                "information" | "name" | "last refreshed" | "interval" | "output size" => {}
                _ => intake.report.count_unknown(&key),
            }
        }
        meta
    }
}

/// A key without the number in front of it, whose value shifts between files; in lower case as far as it is known.
fn after_number(key: &str) -> &str {
    const KNOWN: [(&str, &str); 7] = [
        ("Symbol", "symbol"),
        ("Time Zone", "time zone"),
        ("Information", "information"),
        ("Name", "name"),
        ("Last Refreshed", "last refreshed"),
        ("Interval", "interval"),
        ("Output Size", "output size"),
    ];
    let name =
        key.trim_start_matches(|character: char| character.is_ascii_digit() || character == '.').trim();
    KNOWN.iter().find(|(written, _)| *written == name).map_or(name, |(_, lower)| lower)
}

/// The interval in the key of a series: `Time Series (60min)`.
fn interval_of(key: &str) -> Result<Interval, RowError> {
    let unknown = || RowError::UnknownInterval(excerpt(key));
    let name = key.split_once('(').and_then(|(_, rest)| rest.split_once(')')).ok_or_else(unknown)?.0;
    match name {
        "60min" => Ok(Interval::Hour),
        "1min" => Ok(Interval::Minute),
        name if name.ends_with("Daily") => Ok(Interval::Day),
        _ => Err(unknown()),
    }
}
