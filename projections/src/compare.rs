//! Runs beside each other: what they were told differently, what came of it, and where they disagreed.

use std::collections::BTreeSet;

use events::RunId;
use quant::Figure;
use serde::{Serialize, Serializer};

mod curves;
mod differences;
mod opposites;

pub use curves::{AlignedCurves, AlignedPoint};
pub use differences::{Difference, differences};
pub use opposites::{OPPOSITES_MAX, Opposite, Opposites};

use crate::performance::{PerformanceError, PerformanceQuery, RunPerformance, ShownFigure, performance};
use crate::reader::Reader;
use crate::runs::{RunDetail, RunSummary};

/// Fewest and most runs that can be compared.
pub const RUNS_COMPARED: std::ops::RangeInclusive<usize> = 2..=10;

/// Runs beside each other.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The runs, in the order asked for; everything below has this order.
    pub runs: Vec<ComparedRun>,
    /// Settings of the snapshots that are not equal in all runs.
    pub differences: Vec<Difference>,
    /// Equity series over the bars of all runs.
    pub curves: AlignedCurves,
    /// Correlation of the returns of each run with each other, over the bars they share.
    pub correlations: Correlations,
    /// Bars in which one run bought what another sold.
    pub opposites: Opposites,
}

/// One of the runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ComparedRun {
    /// The run.
    #[serde(flatten)]
    pub run: RunSummary,
    /// How it performed.
    pub performance: RunPerformance,
}

/// A symmetric matrix, rows and columns in the order of the runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Correlations(pub Vec<Vec<Figure>>);

impl Serialize for Correlations {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let shown = |row: &Vec<Figure>| row.iter().copied().map(ShownFigure::from).collect::<Vec<_>>();
        serializer.collect_seq(self.0.iter().map(shown))
    }
}

/// Why runs were not compared.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// Too few or too many.
    #[error("2 to 10 runs can be compared, not {0}")]
    Count(usize),
    /// The same run twice.
    #[error("run {0} is named twice")]
    Twice(RunId),
    /// The figures of a run could not be computed.
    #[error(transparent)]
    Performance(#[from] PerformanceError),
    /// The read models could not be read.
    #[error(transparent)]
    Query(#[from] crate::QueryError),
}

/// Compares `runs`; curves keep at most `points` points.
pub async fn compare(
    client: &impl Reader,
    runs: Vec<RunDetail>,
    query: &PerformanceQuery<'_>,
    points: usize,
) -> Result<Comparison, CompareError> {
    if !RUNS_COMPARED.contains(&runs.len()) {
        return Err(CompareError::Count(runs.len()));
    }
    let mut seen = BTreeSet::new();
    if let Some(twice) = runs.iter().find(|run| !seen.insert(run.run.run_id)) {
        return Err(CompareError::Twice(twice.run.run_id));
    }
    let ids: Vec<RunId> = runs.iter().map(|run| run.run.run_id).collect();
    let (curves, correlations) = curves::read(client, &ids, points).await?;
    let opposites = opposites::read(client, &ids).await?;
    let differences = differences(runs.iter().map(|run| run.snapshot.as_ref()));
    let mut compared = Vec::with_capacity(runs.len());
    for run in runs {
        let performance = performance(client, &run, query).await?;
        compared.push(ComparedRun { run: run.run, performance });
    }
    Ok(Comparison { runs: compared, differences, curves, correlations, opposites })
}
