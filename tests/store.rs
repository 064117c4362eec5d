//! The stores in the database, each through its own package.

mod bars;
mod closes;
mod reference;
