//! `PUT /positions/{position_id}`

use axum::extract::State;
use events::portfolio::{Lot, LotCorrection, PortfolioAct, PortfolioError, Reduction};
use events::time::TradingDay;
use events::{Cash, PositionId, Price, Quantity};
use serde::Serialize;
use utoipa::ToSchema;

use super::{PositionView, labels};
use crate::http::answer::{Answer, Envelope};
use crate::http::body::{Body, FromMembers, Members};
use crate::http::books::{AsOf, command, today};
use crate::http::error::{ApiError, Refusal};
use crate::http::idempotency::{ConditionParameters, WriteParameters, Writing};
use crate::http::path::Path;
use crate::http::state::Api;

/// A correction, or a close. A correction says that it was so all the time; a close is a trade of its date.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what FromMembers reads")]
pub struct ChangePosition {
    /// Units that were entered, signed.
    #[schema(example = "100")]
    quantity: Option<String>,
    /// Price per share at the entry.
    entry_price: Option<String>,
    /// Which way it looks.
    position_type: Option<String>,
    /// What its owner notes; null clears it.
    notes: Option<String>,
    /// Another symbol; only with `allow_symbol_edit`, and within 5 minutes of the recording.
    symbol: Option<String>,
    /// That the symbol is meant to change.
    allow_symbol_edit: Option<bool>,
    /// Price per share of a close.
    #[schema(example = "180")]
    exit_price: Option<String>,
    /// The New York date of a close; by default today.
    #[schema(format = Date)]
    exit_date: Option<String>,
    /// Units that are closed, above zero; by default all that are open.
    #[schema(example = "40")]
    close_quantity: Option<String>,
    /// Change nothing, and say whether the new `quantity` looks like a sale.
    dry_run: Option<bool>,
}

/// What is asked.
#[derive(Debug)]
pub enum Wish {
    /// It was so all the time.
    Correct(Box<LotCorrection>),
    /// It, or a part of it, ends.
    Close {
        /// How many units; all that are open, if none.
        quantity: Option<Quantity>,
        /// At which price.
        price: Price,
        /// When.
        date: TradingDay,
    },
    /// Whether a correction of the quantity looks like a sale.
    Try(Quantity),
}

impl FromMembers for Wish {
    fn read(members: &mut Members) -> Option<Self> {
        let correction = LotCorrection {
            quantity: members.change("quantity"),
            entry_price: members.change("entry_price"),
            position_type: members.change("position_type"),
            symbol: members.change("symbol"),
            notes: members.clearable("notes"),
        };
        let may_rename = members.optional("allow_symbol_edit").unwrap_or(false);
        let price: Option<Price> = members.optional("exit_price");
        let date: Option<TradingDay> = members.optional("exit_date");
        let quantity: Option<Quantity> = members.optional("close_quantity");
        let dry_run = members.optional("dry_run").unwrap_or(false);
        if correction.symbol.is_some() && !may_rename {
            members.report("symbol", "not_allowed", "changes only with allow_symbol_edit");
        }
        let is_close = price.is_some() || date.is_some() || quantity.is_some();
        if is_close && correction != LotCorrection::default() {
            members.report("exit_price", "conflict", "a close corrects nothing: send one after the other");
        }
        if dry_run {
            if correction.quantity.is_none() {
                members.report("quantity", "required", "must be given with dry_run");
            }
            return correction.quantity.map(Self::Try);
        }
        if !is_close {
            return Some(Self::Correct(Box::new(correction)));
        }
        if price.is_none() {
            members.report("exit_price", "required", "must be given with a close");
        }
        Some(Self::Close { quantity, price: price?, date: date.unwrap_or_else(today) })
    }
}

/// A part of a position that ended.
#[derive(Debug, Serialize, ToSchema)]
pub struct RealizedEvent {
    /// How many units, above zero.
    #[schema(value_type = String, example = "40")]
    quantity: Quantity,
    /// At which price.
    #[schema(value_type = String, example = "180")]
    exit_price: Price,
    /// When.
    #[schema(value_type = String, format = Date)]
    exit_date: TradingDay,
    /// Its lifetime P&L.
    #[schema(value_type = String, example = "1200")]
    realized_pnl: Cash,
}

/// Whether a new quantity looks like a sale.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReductionGuess {
    /// Whether fewer units would be open, and on the same side.
    is_reduction: bool,
    /// How many fewer, not negative.
    #[schema(value_type = String, example = "40")]
    reduction: Quantity,
    /// The close that would have the same effect; its price is for the caller to say.
    suggested_close: Option<SuggestedClose>,
}

/// A close.
#[derive(Debug, Serialize, ToSchema)]
pub struct SuggestedClose {
    /// How many units.
    #[schema(value_type = String, example = "40")]
    close_quantity: Quantity,
    /// When.
    #[schema(value_type = String, format = Date)]
    exit_date: TradingDay,
    /// The latest close of the market, where there is one.
    #[schema(value_type = Option<String>)]
    exit_price: Option<Price>,
}

/// A position after a change.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangedPosition {
    #[serde(flatten)]
    position: PositionView,
    /// What ended, where something did.
    realized_event: Option<RealizedEvent>,
    /// What a new quantity looks like; only with `dry_run`.
    #[serde(skip_serializing_if = "Option::is_none")]
    detected: Option<ReductionGuess>,
}

/// Corrects a position, or closes it or a part of it: the rest keeps its id. With `dry_run` nothing changes, and the
/// answer says whether the new quantity looks like a sale.
#[utoipa::path(put, path = "/api/v1/positions/{position_id}", tag = "positions", operation_id = "change_position",
    extensions(("x-access" = json!("rows"))),
    params(("position_id" = Uuid, Path, description = "Its id"), WriteParameters, ConditionParameters),
    request_body = ChangePosition,
    responses((status = 200, description = "The position after the change", body = Envelope<ChangedPosition>),
        (status = 412, description = "The portfolio has another version than `If-Match` says",
            body = crate::http::problem::Problem, content_type = "application/problem+json")))]
pub async fn change(
    State(api): State<Api>,
    Path(position_id): Path<PositionId>,
    writing: Writing,
    body: Body<Wish>,
) -> Result<Answer<ChangedPosition>, ApiError> {
    let caller = &writing.caller;
    let portfolio_id = api.portfolio_of(caller, position_id).await?;
    let labels = labels(&api, caller).await?;
    let (act, close) = match body.value {
        Wish::Try(quantity) => {
            let reading = api.reading(caller, portfolio_id, AsOf::default()).await?;
            let position = PositionView::find(&reading, position_id, &labels)?;
            let detected = Some(ReductionGuess::of(&position, quantity));
            let data = ChangedPosition { position, realized_event: None, detected };
            return Ok(Answer::ok(caller, data).as_of(reading.date));
        }
        Wish::Correct(correction) => (PortfolioAct::CorrectLot { position_id, correction }, None),
        Wish::Close { quantity, price, date } => {
            (PortfolioAct::CloseLot { position_id, quantity, price, date }, Some((quantity, price, date)))
        }
    };
    let envelope = writing.envelope(command(act), body.hash);
    let receipt = api.app().portfolios.execute(portfolio_id, envelope).await?;
    let reading = api.written_book(caller, portfolio_id, &receipt).await?;
    let lot = reading.portfolio().lot(position_id);
    let lot = lot.ok_or_else(|| Refusal::from(PortfolioError::NoPosition(position_id)))?;
    let ended = close.and_then(|(quantity, price, date)| ended(lot, quantity, price, date));
    let realized_event = ended.map(|reduction| RealizedEvent {
        quantity: reduction.quantity,
        exit_price: reduction.price,
        exit_date: reduction.date,
        realized_pnl: lot.realized_by(reduction),
    });
    let position = PositionView::of_lot(&reading, position_id, lot, &labels);
    let data = ChangedPosition { position, realized_event, detected: None };
    Ok(Answer::written(caller, &receipt, data).as_of(reading.date))
}

/// The reduction that a close caused: the last recorded one of its date, price and quantity.
fn ended(lot: &Lot, quantity: Option<Quantity>, price: Price, date: TradingDay) -> Option<&Reduction> {
    lot.reductions.iter().rev().find(|reduction| {
        let is_same = reduction.date == date && reduction.price == price;
        is_same && quantity.is_none_or(|quantity| quantity == reduction.quantity)
    })
}

impl ReductionGuess {
    fn of(position: &PositionView, wanted: Quantity) -> Self {
        let open = position.quantity;
        let same_side = wanted.is_zero() || wanted.is_negative() == open.is_negative();
        let is_reduction = same_side && !open.is_zero() && wanted.abs() < open.abs();
        let reduction = if is_reduction { open.abs() - wanted.abs() } else { Quantity::ZERO };
        let suggested_close = is_reduction.then(|| SuggestedClose {
            close_quantity: reduction,
            exit_date: today(),
            exit_price: position.last_price,
        });
        Self { is_reduction, reduction, suggested_close }
    }
}
