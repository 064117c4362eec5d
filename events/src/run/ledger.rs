//! The ledger of a run, expanded from its events: one record per execution, and one per bar without any.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};

use super::{AccountAdjusted, BarsClosed, LineImported, OrderFilled, RunEvent};
use crate::policy::OrderSide;
use crate::{Cash, Price, Quantity, Symbol};

/// What a ledger record says happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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
    pending: Vec<Entry>,
}

/// What happened since the last closed chunk.
#[derive(Debug, Clone)]
enum Entry {
    Filled(OrderFilled),
    Adjusted(AccountAdjusted),
    Line(LineImported),
}

impl Entry {
    const fn bar(&self) -> u32 {
        match self {
            Self::Filled(filled) => filled.bar,
            Self::Adjusted(adjusted) => adjusted.bar,
            Self::Line(line) => line.bar,
        }
    }
}

impl Ledger {
    /// A ledger that goes on after a closed chunk, where these shares were held.
    pub fn resumed(positions: BTreeMap<Symbol, Quantity>) -> Self {
        Self { positions: Arc::new(positions), pending: Vec::new() }
    }

    /// The records that `event` makes final, by rising id.
    pub fn fold(&mut self, event: &RunEvent) -> Vec<LedgerRecord> {
        match event {
            RunEvent::OrderFilled(filled) => self.wait(Entry::Filled(filled.clone())),
            RunEvent::AccountAdjusted(adjusted) => self.wait(Entry::Adjusted(adjusted.clone())),
            RunEvent::LineImported(line) => self.wait(Entry::Line(line.clone())),
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

    fn wait(&mut self, entry: Entry) -> Vec<LedgerRecord> {
        self.pending.push(entry);
        Vec::new()
    }

    fn close(&mut self, closed: &BarsClosed) -> Vec<LedgerRecord> {
        let mut records = Vec::with_capacity(closed.records.len());
        let mut pending = std::mem::take(&mut self.pending).into_iter().peekable();
        let bars = (closed.first_bar..).zip(&closed.bar_starts_s).zip(&closed.cash).zip(&closed.records);
        let mut id = closed.first_record;
        for (((bar, bar_start_s), cash), count) in bars {
            let before = id;
            while let Some(entry) = pending.next_if(|entry| entry.bar() <= bar) {
                if let Some(record) = self.record_of(&entry) {
                    id = record.id + 1;
                    records.push(record);
                }
            }
            // A bar of an imported run has no record where its ledger has no line.
            if id == before && *count > 0 {
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

    fn record_of(&mut self, entry: &Entry) -> Option<LedgerRecord> {
        match entry {
            Entry::Filled(filled) => Some(self.execution(filled)),
            Entry::Line(line) => Some(self.line(line)),
            Entry::Adjusted(adjusted) => {
                for holding in &adjusted.holdings {
                    self.hold(&holding.symbol, holding.position);
                }
                None
            }
        }
    }

    fn hold(&mut self, symbol: &Symbol, position: Quantity) {
        let positions = Arc::make_mut(&mut self.positions);
        if position.is_zero() {
            positions.remove(symbol);
        } else {
            positions.insert(symbol.clone(), position);
        }
    }

    fn line(&self, line: &LineImported) -> LedgerRecord {
        LedgerRecord {
            id: line.record,
            bar: line.bar,
            bar_start_s: line.bar_start_s,
            action: line.action,
            symbol: line.symbol.clone(),
            quantity: line.quantity,
            price: None,
            fee: Cash::ZERO,
            cash: line.cash,
            positions: Arc::clone(&self.positions),
        }
    }

    fn execution(&mut self, filled: &OrderFilled) -> LedgerRecord {
        self.hold(&filled.symbol, filled.position);
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
