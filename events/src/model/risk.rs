//! What a model may risk: the account it trades on, the gates that its orders must pass, and its own rules.

use jiff::civil::Time;
use serde::{Deserialize, Serialize};

use super::{COST_RATE_MAX, NAME_CHARS_MAX, SYMBOLS_MAX};
use crate::policy::FieldError;
use crate::{Cash, Interval, Rate, Symbol};

/// Most rules of a model.
pub const RULES_MAX: usize = 100;

/// The priority of a rule that names none.
const PRIORITY_DEFAULT: u8 = 5;

/// What a run may risk. The default is a cash account whose orders must be paid for or covered by what is held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Risk {
    /// How the model trades; it decides how much a margin account may buy.
    pub trading_style: TradingStyle,
    /// Whether purchases may exceed cash, and shares may be sold short if shorting is allowed.
    pub margin_account: bool,
    /// Whether shares that are not held may be sold; only a margin account can.
    pub allow_shorting: bool,
    /// The gates for orders that open or enlarge a position.
    pub gates: Gates,
    /// Largest value of an order that opens or enlarges a position.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_position_size: Option<Cash>,
    /// Loss of a day beyond which nothing is opened or enlarged on that day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_daily_loss: Option<Cash>,
    /// What borrowing shares costs, a year, as a fraction of the value that is short.
    pub borrow_rate: Rate,
    /// What borrowing cash costs, a year, as a fraction of the cash that is lacking.
    pub interest_rate: Rate,
    /// The least value of a margin account as a fraction of all its positions, long and short: below it they are closed.
    pub maintenance_rate: Rate,
    /// The model's own rules; checked by falling priority, then in this order.
    pub rules: Vec<Rule>,
}

impl Default for Risk {
    fn default() -> Self {
        Self {
            trading_style: TradingStyle::default(),
            margin_account: false,
            allow_shorting: false,
            gates: Gates::default(),
            max_position_size: None,
            max_daily_loss: None,
            borrow_rate: Rate::ZERO,
            interest_rate: Rate::ZERO,
            // FINRA rule 4210 asks for a quarter of what is held.
            maintenance_rate: Rate::from_units(25_000_000),
            rules: Vec::new(),
        }
    }
}

/// How a model trades.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TradingStyle {
    /// In and out within minutes.
    Scalping,
    /// In and out within a day.
    #[default]
    DayTrading,
    /// Days to weeks.
    SwingTrading,
    /// Weeks to years.
    Investing,
}

/// The gates for orders that open or enlarge a position.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gates {
    /// Cash or margin must suffice.
    #[default]
    Funds,
    /// Besides, the account must be worth 75 % of its initial cash; on a cash account the order may be worth half of the
    /// account, and 10 % of the account must remain in cash.
    All,
}

/// A rule of the model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its name; unique within the model.
    pub name: String,
    /// From 1 to 10: 10 is checked first.
    #[serde(default = "priority_default")]
    pub priority: u8,
    /// The symbols it is for; none means all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub applies_to_symbols: Vec<Symbol>,
    /// What it limits.
    pub limit: Limit,
}

const fn priority_default() -> u8 {
    PRIORITY_DEFAULT
}

/// What a rule limits. Times are those of the exchange, simulated: the start of the bar being traded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type", deny_unknown_fields)]
pub enum Limit {
    /// The position that results from an order, as a fraction of the account.
    MaxPosition {
        /// The largest fraction.
        fraction: Rate,
    },
    /// The symbols that are held at a time; only orders that add one are refused.
    MaxPositions {
        /// Most symbols.
        count: u32,
    },
    /// The cash that remains after a purchase, as a fraction of the account.
    MinCashReserve {
        /// The smallest fraction.
        fraction: Rate,
    },
    /// The executions of a trading day; every order that is proposed beyond them is refused.
    MaxTradesPerSession {
        /// Most executions.
        count: u32,
    },
    /// The loss since the day before, as a fraction of the account then.
    MaxDailyLoss {
        /// The largest fraction.
        fraction: Rate,
        /// What a larger loss leads to.
        #[serde(default)]
        response: LossResponse,
    },
    /// A part of the day in which nothing that is proposed is traded.
    Blackout {
        /// When it begins.
        start: Time,
        /// When it is over; earlier than its begin where it lasts over midnight.
        end: Time,
    },
    /// The time of day from which nothing is opened any more and everything is closed.
    CloseAllBy {
        /// The time of day.
        time: Time,
    },
    /// The only symbols in which positions are opened.
    ApprovedSymbols {
        /// The symbols.
        symbols: Vec<Symbol>,
    },
    /// Symbols in which no position is opened.
    ExcludedSymbols {
        /// The symbols.
        symbols: Vec<Symbol>,
    },
}

/// What a loss beyond the limit of a day leads to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LossResponse {
    /// Nothing is opened or enlarged.
    #[default]
    RejectTrade,
    /// Besides, everything is closed.
    ForceLiquidate,
}

impl Rule {
    /// Whether it is for `symbol`.
    pub fn applies_to(&self, symbol: &Symbol) -> bool {
        self.applies_to_symbols.is_empty() || self.applies_to_symbols.contains(symbol)
    }
}

impl Risk {
    /// Whether this is the cash account without further rules.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// How many times its value an account may hold: 1 with cash; on margin 4 within a day, else 2.
    pub const fn buying_power_multiple(&self) -> i128 {
        match (self.margin_account, self.trading_style) {
            (false, _) => 1,
            (true, TradingStyle::Scalping | TradingStyle::DayTrading) => 4,
            (true, TradingStyle::SwingTrading | TradingStyle::Investing) => 2,
        }
    }

    /// Puts the rules into the order in which they are checked.
    pub(super) fn sort(&mut self) {
        self.rules.sort_by_key(|rule| std::cmp::Reverse(rule.priority));
    }

    /// Every broken rule, by field (`rules.0.name`).
    pub fn check(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut rule = |kept: bool, field: &str, code: &str, message: &str| {
            if !kept {
                errors.push(FieldError::new(field, code, message));
            }
        };
        let positive = |amount: Option<Cash>| amount.is_none_or(Cash::is_positive);
        let yearly = |rate: Rate| !rate.is_negative() && rate <= Rate::WHOLE;
        rule(positive(self.max_position_size), "max_position_size", "out_of_range", "must be above 0");
        rule(positive(self.max_daily_loss), "max_daily_loss", "out_of_range", "must be above 0");
        rule(yearly(self.borrow_rate), "borrow_rate", "out_of_range", "must be from 0 to 1");
        rule(yearly(self.interest_rate), "interest_rate", "out_of_range", "must be from 0 to 1");
        // With nothing left for what closing costs, the account would end below zero.
        let maintains = self.maintenance_rate >= COST_RATE_MAX && self.maintenance_rate <= Rate::WHOLE;
        rule(maintains, "maintenance_rate", "out_of_range", "must be from 0.1 to 1");
        rule(self.rules.len() <= RULES_MAX, "rules", "too_long", "at most 100 rules");
        let ordered = self.rules.iter().zip(self.rules.iter().skip(1));
        rule(
            ordered.clone().all(|(rule, next)| rule.priority >= next.priority),
            "rules",
            "not_falling",
            "priorities must fall",
        );
        for (index, checked) in self.rules.iter().enumerate() {
            let earlier = self.rules.iter().take(index);
            let unique = earlier.clone().all(|other| other.name != checked.name);
            let below = format!("rules.{index}");
            errors.extend(checked.check(unique).into_iter().map(|error| error.below(&below)));
        }
        errors
    }

    /// Every rule that bars of this length cannot keep: what depends on the time of day needs shorter ones than a day.
    pub fn check_interval(&self, interval: Interval) -> Vec<FieldError> {
        let timed = |rule: &Rule| matches!(rule.limit, Limit::Blackout { .. } | Limit::CloseAllBy { .. });
        let broken =
            self.rules.iter().enumerate().filter(|(_, rule)| interval == Interval::Day && timed(rule));
        let message = "depends on the time of day, which daily bars do not have";
        broken
            .map(|(index, _)| FieldError::new(format!("rules.{index}.limit"), "interval", message))
            .collect()
    }
}

impl Rule {
    fn check(&self, unique: bool) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut rule = |kept: bool, field: &str, code: &str, message: &str| {
            if !kept {
                errors.push(FieldError::new(field, code, message));
            }
        };
        let named = !self.name.trim().is_empty() && self.name.chars().count() <= NAME_CHARS_MAX;
        rule(named, "name", "required", "must have 1 to 100 characters");
        rule(unique, "name", "not_unique", "another rule has this name");
        rule((1..=10).contains(&self.priority), "priority", "out_of_range", "must be from 1 to 10");
        let few = |symbols: &[Symbol]| symbols.len() <= SYMBOLS_MAX;
        rule(few(&self.applies_to_symbols), "applies_to_symbols", "too_long", "at most 1000 symbols");
        match &self.limit {
            Limit::MaxPosition { fraction }
            | Limit::MinCashReserve { fraction }
            | Limit::MaxDailyLoss { fraction, .. } => {
                let part = fraction.is_positive() && *fraction <= Rate::WHOLE;
                rule(part, "limit.fraction", "out_of_range", "must be above 0 and at most 1");
            }
            Limit::Blackout { start, end } => {
                rule(start != end, "limit.end", "out_of_range", "must differ from the start");
            }
            Limit::ApprovedSymbols { symbols } | Limit::ExcludedSymbols { symbols } => {
                let some = !symbols.is_empty() && few(symbols);
                rule(some, "limit.symbols", "required", "1 to 1000 symbols");
            }
            Limit::MaxPositions { .. } | Limit::MaxTradesPerSession { .. } | Limit::CloseAllBy { .. } => {}
        }
        errors
    }
}
