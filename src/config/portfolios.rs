//! Section `portfolios`.

use serde::{Deserialize, Serialize};

/// How many portfolios there may be.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PortfoliosConfig {
    /// Most portfolios of an owner that are not closed, default 100. A further one is refused.
    pub per_owner_max: usize,
}

impl Default for PortfoliosConfig {
    fn default() -> Self {
        Self { per_owner_max: 100 }
    }
}
