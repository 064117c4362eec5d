//! Names of event types, interned: events carry a number, the name is stored once.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use tokio_postgres::Client;

/// Cache of the `event_types` table; entries never change once written (EL-6).
#[derive(Debug, Default)]
pub(super) struct Types {
    by_name: RwLock<HashMap<(&'static str, u16), i32>>,
    by_number: RwLock<HashMap<i32, Arc<str>>>,
}

/// An event type in the log that this code cannot decode.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct UnreadableType {
    /// Name of the type.
    pub event_type: String,
    /// Schema version that has no path to current code.
    pub schema_version: u16,
}

impl Types {
    /// The number of a type that was used before in this process.
    pub(super) fn known_number(&self, name: &'static str, schema_version: u16) -> Option<i32> {
        self.by_name.read().unwrap_or_else(PoisonError::into_inner).get(&(name, schema_version)).copied()
    }

    /// The number of a type, registering it when it is new.
    pub(super) async fn number_of(
        &self,
        client: &Client,
        name: &'static str,
        schema_version: u16,
    ) -> Result<i32, tokio_postgres::Error> {
        let schema = i16::try_from(schema_version).unwrap_or(i16::MAX);
        client.execute(include_str!("sql/register_type.sql"), &[&name, &schema]).await?;
        let number = client.query_one(include_str!("sql/type_number.sql"), &[&name, &schema]).await?.get(0);
        self.by_name.write().unwrap_or_else(PoisonError::into_inner).insert((name, schema_version), number);
        Ok(number)
    }

    /// The name behind a number; `None` for a number the log never gave out.
    pub(super) async fn name_of(
        &self,
        client: &Client,
        number: i32,
    ) -> Result<Option<Arc<str>>, tokio_postgres::Error> {
        if let Some(name) = self.known_name(number) {
            return Ok(Some(name));
        }
        let rows = client.query(include_str!("sql/type_names.sql"), &[]).await?;
        let mut names = self.by_number.write().unwrap_or_else(PoisonError::into_inner);
        for row in rows {
            names.entry(row.get(0)).or_insert_with(|| row.get::<_, &str>(1).into());
        }
        Ok(names.get(&number).cloned())
    }

    pub(super) fn known_name(&self, number: i32) -> Option<Arc<str>> {
        self.by_number.read().unwrap_or_else(PoisonError::into_inner).get(&number).cloned()
    }
}

impl super::Log {
    /// Event types in the log for which `readable` is false (EL-70): code that starts beside them must refuse to.
    pub async fn unreadable_types(
        &self,
        readable: impl Fn(&str, u16) -> bool,
    ) -> Result<Vec<UnreadableType>, super::ReadError> {
        let client = self.reader().await?;
        let rows = client
            .query("select name, schema_version from event_types order by name, schema_version", &[])
            .await
            .map_err(super::ReadError::database("listing event types"))?;
        Ok(rows
            .iter()
            .map(|row| UnreadableType {
                event_type: row.get(0),
                schema_version: u16::try_from(row.get::<_, i16>(1)).unwrap_or_default(),
            })
            .filter(|found| !readable(&found.event_type, found.schema_version))
            .collect())
    }
}
