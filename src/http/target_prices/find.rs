//! `GET /target-prices/target/{target_price_id}`

use axum::extract::State;
use events::TargetId;
use projections::Projection;
use projections::portfolios::Portfolios;

use super::TargetPriceView;
use super::outlook::Outlook;
use crate::http::answer::{Answer, Envelope};
use crate::http::books::{AsOf, AsOfParameters};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::path::Path;
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::Query;
use crate::http::state::Api;

/// Shows the target prices of one symbol and type.
#[utoipa::path(get, path = "/api/v1/target-prices/target/{target_price_id}", tag = "target prices",
    operation_id = "find_target_price", extensions(("x-access" = json!("rows"))),
    params(("target_price_id" = Uuid, Path, description = "Their id"), AsOfParameters, PositionParameters),
    responses((status = 200, description = "The target prices", body = Envelope<TargetPriceView>)))]
pub async fn find(
    State(api): State<Api>,
    caller: Caller,
    Path(target_id): Path<TargetId>,
    Query(as_of): Query<AsOf>,
    at_least: AtLeast,
) -> Result<Answer<TargetPriceView>, ApiError> {
    let position = at_least.shown_by(&api, &[Portfolios::NAME]).await?;
    let portfolio_id = api.portfolio_of_target(&caller, target_id).await?;
    let reading = api.reading(&caller, portfolio_id, as_of).await?;
    let date = reading.date;
    let outlook = Outlook::of(&api, reading).await?;
    let view = outlook.find(target_id, &outlook.by_target())?;
    Ok(Answer::ok(&caller, view).at(position).as_of(date))
}
