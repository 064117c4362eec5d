//! Target prices: what the owner of a portfolio expects of its symbols, and what would be earned if it came true.

pub mod aggregate;
pub mod bulk;
pub mod bulk_update;
pub mod change;
pub mod create;
pub mod delete;
mod draft;
pub mod export;
pub mod find;
pub mod history;
pub mod import_csv;
pub mod list;
mod outlook;
mod sheet;
pub mod summary;
mod view;

use actors::Receipt;
use events::portfolio::{ExistingTarget, PortfolioAct};
use events::{PortfolioId, TargetId};

use super::books::command;
use super::caller::Caller;
use super::error::ApiError;
use super::idempotency::Writing;
use super::state::Api;
use draft::{new_targets, with_current_prices};
use events::portfolio::TargetDraft;
use outlook::Outlook;
pub use view::TargetPriceView;

/// Creates target prices, all of them or none; those without a current price get the last close.
async fn created(
    api: &Api,
    portfolio_id: PortfolioId,
    writing: &Writing,
    (drafts, hash): (Vec<TargetDraft>, [u8; 32]),
    existing: ExistingTarget,
) -> Result<(Receipt, Vec<TargetId>), ApiError> {
    let drafts = with_current_prices(api, portfolio_id, drafts).await?;
    let targets = new_targets(writing.command_id, drafts);
    let ids = targets.iter().map(|(id, _)| *id).collect();
    let act = PortfolioAct::CreateTargets { targets, existing };
    let envelope = writing.envelope(command(act), hash);
    Ok((api.app().portfolios.execute(portfolio_id, envelope).await?, ids))
}

/// What is to be said of these target prices after a write, in their order.
async fn written(
    api: &Api,
    caller: &Caller,
    portfolio_id: PortfolioId,
    receipt: &Receipt,
    ids: &[TargetId],
) -> Result<Vec<TargetPriceView>, ApiError> {
    let reading = api.written_book(caller, portfolio_id, receipt).await?;
    let outlook = Outlook::of(api, reading).await?;
    let returns = outlook.by_target();
    ids.iter().map(|id| outlook.find(*id, &returns)).collect()
}
