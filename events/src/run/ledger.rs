//! The ledger of a run, expanded from its events: one record per execution, and one per bar without any.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::{BarsClosed, OrderFilled, RunEvent};
use crate::policy::OrderSide;
use crate::{Cash, Price, Quantity, Symbol};

/// What a ledger record says happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// The account was opened.
    Opened,
    /// Shares were bought.
    Buy,
    /// Shares were sold.
    Sell,
    /// Shares that were not held were sold.
    Short,
    /// Shares that were short were bought back.
    Cover,
    /// Nothing was executed in the bar.
    NoTrade,
}

impl Action {
    /// The name used in the API and the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Buy => "buy",
            Self::Sell => "sell",
            Self::Short => "short",
            Self::Cover => "cover",
            Self::NoTrade => "no_trade",
        }
    }
}

/// One line of the ledger: what happened, and the account after it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LedgerRecord {
    /// 0, 1, 2, … without gaps.
    pub id: u64,
    /// The bar of the run.
    pub bar: u32,
    /// Start of the bar, in seconds since 1970.
    pub bar_start_s: i64,
    /// What happened.
    pub action: Action,
    /// What was traded.
    pub symbol: Option<Symbol>,
    /// How many; zero without a trade.
    pub quantity: Quantity,
    /// The executed price.
    pub price: Option<Price>,
    /// The fee paid.
    pub fee: Cash,
    /// Cash after it.
    pub cash: Cash,
    /// Shares after it; symbols that are flat are left out. Records share the map until it changes.
    #[serde(serialize_with = "as_map")]
    pub positions: Arc<BTreeMap<Symbol, Quantity>>,
}

fn as_map<S: Serializer>(
    positions: &Arc<BTreeMap<Symbol, Quantity>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(positions.iter())
}

/// Expands events into records; the records of a chunk follow from the event that closes it.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    positions: Arc<BTreeMap<Symbol, Quantity>>,
    filled: Vec<OrderFilled>,
}

impl Ledger {
    /// A ledger that goes on after a closed chunk, where these shares were held.
    pub fn resumed(positions: BTreeMap<Symbol, Quantity>) -> Self {
        Self { positions: Arc::new(positions), filled: Vec::new() }
    }

    /// The records that `event` makes final, by rising id.
    pub fn fold(&mut self, event: &RunEvent) -> Vec<LedgerRecord> {
        match event {
            RunEvent::OrderFilled(filled) => {
                self.filled.push(filled.clone());
                Vec::new()
            }
            RunEvent::BarsClosed(closed) => self.close(closed),
            RunEvent::RunRequested(_)
            | RunEvent::OrderAccepted(_)
            | RunEvent::OrderRefused(_)
            | RunEvent::OrderExpired(_)
            | RunEvent::OrderCancelled(_)
            | RunEvent::FinancingCharged(_)
            | RunEvent::RunCompleted(_)
            | RunEvent::RunCancelled(_)
            | RunEvent::RunFailed(_)
            | RunEvent::RunDeleted(_) => Vec::new(),
        }
    }

    fn close(&mut self, closed: &BarsClosed) -> Vec<LedgerRecord> {
        let mut records = Vec::with_capacity(closed.records.len());
        let mut filled = std::mem::take(&mut self.filled).into_iter().peekable();
        let bars = (closed.first_bar..).zip(&closed.bar_starts_s).zip(&closed.cash);
        let mut id = closed.first_record;
        for ((bar, bar_start_s), cash) in bars {
            let before = id;
            while let Some(execution) = filled.next_if(|execution| execution.bar <= bar) {
                records.push(self.execution(&execution));
                id = execution.record + 1;
            }
            if id == before {
                let action = if bar == 0 { Action::Opened } else { Action::NoTrade };
                records.push(LedgerRecord {
                    id,
                    bar,
                    bar_start_s: *bar_start_s,
                    action,
                    symbol: None,
                    quantity: Quantity::ZERO,
                    price: None,
                    fee: Cash::ZERO,
                    cash: *cash,
                    positions: Arc::clone(&self.positions),
                });
                id += 1;
            }
        }
        records
    }

    fn execution(&mut self, filled: &OrderFilled) -> LedgerRecord {
        let positions = Arc::make_mut(&mut self.positions);
        if filled.position.is_zero() {
            positions.remove(&filled.symbol);
        } else {
            positions.insert(filled.symbol.clone(), filled.position);
        }
        LedgerRecord {
            id: filled.record,
            bar: filled.bar,
            bar_start_s: filled.bar_start_s,
            action: match filled.order_side() {
                OrderSide::Buy => Action::Buy,
                OrderSide::Sell => Action::Sell,
                OrderSide::Short => Action::Short,
                OrderSide::Cover => Action::Cover,
            },
            symbol: Some(filled.symbol.clone()),
            quantity: filled.quantity,
            price: Some(filled.price),
            fee: filled.fee,
            cash: filled.cash,
            positions: Arc::clone(&self.positions),
        }
    }
}

/// The ledger of a run's events, record by record.
pub fn records<'a>(events: impl IntoIterator<Item = &'a RunEvent>) -> impl Iterator<Item = LedgerRecord> {
    let mut ledger = Ledger::default();
    events.into_iter().flat_map(move |event| ledger.fold(event))
}
