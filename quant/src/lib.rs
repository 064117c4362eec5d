//! What it means: performance figures of an equity series, as pure `f64` numerics.
//!
//! Nothing here reads a clock, a file or the network, and nothing here knows an event. Series are consumed
//! one point at a time by accumulators of constant size, so that a run of millions of bars needs no buffer
//! and its statistics can be snapshotted between two bars.
//!
//! Three promises hold everywhere:
//!
//! - **No NaN leaves.** A figure is a finite number or [`Unavailable`] with its reason.
//! - **The same input gives the same bits.** Sums run in the order of the input through [`sum::Sum`];
//!   transcendental functions come from `libm`, not from the platform.
//! - **Fractions, not percent.** Rounding belongs to the display.

pub mod benchmark;
pub mod beta;
pub mod clusters;
pub mod concentration;
pub mod convention;
pub mod correlation;
pub mod covariance;
pub mod diversification;
pub mod drawdown;
pub mod exposure;
pub mod factors;
pub mod figure;
pub mod linear;
pub mod moments;
pub mod panel;
pub mod performance;
pub mod portfolios;
pub mod psd;
pub mod rates;
pub mod regression;
pub mod report;
pub mod returns;
pub mod ridge;
pub mod risk_contributions;
pub mod sectors;
pub mod spread;
pub mod stress;
pub mod student_t;
pub mod sum;
pub mod trades;
pub mod var;

pub use convention::{Annualisation, Convention, Deviation, RiskFreeSplit, SortinoDenominator};
pub use correlation::{CorrelationMatrix, correlation, correlation_matrix};
pub use drawdown::{DrawdownAccumulator, DrawdownEpisode, drawdowns};
pub use figure::{Because, Figure, Unavailable};
pub use performance::{EquityPoint, PerformanceAccumulator};
pub use report::Performance;
pub use trades::{Side, TradeAccumulator, TradeStatistics};
