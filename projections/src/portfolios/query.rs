//! Which portfolios there are, and whose facts are whose.

use std::collections::{BTreeMap, BTreeSet};

use crate::reader::Reader;
use events::portfolio::{FactKey, Settings, Siblings};
use events::{EquityChangeId, PortfolioId, Position, PositionId, Principal, TargetId, Version};
use tokio_postgres::Row;
use tokio_postgres::types::Json;

use crate::database::{Columns, QueryError};
use crate::page::{Page, PositionCursor, rows_for};

/// One portfolio as it is now, without its facts.
#[derive(Debug, Clone, PartialEq)]
pub struct PortfolioRow {
    /// Which portfolio.
    pub portfolio_id: PortfolioId,
    /// Who opened it.
    pub owner: Principal,
    /// What it is called and how it began; a closed one says since when it is.
    pub settings: Settings,
    /// Version of its stream.
    pub version: Version,
    /// Its last event.
    pub position: Position,
    /// The event that opened it.
    pub created_position: Position,
}

/// Portfolios that are not closed, newest first; `owner` narrows the list.
pub async fn list(
    client: &impl Reader,
    owner: Option<&Principal>,
    after: Option<PositionCursor>,
    limit: u16,
) -> Result<Page<PortfolioRow>, QueryError> {
    const OPERATION: &str = "listing portfolios";
    let owner = owner.map(|owner| owner.0.as_str());
    let after = after.map_or(i64::MAX, |cursor| cursor.0.0);
    let statement = include_str!("../sql/portfolios/list.sql");
    let rows = client.query(statement, &[&owner, &after, &rows_for(limit)]).await;
    let rows = rows.map_err(QueryError::during(OPERATION))?;
    let found = rows.iter().map(|row| portfolio_of(row, OPERATION)).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(found, limit, |last| PositionCursor(last.created_position)))
}

/// One portfolio, closed or not.
pub async fn find(
    client: &impl Reader,
    portfolio_id: PortfolioId,
) -> Result<Option<PortfolioRow>, QueryError> {
    const OPERATION: &str = "finding a portfolio";
    let statement = include_str!("../sql/portfolios/find.sql");
    let row = client.query_opt(statement, &[&portfolio_id.uuid()]).await;
    row.map_err(QueryError::during(OPERATION))?.map(|row| portfolio_of(&row, OPERATION)).transpose()
}

/// What a command to a portfolio may know of its owner's others; their limit is the sender's matter.
pub async fn siblings(
    client: &impl Reader,
    owner: &Principal,
    of: Option<PortfolioId>,
) -> Result<Siblings, QueryError> {
    const OPERATION: &str = "listing the other portfolios of an owner";
    let statement = include_str!("../sql/portfolios/siblings.sql");
    let rows = client.query(statement, &[&owner.0, &of.map(PortfolioId::uuid)]).await;
    let mut siblings = Siblings::default();
    for row in &rows.map_err(QueryError::during(OPERATION))? {
        let account_name: String = row.try_get(0).map_err(QueryError::during(OPERATION))?;
        let is_active: bool = row.try_get(1).map_err(QueryError::during(OPERATION))?;
        siblings.account_names.insert(account_name);
        siblings.count += 1;
        siblings.active += usize::from(is_active);
    }
    Ok(siblings)
}

/// The portfolios of lots, deleted ones too. What is not there is nobody's, or not the viewer's.
pub async fn of_positions(
    client: &impl Reader,
    positions: &BTreeSet<PositionId>,
) -> Result<BTreeMap<PositionId, PortfolioId>, QueryError> {
    const OPERATION: &str = "finding the portfolios of positions";
    let keys: Vec<String> = positions.iter().map(PositionId::to_string).collect();
    let found = portfolios_of(client, "lot", &keys, OPERATION).await?;
    found
        .into_iter()
        .map(|(key, portfolio)| {
            let position = key.parse().map_err(|error| QueryError::unreadable(OPERATION, error))?;
            Ok((position, portfolio))
        })
        .collect()
}

/// The portfolio of a contribution or withdrawal.
pub async fn of_equity_change(
    client: &impl Reader,
    equity_change: EquityChangeId,
) -> Result<Option<PortfolioId>, QueryError> {
    of_fact(client, FactKey::EquityChange(equity_change), "finding the portfolio of an equity change").await
}

/// The portfolio of target prices.
pub async fn of_target(client: &impl Reader, target: TargetId) -> Result<Option<PortfolioId>, QueryError> {
    of_fact(client, FactKey::Target(target), "finding the portfolio of a target price").await
}

async fn of_fact(
    client: &impl Reader,
    key: FactKey,
    operation: &'static str,
) -> Result<Option<PortfolioId>, QueryError> {
    let found = portfolios_of(client, key.kind(), &[key.key()], operation).await?;
    Ok(found.into_iter().next().map(|(_, portfolio)| portfolio))
}

async fn portfolios_of(
    client: &impl Reader,
    kind: &str,
    keys: &[String],
    operation: &'static str,
) -> Result<Vec<(String, PortfolioId)>, QueryError> {
    let statement = include_str!("../sql/portfolios/portfolios_of.sql");
    let rows = client.query(statement, &[&kind, &keys]).await.map_err(QueryError::during(operation))?;
    rows.iter()
        .map(|row| {
            let columns = Columns::of(row, operation);
            Ok((columns.get("key")?, PortfolioId::from_uuid(columns.get("portfolio_id")?)))
        })
        .collect()
}

fn portfolio_of(row: &Row, operation: &'static str) -> Result<PortfolioRow, QueryError> {
    let columns = Columns::of(row, operation);
    Ok(PortfolioRow {
        portfolio_id: PortfolioId::from_uuid(columns.get("portfolio_id")?),
        owner: Principal(columns.get("owner")?),
        settings: columns.get::<Json<Settings>>("settings")?.0,
        version: Version(columns.get("version")?),
        position: Position(columns.get("last_seq")?),
        created_position: Position(columns.get("created_seq")?),
    })
}
