//! Exposure: how much of the equity was at work.

use serde::{Deserialize, Serialize};

use crate::figure::{Because, Figure, finite, number};
use crate::sum::Sum;

/// Position values as shares of equity, over the points that carry them. Constant size.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct ExposureAccumulator {
    gross: Sum,
    gross_count: u64,
    gross_maximum: f64,
    invested: u64,
    net: Sum,
    net_count: u64,
}

impl ExposureAccumulator {
    /// Takes one point. `equity` must be above zero; gross is the sum of absolute position values, net the
    /// signed one. What is absent is not counted.
    pub fn push(&mut self, equity: f64, gross: Option<f64>, net: Option<f64>) {
        if let Some(gross) = gross {
            let share = gross / equity;
            self.gross.add(share);
            self.gross_count += 1;
            self.invested += u64::from(gross > 0.0);
            if share.is_finite() {
                self.gross_maximum = self.gross_maximum.max(share);
            }
        }
        if let Some(net) = net {
            self.net.add(net / equity);
            self.net_count += 1;
        }
    }

    /// Mean of gross position value / equity, a fraction.
    pub fn gross_mean(&self) -> Figure {
        mean(&self.gross, self.gross_count)
    }

    /// Largest gross position value / equity, a fraction.
    pub fn gross_maximum(&self) -> Figure {
        self.gross_mean()?;
        Ok(self.gross_maximum)
    }

    /// Mean of net position value / equity, a fraction; negative when short on balance.
    pub fn net_mean(&self) -> Figure {
        mean(&self.net, self.net_count)
    }

    /// Share of the points with a position, 0 to 1.
    pub fn invested_share(&self) -> Figure {
        self.gross_mean()?;
        Ok(number(self.invested) / number(self.gross_count))
    }
}

fn mean(sum: &Sum, count: u64) -> Figure {
    if count == 0 {
        return Err(Because::NoPositionValues.into());
    }
    finite(sum.total()? / number(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hedged_book_has_gross_but_no_net_exposure() {
        let mut exposure = ExposureAccumulator::default();
        exposure.push(100.0, Some(0.0), Some(0.0));
        exposure.push(100.0, Some(150.0), Some(0.0));
        assert_eq!(exposure.gross_mean(), Ok(0.75));
        assert_eq!(exposure.gross_maximum(), Ok(1.5));
        assert_eq!(exposure.net_mean(), Ok(0.0));
        assert_eq!(exposure.invested_share(), Ok(0.5));
    }

    #[test]
    fn without_position_values_there_is_no_exposure() {
        let mut exposure = ExposureAccumulator::default();
        exposure.push(100.0, None, None);
        assert_eq!(exposure.gross_maximum(), Err(Because::NoPositionValues.into()));
    }
}
