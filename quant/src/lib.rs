//! What it means: the performance of a series and the risk of a book, as pure `f64` numerics.
//!
//! Nothing here reads a clock, a file or the network, and nothing here knows an event. The equity of a run is
//! consumed one point at a time by accumulators of constant size, so that millions of bars need no buffer and
//! their statistics can be snapshotted between two bars. Daily returns of a portfolio come as slices, for
//! figures that look at the whole series; what compares several series takes them as a [`panel::Panel`], in which
//! NaN marks a missing cell.
//!
//! Three promises hold everywhere:
//!
//! - **No NaN leaves.** A figure is a finite number or [`Unavailable`] with its reason.
//! - **The same input gives the same bits.** Sums run in a fixed order, compensated ([`sum::Sum`]) or over slices in
//!   [`lanes`]; transcendental functions come from `libm`, not from the platform.
//! - **Fractions, not percent.** Rounding belongs to the display.

pub mod against;
pub mod alignment;
pub mod benchmark;
pub mod beta;
pub mod book;
pub mod book_batch;
pub mod cash_flows;
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
pub mod har;
pub mod imputation;
pub mod lanes;
pub mod linear;
pub mod moments;
pub mod monte_carlo;
pub mod normal;
pub mod optimal;
pub mod options;
pub mod panel;
pub mod performance;
pub mod periods;
pub mod portfolios;
mod products;
pub mod psd;
pub mod rates;
pub mod ratios;
pub mod regression;
pub mod report;
pub mod returns;
pub mod ridge;
pub mod risk_contributions;
pub mod rolling;
pub mod sample;
pub mod sectors;
pub mod selection;
pub mod spread;
pub mod stress;
pub mod student_t;
pub mod sum;
pub mod trades;
pub mod var;
pub mod volatility;
pub mod wealth;

pub use convention::{Annualisation, Convention, Deviation, RiskFreeSplit, SortinoDenominator};
pub use correlation::{CorrelationMatrix, correlation, correlation_matrix};
pub use drawdown::{DrawdownAccumulator, DrawdownEpisode, drawdowns};
pub use figure::{Because, Figure, Unavailable};
pub use performance::{EquityPoint, PerformanceAccumulator};
pub use report::Performance;
pub use trades::{Side, TradeAccumulator, TradeStatistics};
