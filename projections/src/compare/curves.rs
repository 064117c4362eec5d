//! Equity series of several runs on one time line, read in parallel with one chunk of each in memory.

use std::vec::IntoIter;

use events::{Cash, RunId};
use jiff::Timestamp;
use quant::moments::JointMoments;
use serde::Serialize;

use super::Correlations;
use crate::QueryError;
use crate::equity::{EquityPoint, EquitySeries};
use crate::reader::Reader;

/// Equity series of several runs over the union of their bars.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AlignedCurves {
    /// Points by time, evenly thinned; the first and the last are always there.
    pub points: Vec<AlignedPoint>,
    /// How many bars the union has.
    pub total: u64,
}

/// All runs at one bar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AlignedPoint {
    /// When the bar starts (UTC).
    pub bar_start_at: Timestamp,
    /// Value of each run at its last bar up to here; null before its first bar and after its last.
    pub values: Vec<Option<Cash>>,
}

/// Reads the series of `runs` once: curves of at most `points` points, and the correlations of their returns.
pub(super) async fn read(
    client: &impl Reader,
    runs: &[RunId],
    points: usize,
) -> Result<(AlignedCurves, Correlations), QueryError> {
    let mut lanes = Vec::with_capacity(runs.len());
    for run in runs {
        lanes.push(Lane::open(client, *run).await?);
    }
    let mut thinner = Thinner::new(points);
    let mut pairs = Pairs::new(runs.len());
    while let Some(at) = lanes.iter().filter_map(|lane| lane.head.map(|head| head.bar_start_at)).min() {
        let mut fresh = Vec::with_capacity(lanes.len());
        for lane in &mut lanes {
            fresh.push(lane.take(at).await?);
        }
        pairs.push(&fresh);
        thinner.push(AlignedPoint { bar_start_at: at, values: lanes.iter().map(Lane::shown).collect() });
    }
    Ok((thinner.finish(), pairs.correlations()))
}

/// One series and how far it was read.
struct Lane<'c, C> {
    series: EquitySeries<'c, C>,
    chunk: IntoIter<EquityPoint>,
    head: Option<EquityPoint>,
    /// The value of the last point taken; forgotten one step after the end of the series.
    value: Option<Cash>,
    ended: bool,
}

impl<'c, C: Reader> Lane<'c, C> {
    async fn open(client: &'c C, run: RunId) -> Result<Self, QueryError> {
        let series = EquitySeries::of(client, run);
        let mut lane = Self { series, chunk: Vec::new().into_iter(), head: None, value: None, ended: false };
        lane.advance().await?;
        Ok(lane)
    }

    async fn advance(&mut self) -> Result<(), QueryError> {
        self.head = self.chunk.next();
        if self.head.is_none() {
            self.chunk = self.series.next_chunk().await?.into_iter();
            self.head = self.chunk.next();
        }
        Ok(())
    }

    /// The value at the bar that starts at `at`, if this series has it.
    async fn take(&mut self, at: Timestamp) -> Result<Option<f64>, QueryError> {
        match self.head.filter(|head| head.bar_start_at == at) {
            Some(point) => {
                self.advance().await?;
                self.value = Some(point.value);
                Ok(Some(point.value.to_f64()))
            }
            None => {
                self.ended = self.head.is_none();
                Ok(None)
            }
        }
    }

    fn shown(&self) -> Option<Cash> {
        self.value.filter(|_| !self.ended)
    }
}

/// Keeps every n-th point, doubling n whenever too many are kept: constant memory without knowing the length.
struct Thinner {
    most: usize,
    stride: u64,
    seen: u64,
    kept: Vec<AlignedPoint>,
    last: Option<AlignedPoint>,
}

impl Thinner {
    fn new(points: usize) -> Self {
        Self { most: points.max(4), stride: 1, seen: 0, kept: Vec::new(), last: None }
    }

    fn push(&mut self, point: AlignedPoint) {
        if self.seen.is_multiple_of(self.stride) {
            // One place is left for the last point.
            if self.kept.len() + 1 >= self.most {
                let mut index = 0_u64;
                self.kept.retain(|_| {
                    index += 1;
                    index % 2 == 1
                });
                self.stride *= 2;
            }
            if self.seen.is_multiple_of(self.stride) {
                self.kept.push(point.clone());
            }
        }
        self.seen += 1;
        self.last = Some(point);
    }

    fn finish(mut self) -> AlignedCurves {
        if let Some(last) = self.last
            && self.kept.last() != Some(&last)
        {
            self.kept.push(last);
        }
        AlignedCurves { points: self.kept, total: self.seen }
    }
}

/// Joint moments of each pair of runs, over the bars that both have.
struct Pairs {
    runs: usize,
    pairs: Vec<Pair>,
}

struct Pair {
    left: usize,
    right: usize,
    last: Option<(f64, f64)>,
    moments: JointMoments,
}

impl Pairs {
    fn new(runs: usize) -> Self {
        let pair = |left, right| Pair { left, right, last: None, moments: JointMoments::default() };
        // A run with itself tells whether it varies at all.
        let pairs = (0..runs).flat_map(|left| (left..runs).map(move |right| pair(left, right))).collect();
        Self { runs, pairs }
    }

    fn push(&mut self, values: &[Option<f64>]) {
        for pair in &mut self.pairs {
            let value = |run: usize| values.get(run).copied().flatten();
            let Some(now) = value(pair.left).zip(value(pair.right)) else { continue };
            if let Some(before) = pair.last.replace(now)
                && let Ok(left) = quant::returns::simple_return(before.0, now.0)
                && let Ok(right) = quant::returns::simple_return(before.1, now.1)
            {
                pair.moments.push(left, right);
            }
        }
    }

    fn correlations(&self) -> Correlations {
        let between = |left: usize, right: usize| {
            let (low, high) = (left.min(right), left.max(right));
            let found = self.pairs.iter().find(|pair| (pair.left, pair.right) == (low, high));
            let none = Err(quant::Unavailable { because: quant::Because::NoPoints });
            found.map_or(none, |pair| pair.moments.correlation())
        };
        Correlations(
            (0..self.runs).map(|left| (0..self.runs).map(|right| between(left, right)).collect()).collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(index: i64) -> AlignedPoint {
        AlignedPoint {
            bar_start_at: Timestamp::from_second(index).unwrap(),
            values: vec![Cash::whole(index)],
        }
    }

    #[test]
    fn thinning_keeps_both_ends_and_the_limit() {
        for length in [0, 1, 4, 5, 6, 17, 1_000] {
            let mut thinner = Thinner::new(5);
            (0..length).for_each(|index| thinner.push(point(index)));
            let curves = thinner.finish();
            assert!(curves.points.len() <= 5, "{length}: {}", curves.points.len());
            assert_eq!(curves.points.first(), (length > 0).then(|| point(0)).as_ref());
            assert_eq!(curves.points.last(), (length > 0).then(|| point(length - 1)).as_ref());
            assert!(curves.points.is_sorted_by_key(|point| point.bar_start_at));
        }
    }

    #[test]
    fn returns_are_taken_over_shared_bars_only() {
        let mut pairs = Pairs::new(2);
        for values in [
            [Some(100.0), Some(50.0)],
            [Some(110.0), None],
            [Some(120.0), Some(60.0)],
            [Some(90.0), Some(45.0)],
        ] {
            pairs.push(&values);
        }
        let Correlations(matrix) = pairs.correlations();
        assert!((matrix[0][1].unwrap() - 1.0).abs() < 1e-12);
        assert_eq!(matrix[0][1], matrix[1][0]);
    }
}
