//! What can go wrong between here and the database, and which of it passes by itself.

use std::error::Error as _;

use events::{Cash, Price, Quantity};
use rust_decimal::Decimal;
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::FromSql;

/// Why a query of a read model has no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// No connection in time.
    #[error("no connection to the read models")]
    Pool(#[from] deadpool_postgres::PoolError),
    /// The database refused or the connection broke.
    #[error("{operation} failed")]
    Database {
        /// What was attempted.
        operation: &'static str,
        /// What the database said.
        #[source]
        source: tokio_postgres::Error,
    },
    /// A row does not have the shape that its fold writes.
    #[error("{operation} met a row that cannot be read: {reason}")]
    Unreadable {
        /// What was attempted.
        operation: &'static str,
        /// What is wrong with the row.
        reason: String,
    },
}

impl QueryError {
    /// Wraps a database error with the operation that met it.
    pub fn during(operation: &'static str) -> impl FnOnce(tokio_postgres::Error) -> Self {
        move |source| Self::Database { operation, source }
    }

    /// A row that the operation cannot make sense of.
    pub fn unreadable(operation: &'static str, reason: impl ToString) -> Self {
        Self::Unreadable { operation, reason: reason.to_string() }
    }
}

/// A row with the name of the operation that read it, so that each column is one short expression.
pub(crate) struct Columns<'r> {
    row: &'r Row,
    operation: &'static str,
}

impl<'r> Columns<'r> {
    pub(crate) fn of(row: &'r Row, operation: &'static str) -> Self {
        Self { row, operation }
    }

    /// The value of a column.
    pub(crate) fn get<T: FromSql<'r>>(&self, column: &str) -> Result<T, QueryError> {
        self.row.try_get(column).map_err(QueryError::during(self.operation))
    }

    /// The value of a column, parsed from its text.
    pub(crate) fn parsed<T>(&self, column: &str) -> Result<T, QueryError>
    where
        T: std::str::FromStr<Err: std::fmt::Display>,
    {
        let text: &str = self.get(column)?;
        text.parse().map_err(|error| self.unreadable(column, error))
    }

    /// The value of a column that holds the name of a variant.
    pub(crate) fn named<T: serde::de::DeserializeOwned>(&self, column: &str) -> Result<T, QueryError> {
        let name: String = self.get(column)?;
        serde_json::from_value(name.into()).map_err(|error| self.unreadable(column, error))
    }

    /// The value of an integer column as the type that counts with it.
    pub(crate) fn number<I, T>(&self, column: &str) -> Result<T, QueryError>
    where
        I: FromSql<'r>,
        T: TryFrom<I, Error: std::fmt::Display>,
    {
        T::try_from(self.get(column)?).map_err(|error| self.unreadable(column, error))
    }

    /// An amount of money.
    pub(crate) fn cash(&self, column: &str) -> Result<Cash, QueryError> {
        Cash::from_decimal(self.get(column)?).map_err(|error| self.unreadable(column, error))
    }

    /// A price.
    pub(crate) fn price(&self, column: &str) -> Result<Price, QueryError> {
        Price::from_decimal(self.get(column)?).map_err(|error| self.unreadable(column, error))
    }

    /// A number of shares.
    pub(crate) fn quantity(&self, column: &str) -> Result<Quantity, QueryError> {
        Quantity::from_decimal(self.get(column)?).map_err(|error| self.unreadable(column, error))
    }

    /// Amounts of money, one a bar.
    pub(crate) fn cash_per_bar(&self, column: &str) -> Result<Vec<Cash>, QueryError> {
        let amounts: Vec<Decimal> = self.get(column)?;
        let exact = amounts.into_iter().map(Cash::from_decimal).collect::<Result<_, _>>();
        exact.map_err(|error| self.unreadable(column, error))
    }

    fn unreadable(&self, column: &str, error: impl std::fmt::Display) -> QueryError {
        QueryError::unreadable(self.operation, format!("{column}: {error}"))
    }
}

/// Whether trying again can help: the connection, a conflict with others, a limit of time or room.
pub fn is_transient(error: &tokio_postgres::Error) -> bool {
    if error.is_closed() {
        return true;
    }
    match error.code() {
        // 08 connection, 40 rollback, 53 resources, 55 lock, 57 operator, 58 system.
        Some(code) => {
            ["08", "40", "53", "57", "58"].iter().any(|class| code.code().starts_with(class))
                || *code == SqlState::LOCK_NOT_AVAILABLE
                || *code == SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT
        }
        // Without a verdict of the server it is the network; values that do not fit a column are not.
        None => error.source().is_some_and(|source| source.is::<std::io::Error>()),
    }
}
