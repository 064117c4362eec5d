//! Orders: what a policy proposes to a run.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Price, Quantity, Rate, Symbol};

/// Place of an order among all orders of its run, in the order in which they were proposed: 0, 1, 2, …
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OrderId(pub u64);

impl fmt::Display for OrderId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// What an order wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderSide {
    /// Buy shares.
    Buy,
    /// Sell shares that are held.
    Sell,
    /// Sell shares that are not held; only margin accounts that allow shorting can.
    Short,
    /// Buy shares back that were sold short.
    Cover,
}

impl OrderSide {
    /// What an execution of such an order does.
    pub const fn side(self) -> Side {
        match self {
            Self::Buy | Self::Cover => Side::Buy,
            Self::Sell | Self::Short => Side::Sell,
        }
    }

    /// Whether such an order adds to what is at risk.
    pub const fn opens(self) -> bool {
        matches!(self, Self::Buy | Self::Short)
    }
}

/// What an execution did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Cash became shares.
    Buy,
    /// Shares became cash.
    Sell,
}

impl Side {
    /// `buy` or `sell`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Buy => "buy",
            Self::Sell => "sell",
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// The kinds of order that a model may allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderType {
    /// At the price of the run's fill rule.
    Market,
    /// At a price or better.
    Limit,
    /// A market order once a price is reached.
    Stop,
    /// A limit order once a price is reached.
    StopLimit,
    /// A stop order whose price follows the market at a distance.
    TrailingStop,
    /// An entry that brings its own exits: a profit to take and a loss to stop at.
    Bracket,
    /// A limit and a stop of which one cancels the other.
    Oco,
}

impl OrderType {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Market,
        Self::Limit,
        Self::Stop,
        Self::StopLimit,
        Self::TrailingStop,
        Self::Bracket,
        Self::Oco,
    ];

    /// Those of a model that names none.
    pub const DEFAULT: [Self; 3] = [Self::Market, Self::Limit, Self::Stop];

    /// The name used in the API and in events.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Market => "market",
            Self::Limit => "limit",
            Self::Stop => "stop",
            Self::StopLimit => "stop_limit",
            Self::TrailingStop => "trailing_stop",
            Self::Bracket => "bracket",
            Self::Oco => "oco",
        }
    }
}

impl fmt::Display for OrderType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// How long a resting order may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeInForce {
    /// Until it fills, or the run ends.
    #[default]
    Gtc,
    /// Through the trading day of the first bar in which it can fill.
    Day,
}

/// How far a trailing stop stays behind the best price since it was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trail {
    /// An amount per share.
    Amount(Price),
    /// A fraction of the best price.
    Rate(Rate),
}

impl Trail {
    /// The stop that stays behind `best`: below it for a sale, above it for a purchase.
    pub fn stop(self, best: Price, side: Side) -> Price {
        match (self, side) {
            (Self::Amount(amount), Side::Sell) => best - amount,
            (Self::Amount(amount), Side::Buy) => best + amount,
            (Self::Rate(rate), Side::Sell) => best.moved(-rate),
            (Self::Rate(rate), Side::Buy) => best.moved(rate),
        }
    }
}

/// At which price an order fills.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type", deny_unknown_fields)]
pub enum OrderKind {
    /// At the price of the run's fill rule.
    Market,
    /// In the first later bar whose range reaches `limit_price`, at the better of that bar's open and the limit.
    Limit {
        /// The worst acceptable price.
        limit_price: Price,
        /// How long it waits.
        #[serde(default)]
        time_in_force: TimeInForce,
    },
    /// In the first later bar whose range reaches `stop_price`, at the worse of that bar's open and the stop.
    Stop {
        /// The price that triggers it.
        stop_price: Price,
        /// How long it waits.
        #[serde(default)]
        time_in_force: TimeInForce,
    },
    /// A limit order from the first later bar whose range reaches `stop_price`. It fills in that bar if what is certain
    /// of the bar's path reaches the limit: at the better of open and limit where the bar opens at the stop or beyond,
    /// at the stop where the range reaches it and the limit allows it. Slippage moves such a price no further than the
    /// limit.
    StopLimit {
        /// The price that makes it a limit order.
        stop_price: Price,
        /// The worst acceptable price.
        limit_price: Price,
        /// How long it waits.
        #[serde(default)]
        time_in_force: TimeInForce,
    },
    /// A stop order whose stop follows the best price since it was accepted: the price known then, the extremes of the
    /// bars after it, and the open of the bar in which it fills. The extreme of that bar itself does not count, for
    /// whether it came first is unknown.
    TrailingStop {
        /// How far the stop stays behind.
        trail: Trail,
        /// How long it waits.
        #[serde(default)]
        time_in_force: TimeInForce,
    },
    /// A market order, or a limit order where `entry_limit_price` is given, whose execution places an
    /// [`OrderKind::Oco`] for the same quantity on the other side.
    Bracket {
        /// The worst acceptable price of the entry; without it the entry is a market order.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        entry_limit_price: Option<Price>,
        /// Where the profit is taken.
        take_profit_price: Price,
        /// Where the loss is stopped.
        stop_loss_price: Price,
        /// How long the entry waits, and then the exits.
        #[serde(default)]
        time_in_force: TimeInForce,
    },
    /// A limit and a stop for one quantity: whichever is reached first fills, the other is gone. Where the range of one
    /// bar reaches both and its open neither, the stop fills: the path within a bar is unknown, and the worse is assumed.
    Oco {
        /// The price of the limit.
        limit_price: Price,
        /// The price of the stop.
        stop_price: Price,
        /// How long it waits.
        #[serde(default)]
        time_in_force: TimeInForce,
    },
    /// At the price at which the original of a recorded decision executed; only the `recorded` policy may ask for it.
    Recorded {
        /// The price of the original execution.
        price: Price,
    },
}

impl OrderKind {
    /// The type that a model must allow; a recorded execution counts as a market order.
    pub const fn order_type(self) -> OrderType {
        match self {
            Self::Market | Self::Recorded { .. } => OrderType::Market,
            Self::Limit { .. } => OrderType::Limit,
            Self::Stop { .. } => OrderType::Stop,
            Self::StopLimit { .. } => OrderType::StopLimit,
            Self::TrailingStop { .. } => OrderType::TrailingStop,
            Self::Bracket { .. } => OrderType::Bracket,
            Self::Oco { .. } => OrderType::Oco,
        }
    }

    /// How long the order may wait.
    pub const fn time_in_force(self) -> TimeInForce {
        match self {
            Self::Market | Self::Recorded { .. } => TimeInForce::Gtc,
            Self::Limit { time_in_force, .. }
            | Self::Stop { time_in_force, .. }
            | Self::StopLimit { time_in_force, .. }
            | Self::TrailingStop { time_in_force, .. }
            | Self::Bracket { time_in_force, .. }
            | Self::Oco { time_in_force, .. } => time_in_force,
        }
    }

    /// The prices that the order names.
    pub fn prices(self) -> impl Iterator<Item = Price> {
        let named = match self {
            Self::Market | Self::TrailingStop { trail: Trail::Rate(_), .. } => [None; 3],
            Self::Recorded { price } => [Some(price), None, None],
            Self::Limit { limit_price, .. } => [Some(limit_price), None, None],
            Self::Stop { stop_price, .. } => [Some(stop_price), None, None],
            Self::StopLimit { stop_price, limit_price, .. } | Self::Oco { limit_price, stop_price, .. } => {
                [Some(limit_price), Some(stop_price), None]
            }
            Self::TrailingStop { trail: Trail::Amount(amount), .. } => [Some(amount), None, None],
            Self::Bracket { entry_limit_price, take_profit_price, stop_loss_price, .. } => {
                [entry_limit_price, Some(take_profit_price), Some(stop_loss_price)]
            }
        };
        named.into_iter().flatten()
    }

    /// The limit and the stop of the exits that the order is or places.
    pub const fn legs(self) -> Option<(Price, Price)> {
        match self {
            Self::Oco { limit_price, stop_price, .. } => Some((limit_price, stop_price)),
            Self::Bracket { take_profit_price, stop_loss_price, .. } => {
                Some((take_profit_price, stop_loss_price))
            }
            Self::Market
            | Self::Limit { .. }
            | Self::Stop { .. }
            | Self::StopLimit { .. }
            | Self::TrailingStop { .. }
            | Self::Recorded { .. } => None,
        }
    }
}

/// One order as proposed, not yet checked.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Order {
    /// Buy, sell, short or cover.
    pub side: OrderSide,
    /// What is traded.
    pub symbol: Symbol,
    /// How many shares or coins.
    pub quantity: Quantity,
    /// At which price.
    pub kind: OrderKind,
}

impl Order {
    /// A market order.
    pub const fn market(side: OrderSide, symbol: Symbol, quantity: Quantity) -> Self {
        Self { side, symbol, quantity, kind: OrderKind::Market }
    }

    /// A limit order that waits until the run ends.
    pub const fn limit(side: OrderSide, symbol: Symbol, quantity: Quantity, limit_price: Price) -> Self {
        let kind = OrderKind::Limit { limit_price, time_in_force: TimeInForce::Gtc };
        Self { side, symbol, quantity, kind }
    }

    /// A stop order that waits until the run ends.
    pub const fn stop(side: OrderSide, symbol: Symbol, quantity: Quantity, stop_price: Price) -> Self {
        let kind = OrderKind::Stop { stop_price, time_in_force: TimeInForce::Gtc };
        Self { side, symbol, quantity, kind }
    }

    /// The same order, good for the day only; market orders do not wait and stay as they are.
    pub fn for_the_day(mut self) -> Self {
        match &mut self.kind {
            OrderKind::Market | OrderKind::Recorded { .. } => {}
            OrderKind::Limit { time_in_force, .. }
            | OrderKind::Stop { time_in_force, .. }
            | OrderKind::StopLimit { time_in_force, .. }
            | OrderKind::TrailingStop { time_in_force, .. }
            | OrderKind::Bracket { time_in_force, .. }
            | OrderKind::Oco { time_in_force, .. } => *time_in_force = TimeInForce::Day,
        }
        self
    }

    /// The exits that the execution of a bracket places; `None` for every other order.
    pub fn exits(&self) -> Option<Self> {
        let OrderKind::Bracket { take_profit_price, stop_loss_price, time_in_force, .. } = self.kind else {
            return None;
        };
        let side = match self.side {
            OrderSide::Buy => OrderSide::Sell,
            OrderSide::Short => OrderSide::Cover,
            OrderSide::Sell | OrderSide::Cover => return None,
        };
        let (limit_price, stop_price) = (take_profit_price, stop_loss_price);
        let kind = OrderKind::Oco { limit_price, stop_price, time_in_force };
        Some(Self { side, symbol: self.symbol.clone(), quantity: self.quantity, kind })
    }
}

/// An accepted order that waits for its price, or for the next bar of its symbol.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestingOrder {
    /// Its place among the orders of the run.
    pub id: OrderId,
    /// The bar in which it was accepted; it fills in a later one.
    pub accepted_bar: u32,
    /// What it wants.
    pub order: Order,
}

/// An order that broke a rule, as shown to the policy at its next decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedOrder {
    /// The bar in which it was refused.
    pub bar: u32,
    /// What it wanted.
    pub order: Order,
    /// The broken rule.
    pub refusal: super::Refusal,
}
