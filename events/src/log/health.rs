//! What in the database may hold up the log (EL-13): every append moves one row, and whoever keeps an old snapshot keeps
//! all of its dead versions.

use serde::Serialize;
use tokio_postgres::Client;

use super::ReadError;

/// A snapshot older than this, in seconds, is held too long.
pub const SNAPSHOT_AGE_S_MAX: f64 = 600.0;
/// More dead versions of the counter row than this slow every append down.
pub const DEAD_HEADS_MAX: i64 = 10_000;

/// Figures of one look.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct DatabaseHealth {
    /// Age in seconds of the oldest snapshot that a session of this database holds.
    pub oldest_snapshot_s: f64,
    /// Dead versions of the row that gives events their order.
    pub dead_heads: i64,
    /// Transactions that were prepared and neither committed nor rolled back.
    pub prepared: i64,
}

impl DatabaseHealth {
    /// Looks.
    pub async fn look(client: &Client) -> Result<Self, ReadError> {
        let row = client.query_one(include_str!("sql/health.sql"), &[]).await.map_err(|source| {
            ReadError::Database { operation: "looking at the database's health", source }
        })?;
        Ok(Self {
            oldest_snapshot_s: row.get("oldest_snapshot_s"),
            dead_heads: row.get("dead_heads"),
            prepared: row.get("prepared"),
        })
    }

    /// What an operator should look into, in words.
    pub fn alerts(&self) -> Vec<String> {
        let mut alerts = Vec::new();
        if self.oldest_snapshot_s > SNAPSHOT_AGE_S_MAX {
            let minutes = self.oldest_snapshot_s / 60.0;
            alerts
                .push(format!("a transaction has been open for {minutes:.0} minutes; see pg_stat_activity"));
        }
        if self.dead_heads > DEAD_HEADS_MAX {
            alerts.push(format!("log_head has {} dead versions; is autovacuum running?", self.dead_heads));
        }
        if self.prepared > 0 {
            alerts.push(format!("{} prepared transactions are open; see pg_prepared_xacts", self.prepared));
        }
        alerts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// EL-13.
    #[test]
    fn each_limit_has_its_alert() {
        let calm = DatabaseHealth { oldest_snapshot_s: 600.0, dead_heads: 10_000, prepared: 0 };
        assert_eq!(calm.alerts(), Vec::<String>::new());
        for (health, word) in [
            (DatabaseHealth { oldest_snapshot_s: 660.0, ..calm }, "11 minutes"),
            (DatabaseHealth { dead_heads: 10_001, ..calm }, "10001 dead versions"),
            (DatabaseHealth { prepared: 1, ..calm }, "prepared"),
        ] {
            let alerts = health.alerts();
            assert!(alerts.len() == 1 && alerts.iter().all(|alert| alert.contains(word)), "{alerts:?}");
        }
    }
}
