//! A lone append: nobody shares its commit, so what its statement costs is what its caller waits for.

use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Statement};

use super::batch::{self, Outgoing, Verdict};
use crate::Version;

/// The types of the parameters of `append_next.sql`.
const PARAMETERS: [Type; 15] = [
    Type::INT8,
    Type::INT8,
    Type::BYTEA,
    Type::BYTEA,
    Type::UUID,
    Type::BYTEA,
    Type::BYTEA,
    Type::INT4,
    Type::INT2,
    Type::INT2,
    Type::TIMESTAMPTZ,
    Type::UUID,
    Type::INT8,
    Type::BYTEA,
    Type::BYTEA,
];

/// The statements for lone appends, the short one and the one for all of them.
pub(super) struct Lone {
    next: Statement,
    any: Statement,
}

impl Lone {
    /// Prepares both.
    pub(super) async fn prepare(client: &Client) -> Result<Self, tokio_postgres::Error> {
        let next = client.prepare_typed(include_str!("sql/append_next.sql"), &PARAMETERS);
        let (next, any) = futures_util::future::try_join(next, batch::prepare_one(client)).await?;
        Ok(Self { next, any })
    }

    /// Sends the append with the shortest statement that can carry it.
    pub(super) async fn send(
        &self,
        client: &Client,
        outgoing: Outgoing<'_>,
    ) -> Result<Vec<Verdict>, tokio_postgres::Error> {
        match self.send_next(client, &outgoing).await {
            Ok(Some(committed)) => Ok(vec![committed]),
            Ok(None) => batch::send_one(client, &self.any, outgoing).await,
            // An answered command, most likely; the long statement finds its answer.
            Err(error) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => {
                batch::send_one(client, &self.any, outgoing).await
            }
            Err(error) => Err(error),
        }
    }

    /// `None` where nothing was written: the append is not of this kind, or it lost.
    async fn send_next(
        &self,
        client: &Client,
        Outgoing { pending, type_ids, stream_no }: &Outgoing<'_>,
    ) -> Result<Option<Verdict>, tokio_postgres::Error> {
        let append = &pending.append;
        let (Some(stream_no), [event], [hashed], [type_id]) =
            (stream_no, append.events.as_slice(), pending.hashed.as_slice(), *type_ids)
        else {
            return Ok(None);
        };
        let Some(asked) = append.asked.get(hashed.asked).filter(|_| pending.before.version != Version::NONE)
        else {
            return Ok(None);
        };
        let (before, hash) = (pending.before.hash.0.as_slice(), hashed.hash.0.as_slice());
        let parameters: [&(dyn ToSql + Sync); 15] = [
            stream_no,
            &pending.before.version.0,
            &before,
            &hash,
            &asked.command_id.uuid(),
            &asked.request_hash.as_ref().map(<[u8; 32]>::as_slice),
            &asked.reply.as_deref(),
            type_id,
            &i16::try_from(event.schema_version).unwrap_or(i16::MAX),
            &event.codec.number(),
            &event.occurred_at,
            &asked.correlation_id,
            &asked.causation.map(|position| position.0),
            &hashed.meta.as_deref(),
            &event.payload.as_ref(),
        ];
        let row = client.query_opt(&self.next, &parameters).await?;
        Ok(row.map(|row| Verdict::Committed {
            stream_no: *stream_no,
            first: Some(row.get(0)),
            at: Some(row.get(1)),
        }))
    }
}
