//! What is kept with the acts of administrators and operators.

use clap::Args;

/// Why something is done.
#[derive(Debug, Args)]
pub struct Why {
    /// Why, for the record
    #[arg(long, default_value = "from the command line")]
    pub reason: String,
}
