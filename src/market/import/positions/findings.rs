//! What in a recorded account does not fit together, by line: with itself, with the market's rules, with the bars.

use std::collections::{BTreeMap, BTreeSet};

use events::market::{Bars, Columns};
use events::policy::{IMPORT_FINDINGS_MAX, ImportFinding, ImportRule};
use events::{Interval, Price, Quantity, Symbol};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::market::import::Rejected;

use super::{LedgerWarning, RecordedAction, RecordedDecision, RecordedLedger, RecordedState};

impl RecordedLedger {
    /// Everything that does not fit together, by line: with itself, and with `bars`, its market's.
    pub fn findings(&self, bars: &Bars) -> Vec<ImportFinding> {
        let mut findings: Vec<ImportFinding> = self.rejected.iter().map(unreadable).collect();
        findings.extend(self.unknown_lines.iter().map(|(key, line)| unknown(key, *line, &self.unknown_keys)));
        if !self.opening.positions.is_empty() {
            let found = self.opening.to_string();
            findings.push(finding(self.opened_line, ImportRule::OpenedWithHoldings).found(found).0);
        }
        findings.extend(self.oddities.iter().filter_map(|(line, odd)| self.odd(*line, *odd)));
        findings.extend(self.off_open(bars));
        findings.extend(self.off_calendar(bars));
        findings.extend(self.sold_too_early());
        findings.extend(self.dates_without_line(bars));
        findings.sort_by_key(|finding| (finding.line, finding.rule));
        findings.truncate(IMPORT_FINDINGS_MAX);
        findings
    }

    fn odd(&self, line: u64, odd: LedgerWarning) -> Option<ImportFinding> {
        let place = self.records.iter().position(|record| record.line == line)?;
        let record = self.records.get(place)?;
        let earlier = place.checked_sub(1).and_then(|place| self.records.get(place));
        let before = earlier.map_or(&self.opening, |record| &record.after);
        Some(
            match odd {
                LedgerWarning::ZeroAmount => finding(line, ImportRule::ZeroAmount)
                    .expected("a positive amount")
                    .found(written(&record.action)),
                LedgerWarning::StateDiscontinuity => {
                    let base = record.adjusted_from.as_ref();
                    finding(line, ImportRule::StateDiscontinuity)
                        .expected(format!("{} before {}", before, written(&record.action)))
                        .found(base.unwrap_or(before).to_string())
                        .explained(base.and_then(|base| self.origin_of(base, place)))
                }
                LedgerWarning::QuantityRounded => finding(line, ImportRule::Rounded)
                    .expected(written(&record.action))
                    .found(record.after.to_string())
                    .explained(Some(
                        "the source rounds what is held to four decimals, but not what is paid".into(),
                    )),
                LedgerWarning::IdNotRising => {
                    let id = |id: Option<i64>| id.map_or_else(|| "no id".to_owned(), |id| id.to_string());
                    finding(line, ImportRule::IdNotRising)
                        .expected(format!("an id above {}", id(earlier.and_then(|earlier| earlier.id))))
                        .found(id(record.id))
                }
                LedgerWarning::StampFalls => {
                    let last = earlier.map_or(&self.opened, |record| &record.stamp);
                    finding(line, ImportRule::StampFalls)
                        .expected(format!("{} or later", last.text))
                        .found(record.stamp.text.clone())
                }
                LedgerWarning::ActionMissing => {
                    finding(line, ImportRule::ActionMissing).expected("this_action").found("a state alone")
                }
            }
            .0,
        )
    }

    /// The line whose state `base` is.
    fn origin_of(&self, base: &RecordedState, place: usize) -> Option<String> {
        let earlier = self.records.get(..place)?;
        let line = earlier.iter().rev().find(|record| record.after == *base).map(|record| record.line);
        let opening = (self.opening == *base).then_some(self.opened_line);
        let line = line.or(opening)?;
        Some(format!("the state after line {line}: what was done since is forgotten"))
    }

    fn off_open(&self, bars: &Bars) -> Vec<ImportFinding> {
        let stamps: BTreeMap<u64, &RecordedDecision> =
            self.records.iter().map(|record| (record.line, record)).collect();
        let off = self.fills_off_open(bars).into_iter();
        off.map(|fill| {
            let expected = fill.open.map_or_else(|| "no such bar".to_owned(), |open| open.to_string());
            let column = bars.column_of(&fill.symbol).and_then(|column| bars.columns().get(column));
            let at = stamps.get(&fill.line).map(|record| record.stamp.bar_start);
            let nearest =
                column.zip(at).and_then(|(column, at)| self.nearest(bars, column, at, fill.fill_price));
            finding(fill.line, ImportRule::FillNotBarOpen)
                .expected(format!("{} at {expected}", fill.symbol))
                .found(fill.fill_price.to_string())
                .explained(nearest)
                .0
        })
        .collect()
    }

    /// The price of the market that a fill is nearest to.
    fn nearest(&self, bars: &Bars, column: &Columns, at: Timestamp, fill: Price) -> Option<String> {
        let zone = self.zone();
        let date = self.date_of(at, &zone);
        let of_date =
            bars.starts().iter().enumerate().filter(|(_, start)| self.date_of(**start, &zone) == date);
        let same = of_date.clone().find(|(index, _)| column.open_at(*index) == Some(fill));
        if let Some((_, start)) = same {
            return Some(format!("the open of the bar that starts at {start}"));
        }
        let index = bars.starts().binary_search(&at).ok()?;
        let Some(bar) = column.bar_at(index) else {
            return Some("the bar is not complete".to_owned());
        };
        if bar.close == fill {
            return Some("the close of the bar".to_owned());
        }
        let ratio = fill.to_f64() / bar.open.to_f64();
        let where_to = if fill >= bar.low && fill <= bar.high { "within" } else { "outside" };
        Some(format!(
            "{ratio:.6} of the open, {where_to} the range of the bar: the open of another bar length, or prices \
             adjusted since"
        ))
    }

    fn off_calendar(&self, bars: &Bars) -> Vec<ImportFinding> {
        let opening = (self.opened_line, &self.opened);
        let stamps = std::iter::once(opening).chain(self.records.iter().map(|it| (it.line, &it.stamp)));
        let off = stamps.filter(|(_, stamp)| bars.starts().binary_search(&stamp.bar_start).is_err());
        off.map(|(line, stamp)| {
            let before = bars.starts().partition_point(|start| *start < stamp.bar_start);
            let taken = before.checked_sub(1).and_then(|index| bars.starts().get(index));
            let taken = taken.or_else(|| bars.starts().first());
            finding(line, ImportRule::StampNotABar)
                .expected("a bar of the market")
                .found(stamp.text.clone())
                .explained(taken.map(|start| format!("taken as part of the bar that starts at {start}")))
                .0
        })
        .collect()
    }

    /// Sales of what was bought on the same date, where the market settles on the next.
    fn sold_too_early(&self) -> Vec<ImportFinding> {
        if !self.market.settles_next_day() {
            return Vec::new();
        }
        let (zone, mut bought) = (self.zone(), BTreeMap::<(&Symbol, Date), Quantity>::new());
        let mut findings = Vec::new();
        let mut before = &self.opening;
        for record in &self.records {
            let date = self.date_of(record.stamp.bar_start, &zone);
            let held = |state: &RecordedState, symbol: &Symbol| {
                state.positions.get(symbol).copied().unwrap_or_default()
            };
            match &record.action {
                RecordedAction::Buy { symbol, amount } if record.fill_price.is_some() => {
                    *bought.entry((symbol, date)).or_default() += *amount;
                }
                RecordedAction::Sell { symbol, amount } if record.fill_price.is_some() => {
                    let today = bought.get(&(symbol, date)).copied().unwrap_or_default();
                    let base = record.adjusted_from.as_ref().unwrap_or(before);
                    let sellable = held(base, symbol) - today;
                    if today.is_positive() && *amount > sellable {
                        findings.push(
                            finding(record.line, ImportRule::SoldOnDayBought)
                                .expected(format!("at most {} of {symbol}", sellable.max(Quantity::ZERO)))
                                .found(amount.to_string())
                                .explained(Some(format!("{today} were bought on {date}")))
                                .0,
                        );
                    }
                }
                RecordedAction::Buy { .. } | RecordedAction::Sell { .. } | RecordedAction::NoTrade => {}
            }
            before = &record.after;
        }
        findings
    }

    fn dates_without_line(&self, bars: &Bars) -> Vec<ImportFinding> {
        let zone = self.zone();
        let stamps = std::iter::once(&self.opened).chain(self.records.iter().map(|record| &record.stamp));
        let told: BTreeSet<Date> = stamps.map(|stamp| self.date_of(stamp.bar_start, &zone)).collect();
        let (Some(first), Some(last)) = (told.first(), told.last()) else { return Vec::new() };
        let traded: BTreeSet<Date> = bars.starts().iter().map(|start| self.date_of(*start, &zone)).collect();
        let missing = traded.range(*first..=*last).filter(|date| !told.contains(*date));
        missing
            .map(|date| {
                let expected = format!("a line on {date}");
                finding(0, ImportRule::DateWithoutLine).expected(expected).found("none").0
            })
            .collect()
    }

    /// Bars of a day are labelled by their date at midnight UTC.
    fn zone(&self) -> TimeZone {
        match self.interval {
            Interval::Day => TimeZone::UTC,
            Interval::Hour | Interval::Minute => TimeZone::get(self.market.zone()).unwrap_or(TimeZone::UTC),
        }
    }

    fn date_of(&self, at: Timestamp, zone: &TimeZone) -> Date {
        zone.to_datetime(at).date()
    }
}

/// A finding being written.
struct Draft(ImportFinding);

fn finding(line: u64, rule: ImportRule) -> Draft {
    Draft(ImportFinding { line, rule, expected: None, found: None, explanation: None })
}

impl Draft {
    fn expected(self, expected: impl Into<String>) -> Self {
        Self(ImportFinding { expected: Some(expected.into()), ..self.0 })
    }

    fn found(self, found: impl Into<String>) -> Self {
        Self(ImportFinding { found: Some(found.into()), ..self.0 })
    }

    fn explained(self, explanation: Option<String>) -> Self {
        Self(ImportFinding { explanation, ..self.0 })
    }
}

fn unreadable(rejected: &Rejected) -> ImportFinding {
    finding(rejected.line, ImportRule::LineUnreadable)
        .expected("a record of a ledger")
        .found(rejected.reason.clone())
        .explained(Some("left out".to_owned()))
        .0
}

fn unknown(key: &str, line: u64, counts: &BTreeMap<String, u64>) -> ImportFinding {
    let times = counts.get(key).copied().unwrap_or(1);
    finding(line, ImportRule::UnknownKey)
        .found(format!("{key}, {times} in all"))
        .explained(Some("ignored".to_owned()))
        .0
}

fn written(action: &RecordedAction) -> String {
    match action {
        RecordedAction::Buy { symbol, amount } => format!("buy {amount} {symbol}"),
        RecordedAction::Sell { symbol, amount } => format!("sell {amount} {symbol}"),
        RecordedAction::NoTrade => "no trade".to_owned(),
    }
}
