//! The policies that come with tapedeck, a file each.

mod buy_and_hold;
mod equal_weight;
mod mean_reversion;
mod momentum;
pub(super) mod recorded;
mod sma_cross;

pub(super) use buy_and_hold::BuyAndHold;
pub use buy_and_hold::NoParameters;
pub(super) use equal_weight::EqualWeight;
pub use equal_weight::EqualWeightParameters;
pub(super) use mean_reversion::MeanReversion;
pub use mean_reversion::MeanReversionParameters;
pub(super) use momentum::Momentum;
pub use momentum::MomentumParameters;
pub(super) use sma_cross::SmaCross;
pub use sma_cross::SmaCrossParameters;

use super::{Limits, PolicyDescription};

/// After how many bars the account is brought back to its targets.
const REBALANCE_BARS: Limits = Limits {
    name: "rebalance_bars",
    default: 21,
    min: 1,
    max: 1_000_000,
    meaning: "bars between two rebalancings",
};

pub(super) fn descriptions() -> Vec<PolicyDescription> {
    let of = |name, summary, parameters: &[Limits]| PolicyDescription {
        name,
        summary,
        parameters: parameters.to_vec(),
    };
    vec![
        of(
            "builtin/buy-and-hold",
            "buys every symbol once in equal slots of the initial cash and holds",
            &[],
        ),
        of("builtin/equal-weight", "keeps every symbol at an equal share of the account", &[REBALANCE_BARS]),
        of(
            "builtin/sma-cross",
            "holds a symbol while its fast average is above its slow one",
            &[sma_cross::FAST, sma_cross::SLOW],
        ),
        of(
            "builtin/momentum",
            "holds the symbols that rose most",
            &[momentum::LOOKBACK, momentum::SKIP, momentum::TOP, REBALANCE_BARS],
        ),
        of(
            "builtin/mean-reversion",
            "buys what fell unusually far below its average (entry_z, default 2) and sells when it is back (exit_z, \
             default 0)",
            &[mean_reversion::WINDOW],
        ),
        of("recorded", "repeats decisions that were made elsewhere", &[]),
    ]
}
