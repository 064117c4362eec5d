//! Why an order is refused, with the figures a trader needs to do better.

use std::fmt;

use jiff::civil::Time;
use serde::{Deserialize, Serialize};

use super::{OrderSide, OrderType};
use crate::instrument::Market;
use crate::{Cash, Price, Quantity, Rate, Symbol};

/// The broken rule. Rules are checked in the order of these variants; the first broken one refuses the order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "cause")]
pub enum Refusal {
    /// More orders in one bar than a run accepts.
    #[error("at most {limit} orders a bar; {dropped} were dropped")]
    TooManyOrders {
        /// Orders accepted per bar.
        limit: u32,
        /// Orders of this bar that were not looked at, this one included.
        dropped: u64,
    },
    /// Zero or less.
    #[error("the amount must be positive, not {amount}")]
    AmountNotPositive {
        /// The amount asked for.
        amount: Quantity,
    },
    /// Not a multiple of the market's step.
    #[error("the amount must be a multiple of {step}, not {amount}")]
    AmountNotWhole {
        /// The amount asked for.
        amount: Quantity,
        /// The smallest difference between two amounts.
        step: Quantity,
    },
    /// The model does not allow this type of order.
    #[error("{order_type} orders are not allowed")]
    OrderTypeNotAllowed {
        /// The type of the order.
        order_type: OrderType,
    },
    /// A limit, stop or recorded price of zero or less.
    #[error("the price must be positive, not {price}")]
    PriceNotPositive {
        /// The price asked for.
        price: Price,
    },
    /// Only the `recorded` policy may name the price of an execution.
    #[error("only recorded decisions may name the price at which they executed")]
    RecordedPriceNotAllowed,
    /// A trailing stop stays behind by more than nothing and less than the whole price.
    #[error("the trail must be above 0 and below 1, not {rate}")]
    TrailOutOfRange {
        /// The fraction asked for.
        rate: Rate,
    },
    /// The limit and the stop of exits lie on the wrong sides of each other, so that one of them is reached at once.
    #[error("a limit at {limit_price} and a stop at {stop_price} cross")]
    LegsCrossed {
        /// The price of the limit.
        limit_price: Price,
        /// The price of the stop.
        stop_price: Price,
    },
    /// A bracket places the exits of what it opens.
    #[error("a bracket opens a position; this one would close one")]
    BracketCloses {
        /// The side asked for.
        side: OrderSide,
    },
    /// As many orders wait as a run keeps.
    #[error("at most {limit} orders may wait at a time")]
    TooManyResting {
        /// Orders that may wait.
        limit: u32,
    },
    /// Not one of the run's symbols.
    #[error("{symbol} is not a symbol of this run")]
    SymbolNotAllowed {
        /// The symbol asked for.
        symbol: Symbol,
    },
    /// The symbol has no bar now, or its price is not known yet.
    #[error("{symbol} has no price at this bar")]
    NoPrice {
        /// The symbol asked for.
        symbol: Symbol,
        /// Its market.
        market: Market,
    },
    /// A-shares trade in lots of 100.
    #[error("A-shares trade in multiples of {lot}, not {amount}; {below} and {above} are near")]
    LotSize {
        /// The amount asked for.
        amount: Quantity,
        /// The lot.
        lot: Quantity,
        /// The multiple below, possibly zero.
        below: Quantity,
        /// The multiple above.
        above: Quantity,
    },
    /// What was bought today can be sold from the next trading date on.
    #[error(
        "{bought_today} of {total_position} shares were bought today; {sellable_today} can be sold, not {want_to_sell}"
    )]
    BoughtToday {
        /// Shares held.
        total_position: Quantity,
        /// Of them bought today.
        bought_today: Quantity,
        /// Of them sellable today.
        sellable_today: Quantity,
        /// Shares to sell.
        want_to_sell: Quantity,
    },
    /// The model does not allow it, or its account is a cash account.
    #[error("{symbol} cannot be sold short or covered: that needs a margin account that allows shorting")]
    ShortingNotAllowed {
        /// The symbol asked for.
        symbol: Symbol,
    },
    /// A position is either long or short.
    #[error("the position in {symbol} is {have}; close it first")]
    OppositePosition {
        /// The symbol asked for.
        symbol: Symbol,
        /// Shares held, negative where they are short.
        have: Quantity,
    },
    /// The margin account may not hold so much.
    #[error("a margin of {required} required, {available} available")]
    InsufficientMargin {
        /// The margin of the order: its value, or half of it when it sells short.
        required: Cash,
        /// The value of the account times its multiple, less the margin in use.
        available: Cash,
    },
    /// A hard gate is closed for orders that open or enlarge a position.
    #[error("{gate}: {figure} against a limit of {limit}")]
    Gate {
        /// Which one.
        gate: Gate,
        /// What the order or the account comes to.
        figure: Cash,
        /// What it may come to.
        limit: Cash,
    },
    /// A rule of the model refuses the order.
    #[error("{rule}: {broken}")]
    Rule {
        /// The name of the rule.
        rule: String,
        /// How it is broken.
        broken: BrokenRule,
    },
    /// The account cannot pay.
    #[error("{required_cash} required at {price}, {cash_available} available")]
    InsufficientCash {
        /// Value and fee of the order.
        required_cash: Cash,
        /// Cash in the account.
        cash_available: Cash,
        /// The price it would execute at.
        price: Price,
    },
    /// Nothing to sell, or nothing short to cover.
    #[error("no position in {symbol}")]
    NoPosition {
        /// The symbol asked for.
        symbol: Symbol,
    },
    /// Not enough to sell, or to cover.
    #[error("have {have} shares, not {want_to_sell}")]
    InsufficientShares {
        /// Shares held.
        have: Quantity,
        /// Shares to sell.
        want_to_sell: Quantity,
    },
    /// The position would leave the range of quantities.
    #[error("a position of {have} cannot grow by {amount}")]
    PositionTooLarge {
        /// Shares held.
        have: Quantity,
        /// Shares to buy.
        amount: Quantity,
    },
}

/// The hard gates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    /// The loss of this day.
    DailyLoss,
    /// The value of the account, at least 75 % of its initial cash.
    AccountValue,
    /// The value of the order.
    OrderValue,
    /// The value of the order, at most half of the account.
    OrderShare,
    /// Cash after the order, at least 10 % of the account.
    CashReserve,
}

impl Gate {
    /// The name used in the API and in events.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DailyLoss => "daily_loss",
            Self::AccountValue => "account_value",
            Self::OrderValue => "order_value",
            Self::OrderShare => "order_share",
            Self::CashReserve => "cash_reserve",
        }
    }
}

impl fmt::Display for Gate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// How a rule of the model is broken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum BrokenRule {
    /// The resulting position is too large.
    #[error("the position would be worth {value}, at most {limit}")]
    MaxPosition {
        /// Its value after the order.
        value: Cash,
        /// The largest value.
        limit: Cash,
    },
    /// Too many symbols are held.
    #[error("{held} positions are held, at most {limit}")]
    MaxPositions {
        /// Symbols held.
        held: u32,
        /// Most symbols.
        limit: u32,
    },
    /// Too little cash would remain.
    #[error("cash would be {cash_after}, at least {limit}")]
    MinCashReserve {
        /// Cash after the order.
        cash_after: Cash,
        /// The least cash.
        limit: Cash,
    },
    /// The session has had its trades.
    #[error("{trades} trades in this session, at most {limit}")]
    MaxTradesPerSession {
        /// Executions of the trading day.
        trades: u32,
        /// Most executions.
        limit: u32,
    },
    /// The day has lost too much.
    #[error("the day has lost {loss}, at most {limit}")]
    MaxDailyLoss {
        /// The loss since the day before.
        loss: Cash,
        /// The largest loss.
        limit: Cash,
    },
    /// Nothing is traded at this time.
    #[error("nothing is traded from {start} to {end}, and it is {time}")]
    Blackout {
        /// Time of day at the exchange.
        time: Time,
        /// When the blackout begins.
        start: Time,
        /// When it is over.
        end: Time,
    },
    /// The day is over for new positions.
    #[error("nothing is opened from {close_all_by} on, and it is {time}")]
    CloseAllBy {
        /// Time of day at the exchange.
        time: Time,
        /// The time from which everything is closed.
        close_all_by: Time,
    },
    /// Not one of the approved symbols.
    #[error("{symbol} is not approved")]
    NotApproved {
        /// The symbol asked for.
        symbol: Symbol,
    },
    /// One of the excluded symbols.
    #[error("{symbol} is excluded")]
    Excluded {
        /// The symbol asked for.
        symbol: Symbol,
    },
}

impl Refusal {
    /// The stable name of the cause, as in the stored event.
    pub const fn cause(&self) -> &'static str {
        match self {
            Self::TooManyOrders { .. } => "too_many_orders",
            Self::AmountNotPositive { .. } => "amount_not_positive",
            Self::AmountNotWhole { .. } => "amount_not_whole",
            Self::OrderTypeNotAllowed { .. } => "order_type_not_allowed",
            Self::RecordedPriceNotAllowed => "recorded_price_not_allowed",
            Self::PriceNotPositive { .. } => "price_not_positive",
            Self::TrailOutOfRange { .. } => "trail_out_of_range",
            Self::LegsCrossed { .. } => "legs_crossed",
            Self::BracketCloses { .. } => "bracket_closes",
            Self::TooManyResting { .. } => "too_many_resting",
            Self::SymbolNotAllowed { .. } => "symbol_not_allowed",
            Self::NoPrice { .. } => "no_price",
            Self::LotSize { .. } => "lot_size",
            Self::BoughtToday { .. } => "bought_today",
            Self::ShortingNotAllowed { .. } => "shorting_not_allowed",
            Self::InsufficientMargin { .. } => "insufficient_margin",
            Self::OppositePosition { .. } => "opposite_position",
            Self::Gate { .. } => "gate",
            Self::Rule { .. } => "rule",
            Self::InsufficientCash { .. } => "insufficient_cash",
            Self::NoPosition { .. } => "no_position",
            Self::InsufficientShares { .. } => "insufficient_shares",
            Self::PositionTooLarge { .. } => "position_too_large",
        }
    }
}
