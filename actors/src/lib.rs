//! Who decides: the live, supervised, single writer of each aggregate.
//!
//! | word | module |
//! |---|---|
//! | the actor of an aggregate: load, decide on a working copy, append, reply once durable | [`aggregate`] |
//! | finding or waking the one actor of a stream, admission, passivation, restarts | [`directory`] |
//! | how often a failing actor is started again, and when its stream is quarantined | [`supervisor`] |

pub mod aggregate;
pub mod directory;
pub mod supervisor;

pub use aggregate::{CommandEnvelope, CommandError, Inspection, Receipt};
pub use directory::{Directory, DirectoryOptions, LiveActor};
