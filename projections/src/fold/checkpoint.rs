//! The checkpoints table: where each shard stands, who feeds it, and what stopped it.

use events::log::Cursor;
use events::{ChainHash, EpochId, Position};
use tokio_postgres::GenericClient;
use tokio_postgres::types::Type;

use super::place::Place;

/// What a checkpoint says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) cursor: Cursor,
    /// Stopped by an operator or by something only an operator can decide.
    pub(crate) stopped: bool,
}

/// What stopped or delays a shard.
#[derive(Debug, Clone)]
pub(crate) struct Trouble {
    pub(crate) status: &'static str,
    pub(crate) class: &'static str,
    pub(crate) position: Option<Position>,
    pub(crate) text: String,
}

impl Place {
    /// Whether this session owns the shard from now on; it does until its connection ends.
    pub(crate) async fn take_lock(&self, client: &impl GenericClient) -> Result<bool, tokio_postgres::Error> {
        let key = format!("{}/{}/{}", self.name, self.generation, self.shard.number());
        let rows =
            client.query_typed(include_str!("../sql/fold/take_lock.sql"), &[(&key, Type::TEXT)]).await?;
        Ok(rows.first().is_some_and(|row| row.get(0)))
    }

    /// The newest generation of the fold that has ever filled the tables.
    pub(crate) async fn newest_generation(
        &self,
        client: &impl GenericClient,
    ) -> Result<Option<i32>, tokio_postgres::Error> {
        let statement = include_str!("../sql/fold/newest_generation.sql");
        let rows = client.query_typed(statement, &[(&self.name, Type::TEXT)]).await?;
        Ok(rows.first().and_then(|row| row.get(0)))
    }

    /// Makes sure that there is a checkpoint.
    pub(crate) async fn create(&self, client: &impl GenericClient) -> Result<(), tokio_postgres::Error> {
        client
            .execute_typed(
                include_str!("../sql/fold/create_checkpoint.sql"),
                &[
                    (&self.name, Type::TEXT),
                    (&self.generation, Type::INT4),
                    (&self.shard.number(), Type::INT2),
                    (&self.epoch.uuid(), Type::UUID),
                ],
            )
            .await
            .map(drop)
    }

    /// What the checkpoint says; `None` when there is none.
    pub(crate) async fn load(
        &self,
        client: &impl GenericClient,
    ) -> Result<Option<Stored>, tokio_postgres::Error> {
        let rows = client
            .query_typed(
                include_str!("../sql/fold/load_checkpoint.sql"),
                &[
                    (&self.name, Type::TEXT),
                    (&self.generation, Type::INT4),
                    (&self.shard.number(), Type::INT2),
                ],
            )
            .await?;
        Ok(rows.first().map(|row| {
            let hash: Option<&[u8]> = row.get("seq_hash");
            let cursor = Cursor {
                epoch: EpochId::from_uuid(row.get("epoch")),
                position: Position(row.get("seq")),
                hash: hash.and_then(ChainHash::from_bytes),
            };
            Stored { cursor, stopped: matches!(row.get("status"), "paused" | "halted") }
        }))
    }

    /// A shard that has read nothing adopts the present log.
    pub(crate) async fn adopt_epoch(&self, client: &impl GenericClient) -> Result<(), tokio_postgres::Error> {
        client
            .execute_typed(
                include_str!("../sql/fold/adopt_epoch.sql"),
                &[
                    (&self.name, Type::TEXT),
                    (&self.generation, Type::INT4),
                    (&self.shard.number(), Type::INT2),
                    (&self.epoch.uuid(), Type::UUID),
                ],
            )
            .await
            .map(drop)
    }

    /// Notes who feeds the shard.
    pub(crate) async fn claim(
        &self,
        client: &impl GenericClient,
        owner: &str,
    ) -> Result<(), tokio_postgres::Error> {
        client
            .execute_typed(
                include_str!("../sql/fold/claim_checkpoint.sql"),
                &[
                    (&self.name, Type::TEXT),
                    (&self.generation, Type::INT4),
                    (&self.shard.number(), Type::INT2),
                    (&owner, Type::TEXT),
                ],
            )
            .await
            .map(drop)
    }

    /// Holds the checkpoint until the transaction ends, if it still stands here.
    pub(crate) async fn lock(&self, client: &impl GenericClient) -> Result<bool, tokio_postgres::Error> {
        let rows = client
            .query_typed(
                include_str!("../sql/fold/lock_checkpoint.sql"),
                &[
                    (&self.name, Type::TEXT),
                    (&self.generation, Type::INT4),
                    (&self.shard.number(), Type::INT2),
                    (&self.epoch.uuid(), Type::UUID),
                    (&self.position.0, Type::INT8),
                ],
            )
            .await?;
        Ok(!rows.is_empty())
    }

    /// Moves the checkpoint to `to`, if it still stands here.
    pub(crate) async fn advance(
        &self,
        client: &impl GenericClient,
        to: Position,
    ) -> Result<bool, tokio_postgres::Error> {
        let moved = client
            .execute_typed(
                include_str!("../sql/fold/advance_checkpoint.sql"),
                &[
                    (&self.name, Type::TEXT),
                    (&self.generation, Type::INT4),
                    (&self.shard.number(), Type::INT2),
                    (&self.epoch.uuid(), Type::UUID),
                    (&self.position.0, Type::INT8),
                    (&to.0, Type::INT8),
                ],
            )
            .await?;
        Ok(moved == 1)
    }

    /// Writes a transition of the status.
    pub(crate) async fn report(
        &self,
        client: &impl GenericClient,
        trouble: &Trouble,
    ) -> Result<(), tokio_postgres::Error> {
        client
            .execute_typed(
                include_str!("../sql/fold/set_status.sql"),
                &[
                    (&self.name, Type::TEXT),
                    (&self.generation, Type::INT4),
                    (&self.shard.number(), Type::INT2),
                    (&trouble.status, Type::TEXT),
                    (&trouble.class, Type::TEXT),
                    (&trouble.position.map(|position| position.0), Type::INT8),
                    (&trouble.text, Type::TEXT),
                ],
            )
            .await
            .map(drop)
    }
}
