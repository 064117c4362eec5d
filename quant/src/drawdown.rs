//! Drawdown: how far a value is below its highest so far.

use serde::{Deserialize, Serialize};

use crate::figure::{Because, Figure, Unavailable, positive};

/// The deepest fall of a series, from its peak to its trough and, if it came, back to the peak.
///
/// Indices count the pushed points from 0, which is the opening value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct DrawdownEpisode {
    /// 1 - trough / peak, a fraction from 0 to 1.
    pub depth: f64,
    /// Value at the peak.
    pub peak: f64,
    /// Value at the trough.
    pub trough: f64,
    /// First point at which the peak was reached.
    pub peak_index: u64,
    /// First point at the trough.
    pub trough_index: u64,
    /// First point after the trough at or above the peak; none while below it.
    pub recovery_index: Option<u64>,
}

/// Running maximum, running drawdown and deepest drawdown. Constant size.
///
/// A value that is not finite or not above zero spoils what follows: a fall below zero has no depth.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct DrawdownAccumulator {
    points: u64,
    peak: f64,
    peak_index: u64,
    current: f64,
    deepest: Option<DrawdownEpisode>,
    spoiled: Option<Unavailable>,
}

impl DrawdownAccumulator {
    /// Takes the next value and gives its drawdown, for charts: `1 - value / highest so far`, 0 to 1.
    pub fn push(&mut self, value: f64) -> Figure {
        let index = self.points;
        self.points += 1;
        if let Err(unavailable) = positive(value, Because::EquityNotPositive) {
            self.spoiled.get_or_insert(unavailable);
        }
        if let Some(unavailable) = self.spoiled {
            return Err(unavailable);
        }
        self.recover(index, value);
        if value > self.peak {
            self.peak = value;
            self.peak_index = index;
        }
        self.current = (self.peak - value) / self.peak;
        if self.current > self.deepest.map_or(0.0, |deepest| deepest.depth) {
            self.deepest = Some(DrawdownEpisode {
                depth: self.current,
                peak: self.peak,
                trough: value,
                peak_index: self.peak_index,
                trough_index: index,
                recovery_index: None,
            });
        }
        Ok(self.current)
    }

    /// Drawdown of the last point, a fraction from 0 to 1.
    pub fn current(&self) -> Figure {
        self.usable()?;
        Ok(self.current)
    }

    /// The maximum drawdown, a fraction from 0 to 1; 0 if the series never fell.
    pub fn maximum(&self) -> Figure {
        self.usable()?;
        Ok(self.deepest.map_or(0.0, |deepest| deepest.depth))
    }

    /// The deepest fall; none if the series never fell or is unusable. Of equally deep ones the first.
    pub fn deepest(&self) -> Option<DrawdownEpisode> {
        self.deepest.filter(|_| self.spoiled.is_none())
    }

    fn usable(&self) -> Result<(), Unavailable> {
        match self.spoiled {
            Some(unavailable) => Err(unavailable),
            None if self.points == 0 => Err(Because::NoPoints.into()),
            None => Ok(()),
        }
    }

    fn recover(&mut self, index: u64, value: f64) {
        if let Some(deepest) = &mut self.deepest
            && deepest.recovery_index.is_none()
            && value >= deepest.peak
        {
            deepest.recovery_index = Some(index);
        }
    }
}

/// The drawdown of every point, for charts; as many as there are values.
pub fn drawdowns(values: &[f64]) -> Result<Vec<f64>, Unavailable> {
    let mut accumulator = DrawdownAccumulator::default();
    values.iter().map(|value| accumulator.push(*value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accumulated(values: &[f64]) -> DrawdownAccumulator {
        let mut accumulator = DrawdownAccumulator::default();
        for value in values {
            let _ = accumulator.push(*value);
        }
        accumulator
    }

    #[test]
    fn the_opening_value_is_a_peak() {
        let deepest = accumulated(&[100.0, 80.0, 90.0]).deepest().unwrap();
        assert_eq!((deepest.depth, deepest.peak_index, deepest.trough_index), (0.2, 0, 1));
        assert_eq!(deepest.recovery_index, None);
    }

    #[test]
    fn recovery_is_the_first_point_back_at_the_peak() {
        let deepest = accumulated(&[90.0, 100.0, 100.0, 75.0, 99.0, 100.0, 120.0]).deepest().unwrap();
        assert_eq!((deepest.peak_index, deepest.trough_index, deepest.recovery_index), (1, 3, Some(5)));
    }

    #[test]
    fn a_later_deeper_fall_replaces_a_recovered_one() {
        let deepest = accumulated(&[100.0, 90.0, 110.0, 55.0]).deepest().unwrap();
        assert_eq!((deepest.depth, deepest.peak_index, deepest.recovery_index), (0.5, 2, None));
    }

    #[test]
    fn a_rising_series_has_drawdown_zero_and_no_episode() {
        let accumulator = accumulated(&[1.0, 2.0, 2.0]);
        assert_eq!((accumulator.maximum(), accumulator.deepest()), (Ok(0.0), None));
    }

    #[test]
    fn a_value_not_above_zero_spoils_the_series() {
        let accumulator = accumulated(&[1.0, 0.5, 0.0, 1.0]);
        assert_eq!(accumulator.maximum(), Err(Because::EquityNotPositive.into()));
        assert_eq!(accumulator.deepest(), None);
        assert_eq!(accumulated(&[f64::NAN]).current(), Err(Because::NotFinite.into()));
        assert_eq!(accumulated(&[]).maximum(), Err(Because::NoPoints.into()));
    }

    #[test]
    fn every_point_has_its_drawdown() {
        assert_eq!(drawdowns(&[100.0, 50.0, 200.0, 150.0]), Ok(vec![0.0, 0.5, 0.0, 0.25]));
    }
}
