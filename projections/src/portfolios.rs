//! Portfolios: each fact in all its versions, so that a portfolio can be read as it was known at any place of the log.

mod book;
mod cache;
mod changes;
mod history;
mod prices;
mod query;
mod rolls;
mod stored;

use std::collections::BTreeMap;

use events::log::Filter;
use events::portfolio::{Portfolio, PortfolioEvent};
use events::{Decider, PortfolioId, Recorded};
use tokio_postgres::Transaction;

pub use book::{Book, KnownAt};
pub use cache::{BOOK_FACTS_MAX, Books};
use changes::Changes;
pub use history::{HistoryCursor, HistoryEntry, HistoryOf, history};
pub use prices::{BookPrices, priced_by};
pub use query::{PortfolioRow, find, list, of_equity_change, of_positions, of_target, siblings};
pub use rolls::Rolls;

use crate::projection::key_of;
use crate::{Projection, ProjectionError};

/// The read model of portfolios.
#[derive(Debug, Clone, Copy, Default)]
pub struct Portfolios;

impl Projection for Portfolios {
    const NAME: &'static str = "portfolios";
    const GENERATION: i32 = 1;

    fn filter() -> Filter {
        Filter::category(Portfolio::CATEGORY)
    }

    fn tables() -> &'static [&'static str] {
        &["portfolios", "portfolio_facts", "portfolio_history"]
    }

    async fn apply(&self, transaction: &Transaction<'_>, events: &[Recorded]) -> Result<(), ProjectionError> {
        let mut pages: BTreeMap<PortfolioId, Vec<(&Recorded, Vec<PortfolioEvent>)>> = BTreeMap::new();
        for recorded in events {
            pages.entry(key_of(recorded)?).or_default().push((recorded, recorded.decode()?));
        }
        for (portfolio_id, page) in &pages {
            let mut changes = Changes::load(transaction, *portfolio_id, page).await?;
            for (recorded, told) in page {
                changes.fold(recorded, told)?;
            }
            changes.write(transaction).await?;
        }
        Ok(())
    }
}
