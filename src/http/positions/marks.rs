//! `GET` and `POST /positions/{position_id}/marks`

use axum::extract::State;
use axum::http::StatusCode;
use events::portfolio::{Mark, Portfolio, PortfolioAct};
use events::time::TradingDay;
use events::{PositionId, Price};
use jiff::Timestamp;
use projections::Projection;
use projections::portfolios::Portfolios;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::answer::{Answer, Envelope};
use crate::http::body::{Body, FromMembers, Members};
use crate::http::books::{AsOf, AsOfParameters, command, today};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::idempotency::{ConditionParameters, WriteParameters, Writing};
use crate::http::path::Path;
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::Query;
use crate::http::state::Api;

/// What the owner of a PRIVATE position says one unit is worth.
#[derive(Debug, Serialize, ToSchema)]
pub struct MarkView {
    /// The New York date from which on it counts.
    #[schema(value_type = String, format = Date)]
    mark_date: TradingDay,
    /// The price per unit.
    #[schema(value_type = String, example = "510000")]
    price: Price,
    /// How it was found.
    note: Option<String>,
    /// When it was recorded.
    recorded_at: Timestamp,
}

impl MarkView {
    fn of(mark_date: TradingDay, mark: &Mark) -> Self {
        Self { mark_date, price: mark.price, note: mark.note.clone(), recorded_at: mark.recorded_at }
    }

    fn all(portfolio: &Portfolio, position_id: PositionId, until: TradingDay) -> Vec<Self> {
        let marks = portfolio.marks.get(&position_id).into_iter().flat_map(|marks| marks.range(..=until));
        marks.map(|(date, mark)| Self::of(*date, mark)).collect()
    }
}

/// Lists the valuations of a PRIVATE position until a date, the oldest first.
#[utoipa::path(get, path = "/api/v1/positions/{position_id}/marks", tag = "positions", operation_id = "list_marks",
    extensions(("x-access" = json!("rows"))),
    params(("position_id" = Uuid, Path, description = "The position"), AsOfParameters, PositionParameters),
    responses((status = 200, description = "Marks", body = Envelope<Vec<MarkView>>)))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Path(position_id): Path<PositionId>,
    Query(as_of): Query<AsOf>,
    at_least: AtLeast,
) -> Result<Answer<Vec<MarkView>>, ApiError> {
    let position = at_least.shown_by(&api, &[Portfolios::NAME]).await?;
    let portfolio_id = api.portfolio_of(&caller, position_id).await?;
    let view = api.view(&caller).await?;
    let book = api.book(&view, portfolio_id, as_of.known_at()).await?;
    book.portfolio.lot(position_id).ok_or_else(|| ApiError::not_found("position", position_id))?;
    let marks = MarkView::all(&book.portfolio, position_id, as_of.date());
    Ok(Answer::ok(&caller, marks).at(position).as_of(as_of.date()))
}

/// A valuation.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what FromMembers reads")]
pub struct CreateMark {
    /// The New York date from which on it counts; by default today, and never later.
    #[schema(format = Date)]
    mark_date: Option<String>,
    /// The price per unit, not negative.
    #[schema(example = "510000")]
    price: String,
    /// How it was found, up to 500 characters.
    note: Option<String>,
}

/// What is asked.
#[derive(Debug)]
pub struct Wish {
    mark_date: TradingDay,
    price: Price,
    note: Option<String>,
}

impl FromMembers for Wish {
    fn read(members: &mut Members) -> Option<Self> {
        let price = members.required("price");
        let mark_date = members.optional("mark_date").unwrap_or_else(today);
        let note = members.optional("note");
        Some(Self { mark_date, price: price?, note })
    }
}

/// Values a PRIVATE position by hand, from a date until the next mark. Another mark of the same date replaces it.
#[utoipa::path(post, path = "/api/v1/positions/{position_id}/marks", tag = "positions", operation_id = "create_mark",
    extensions(("x-access" = json!("rows"))),
    params(("position_id" = Uuid, Path, description = "The position"), WriteParameters, ConditionParameters),
    request_body = CreateMark,
    responses((status = 201, description = "The mark", body = Envelope<MarkView>),
        (status = 412, description = "The portfolio has another version than `If-Match` says",
            body = crate::http::problem::Problem, content_type = "application/problem+json")))]
pub async fn create(
    State(api): State<Api>,
    Path(position_id): Path<PositionId>,
    writing: Writing,
    body: Body<Wish>,
) -> Result<Answer<MarkView>, ApiError> {
    let portfolio_id = api.portfolio_of(&writing.caller, position_id).await?;
    let Wish { mark_date, price, note } = body.value;
    let act = PortfolioAct::MarkLot { position_id, mark_date, price, note };
    let envelope = writing.envelope(command(act), body.hash);
    let receipt = api.app().portfolios.execute(portfolio_id, envelope).await?;
    let portfolio = api.portfolio_in_log(portfolio_id).await?;
    let mark = portfolio.marks.get(&position_id).and_then(|marks| marks.get(&mark_date));
    let mark = mark.ok_or_else(|| ApiError::not_found("mark", mark_date))?;
    Ok(Answer::written(&writing.caller, &receipt, MarkView::of(mark_date, mark)).status(StatusCode::CREATED))
}
