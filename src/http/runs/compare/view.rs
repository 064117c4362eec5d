//! A comparison as the API shows it.

use std::collections::BTreeMap;

use events::{Cash, Quantity, RunId, Symbol};
use jiff::Timestamp;
use projections::compare::{AlignedCurves, AlignedPoint, Comparison, Difference, Opposite, Opposites};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::http::runs::RunView;
use crate::http::runs::performance::PerformanceView;

/// Runs beside each other.
#[derive(Debug, Serialize, ToSchema)]
pub struct ComparisonView {
    /// The runs, in the order asked for; everything below has this order.
    runs: Vec<ComparedRunView>,
    /// Settings that are not equal in all runs.
    differences: Vec<DifferenceView>,
    /// Equity series over the bars of all runs.
    curves: CurvesView,
    /// Correlation of the returns of each run with each other, -1 to 1; null where it cannot be computed.
    #[schema(example = json!([[1.0, 0.42], [0.42, 1.0]]))]
    correlations: Vec<Vec<Option<f64>>>,
    /// Bars in which one run bought what another sold.
    opposites: OppositesView,
}

/// One of the runs.
#[derive(Debug, Serialize, ToSchema)]
pub struct ComparedRunView {
    /// The run.
    run: RunView,
    /// How it performed.
    performance: PerformanceView,
}

/// A setting that is not equal in all runs.
#[derive(Debug, Serialize, ToSchema)]
pub struct DifferenceView {
    /// Where it stands in the frozen terms.
    #[schema(example = "policy.parameters.fast")]
    setting: String,
    /// Its value in each run; null where a run has none.
    #[schema(value_type = Vec<Object>, example = json!([10, 20]))]
    values: Vec<Value>,
}

/// Equity series of several runs over the union of their bars.
#[derive(Debug, Serialize, ToSchema)]
pub struct CurvesView {
    /// Points by time, evenly thinned; the first and the last are always there.
    points: Vec<CurvePointView>,
    /// How many bars the union has.
    #[schema(example = 124)]
    total: u64,
}

/// All runs at one bar.
#[derive(Debug, Serialize, ToSchema)]
pub struct CurvePointView {
    /// When the bar starts.
    bar_start_at: Timestamp,
    /// Value of each run; null before its first bar and after its last.
    #[schema(value_type = Vec<Option<String>>, example = json!(["10008.9", null]))]
    values: Vec<Option<Cash>>,
}

/// Bars in which one run bought what another sold.
#[derive(Debug, Serialize, ToSchema)]
pub struct OppositesView {
    /// The first of them, by time and symbol.
    bars: Vec<OppositeView>,
    /// How many there are.
    #[schema(example = 3)]
    total: u64,
}

/// One symbol in one bar.
#[derive(Debug, Serialize, ToSchema)]
pub struct OppositeView {
    /// When the bar starts.
    bar_start_at: Timestamp,
    /// What was traded.
    #[schema(value_type = String, example = "AAPL")]
    symbol: Symbol,
    /// Runs that ended the bar with more of it, and how much more.
    #[schema(value_type = BTreeMap<String, String>)]
    bought: BTreeMap<RunId, Quantity>,
    /// Runs that ended the bar with less of it, and how much less.
    #[schema(value_type = BTreeMap<String, String>)]
    sold: BTreeMap<RunId, Quantity>,
}

impl From<Comparison> for ComparisonView {
    fn from(comparison: Comparison) -> Self {
        let runs = comparison.runs.into_iter().map(|compared| ComparedRunView {
            run: compared.run.into(),
            performance: PerformanceView::of(&compared.performance, None),
        });
        let AlignedCurves { points, total } = comparison.curves;
        let points = points
            .into_iter()
            .map(|AlignedPoint { bar_start_at, values }| CurvePointView { bar_start_at, values })
            .collect();
        let correlations = comparison.correlations.0;
        let Opposites { bars, total: opposites } = comparison.opposites;
        Self {
            runs: runs.collect(),
            differences: comparison.differences.into_iter().map(DifferenceView::from).collect(),
            curves: CurvesView { points, total },
            correlations: correlations
                .into_iter()
                .map(|row| row.into_iter().map(Result::ok).collect())
                .collect(),
            opposites: OppositesView {
                bars: bars.into_iter().map(OppositeView::from).collect(),
                total: opposites,
            },
        }
    }
}

impl From<Difference> for DifferenceView {
    fn from(Difference { setting, values }: Difference) -> Self {
        Self { setting, values }
    }
}

impl From<Opposite> for OppositeView {
    fn from(Opposite { bar_start_at, symbol, bought, sold }: Opposite) -> Self {
        Self { bar_start_at, symbol, bought, sold }
    }
}
