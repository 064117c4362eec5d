//! What the analyst asks for: closes of the market store, and which valuations are behind, as the read models know.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use actors::ports::{PortError, PricesAt, StalePortfolios, ValuationPrices};
use deadpool_postgres::Pool;
use events::causes::whole_chain;
use events::portfolio::Portfolio;
use events::time::now;
use events::valuation::METHOD_VERSION;
use events::{PortfolioId, Symbol, Version, calendar};
use jiff::SignedDuration;
use projections::bars::Vintage;
use projections::closes::{Closes, Known};
use projections::portfolios::{BookPrices, Books, KnownAt, priced_by};
use projections::snapshots::{self, Valued};

/// How long after its close a session is looked for; later than the analyst counts it.
const SETTLING: SignedDuration = SignedDuration::from_mins(16);

/// The newest closes of the market store.
#[derive(Debug, Clone)]
pub struct NewestCloses(pub Closes);

/// Valuations as the read models know them.
#[derive(Debug)]
pub struct ReadValuations {
    reads: Pool,
    closes: Closes,
    books: Books,
    /// Versions and vintages that were looked at and change nothing.
    fresh: Mutex<HashMap<PortfolioId, (Version, Vintage)>>,
}

fn transient(error: &(impl std::error::Error + 'static)) -> PortError {
    PortError::Transient { reason: whole_chain(error) }
}

fn symbols_of(portfolio: &Portfolio) -> Vec<Symbol> {
    priced_by(portfolio).into_iter().collect()
}

impl ValuationPrices for NewestCloses {
    type Prices = BookPrices;

    async fn prices(&self, portfolio: &Portfolio) -> Result<PricesAt<BookPrices>, PortError> {
        let newest = self.0.vintage(Known::Newest).await.map_err(|error| transient(&error))?;
        let symbols = symbols_of(portfolio);
        let touched = self.0.touched(&symbols, newest).await.map_err(|error| transient(&error))?;
        let prices = BookPrices::load(&self.0, portfolio, newest).await.map_err(|error| transient(&error))?;
        Ok(PricesAt { vintage: touched.number(), prices })
    }
}

impl ReadValuations {
    /// Over the read models of `reads` and the closes of the market store.
    pub fn new(reads: Pool, closes: Closes, books: Books) -> Self {
        Self { reads, closes, books, fresh: Mutex::default() }
    }

    async fn is_behind(&self, valued: &Valued, newest: Vintage) -> Result<bool, PortError> {
        let Some(completed) = valued.completed else { return Ok(true) };
        let from = completed.computed_from;
        if valued.is_asked_for
            || from.portfolio_version < valued.version
            || from.method_version < METHOD_VERSION
            || completed.through < calendar::last_completed(now(), SETTLING)
        {
            return Ok(true);
        }
        let seen = (from.portfolio_version, newest);
        if from.vintage >= newest.number() || self.is_fresh(valued.portfolio_id, seen) {
            return Ok(false);
        }
        let client = self.reads.get().await.map_err(|error| transient(&error))?;
        let book = self.books.find(&**client, valued.portfolio_id, KnownAt::Now).await;
        drop(client);
        let Some(book) = book.map_err(|error| transient(&error))? else { return Ok(false) };
        let symbols = symbols_of(&book.portfolio);
        let touched = self.closes.touched(&symbols, newest).await.map_err(|error| transient(&error))?;
        let is_behind = touched.number() > from.vintage;
        if !is_behind {
            self.fresh.lock().unwrap_or_else(PoisonError::into_inner).insert(valued.portfolio_id, seen);
        }
        Ok(is_behind)
    }

    fn is_fresh(&self, portfolio: PortfolioId, seen: (Version, Vintage)) -> bool {
        let fresh = self.fresh.lock().unwrap_or_else(PoisonError::into_inner);
        fresh.get(&portfolio) == Some(&seen)
    }
}

impl StalePortfolios for ReadValuations {
    async fn stale(&self) -> Result<Vec<PortfolioId>, PortError> {
        let client = self.reads.get().await.map_err(|error| transient(&error))?;
        let all = snapshots::valued(&**client).await.map_err(|error| transient(&error))?;
        drop(client);
        let newest = self.closes.vintage(Known::Newest).await.map_err(|error| transient(&error))?;
        let mut stale = Vec::new();
        for valued in all {
            if self.is_behind(&valued, newest).await? {
                stale.push(valued.portfolio_id);
            }
        }
        Ok(stale)
    }
}
