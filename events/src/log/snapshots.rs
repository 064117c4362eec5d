//! Snapshots: folded states kept as a cache. A wrong one is ignored and the events are folded again (EL-65).

use sha2::{Digest, Sha256};

use super::{Log, ReadError};
use crate::codec::Codec;
use crate::decider::Kept;
use crate::{ChainHash, Position, StreamName, StreamTip, Version};

/// Why a snapshot could not be written. Nothing depends on it: the events remain.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The state has no JSON form.
    #[error("the state cannot be written as JSON")]
    Encode(#[source] serde_json::Error),
    /// The database refused.
    #[error(transparent)]
    Store(#[from] ReadError),
}

/// A snapshot as stored.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub(super) tip: StreamTip,
    pub(super) position: Position,
    pub(super) codec: i16,
    pub(super) state: bytes::Bytes,
    pub(super) state_hash: Vec<u8>,
}

/// What a snapshot depends on besides its events: the aggregate, its declared fold and its upcasters.
pub(super) fn fold_id<A: Kept>() -> String {
    let mut hasher = Sha256::new();
    hasher.update(A::TYPE);
    hasher.update(A::FOLD.to_be_bytes());
    for (name, version) in <A::Event as crate::Event>::TYPES {
        hasher.update(name);
        hasher.update(version.to_be_bytes());
    }
    for upcaster in <A::Event as crate::Event>::UPCASTERS {
        hasher.update(upcaster.event_type);
        hasher.update(upcaster.schema_version.to_be_bytes());
    }
    let digest: [u8; 32] = hasher.finalize().into();
    ChainHash(digest).to_string()
}

/// SHA-256 of a state's JSON: equal hashes mean equal states.
pub fn state_hash<A: Kept>(state: &A) -> Result<ChainHash, serde_json::Error> {
    Ok(ChainHash(Sha256::digest(serde_json::to_vec(state)?).into()))
}

/// A hash over the state and the place it belongs to, so that neither can be changed alone.
fn sealed(tip: StreamTip, position: Position, json: &[u8]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(tip.version.0.to_be_bytes());
    hasher.update(tip.hash.0);
    hasher.update(position.0.to_be_bytes());
    hasher.update(json);
    hasher.finalize().into()
}

impl Stored {
    /// The state, if the stored bytes are what was written.
    pub(super) fn decode<A: Kept>(&self) -> Option<A> {
        let json = Codec::from_number(self.codec)?.unpack(&self.state).ok()?;
        if sealed(self.tip, self.position, &json).as_slice() != self.state_hash {
            return None;
        }
        serde_json::from_slice(&json).ok()
    }
}

impl Log {
    /// Keeps `state` as the fold of `stream` up to `tip`; one snapshot is kept per fold.
    pub async fn save_snapshot<A: Kept>(
        &self,
        stream: &StreamName,
        tip: StreamTip,
        position: Position,
        state: &A,
    ) -> Result<(), SnapshotError> {
        let json = serde_json::to_vec(state).map_err(SnapshotError::Encode)?;
        let state_hash = sealed(tip, position, &json);
        let (codec, packed) = Codec::pack(json);
        let client = self.reader().await?;
        client
            .execute(
                include_str!("sql/save_snapshot.sql"),
                &[
                    &stream.tenant().0,
                    &stream.category(),
                    &stream.key(),
                    &fold_id::<A>(),
                    &tip.version.0,
                    &position.0,
                    &tip.hash.0.as_slice(),
                    &codec.number(),
                    &packed.as_ref(),
                    &state_hash.as_slice(),
                ],
            )
            .await
            .map_err(ReadError::database("saving a snapshot"))?;
        Ok(())
    }

    /// The snapshot in the first row of `load.sql`, if there is one.
    pub(super) fn stored_snapshot(row: &tokio_postgres::Row) -> Option<Stored> {
        Some(Stored {
            tip: StreamTip {
                version: Version(row.get::<_, Option<i64>>("snapshot_version")?),
                hash: ChainHash::from_bytes(row.get::<_, Option<&[u8]>>("snapshot_hash")?)?,
            },
            position: Position(row.get::<_, Option<i64>>("snapshot_seq")?),
            codec: row.get::<_, Option<i16>>("snapshot_codec")?,
            state: bytes::Bytes::copy_from_slice(row.get::<_, Option<&[u8]>>("snapshot_state")?),
            state_hash: row.get::<_, Option<Vec<u8>>>("snapshot_state_hash")?,
        })
    }
}
