//! `GET /runs/{run}/ledger`

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use events::run::LedgerRecord;
use events::run::ledger::Action;
use events::{Cash, Price, Quantity, RunId, Symbol};
use jiff::Timestamp;
use projections::Projection;
use projections::ledger::{self, Ledger, RecordCursor};
use projections::runs::Runs;
use serde::Serialize;
use utoipa::ToSchema;

use super::owned;
use crate::http::answer::{Answer, Envelope};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::page::{PageParameters, Paging};
use crate::http::path::Path;
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::{FromParameters, Parameters, Query};
use crate::http::state::Api;

/// Which page of the ledger.
#[derive(Debug)]
pub struct Which(Paging<RecordCursor>);

impl FromParameters for Which {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        Some(Self(parameters.paging()))
    }
}

/// One line of the ledger: what happened, and the account after it.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecordView {
    /// 0, 1, 2, … without gaps.
    #[schema(example = 7)]
    record: u64,
    /// The bar of the run, 0 being the one that opened the account.
    #[schema(example = 5)]
    bar: u32,
    /// When the bar starts.
    bar_start_at: Option<Timestamp>,
    /// `opened`, `buy`, `sell` or `no_trade`.
    #[schema(value_type = String, example = "buy")]
    action: Action,
    /// What was traded.
    #[schema(value_type = Option<String>, example = "AAPL")]
    symbol: Option<Symbol>,
    /// How many; zero without a trade.
    #[schema(value_type = String, example = "20")]
    quantity: Quantity,
    /// The executed price.
    #[schema(value_type = Option<String>, example = "243.15")]
    price: Option<Price>,
    /// The fee paid.
    #[schema(value_type = String, example = "4.863")]
    fee: Cash,
    /// Cash after it.
    #[schema(value_type = String, example = "5132.137")]
    cash: Cash,
    /// Shares after it, by symbol; symbols that are flat are left out.
    #[schema(value_type = BTreeMap<String, String>, example = json!({"AAPL": "20"}))]
    positions: Positions,
}

/// Records share their positions until these change.
#[derive(Debug)]
struct Positions(Arc<BTreeMap<Symbol, Quantity>>);

impl Serialize for Positions {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter())
    }
}

impl From<LedgerRecord> for RecordView {
    fn from(record: LedgerRecord) -> Self {
        Self {
            record: record.id,
            bar: record.bar,
            bar_start_at: Timestamp::from_second(record.bar_start_s).ok(),
            action: record.action,
            symbol: record.symbol,
            quantity: record.quantity,
            price: record.price,
            fee: record.fee,
            cash: record.cash,
            positions: Positions(record.positions),
        }
    }
}

/// Lists the ledger of a run: one record per execution, and one per bar without any.
#[utoipa::path(get, path = "/api/v1/runs/{run}/ledger", tag = "runs", operation_id = "list_run_ledger",
    extensions(("x-access" = json!("rows"))),
    params(("run" = Uuid, Path, description = "Its id"), PageParameters, PositionParameters),
    responses((status = 200, description = "Records; `meta.total` counts all", body = Envelope<Vec<RecordView>>)))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Path(run_id): Path<RunId>,
    Query(Which(paging)): Query<Which>,
    at_least: AtLeast,
) -> Result<Answer<Vec<RecordView>>, ApiError> {
    let position = at_least.shown_by(&api, &[Runs::NAME, Ledger::NAME]).await?;
    let view = api.view(&caller).await?;
    let run = owned(&view, &caller, run_id).await?.run;
    let page = ledger::records(&view, run_id, paging.cursor, paging.limit).await?;
    let views = page.items.into_iter().map(RecordView::from).collect();
    let total = i64::try_from(run.records).unwrap_or(i64::MAX);
    Ok(Answer::ok(&caller, views).at(position).next(page.next_cursor).total(total))
}
