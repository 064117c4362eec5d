//! Entering positions, one or many: all of them or none.

use actors::Receipt;
use events::portfolio::{LotDraft, LotWarning, PortfolioAct, lot_warnings};
use events::time::TradingDay;
use events::{PortfolioId, TagId};

use super::draft::new_lots;
use super::{PositionView, labels};
use crate::http::books::{command, today};
use crate::http::error::ApiError;
use crate::http::idempotency::Writing;
use crate::http::state::Api;

/// Positions that were entered.
#[derive(Debug)]
pub(super) struct Entered {
    pub receipt: Receipt,
    /// They, in the order in which they were sent.
    pub positions: Vec<PositionView>,
    /// What is odd about them.
    pub warnings: Vec<LotWarning>,
    /// The date on which they are valued.
    pub date: TradingDay,
}

/// Enters positions of a portfolio of the caller's; `hash` is the fingerprint of the body.
pub(super) async fn enter(
    api: &Api,
    writing: &Writing,
    portfolio_id: PortfolioId,
    drafts: Vec<LotDraft>,
    hash: [u8; 32],
) -> Result<Entered, ApiError> {
    let caller = &writing.caller;
    api.own_portfolio(caller, portfolio_id).await?;
    let labels = labels(api, caller).await?;
    let tags: std::collections::BTreeSet<&TagId> = drafts.iter().flat_map(|draft| &draft.tag_ids).collect();
    labels.check(tags)?;
    let warnings = lot_warnings(&api.portfolio_in_log(portfolio_id).await?, &drafts, today());
    let lots = new_lots(writing.command_id, drafts);
    let ids: Vec<_> = lots.iter().map(|lot| lot.position_id).collect();
    let envelope = writing.envelope(command(PortfolioAct::OpenLots(lots)), hash);
    let receipt = api.app().portfolios.execute(portfolio_id, envelope).await?;
    let reading = api.written_book(caller, portfolio_id, &receipt).await?;
    let found = ids.into_iter().map(|id| PositionView::find(&reading, id, &labels));
    let positions = found.collect::<Result<_, _>>()?;
    Ok(Entered { receipt, positions, warnings, date: reading.date })
}
