//! Events: everything that ever happened, in order.

pub mod find;
pub mod list;
pub mod tail;
mod view;
mod which;

pub use view::{EventView, Payload};
pub use which::Which;
