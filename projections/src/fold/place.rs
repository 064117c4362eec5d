//! Where one worker of a projection stands: which streams are its own, and how far it has read.

use events::{EpochId, Position, StreamName};

use crate::Projection;

/// Streams are spread over this many slots, and slots over shards, so that more shards move whole slots.
const SLOTS: u64 = 64;

/// One of the workers that share a projection's streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    index: u16,
    of: u16,
}

impl Shard {
    /// The one worker that has every stream.
    pub const WHOLE: Self = Self { index: 0, of: 1 };

    /// All workers of a projection.
    pub fn all<P: Projection>() -> impl Iterator<Item = Self> {
        let of = P::SHARDS.clamp(1, 64);
        (0..of).map(move |index| Self { index, of })
    }

    /// Its number in the checkpoint.
    pub fn number(self) -> i16 {
        i16::try_from(self.index).unwrap_or(i16::MAX)
    }

    /// How many workers share the projection.
    pub fn siblings(self) -> usize {
        usize::from(self.of)
    }

    /// Whether `stream` belongs to this worker.
    pub fn owns(self, stream: &StreamName) -> bool {
        self.of <= 1 || slot_of(stream) * u64::from(self.of) / SLOTS == u64::from(self.index)
    }
}

/// The slot of a stream by its name (FNV-1a): the same on every machine and for ever.
fn slot_of(stream: &StreamName) -> u64 {
    let bytes = stream.tenant().0.to_be_bytes().into_iter().chain(stream.category().bytes());
    let hash =
        bytes.chain([b'-']).chain(stream.key().bytes()).fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
    (hash ^ (hash >> 32)) % SLOTS
}

/// Which checkpoint, and what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The projection.
    pub name: &'static str,
    /// The generation of its fold.
    pub generation: i32,
    /// The worker.
    pub shard: Shard,
    /// The life of the log it reads.
    pub epoch: EpochId,
    /// Everything up to here is in the tables.
    pub position: Position,
}

impl Place {
    /// The place before the first event.
    pub fn start<P: Projection>(shard: Shard, epoch: EpochId) -> Self {
        Self { name: P::NAME, generation: P::GENERATION, shard, epoch, position: Position::START }
    }
}

#[cfg(test)]
impl Shard {
    pub(crate) const fn both() -> [Self; 2] {
        [Self { index: 0, of: 2 }, Self { index: 1, of: 2 }]
    }
}

#[cfg(test)]
mod tests {
    use events::Tenant;

    use super::*;

    #[test]
    fn every_stream_belongs_to_exactly_one_shard() {
        for of in [1_u16, 2, 3, 7, 64] {
            for key in 0..500 {
                let stream = StreamName::new(Tenant::LOCAL, "run", key);
                let owners = (0..of).filter(|index| Shard { index: *index, of }.owns(&stream)).count();
                assert_eq!(owners, 1, "{stream} of {of}");
            }
        }
    }

    #[test]
    fn streams_spread_over_all_slots() {
        let slots: std::collections::BTreeSet<u64> =
            (0..2_000).map(|key| slot_of(&StreamName::new(Tenant::LOCAL, "run", key))).collect();
        assert_eq!(slots.len(), 64);
    }
}
