//! `GET /data/portfolio/{portfolio_id}/snapshots`

use axum::extract::State;
use events::time::TradingDay;
use events::{PortfolioId, Position};
use jiff::ToSpan;
use projections::Projection;
use projections::portfolios::Portfolios;
use projections::snapshots::{self, Lots, SnapshotRow, Snapshots};
use utoipa::IntoParams;

use super::PortfolioSnapshotView;
use crate::http::answer::{Answer, Envelope};
use crate::http::books::{AsOf, AsOfParameters};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::page::{Direction, KeyCursor, PageParameters, Paging};
use crate::http::path::Path;
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::{FromParameters, Parameters, Query};
use crate::http::state::Api;

/// Days from the first date to the last where no first one is named.
const DAYS_DEFAULT: i32 = 180;
/// Most days from the first date to the last.
const DAYS_MAX: i32 = 1_830;

/// Which snapshots.
#[derive(Debug)]
pub struct Which {
    first: TradingDay,
    last: TradingDay,
    as_of: AsOf,
    paging: Paging<KeyCursor<'n'>>,
}

/// The same for the documentation.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what Which reads")]
pub struct WhichParameters {
    /// The first date: 180 days before the last by default, and 1,830 at most.
    #[param(format = Date)]
    start_date: Option<String>,
    /// The last date, included: `as_of_date` by default, and at most.
    #[param(format = Date)]
    end_date: Option<String>,
}

impl FromParameters for Which {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        let as_of = AsOf::read(parameters);
        let (first, last): (Option<TradingDay>, Option<TradingDay>) =
            (parameters.optional("start_date"), parameters.optional("end_date"));
        let last = last.map_or_else(|| as_of.date(), |last| last.min(as_of.date()));
        let first = first.unwrap_or_else(|| last.saturating_sub(DAYS_DEFAULT.days()));
        if first > last {
            parameters.report("start_date", "out_of_range", "must not be after the last date");
        } else if first < last.saturating_sub(DAYS_MAX.days()) {
            parameters.report(
                "start_date",
                "out_of_range",
                "must not be more than 1830 days before the last",
            );
        }
        Some(Self { first, last, as_of, paging: parameters.paging() })
    }
}

/// A page of snapshots.
#[derive(Debug)]
pub struct SnapshotPage {
    rows: Vec<SnapshotRow>,
    total: i64,
    next: Option<KeyCursor<'n'>>,
    position: Position,
    date: TradingDay,
}

impl Which {
    /// The page that is asked for; a portfolio that the caller does not see answers 404.
    pub async fn page(
        self,
        api: &Api,
        caller: &Caller,
        portfolio_id: PortfolioId,
        at_least: AtLeast,
    ) -> Result<SnapshotPage, ApiError> {
        let position = at_least.shown_by(api, &[Portfolios::NAME, Snapshots::NAME]).await?;
        let view = api.view(caller).await?;
        let (date, known_at) = (self.as_of.date(), self.as_of.known_at());
        api.book(&view, portfolio_id, known_at).await?;
        let dates = (self.first, self.last);
        let rows = snapshots::range(&view, portfolio_id, dates, known_at, Lots::LeftOut).await?;
        let total = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        let keyed = rows.into_iter().map(|row| (row.snapshot.snapshot_date.to_string(), row)).collect();
        let (rows, next) = self.paging.page_of(keyed, Direction::Rising);
        Ok(SnapshotPage { rows, total, next, position, date })
    }
}

impl SnapshotPage {
    /// The page with each snapshot shown in some way.
    pub fn answer<T>(self, caller: &Caller, show: impl FnMut(&SnapshotRow) -> T) -> Answer<Vec<T>> {
        let Self { rows, total, next, position, date } = self;
        let shown = rows.iter().map(show).collect();
        Answer::ok(caller, shown).at(position).as_of(date).total(total).next(next)
    }
}

/// Lists the snapshots of a portfolio, one a session, oldest first.
#[utoipa::path(get, path = "/api/v1/data/portfolio/{portfolio_id}/snapshots", tag = "portfolios",
    operation_id = "list_snapshots", extensions(("x-access" = json!("rows"))),
    params(("portfolio_id" = Uuid, Path, description = "The portfolio"), WhichParameters, AsOfParameters,
        PageParameters, PositionParameters),
    responses((status = 200, description = "Snapshots", body = Envelope<Vec<PortfolioSnapshotView>>)))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Path(portfolio_id): Path<PortfolioId>,
    Query(which): Query<Which>,
    at_least: AtLeast,
) -> Result<Answer<Vec<PortfolioSnapshotView>>, ApiError> {
    let page = which.page(&api, &caller, portfolio_id, at_least).await?;
    Ok(page.answer(&caller, |row| PortfolioSnapshotView::from(row)))
}
