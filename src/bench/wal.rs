//! Write-ahead log that is ready before anyone measures.
//!
//! A cluster that was just made has no old segments to write over: every 16 MiB it zeroes and flushes a new file, and all
//! commits wait for that. A cluster that has been in use for a while recycles instead. Baseline and contract are both
//! measured in that state.

use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

/// Segments that must lie ready: more than one round writes.
const READY_SEGMENTS: i64 = 40;
/// Segments written to get there.
const WRITTEN_SEGMENTS_MAX: i64 = 64;

/// How much is ready, after a checkpoint has turned old segments into new ones; `None` where the role may not look.
/// Segments are switched until there are enough.
pub(super) async fn warm(client: &Client) -> Result<Option<i64>, tokio_postgres::Error> {
    let warmed = async {
        client.batch_execute("checkpoint").await?;
        let ready = ready(client).await?;
        if ready >= READY_SEGMENTS {
            return Ok(ready);
        }
        for _ in 0..WRITTEN_SEGMENTS_MAX {
            // A segment can only be switched once something is in it.
            client
                .batch_execute(
                    "select pg_logical_emit_message(false, 'bench', 'warm'); select pg_switch_wal()",
                )
                .await?;
        }
        client.batch_execute("checkpoint").await?;
        self::ready(client).await
    };
    match warmed.await {
        Ok(ready) => Ok(Some(ready)),
        Err(error) if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Bytes of write-ahead log written since the cluster was made.
pub(super) async fn written_bytes(client: &Client) -> Result<f64, tokio_postgres::Error> {
    let row = client.query_one("select (pg_current_wal_insert_lsn() - '0/0')::float8", &[]).await?;
    Ok(row.get(0))
}

async fn ready(client: &Client) -> Result<i64, tokio_postgres::Error> {
    let row = client
        .query_one(
            "select count(*) from pg_ls_waldir() where name > pg_walfile_name(pg_current_wal_lsn())",
            &[],
        )
        .await?;
    Ok(row.get(0))
}
