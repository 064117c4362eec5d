//! A lone append: nobody shares its commit, so what its statement costs is what its caller waits for.

use futures_util::future::try_join3;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Statement};

use super::batch::{self, Outgoing, Verdict};
use super::verdict::{Asked, Hashed, NewEvent, Pending};
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

/// The statements for lone appends, from the shortest on.
pub(super) struct Lone {
    next: Statement,
    one: Statement,
    many: Statement,
}

impl Lone {
    /// Prepares all.
    pub(super) async fn prepare(client: &Client) -> Result<Self, tokio_postgres::Error> {
        let next = client.prepare_typed(include_str!("sql/append_next.sql"), &PARAMETERS);
        let (next, one, many) = try_join3(next, batch::prepare_one(client), batch::prepare(client)).await?;
        Ok(Self { next, one, many })
    }

    /// Sends the append with the shortest statement that can carry it.
    pub(super) async fn send(
        &self,
        client: &Client,
        outgoing: Outgoing<'_>,
    ) -> Result<Vec<Verdict>, tokio_postgres::Error> {
        let sent = match NextEvent::of(&outgoing) {
            Some(next) => next.send(client, &self.next).await,
            None => batch::send_one(client, &self.one, outgoing).await,
        };
        match sent {
            Ok(Some(committed)) => Ok(vec![committed]),
            // It lost, or was carried out before: the statement of the batches tells which.
            Ok(None) => batch::send(client, &self.many, &[outgoing]).await,
            Err(error) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => {
                batch::send(client, &self.many, &[outgoing]).await
            }
            Err(error) => Err(error),
        }
    }
}

/// The only event of an append to a stream whose number is known.
struct NextEvent<'a> {
    stream_no: i64,
    type_id: i32,
    pending: &'a Pending,
    event: &'a NewEvent,
    hashed: &'a Hashed,
    asked: &'a Asked,
}

impl<'a> NextEvent<'a> {
    fn of(Outgoing { pending, type_ids, stream_no }: &Outgoing<'a>) -> Option<Self> {
        let append = &pending.append;
        let ([event], [hashed], [type_id]) = (append.events.as_slice(), pending.hashed.as_slice(), *type_ids)
        else {
            return None;
        };
        let stream_no = stream_no.filter(|_| pending.before.version != Version::NONE)?;
        let asked = append.asked.get(hashed.asked)?;
        Some(Self { stream_no, type_id: *type_id, pending, event, hashed, asked })
    }

    /// `None` where it lost.
    async fn send(
        &self,
        client: &Client,
        statement: &Statement,
    ) -> Result<Option<Verdict>, tokio_postgres::Error> {
        let Self { stream_no, type_id, pending, event, hashed, asked } = self;
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
        let row = client.query_opt(statement, &parameters).await?;
        Ok(row.map(|row| Verdict::Committed {
            stream_no: *stream_no,
            first: Some(row.get(0)),
            at: Some(row.get(1)),
        }))
    }
}
