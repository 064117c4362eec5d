//! Where every format hands its rows: checked, turned into bars, counted in the report.

use std::collections::{HashMap, VecDeque};

use events::{Interval, Market, Symbol};
use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};
use projections::bars::{BarPrices, ImportedBar};

use super::error::{RowError, excerpt};
use super::prices::{RawBar, Refusal, adjusted_close_of, prices_of, volume_of};
use super::stamp::Stamp;
use super::{ImportError, ImportOptions, ImportReport, StampMeaning, VolumeUnit, WarningKind};

/// How to read the stamps and volumes of one symbol.
#[derive(Debug)]
struct Series {
    symbol: Symbol,
    interval: Interval,
    zone: TimeZone,
    zone_name: String,
    meaning: StampMeaning,
    volume_unit: VolumeUnit,
    accepted: u64,
    seen: Seen,
}

/// The number of a series within this file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SeriesNumber(usize);

/// Bars on their way from a file, and its report.
#[derive(Debug)]
pub(super) struct Intake {
    pub(super) options: ImportOptions,
    pub(super) report: ImportReport,
    pub(super) pending: VecDeque<ImportedBar>,
    zone: Option<(String, TimeZone)>,
    series: Vec<Series>,
    numbers: HashMap<(Symbol, Interval), SeriesNumber>,
}

impl Intake {
    pub(super) fn new(options: ImportOptions, report: ImportReport) -> Result<Self, ImportError> {
        let zone = match &options.zone {
            None => None,
            Some(name) => Some((
                name.clone(),
                TimeZone::get(name).map_err(|_| ImportError::UnknownZone { zone: name.clone() })?,
            )),
        };
        let (series, numbers) = (Vec::new(), HashMap::new());
        Ok(Self { options, report, pending: VecDeque::new(), zone, series, numbers })
    }

    /// The symbol that `text` means: one spelling per exchange, coins as pairs.
    pub(super) fn symbol(&self, text: &str) -> Result<Symbol, RowError> {
        canonical_symbol(text, self.options.market)
    }

    /// The series to offer bars of `symbol` to. `zone` is what the file says about its stamps, if it can.
    pub(super) fn series(
        &mut self,
        symbol: &Symbol,
        interval: Interval,
        zone: FileZone<'_>,
        volume_unit: VolumeUnit,
        line: u64,
    ) -> SeriesNumber {
        let key = (symbol.clone(), interval);
        if let Some(number) = self.numbers.get(&key) {
            return *number;
        }
        let market = self.options.market.unwrap_or_else(|| symbol.market());
        let (zone_name, zone) = self.zone_of(symbol, market, zone, line);
        let meaning = self.options.stamps.unwrap_or_else(|| default_meaning(market));
        let number = SeriesNumber(self.series.len());
        self.series.push(Series {
            symbol: symbol.clone(),
            interval,
            zone,
            zone_name,
            meaning,
            volume_unit: self.options.volume_unit.unwrap_or(volume_unit),
            accepted: 0,
            seen: Seen::default(),
        });
        self.numbers.insert(key, number);
        number
    }

    /// Takes a bar or reports why not.
    pub(super) fn offer(
        &mut self,
        number: SeriesNumber,
        line: u64,
        stamp: Result<Stamp<'_>, RowError>,
        raw: &RawBar<'_>,
    ) {
        if let Err(Refusal { column, error }) = self.take(number, line, stamp, raw) {
            self.report.reject(line, column, &error);
        }
    }

    /// The finished report.
    pub(super) fn into_report(self) -> ImportReport {
        let mut report = self.report;
        for series in self.series.iter().filter(|series| series.accepted > 0) {
            report.symbols += 1;
            *report.zones_used.entry(series.zone_name.clone()).or_default() += series.accepted;
        }
        report
    }

    fn take(
        &mut self,
        number: SeriesNumber,
        line: u64,
        stamp: Result<Stamp<'_>, RowError>,
        raw: &RawBar<'_>,
    ) -> Result<(), Refusal> {
        let stamp = stamp?;
        let Some(series) = self.series.get_mut(number.0) else { return Ok(()) };
        let span = stamp.span(series.interval, &series.zone, series.meaning)?;
        let Some(prices) = prices_of(raw, |kind| self.report.warn(kind, line))? else {
            self.report.warn(WarningKind::Empty, line);
            return Ok(());
        };
        let volume = match prices {
            BarPrices::Full { .. } | BarPrices::Flat(_) => volume_of(raw.volume, series.volume_unit)?,
            // Without a range a volume of zero is a filler, and of the future nothing is known.
            BarPrices::OpenClose { .. } => {
                volume_of(raw.volume, series.volume_unit)?.filter(|volume| !volume.is_zero())
            }
            BarPrices::OpenOnly(_) => None,
        };
        let adjusted_close = adjusted_close_of(raw, &prices)?;
        if !series.seen.first_time(series.interval, span.start) {
            let (symbol, stamp) = (series.symbol.to_string(), stamp.text.to_owned());
            return Err(RowError::Duplicate { symbol, stamp }.into());
        }
        if span.ambiguous {
            self.report.warn(WarningKind::AmbiguousTime, line);
        }
        series.accepted += 1;
        self.report.bars_accepted += 1;
        match prices {
            BarPrices::OpenOnly(_) => self.report.open_only += 1,
            BarPrices::Flat(_) => self.report.flat += 1,
            BarPrices::Full { .. } | BarPrices::OpenClose { .. } => {}
        }
        let (symbol, interval) = (series.symbol.clone(), series.interval);
        self.pending.push_back(ImportedBar {
            symbol,
            interval,
            start: span.start,
            end: span.end,
            prices,
            volume,
            adjusted_close,
        });
        Ok(())
    }

    /// Told, else the file's, else the market's. A file that contradicts a market known by suffix is wrong.
    fn zone_of(
        &mut self,
        symbol: &Symbol,
        market: Market,
        zone: FileZone<'_>,
        line: u64,
    ) -> (String, TimeZone) {
        if let Some(told) = &self.zone {
            return told.clone();
        }
        let of_market = || (market.zone().to_owned(), TimeZone::get(market.zone()).unwrap_or(TimeZone::UTC));
        let stated = match zone {
            FileZone::Unstated => return of_market(),
            FileZone::Stated(name) => name.and_then(|name| Some((name, TimeZone::get(name).ok()?))),
        };
        let Some((name, zone)) = stated else {
            self.report.warn(WarningKind::ZoneUnknown, line);
            return of_market();
        };
        let certain = self.options.market.is_some() || symbol.market() != Market::UnitedStates;
        let (market_name, market_zone) = of_market();
        if certain && !same_clock(&zone, &market_zone) {
            self.report.warn(WarningKind::ZoneDisagrees, line);
            return (market_name, market_zone);
        }
        (name.to_owned(), zone)
    }
}

/// What a format can say about the zone of its stamps.
#[derive(Debug, Clone, Copy)]
pub(super) enum FileZone<'a> {
    /// The format has no place for a zone.
    Unstated,
    /// The format has one; `None` where it was left out.
    Stated(Option<&'a str>),
}

/// Whether two zones show the same time in winter and in summer.
fn same_clock(left: &TimeZone, right: &TimeZone) -> bool {
    [civil::date(2025, 1, 15), civil::date(2025, 7, 15)].into_iter().all(|date| {
        let noon = date.at(12, 0, 0, 0);
        left.to_ambiguous_timestamp(noon).offset() == right.to_ambiguous_timestamp(noon).offset()
    })
}

/// What intraday stamps name in the files of a market.
pub(super) const fn default_meaning(market: Market) -> StampMeaning {
    match market {
        Market::China => StampMeaning::End,
        Market::UnitedStates | Market::Crypto => StampMeaning::Start,
    }
}

/// The one spelling of a symbol.
pub(super) fn canonical_symbol(text: &str, market: Option<Market>) -> Result<Symbol, RowError> {
    let bad = |_| RowError::BadSymbol(excerpt(text));
    let upper = text.trim().to_ascii_uppercase();
    if upper.is_empty() {
        return Err(RowError::NoSymbol);
    }
    if upper.len() == 6 && upper.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(RowError::NoExchange(upper));
    }
    if let Some(code) = upper.strip_suffix(".SHH") {
        return format!("{code}.SH").parse().map_err(bad);
    }
    if let Some(code) = upper.strip_suffix(".SHZ") {
        return format!("{code}.SZ").parse().map_err(bad);
    }
    if market == Some(Market::Crypto) && !upper.contains('-') {
        return format!("{upper}-USDT").parse().map_err(bad);
    }
    upper.parse().map_err(bad)
}

/// Which bars of a series were taken: a bit per day, or per minute.
#[derive(Debug, Default)]
struct Seen {
    words: HashMap<i64, u64>,
}

impl Seen {
    fn first_time(&mut self, interval: Interval, start: Timestamp) -> bool {
        let slot_seconds = match interval {
            Interval::Day => 86_400,
            // Hourly bars may start at any minute.
            Interval::Hour | Interval::Minute => 60,
        };
        let slot = start.as_second().div_euclid(slot_seconds);
        let word = self.words.entry(slot >> 6).or_default();
        let bit = 1_u64 << (slot & 63);
        let first = *word & bit == 0;
        *word |= bit;
        first
    }
}
