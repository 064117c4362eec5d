//! A portfolio with all that was known of it at a place of the log.

use std::pin::pin;
use std::sync::Arc;

use crate::reader::Reader;
use events::portfolio::{Portfolio, PortfolioFact};
use events::{PortfolioId, Position, Principal, Version};
use futures_util::TryStreamExt;
use jiff::Timestamp;
use tokio_postgres::types::ToSql;

use super::query::PortfolioRow;
use super::stored::fact;
use crate::database::QueryError;

/// As of when a portfolio is looked at: what was recorded later is not known yet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum KnownAt {
    /// All that is known by now.
    #[default]
    Now,
    /// All up to a place of the log.
    Position(Position),
    /// All that was recorded by an instant (UTC).
    Instant(Timestamp),
}

/// A portfolio as it was known at a place of the log, with every fact of it. What was true on a date is read from it
/// ([`Portfolio::holdings_on`]).
#[derive(Debug, Clone, PartialEq)]
pub struct Book {
    /// Which portfolio.
    pub portfolio_id: PortfolioId,
    /// Who opened it.
    pub owner: Principal,
    /// The version of its stream then.
    pub version: Version,
    /// Its last event then.
    pub position: Position,
    /// Its facts.
    pub portfolio: Arc<Portfolio>,
}

/// Version and position of the last event that was known; none before the portfolio was opened.
pub(super) async fn place(
    client: &impl Reader,
    row: &PortfolioRow,
    known_at: KnownAt,
) -> Result<Option<(Version, Position)>, QueryError> {
    const OPERATION: &str = "finding what was known of a portfolio";
    let (position, instant) = match known_at {
        KnownAt::Now => return Ok(Some((row.version, row.position))),
        KnownAt::Position(position) if position >= row.position => {
            return Ok(Some((row.version, row.position)));
        }
        // What comes after the row that was seen is not looked at, so that one answer has one state.
        KnownAt::Position(position) => (position, None),
        KnownAt::Instant(instant) => (row.position, Some(instant)),
    };
    let statement = include_str!("../sql/portfolios/place_at.sql");
    let found = client.query_opt(statement, &[&row.portfolio_id.uuid(), &position.0, &instant]).await;
    let found = found.map_err(QueryError::during(OPERATION))?;
    let read = |row: &tokio_postgres::Row| Ok((Version(row.try_get(0)?), Position(row.try_get(1)?)));
    found.as_ref().map(read).transpose().map_err(QueryError::during(OPERATION))
}

/// All facts that were known at a position.
pub(super) async fn load(
    client: &impl Reader,
    portfolio_id: PortfolioId,
    position: Position,
) -> Result<Portfolio, QueryError> {
    const OPERATION: &str = "reading the facts of a portfolio";
    let id = portfolio_id.uuid();
    let parameters: [&(dyn ToSql + Sync); 2] = [&id, &position.0];
    let rows = client.stream(include_str!("../sql/portfolios/facts_at.sql"), &parameters).await;
    let mut rows = pin!(rows.map_err(QueryError::during(OPERATION))?);
    let mut facts: Vec<PortfolioFact> = Vec::new();
    while let Some(row) = rows.try_next().await.map_err(QueryError::during(OPERATION))? {
        let column = |index| row.try_get::<_, &str>(index).map_err(QueryError::during(OPERATION));
        let (kind, key, document) = (column(0)?, column(1)?, column(2)?);
        let fact = fact(kind, key, document);
        facts.push(fact.map_err(|error| QueryError::unreadable(OPERATION, error))?);
    }
    Ok(Portfolio::from_facts(facts))
}
