//! What a run's followers are told.

use axum::response::sse::Event;
use events::policy::{Order, OrderId, Refusal, Side};
use events::run::{Forced, OrderFilled, OrderRefused, RunEvent, RunFigures};
use events::{Cash, Price, Quantity, Recorded, Run, RunId, Symbol};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::runs::view::FiguresView;
use crate::http::sse::{self, Last};

/// An event of the stream. Its name says which of the fields below `run_id` it has.
#[derive(Debug, Serialize, ToSchema)]
pub struct Message {
    /// The run.
    #[schema(value_type = String, format = Uuid)]
    run_id: RunId,
    /// When the log learned it.
    recorded_at: Timestamp,
    /// What happened.
    #[serde(flatten)]
    happened: Happened,
}

/// What happened.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Happened {
    /// `requested`: the run exists.
    Requested {
        /// How many bars it has.
        bars_total: u32,
        /// Its number among the runs of the model.
        run_number: u32,
    },
    /// `progress`: bars are closed.
    Progress {
        /// How many bars are closed.
        bars_done: u32,
        /// How many it has.
        bars_total: u32,
        /// Start of the last closed bar.
        bar_start_at: Option<Timestamp>,
        /// Cash.
        #[schema(value_type = Option<String>, example = "5132.137")]
        cash: Option<Cash>,
        /// Cash and positions.
        #[schema(value_type = Option<String>, example = "10008.9")]
        value: Option<Cash>,
    },
    /// `trade`: an order was executed.
    Trade(Box<Trade>),
    /// `rejection`: an order broke a rule.
    Rejection(Box<Rejection>),
    /// `order`: an order waits, or waits no longer.
    Order {
        /// Its place among the orders of the run.
        #[schema(value_type = u64)]
        order_id: OrderId,
        /// `waiting`, `expired` or `cancelled`.
        #[schema(example = "waiting")]
        state: &'static str,
        /// The bar.
        bar: Option<u32>,
        /// What it wants.
        #[schema(value_type = Option<Object>)]
        order: Option<Order>,
    },
    /// `financing`: borrowing was paid for.
    Financing {
        /// The first bar of the new trading day.
        bar: u32,
        /// For the cash that was lacking.
        #[schema(value_type = String, example = "1.37")]
        interest: Cash,
        /// For the shares that were short.
        #[schema(value_type = String, example = "0.82")]
        borrow_fee: Cash,
        /// Cash after it.
        #[schema(value_type = String, example = "5132.137")]
        cash: Cash,
    },
    /// `adjustment`: an imported account changed without a decision.
    Adjustment {
        /// The bar.
        bar: u32,
        /// The line of the file that goes on from here.
        line: u64,
        /// `state_discontinuity` or `rounding`.
        #[schema(example = "state_discontinuity")]
        cause: &'static str,
        /// Cash afterwards.
        #[schema(value_type = String, example = "5132.137")]
        cash: Cash,
    },
    /// `line`: a line of an imported ledger that executed nothing.
    Line {
        /// The bar.
        bar: u32,
        /// Its number in the file.
        line: u64,
        /// Its ledger record.
        record: u64,
        /// Cash after it.
        #[schema(value_type = String, example = "5132.137")]
        cash: Cash,
    },
    /// `completed`, `cancelled`, `failed`: the run is over.
    Over {
        /// Why it was cancelled or failed.
        reason: Option<String>,
        /// Its exact figures.
        figures: Box<FiguresView>,
    },
    /// `deleted`: the run is hidden.
    Deleted {},
}

/// An order was executed.
#[derive(Debug, Serialize, ToSchema)]
pub struct Trade {
    /// The bar.
    bar: u32,
    /// When the bar starts.
    bar_start_at: Option<Timestamp>,
    /// Its ledger record.
    record: u64,
    /// `buy` or `sell`.
    #[schema(value_type = String, example = "buy")]
    side: Side,
    /// What was traded.
    #[schema(value_type = String, example = "AAPL")]
    symbol: Symbol,
    /// How many.
    #[schema(value_type = String, example = "20")]
    quantity: Quantity,
    /// The executed price.
    #[schema(value_type = String, example = "243.15")]
    price: Price,
    /// The fee paid.
    #[schema(value_type = String, example = "4.863")]
    fee: Cash,
    /// Cash after it.
    #[schema(value_type = String, example = "5132.137")]
    cash: Cash,
    /// Why the run closed the position by itself; null for an order of its policy.
    #[schema(value_type = Option<Object>, example = json!({"reason": "margin_call"}))]
    forced_by: Option<Forced>,
}

/// An order broke a rule.
#[derive(Debug, Serialize, ToSchema)]
pub struct Rejection {
    /// The bar.
    bar: u32,
    /// When the bar starts.
    bar_start_at: Option<Timestamp>,
    /// The broken rule for programs.
    #[schema(example = "insufficient_cash")]
    rule: &'static str,
    /// The broken rule for people.
    #[schema(example = "268031.3 required at 268.0313, 4290.477 available")]
    reason: String,
    /// The figures of the rule.
    #[schema(value_type = Object)]
    refusal: Refusal,
    /// What the order wanted.
    #[schema(value_type = Object)]
    order: Order,
}

/// What messages say beside their event.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context {
    run_id: RunId,
    bars_total: u32,
}

impl Context {
    /// Of a run, unless it does not exist or is deleted.
    pub(super) fn of(run_id: RunId, run: &Run) -> Option<Self> {
        run.trading().map(|trading| Self { run_id, bars_total: trading.snapshot.run_bars() })
    }

    /// The messages of a stored event.
    pub(super) fn events(self, recorded: &Recorded) -> Vec<Event> {
        match recorded.decode::<RunEvent>() {
            Ok(events) => events.into_iter().map(|event| self.event(recorded, event)).collect(),
            // An event that cannot be read is not passed over in silence.
            Err(error) => vec![sse::event("unreadable", recorded.position, &error.to_string())],
        }
    }

    fn event(self, recorded: &Recorded, event: RunEvent) -> Event {
        let (name, happened) = self.told(event);
        let message = Message { run_id: self.run_id, recorded_at: recorded.recorded_at, happened };
        sse::event(name, recorded.position, &message)
    }

    fn told(self, event: RunEvent) -> (&'static str, Happened) {
        let bars_total = self.bars_total;
        let waits = |state, order_id, bar, order| ("order", Happened::Order { order_id, state, bar, order });
        match event {
            RunEvent::RunRequested(requested) => {
                ("requested", Happened::Requested { bars_total, run_number: requested.run_number })
            }
            RunEvent::OrderAccepted(it) => waits("waiting", it.order_id, Some(it.bar), Some(it.order)),
            RunEvent::OrderExpired(it) => waits("expired", it.order_id, Some(it.bar), None),
            RunEvent::OrderCancelled(it) => waits("cancelled", it.order_id, None, None),
            RunEvent::AccountAdjusted(it) => (
                "adjustment",
                Happened::Adjustment { bar: it.bar, line: it.line, cause: it.cause.name(), cash: it.cash },
            ),
            RunEvent::LineImported(it) => {
                ("line", Happened::Line { bar: it.bar, line: it.line, record: it.record, cash: it.cash })
            }
            RunEvent::OrderFilled(filled) => ("trade", Happened::Trade(Box::new(filled.into()))),
            RunEvent::OrderRefused(refused) => ("rejection", Happened::Rejection(Box::new(refused.into()))),
            RunEvent::FinancingCharged(it) => {
                let (bar, interest, borrow_fee, cash) = (it.bar, it.interest, it.borrow_fee, it.cash);
                ("financing", Happened::Financing { bar, interest, borrow_fee, cash })
            }
            RunEvent::BarsClosed(closed) => {
                let bar_start_at = closed.bar_starts_s.last().and_then(|start| instant(*start));
                let (cash, value) = (closed.cash.last().copied(), closed.value.last().copied());
                let bars_done = closed.next_bar();
                ("progress", Happened::Progress { bars_done, bars_total, bar_start_at, cash, value })
            }
            RunEvent::RunCompleted(over) => ("completed", ended(None, &over.figures)),
            RunEvent::RunCancelled(over) => ("cancelled", ended(Some(over.reason), &over.figures)),
            RunEvent::RunFailed(over) => ("failed", ended(Some(over.reason), &over.figures)),
            RunEvent::RunDeleted(_) => ("deleted", Happened::Deleted {}),
        }
    }
}

fn ended(reason: Option<String>, figures: &RunFigures) -> Happened {
    Happened::Over { reason, figures: Box::new(figures.into()) }
}

impl From<OrderFilled> for Trade {
    fn from(filled: OrderFilled) -> Self {
        Self {
            bar: filled.bar,
            bar_start_at: instant(filled.bar_start_s),
            record: filled.record,
            side: filled.side,
            symbol: filled.symbol,
            quantity: filled.quantity,
            price: filled.price,
            fee: filled.fee,
            cash: filled.cash,
            forced_by: filled.forced_by,
        }
    }
}

impl From<OrderRefused> for Rejection {
    fn from(refused: OrderRefused) -> Self {
        Self {
            bar: refused.bar,
            bar_start_at: instant(refused.bar_start_s),
            rule: refused.refusal.cause(),
            reason: refused.refusal.to_string(),
            refusal: refused.refusal,
            order: refused.order,
        }
    }
}

fn instant(seconds: i64) -> Option<Timestamp> {
    Timestamp::from_second(seconds).ok()
}

/// Whether nothing can happen in a run after this event that its followers wait for.
pub(super) fn is_last(recorded: &Recorded) -> Last {
    let ends = |event: &RunEvent| {
        matches!(
            event,
            RunEvent::RunCompleted(_)
                | RunEvent::RunCancelled(_)
                | RunEvent::RunFailed(_)
                | RunEvent::RunDeleted(_)
        )
    };
    // The end of a run is usually packed with its last bars.
    let over = recorded.decode::<RunEvent>().is_ok_and(|events| events.iter().any(ends));
    if over { Last::Yes } else { Last::No }
}
