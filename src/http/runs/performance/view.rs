//! Performance as the API shows it.

use events::{RunId, Symbol};
use jiff::Timestamp;
use projections::performance::{ConventionName, RunPerformance, ShownFigure};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::runs::{EquityFigures, TradeFigures};

/// How a run performed.
#[derive(Debug, Serialize, ToSchema)]
pub struct PerformanceView {
    /// The run.
    #[schema(value_type = String, format = Uuid)]
    run_id: RunId,
    /// How its figures are counted.
    convention: ConventionView,
    /// What it is compared with.
    #[schema(value_type = Option<String>, example = "QQQ")]
    benchmark: Option<Symbol>,
    /// The first bar that counts.
    first_bar_at: Option<Timestamp>,
    /// The last bar that counts.
    last_bar_at: Option<Timestamp>,
    /// The last bar is not complete: it is marked at its open.
    provisional: bool,
    /// The figures of the equity series.
    equity: EquityFigures,
    /// The deepest fall; null when the value never fell below a peak.
    drawdown: Option<DrawdownView>,
    /// The figures of the trades.
    trades: TradeFigures,
    /// Historical value at risk, 95 %: the 5th percentile of the returns.
    var_95: FigureView,
    /// Historical value at risk, 99 %: the 1st percentile of the returns.
    var_99: FigureView,
}

/// How figures are counted.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConventionView {
    /// `standard` or `ai_trader`.
    #[schema(value_type = String, example = "standard")]
    name: ConventionName,
    /// Returns per year.
    #[schema(example = 252.0)]
    periods_per_year: f64,
    /// Risk-free rate a year, as a fraction.
    #[schema(example = 0.0)]
    risk_free_annual: f64,
}

/// The deepest fall from a peak.
#[derive(Debug, Serialize, ToSchema)]
pub struct DrawdownView {
    /// As a fraction of the peak.
    #[schema(example = 0.018171)]
    depth: f64,
    /// The last bar at its peak.
    peak_at: Option<Timestamp>,
    /// Its lowest bar.
    trough_at: Option<Timestamp>,
    /// The first bar at the height of the peak again; null while below it.
    recovery_at: Option<Timestamp>,
}

/// A number, or why there is none.
#[derive(Debug, Serialize, ToSchema)]
pub struct FigureView {
    /// Whether there is a number.
    available: bool,
    /// The number.
    value: Option<f64>,
    /// Why there is none.
    because: Option<String>,
}

impl From<ShownFigure> for FigureView {
    fn from(figure: ShownFigure) -> Self {
        let because = figure.because.map(|because| because.to_string());
        Self { available: figure.available, value: figure.value, because }
    }
}

impl PerformanceView {
    /// Of computed figures.
    pub fn of(found: &RunPerformance, benchmark: Option<Symbol>) -> Self {
        let stamps = found.drawdown;
        Self {
            run_id: found.run_id,
            convention: ConventionView {
                name: found.convention_name,
                periods_per_year: found.equity.convention.periods_per_year,
                risk_free_annual: found.equity.convention.risk_free_annual,
            },
            benchmark,
            first_bar_at: found.first_bar_at,
            last_bar_at: found.last_bar_at,
            provisional: found.provisional,
            equity: (&found.equity).into(),
            drawdown: found.equity.drawdown.as_ref().map(|episode| DrawdownView {
                depth: episode.depth,
                peak_at: stamps.and_then(|stamps| stamps.peak_at),
                trough_at: stamps.and_then(|stamps| stamps.trough_at),
                recovery_at: stamps.and_then(|stamps| stamps.recovery_at),
            }),
            trades: (&found.trades).into(),
            var_95: found.var_95.into(),
            var_99: found.var_99.into(),
        }
    }
}
