//! An aggregate that does what a test tells it to.

use std::time::Duration;

use actors::{CommandEnvelope, Directory, DirectoryOptions};
use events::decider::Decider;
use events::log::Log;
use events::{Aggregate, CommandId};
use serde::{Deserialize, Serialize};

/// A till that only grows. It keeps a sum and, so that order matters, a digest of what was put in.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Till {
    pub sum: u64,
    pub coins: u64,
    pub digest: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Put {
    pub amount: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Opened {}

events::events! {
    /// What happens to a till.
    pub enum TillEvent {
        /// A coin went in.
        CoinPut(Put) = 1,
        /// It was opened, once.
        TillOpened(Opened) = 1,
    }
}

#[derive(Debug, Clone)]
pub enum TillCommand {
    /// Open it; a till can be opened once only.
    Open,
    /// Put in so many coins, each an event.
    Put(Vec<u64>),
    /// Ask for what is never allowed.
    Steal,
    /// Make the decision fail.
    Panic,
    /// Take so long to decide.
    Ponder(Duration),
}

#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TillError {
    #[error("a till cannot be opened twice")]
    AlreadyOpen,
    #[error("a till only takes")]
    NothingComesOut,
}

impl Decider for Till {
    const CATEGORY: &'static str = "till";
    const FOLD: u32 = 1;
    type Command = TillCommand;
    type Event = TillEvent;
    type Error = TillError;

    fn decide(&self, command: TillCommand) -> Result<Vec<TillEvent>, TillError> {
        match command {
            TillCommand::Open if self.digest != 0 => Err(TillError::AlreadyOpen),
            TillCommand::Open => Ok(vec![TillEvent::TillOpened(Opened {})]),
            TillCommand::Put(amounts) => {
                Ok(amounts.into_iter().map(|amount| TillEvent::CoinPut(Put { amount })).collect())
            }
            TillCommand::Steal => Err(TillError::NothingComesOut),
            TillCommand::Panic => panic!("the till burst"),
            TillCommand::Ponder(how_long) => {
                std::thread::sleep(how_long);
                Ok(Vec::new())
            }
        }
    }

    fn evolve(&mut self, event: &TillEvent) {
        let seen = match event {
            TillEvent::CoinPut(put) => {
                self.sum += put.amount;
                self.coins += 1;
                put.amount
            }
            TillEvent::TillOpened(_) => u64::MAX,
        };
        self.digest = self.digest.wrapping_mul(31).wrapping_add(seen).max(1);
    }
}

/// The till as an aggregate.
pub type TillAggregate = Aggregate<Till>;
/// All tills.
pub type Tills = Directory<TillAggregate>;

/// A directory of tills over `log`.
pub async fn tills(log: &Log, options: DirectoryOptions) -> Tills {
    Directory::start(log.clone(), (), options).await.unwrap()
}

/// `command` under a new id.
pub fn new(command: TillCommand) -> CommandEnvelope<TillCommand> {
    CommandEnvelope::new(command, CommandId::generate())
}

/// One coin.
pub fn coin(amount: u64) -> TillCommand {
    TillCommand::Put(vec![amount])
}

/// The till as the log tells it, folded from its first event.
pub async fn folded(log: &Log, tills: &Tills, key: &str) -> (Till, i64) {
    let loaded = log.load_afresh::<TillAggregate>(&tills.stream(key)).await.unwrap();
    (loaded.state.into_inner(), loaded.tip.version.0)
}

/// Puts in so many coins one by one, so that each is an event of its own in the log.
pub async fn put_each(tills: &Tills, key: &str, coins: usize) {
    const AT_ONCE: usize = 100;
    for begin in (0..coins).step_by(AT_ONCE) {
        let some = (begin..coins.min(begin + AT_ONCE)).map(|_| tills.execute(key, new(coin(1))));
        futures_util::future::try_join_all(some).await.unwrap();
    }
}
