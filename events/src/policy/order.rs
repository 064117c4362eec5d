//! Orders: what a policy proposes to a run.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Price, Quantity, Symbol};

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
    /// Sell shares that are not held; always refused, since accounts are cash accounts.
    Short,
    /// Buy shares back that were sold short; always refused, since nothing can be short.
    Cover,
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
}

impl OrderType {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Market, Self::Limit, Self::Stop];

    /// The name used in the API and in events.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Market => "market",
            Self::Limit => "limit",
            Self::Stop => "stop",
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
        }
    }

    /// How long the order may wait.
    pub const fn time_in_force(self) -> TimeInForce {
        match self {
            Self::Market | Self::Recorded { .. } => TimeInForce::Gtc,
            Self::Limit { time_in_force, .. } | Self::Stop { time_in_force, .. } => time_in_force,
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
        if let OrderKind::Limit { time_in_force, .. } | OrderKind::Stop { time_in_force, .. } = &mut self.kind
        {
            *time_in_force = TimeInForce::Day;
        }
        self
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
