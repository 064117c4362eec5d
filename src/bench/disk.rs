//! What the log takes on disk, keys included (EL-158).

use tokio_postgres::Client;

/// Bytes on disk of an event and of a remembered command.
pub(super) struct Disk {
    /// Of the partitions of `events`, by event.
    pub event_bytes: f64,
    /// Of the partitions of `commands`, by command.
    pub command_bytes: f64,
}

impl Disk {
    /// Of everything recorded so far; zeros for an empty log.
    pub(super) async fn look(client: &Client) -> Result<Self, tokio_postgres::Error> {
        let row = client
            .query_one(
                "select (select sum(pg_total_relation_size(relid))::float8 from pg_partition_tree('events') where isleaf)
                            / greatest((select count(*) from events), 1) as event_bytes,
                        (select sum(pg_total_relation_size(relid))::float8 from pg_partition_tree('commands') where isleaf)
                            / greatest((select count(*) from commands), 1) as command_bytes",
                &[],
            )
            .await?;
        Ok(Self { event_bytes: row.get("event_bytes"), command_bytes: row.get("command_bytes") })
    }
}
