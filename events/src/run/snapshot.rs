//! Everything that influences a run, frozen when it is requested.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::instrument::Market;
use crate::market::Bars;
use crate::model::{COST_RATE_MAX, ModelSettings, Risk};
use crate::policy::{FieldError, FillRule, ImportedParameters, OrderType, PolicySpec};
use crate::{Cash, Interval, Rate, Symbol};

/// Bars per chunk of a run that names none.
pub const CHUNK_BARS_DEFAULT: u32 = 1_000;

/// Most bars per chunk, so that a chunk's event stays small.
pub const CHUNK_BARS_MAX: u32 = 10_000;

/// SHA-256 of the bars that a run saw; written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub [u8; 32]);

/// The text is not 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a fingerprint is 64 hexadecimal digits")]
pub struct InvalidFingerprint;

impl fmt::Display for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Fingerprint({self})")
    }
}

impl FromStr for Fingerprint {
    type Err = InvalidFingerprint;

    fn from_str(text: &str) -> Result<Self, InvalidFingerprint> {
        if text.len() != 64 || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(InvalidFingerprint);
        }
        let mut bytes = [0_u8; 32];
        for (index, byte) in bytes.iter_mut().enumerate() {
            let digits = text.get(2 * index..2 * index + 2).ok_or(InvalidFingerprint)?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| InvalidFingerprint)?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'_, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Which bars a run saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BarsUsed {
    /// Fingerprint of their content.
    pub fingerprint: Fingerprint,
    /// Bars of the calendar, those before the run's first included.
    pub count: u32,
    /// Bars of the calendar before the run's first; policies may look back at them.
    pub warmup: u32,
    /// Vintage of the price history from which they were read.
    pub vintage: i64,
}

/// The frozen terms of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunSnapshot {
    /// Name of the model when the run was requested.
    pub model_name: String,
    /// What decides.
    pub policy: PolicySpec,
    /// The symbols that may be traded, rising.
    pub symbols: Vec<Symbol>,
    /// Length of a bar.
    pub interval: Interval,
    /// Start of the bar that opens the account.
    pub first_bar_at: Timestamp,
    /// Start of the last bar.
    pub last_bar_at: Timestamp,
    /// Cash with which the account is opened.
    pub initial_cash: Cash,
    /// At which price market orders fill.
    pub fill_rule: FillRule,
    /// Fee as a fraction of the executed value.
    pub commission_rate: Rate,
    /// Price concession of market and stop orders.
    pub slippage_rate: Rate,
    /// The types of order that are not refused.
    pub allowed_order_types: BTreeSet<OrderType>,
    /// The bars.
    pub bars: BarsUsed,
    /// Bars per year, for annualised statistics.
    pub periods_per_year: u32,
    /// Bars per chunk: a chunk ends with the bar before each multiple of this.
    pub chunk_bars: u32,
    /// The version of tapedeck that took the snapshot.
    pub code_version: String,
    /// What the run is compared with.
    pub benchmark: Option<Symbol>,
    /// What it may risk.
    #[serde(default, skip_serializing_if = "Risk::is_default")]
    pub risk: Risk,
}

/// What a snapshot is made of.
#[derive(Debug, Clone)]
pub struct Freeze<'a> {
    /// The settings of the model.
    pub settings: &'a ModelSettings,
    /// The bars of the run, those before its first included.
    pub bars: &'a Bars,
    /// How many bars stand before the run's first.
    pub warmup: u32,
    /// Vintage of the price history from which the bars were read.
    pub vintage: i64,
    /// The symbols that may be traded; `None` means those of the model, and if it names none, all that have bars.
    pub symbols: Option<Vec<Symbol>>,
    /// Cash of this run; `None` means as the model says.
    pub initial_cash: Option<Cash>,
    /// Bars per chunk; `None` means [`CHUNK_BARS_DEFAULT`].
    pub chunk_bars: Option<u32>,
    /// The version of tapedeck.
    pub code_version: &'a str,
}

/// Bars per year of a market's calendar, for annualised statistics.
pub const fn periods_per_year(interval: Interval, market: Market) -> u32 {
    match (interval, market) {
        (Interval::Day, Market::UnitedStates | Market::China) => 252,
        (Interval::Day, Market::Crypto) => 365,
        (Interval::Hour, Market::UnitedStates) => 1_512,
        (Interval::Hour, Market::China) => 1_008,
        (Interval::Hour, Market::Crypto) => 8_760,
        (Interval::Minute, Market::UnitedStates) => 98_280,
        (Interval::Minute, Market::China) => 60_480,
        (Interval::Minute, Market::Crypto) => 525_600,
    }
}

impl RunSnapshot {
    /// Freezes the terms of a run, or reports every rule that they break.
    pub fn freeze(from: Freeze<'_>) -> Result<Self, Vec<FieldError>> {
        let Freeze { settings, bars, .. } = from;
        let all = || bars.columns().iter().map(|columns| columns.symbol.clone()).collect();
        let mut symbols: Vec<Symbol> = from.symbols.or_else(|| settings.symbols.clone()).unwrap_or_else(all);
        symbols.sort_unstable();
        let market = symbols.first().map_or(Market::UnitedStates, Symbol::market);
        let start = |index: usize| bars.starts().get(index).copied().unwrap_or_default();
        let warmup = usize::try_from(from.warmup).unwrap_or(usize::MAX);
        let snapshot = Self {
            model_name: settings.name.clone(),
            policy: settings.policy.clone(),
            interval: bars.interval(),
            first_bar_at: start(warmup),
            last_bar_at: start(bars.len().saturating_sub(1)),
            initial_cash: from.initial_cash.unwrap_or(settings.initial_cash),
            fill_rule: settings.fill_rule.unwrap_or(FillRule::default_of(bars.interval())),
            commission_rate: settings.commission_rate,
            slippage_rate: settings.slippage_rate,
            allowed_order_types: settings.allowed_order_types.clone(),
            bars: BarsUsed {
                fingerprint: Fingerprint(bars.fingerprint()),
                count: u32::try_from(bars.len()).unwrap_or(u32::MAX),
                warmup: from.warmup,
                vintage: from.vintage,
            },
            periods_per_year: periods_per_year(bars.interval(), market),
            chunk_bars: from.chunk_bars.unwrap_or(CHUNK_BARS_DEFAULT),
            code_version: from.code_version.to_owned(),
            benchmark: settings.benchmark.clone(),
            risk: settings.risk.clone(),
            symbols,
        };
        let mut errors = snapshot.check();
        for symbol in snapshot.symbols.iter().filter(|symbol| bars.column_of(symbol).is_none()) {
            errors.push(FieldError::new("symbols", "unknown", format!("{symbol} has no bars in this range")));
        }
        if errors.is_empty() { Ok(snapshot) } else { Err(errors) }
    }

    /// The market whose calendar and clock the run follows: its symbols share a currency, and with it a market.
    pub fn market(&self) -> Market {
        self.symbols.first().map_or(Market::UnitedStates, Symbol::market)
    }

    /// How many bars the run has, the one that opens the account included.
    pub const fn run_bars(&self) -> u32 {
        self.bars.count.saturating_sub(self.bars.warmup)
    }

    /// Every broken rule, by field.
    pub fn check(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut rule = |kept: bool, field: &str, code: &str, message: &str| {
            if !kept {
                errors.push(FieldError::new(field, code, message));
            }
        };
        let rising = self.symbols.iter().zip(self.symbols.iter().skip(1)).all(|(left, right)| left < right);
        let mut currencies = self.symbols.iter().map(|symbol| symbol.market().currency());
        let first = currencies.next();
        let cost = |rate: Rate| !rate.is_negative() && rate <= COST_RATE_MAX;
        rule(first.is_some(), "symbols", "required", "a run needs at least one symbol");
        rule(rising, "symbols", "not_unique", "symbols must rise, each once");
        rule(
            currencies.all(|other| Some(other) == first),
            "symbols",
            "mixed",
            "symbols must share a currency",
        );
        rule(self.initial_cash.is_positive(), "initial_cash", "out_of_range", "must be above 0");
        rule(cost(self.commission_rate), "commission_rate", "out_of_range", "must be from 0 to 0.1");
        rule(cost(self.slippage_rate), "slippage_rate", "out_of_range", "must be from 0 to 0.1");
        rule(self.run_bars() > 0, "bars", "required", "the range has no bars");
        rule(
            self.first_bar_at <= self.last_bar_at,
            "last_bar_at",
            "out_of_range",
            "must not precede the first bar",
        );
        rule(self.periods_per_year > 0, "periods_per_year", "out_of_range", "must be above 0");
        let chunk_fits = (1..=CHUNK_BARS_MAX).contains(&self.chunk_bars);
        rule(chunk_fits, "chunk_bars", "out_of_range", "must be from 1 to 10000");
        // A line after the last bar would have none, and a bar after the last line would be nobody's.
        let ends_with_its_ledger = |imported: &ImportedParameters| {
            imported.lines.last().is_some_and(|line| self.last_bar_at <= line.at)
        };
        rule(
            self.policy.imported().is_none_or(ends_with_its_ledger),
            "last_bar_at",
            "out_of_range",
            "an imported run ends with the bar of its last line",
        );
        let names_own_symbols = |imported: &ImportedParameters| {
            imported.symbols().all(|symbol| self.symbols.binary_search(symbol).is_ok())
        };
        rule(
            self.policy.imported().is_none_or(names_own_symbols),
            "policy",
            "unknown_symbol",
            "an imported ledger names no symbols but those of its run",
        );
        errors.extend(self.policy.check().into_iter().map(|error| error.below("policy")));
        let risk = self.risk.check().into_iter().chain(self.risk.check_interval(self.interval));
        errors.extend(risk.map(|error| error.below("risk")));
        errors
    }
}
