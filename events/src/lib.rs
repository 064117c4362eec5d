//! What happened: the domain of tapedeck as pure state machines, and the event log that keeps their events.
//!
//! Without features this package is pure: no async runtime, no clock, no randomness, no I/O. Feature `log` adds the
//! Postgres event log; feature `testing` adds given/when/then.
//!
//! | word | type |
//! |---|---|
//! | stream, version, position | [`StreamName`], [`Version`], [`Position`] |
//! | aggregate | [`Decider`], adapted once to `cqrs_es::Aggregate` by [`Aggregate`] |
//! | event as stored | [`Recorded`] |
//! | amount of money, price, number of shares | [`Cash`], [`Price`], [`Quantity`] |
//! | trading model, run | [`TradingModel`], [`Run`] |
//! | portfolio, one lot of it, an owner's tags | [`Portfolio`], [`portfolio::Lot`], [`TagBook`] |
//! | what a portfolio was worth at the close of each session | [`Valuation`] |
//! | sessions of the New York market | [`calendar`] |
//! | account, list of invitations, journal of operators | [`Account`], [`Invitations`], [`Operations`] |
//! | policy, and all that it may know | [`policy::Policy`], [`policy::View`] |

pub mod account;
pub mod calendar;
pub mod causes;
pub mod chain;
pub mod codec;
pub mod decider;
pub mod ids;
pub mod instrument;
pub mod invitations;
#[cfg(feature = "log")]
pub mod log;
pub mod market;
pub mod model;
pub mod money;
pub mod operations;
pub mod option_contract;
pub mod policy;
pub mod portfolio;
pub mod position;
pub mod recorded;
pub mod request_id;
pub mod run;
pub mod tags;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod text;
pub mod time;
pub mod valuation;

pub use account::Account;
pub use chain::ChainHash;
pub use codec::{DecodeError, Event};
/// The framework whose aggregates the log keeps; also what [`events!`] expands to.
pub use cqrs_es;
pub use decider::{Aggregate, Decider};
pub use ids::{
    AccountId, ApiKeyId, CalculationId, CommandId, CredentialId, EpochId, EquityChangeId, ModelId,
    OperationId, PortfolioId, PositionId, Principal, RunId, SessionId, TagId, TargetId, Tenant,
};
pub use instrument::{Market, Symbol};
pub use invitations::Invitations;
pub use model::TradingModel;
pub use money::{Cash, Price, Quantity, Rate};
pub use operations::Operations;
pub use option_contract::OptionContract;
pub use policy::FieldError;
pub use portfolio::Portfolio;
pub use position::PositionSymbol;
pub use recorded::{Metadata, Position, Recorded, StreamName, StreamTip, Version};
pub use request_id::RequestId;
pub use run::Run;
pub use tags::TagBook;
pub use time::{Interval, TradingDay};
pub use valuation::Valuation;
