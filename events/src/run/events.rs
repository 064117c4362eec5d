//! What happens in a run. No payload carries a time of recording: the log does.

use serde::{Deserialize, Serialize};

use super::{Action, RunFigures, RunSnapshot};
use crate::policy::{AdjustmentCause, Order, OrderId, OrderSide, Refusal, RefusedOrder, RestingOrder, Side};
use crate::time::TradingDay;
use crate::{Cash, ModelId, Price, Quantity, Symbol};

crate::events! {
    /// What happened in a run.
    pub enum RunEvent {
        /// The run exists; its terms are frozen.
        RunRequested(RunRequested) = 1,
        /// An order waits.
        OrderAccepted(OrderAccepted) = 1,
        /// An order was executed: one ledger record.
        OrderFilled(OrderFilled) = 1,
        /// An order broke a rule and changed nothing.
        OrderRefused(OrderRefused) = 1,
        /// A waiting order reached the end of its day, or of the run.
        OrderExpired(OrderExpired) = 1,
        /// A waiting order ended with its run, or with the position that the run closed by itself.
        OrderCancelled(OrderCancelled) = 1,
        /// Borrowing was paid for.
        FinancingCharged(FinancingCharged) = 1,
        /// An imported account changed without a decision: the ledger goes on from another state.
        AccountAdjusted(AccountAdjusted) = 1,
        /// A line of an imported ledger that executed nothing: one ledger record.
        LineImported(LineImported) = 1,
        /// A chunk of bars is over: their equity points and ledger records are final.
        BarsClosed(BarsClosed) = 1,
        /// The run reached its last bar.
        RunCompleted(RunCompleted) = 1,
        /// The run was stopped; what it did so far stays.
        RunCancelled(RunCancelled) = 1,
        /// The run could not go on; what it did so far stays.
        RunFailed(RunFailed) = 1,
        /// The run is hidden from every reader.
        RunDeleted(RunDeleted) = 1,
    }
}

/// The run exists; its terms are frozen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRequested {
    /// The model it executes.
    pub model_id: ModelId,
    /// Its number among the runs of the model: 1, 2, 3, …
    pub run_number: u32,
    /// Everything that influences it.
    pub snapshot: Box<RunSnapshot>,
}

/// An order waits: one that names a price, or a market order that fills in its symbol's next bar.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrderAccepted {
    /// The bar of the run in which it was accepted; it fills in a later one.
    pub bar: u32,
    /// Start of that bar, in seconds since 1970.
    pub bar_start_s: i64,
    /// Its place among the orders of the run.
    pub order_id: OrderId,
    /// What it wants.
    pub order: Order,
    /// The bracket whose execution placed it; `None` for an order that the policy proposed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<OrderId>,
}

impl OrderAccepted {
    /// The order as it waits.
    pub fn resting(&self) -> RestingOrder {
        RestingOrder { id: self.order_id, accepted_bar: self.bar, order: self.order.clone() }
    }
}

/// From which price an execution follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PriceRule {
    /// A market order at the open of the bar.
    Open,
    /// A market order at the close of the bar.
    Close,
    /// A limit order whose bar opened at the limit or better.
    LimitAtOpen,
    /// A limit order whose limit was reached within the bar.
    LimitReached,
    /// A stop order whose bar opened at the stop or beyond.
    StopAtOpen,
    /// A stop order whose stop was reached within the bar.
    StopReached,
    /// A stop-limit order whose bar opened at the stop or beyond, within the limit.
    StopLimitAtOpen,
    /// A stop-limit order whose stop was reached within the bar, within the limit.
    StopLimitReached,
    /// A recorded execution at its own price.
    Recorded,
}

impl PriceRule {
    /// Whether slippage moves the price against the trader: never for limits and recorded prices, and no further than
    /// its limit for a stop-limit order.
    pub const fn slips(self) -> bool {
        match self {
            Self::Open
            | Self::Close
            | Self::StopAtOpen
            | Self::StopReached
            | Self::StopLimitAtOpen
            | Self::StopLimitReached => true,
            Self::LimitAtOpen | Self::LimitReached | Self::Recorded => false,
        }
    }
}

/// An order was executed: one ledger record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrderFilled {
    /// The bar of the run.
    pub bar: u32,
    /// Start of the bar, in seconds since 1970.
    pub bar_start_s: i64,
    /// The date of the bar in the zone of the symbol's market.
    pub trading_date: TradingDay,
    /// Place of its ledger record: gapless within the run.
    pub record: u64,
    /// Its place among the orders of the run.
    pub order_id: OrderId,
    /// Bought or sold.
    pub side: Side,
    /// What was traded.
    pub symbol: Symbol,
    /// How many.
    pub quantity: Quantity,
    /// The executed price, slippage included.
    pub price: Price,
    /// The price before slippage; for a recorded execution the open of the bar.
    pub reference_price: Price,
    /// From which price of the bar it follows.
    pub price_rule: PriceRule,
    /// The fee paid.
    pub fee: Cash,
    /// Cash after it.
    pub cash: Cash,
    /// Shares of the symbol after it.
    pub position: Quantity,
    /// Profit of what was closed: average cost, fees included; zero for what opened or enlarged a position.
    pub realised_pnl: Cash,
    /// Why the run closed the position by itself; `None` for an order of its policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forced_by: Option<Forced>,
}

/// Why a run closes positions by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "reason")]
pub enum Forced {
    /// The time has come by which everything is closed.
    CloseAllBy {
        /// The rule that says so.
        rule: String,
    },
    /// The day has lost more than a rule lets it.
    DailyLoss {
        /// The rule.
        rule: String,
    },
    /// The account is worth less than its positions require.
    MarginCall,
}

impl OrderFilled {
    /// Shares of the symbol before it.
    pub fn position_before(&self) -> Quantity {
        match self.side {
            Side::Buy => self.position - self.quantity,
            Side::Sell => self.position + self.quantity,
        }
    }

    /// What kind of order it executed.
    pub fn order_side(&self) -> OrderSide {
        match self.side {
            Side::Buy if self.position_before().is_negative() => OrderSide::Cover,
            Side::Buy => OrderSide::Buy,
            Side::Sell if self.position.is_negative() => OrderSide::Short,
            Side::Sell => OrderSide::Sell,
        }
    }

    /// Whether a recorded price differs from the open of its bar: adjusted prices, or another source.
    pub fn differs_from_bar(&self) -> bool {
        self.price_rule == PriceRule::Recorded && self.price != self.reference_price
    }
}

/// An order broke a rule and changed nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrderRefused {
    /// The bar of the run.
    pub bar: u32,
    /// Start of the bar, in seconds since 1970.
    pub bar_start_s: i64,
    /// Its place among the orders of the run.
    pub order_id: OrderId,
    /// What it wanted.
    pub order: Order,
    /// The broken rule.
    pub refusal: Refusal,
}

impl OrderRefused {
    /// The order as its policy sees it at the next decision.
    pub fn refused(&self) -> RefusedOrder {
        RefusedOrder { bar: self.bar, order: self.order.clone(), refusal: self.refusal.clone() }
    }
}

/// A waiting order reached the end of its day, or of the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrderExpired {
    /// The bar of the run: the first after the order's day, or the last of the run.
    pub bar: u32,
    /// Its place among the orders of the run.
    pub order_id: OrderId,
}

/// A waiting order ended because the run was cancelled or failed, or closed by itself what the order would have closed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrderCancelled {
    /// Its place among the orders of the run.
    pub order_id: OrderId,
}

/// Borrowing was paid for: on a new trading day, for all days since the one before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FinancingCharged {
    /// The first bar of the new day.
    pub bar: u32,
    /// Start of the bar, in seconds since 1970.
    pub bar_start_s: i64,
    /// Calendar days since the last trading day.
    pub days: u32,
    /// For the cash that was lacking at the last close.
    pub interest: Cash,
    /// For the shares that were short at the last close.
    pub borrow_fee: Cash,
    /// Cash after it.
    pub cash: Cash,
}

impl FinancingCharged {
    /// Interest and borrow fee.
    pub fn total(&self) -> Cash {
        self.interest + self.borrow_fee
    }
}

/// The trading day of a bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Its date in the zone of the market.
    pub date: TradingDay,
    /// Value of the account at the close of the day before; the initial cash on the first.
    pub opened_with: Cash,
}

/// An imported account changed without a decision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccountAdjusted {
    /// The bar of the run.
    pub bar: u32,
    /// Start of the bar, in seconds since 1970.
    pub bar_start_s: i64,
    /// The ledger record before which it changed.
    pub record: u64,
    /// The line of the file that goes on from here.
    pub line: u64,
    /// Why.
    pub cause: AdjustmentCause,
    /// Cash afterwards.
    pub cash: Cash,
    /// The holdings that changed.
    pub holdings: Vec<AdjustedHolding>,
}

/// What became of a holding that was adjusted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AdjustedHolding {
    /// What is held.
    pub symbol: Symbol,
    /// How many afterwards; zero when it is flat.
    pub position: Quantity,
    /// Their cost afterwards: what left took its average cost with it, what came cost the newest price.
    pub cost: Cash,
}

/// A line of an imported ledger that executed nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LineImported {
    /// The bar of the run.
    pub bar: u32,
    /// Start of the bar, in seconds since 1970.
    pub bar_start_s: i64,
    /// Place of its ledger record: gapless within the run.
    pub record: u64,
    /// Its number in the file.
    pub line: u64,
    /// What it says was done.
    pub action: Action,
    /// What it says was bought or sold, though nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symbol: Option<Symbol>,
    /// How many it says.
    pub quantity: Quantity,
    /// Cash after it.
    pub cash: Cash,
}

/// A chunk of bars is over. All columns have one entry per bar.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BarsClosed {
    /// The first bar of the chunk, 0 being the one that opened the account.
    pub first_bar: u32,
    /// The first ledger record of the chunk.
    pub first_record: u64,
    /// Start of each bar, in seconds since 1970.
    pub bar_starts_s: Vec<i64>,
    /// Cash at the end of each bar.
    pub cash: Vec<Cash>,
    /// Cash and positions at the close of each bar: the equity series.
    pub value: Vec<Cash>,
    /// Ledger records of each bar: its executions, or one that says that nothing was executed; in an imported run one a
    /// line of its ledger, which may be none.
    pub records: Vec<u32>,
    /// Whether the last value marks a position at an open, because its bar is not complete.
    pub provisional: bool,
    /// The trading day of the last bar, where the terms of the run depend on days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Session>,
}

impl BarsClosed {
    /// The bar after the chunk.
    pub fn next_bar(&self) -> u32 {
        self.first_bar.saturating_add(u32::try_from(self.bar_starts_s.len()).unwrap_or(u32::MAX))
    }

    /// The ledger record after the chunk.
    pub fn next_record(&self) -> u64 {
        self.first_record + self.records.iter().map(|records| u64::from(*records)).sum::<u64>()
    }
}

/// The run reached its last bar.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunCompleted {
    /// Its figures.
    pub figures: RunFigures,
}

/// The run was stopped; what it did so far stays.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunCancelled {
    /// Why, in the words of who stopped it.
    pub reason: String,
    /// Its figures to the last closed bar.
    pub figures: RunFigures,
}

/// The run could not go on; what it did so far stays.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunFailed {
    /// What went wrong.
    pub reason: String,
    /// Its figures to the last closed bar.
    pub figures: RunFigures,
}

/// The run is hidden from every reader.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunDeleted {}
