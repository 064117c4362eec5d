//! Who decides: the live, supervised, single writer of each aggregate.
//!
//! | word | module |
//! |---|---|
//! | the actor of an aggregate: load, decide on a working copy, append, reply once durable | [`aggregate`] |
//! | finding or waking the one actor of a stream, admission, passivation, restarts | [`directory`] |
//! | how often a failing actor is started again, and when its stream is quarantined | [`supervisor`] |
//! | driving a run from where its log ends to its last bar | [`run_loop`] |
//! | finding the runs that want driving; one driver per run among all nodes | [`run_dispatcher`], [`leases`] |
//! | keeping the snapshots of portfolios what facts and prices say | [`analyst`] |
//! | commands over NATS: delivered at least once, carried out once | [`work_queue`] |
//! | live prices: quotes, minute bars, listeners | [`feed`] |
//! | what actors need from outside | [`ports`] |

pub mod aggregate;
pub mod analyst;
pub mod directory;
pub mod feed;
pub mod leases;
pub mod ports;
pub mod run_dispatcher;
pub mod run_loop;
pub mod supervisor;
pub mod work_queue;

pub use aggregate::{CommandEnvelope, CommandError, Inspection, Receipt};
pub use analyst::{Analyst, AnalystOptions, Valuations};
pub use directory::{Directory, DirectoryLoad, DirectoryOptions, LiveActor};
pub use run_dispatcher::{RunDispatcher, RunDispatcherOptions, until_over};
pub use run_loop::{RunLoop, RunLoopOptions, Runs};
