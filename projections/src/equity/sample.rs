//! Fewer points for charts, without losing what a chart must show: ends, peaks and troughs.

use events::RunId;
use serde::Serialize;

use super::series::{EquityPoint, EquitySeries};
use crate::database::QueryError;
use crate::reader::Reader;

/// A series thinned for display.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sampled {
    /// The points kept, by rising bar: the first, the last, and the lowest and highest of each stretch between.
    pub points: Vec<EquityPoint>,
    /// How many points the series has.
    pub total: u64,
}

/// At most `points` points of a run (but never fewer than four), and all of a series that is not longer.
pub async fn sampled(client: &impl Reader, run: RunId, points: usize) -> Result<Sampled, QueryError> {
    let rows = client
        .query(include_str!("../sql/equity/count.sql"), &[&run.uuid()])
        .await
        .map_err(QueryError::during("counting the equity points of a run"))?;
    let total = rows.first().map_or(0_i64, |row| row.get(0));
    let mut sampler = Sampler::new(usize::try_from(total).unwrap_or(usize::MAX), points);
    let mut series = EquitySeries::of(client, run);
    loop {
        let chunk = series.next_chunk().await?;
        if chunk.is_empty() {
            break;
        }
        chunk.into_iter().for_each(|point| sampler.push(point));
    }
    Ok(sampler.finish())
}

/// Keeps the lowest and the highest point of each of a number of equally long stretches.
#[derive(Debug)]
struct Sampler {
    total: usize,
    stretches: usize,
    seen: usize,
    stretch: usize,
    lowest: Option<EquityPoint>,
    highest: Option<EquityPoint>,
    last: Option<EquityPoint>,
    kept: Vec<EquityPoint>,
}

impl Sampler {
    fn new(total: usize, points: usize) -> Self {
        let inner = points.max(4) - 2;
        // A series that fits has stretches of one point.
        let stretches = if total <= inner + 2 { total.max(1) } else { inner / 2 };
        Self {
            total: total.max(1),
            stretches,
            seen: 0,
            stretch: 0,
            lowest: None,
            highest: None,
            last: None,
            kept: Vec::new(),
        }
    }

    fn push(&mut self, point: EquityPoint) {
        let stretch = self.seen.saturating_mul(self.stretches) / self.total;
        if stretch != self.stretch {
            self.close();
            self.stretch = stretch;
        }
        if self.seen == 0 {
            self.kept.push(point);
        }
        self.seen += 1;
        if self.lowest.is_none_or(|lowest| point.value < lowest.value) {
            self.lowest = Some(point);
        }
        if self.highest.is_none_or(|highest| point.value > highest.value) {
            self.highest = Some(point);
        }
        self.last = Some(point);
    }

    fn close(&mut self) {
        let mut pair = [self.lowest.take(), self.highest.take()];
        pair.sort_by_key(|point| point.map(|point| point.bar));
        for point in pair.into_iter().flatten() {
            self.keep(point);
        }
    }

    fn keep(&mut self, point: EquityPoint) {
        if self.kept.last().is_none_or(|kept| kept.bar < point.bar) {
            self.kept.push(point);
        }
    }

    fn finish(mut self) -> Sampled {
        self.close();
        if let Some(last) = self.last {
            self.keep(last);
        }
        Sampled { points: self.kept, total: u64::try_from(self.seen).unwrap_or(u64::MAX) }
    }
}

#[cfg(test)]
mod tests {
    use events::Cash;
    use jiff::Timestamp;

    use super::*;

    fn series(values: impl IntoIterator<Item = i64>) -> Vec<EquityPoint> {
        let point = |(bar, value): (u32, i64)| EquityPoint {
            bar,
            bar_start_at: Timestamp::from_second(i64::from(bar) * 60).unwrap(),
            cash: Cash::ZERO,
            value: Cash::whole(value).unwrap(),
            provisional: false,
        };
        (0..).zip(values).map(point).collect()
    }

    fn thinned(points: &[EquityPoint], most: usize) -> Vec<EquityPoint> {
        let mut sampler = Sampler::new(points.len(), most);
        points.iter().for_each(|point| sampler.push(*point));
        sampler.finish().points
    }

    #[test]
    fn a_short_series_is_kept_whole() {
        for length in 0..=9 {
            let whole = series((0..length).map(|value| value * 7 % 5));
            assert_eq!(thinned(&whole, 9), whole, "{length}");
        }
    }

    #[test]
    fn ends_lowest_and_highest_survive_any_thinning() {
        let whole =
            series((0..5_000).map(|value| (value * 7_919) % 4_999 - if value == 3_333 { 9_000 } else { 0 }));
        for most in [4, 5, 10, 101, 1_000] {
            let kept = thinned(&whole, most);
            assert!(kept.len() <= most, "{most} gave {}", kept.len());
            assert_eq!(kept.first(), whole.first());
            assert_eq!(kept.last(), whole.last());
            let lowest = |points: &[EquityPoint]| points.iter().map(|point| point.value).min();
            let highest = |points: &[EquityPoint]| points.iter().map(|point| point.value).max();
            assert_eq!((lowest(&kept), highest(&kept)), (lowest(&whole), highest(&whole)));
            assert!(kept.is_sorted_by(|left, right| left.bar < right.bar));
        }
    }
}
