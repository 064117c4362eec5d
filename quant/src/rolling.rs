//! Figures over every window of a series, in time linear in the series whatever the window.
//!
//! The usual way, adding what enters a window and subtracting what leaves it, carries the rounding error of the
//! largest value it ever saw along. Here the series is cut into blocks as long as the window. A window is the end
//! of one block and the beginning of the next: both are accumulated once per block, and joined. Nothing is ever
//! subtracted, so every window is as exact as if it were computed alone.

use crate::convention::Deviation;
use crate::figure::{Because, Figure, Unavailable, finite, number};
use crate::moments::{at_least, divisible, divisor};

/// What a window is summed up as.
trait Aggregate: Copy {
    type Item: Copy;
    fn empty() -> Self;
    /// With one item more.
    fn with(self, item: Self::Item) -> Self;
    /// Of the items of both.
    fn joined(self, other: Self) -> Self;
}

/// Sum of every window of `window` values, in order; values of one sign lose no digits.
pub fn rolling_sums(values: &[f64], window: usize) -> Result<Vec<f64>, Unavailable> {
    windows::<Total>(values, window)?.into_iter().map(|Total(sum)| finite(sum)).collect()
}

/// Standard deviation of every window of `window` values, in order and in their unit. The window is at least 2.
pub fn rolling_deviations(
    values: &[f64],
    window: usize,
    deviation: Deviation,
) -> Result<Vec<f64>, Unavailable> {
    two_or_more(window)?;
    let divisor = divisor(window as u64, deviation);
    windows::<Spread>(values, window)?
        .into_iter()
        .map(|spread| finite((spread.squares / divisor).sqrt()))
        .collect()
}

/// cov(y, x) / var(x) of every window of `window` pairs, in order. A window in which x does not vary has none. The
/// window is at least 2.
pub fn rolling_slopes(y: &[f64], x: &[f64], window: usize) -> Result<Vec<Figure>, Unavailable> {
    two_or_more(window)?;
    if y.len() != x.len() {
        return Err(Because::LengthsDiffer.into());
    }
    let pairs: Vec<(f64, f64)> = y.iter().copied().zip(x.iter().copied()).collect();
    Ok(windows::<JointSpread>(&pairs, window)?.into_iter().map(JointSpread::slope).collect())
}

fn two_or_more(window: usize) -> Result<(), Unavailable> {
    if window >= 2 { Ok(()) } else { Err(Because::InvalidConvention.into()) }
}

fn windows<A: Aggregate>(items: &[A::Item], window: usize) -> Result<Vec<A>, Unavailable> {
    if window == 0 {
        return Err(Because::InvalidConvention.into());
    }
    at_least(window as u64, items.len() as u64)?;
    let mut windows = Vec::with_capacity(items.len() - window + 1);
    // Of the block before, what its last item, its last two, … add up to.
    let mut endings: Vec<A> = Vec::new();
    for block in items.chunks(window) {
        let mut beginning = A::empty();
        // The window that ends at this block's first item holds all but the first of the block before.
        let mut ends = endings.iter().rev().skip(1);
        for (index, item) in block.iter().enumerate() {
            beginning = beginning.with(*item);
            match ends.next() {
                Some(end) => windows.push(end.joined(beginning)),
                None if index + 1 == window => windows.push(beginning),
                None => {}
            }
        }
        endings.clear();
        let mut ending = A::empty();
        for item in block.iter().rev() {
            ending = ending.with(*item);
            endings.push(ending);
        }
    }
    Ok(windows)
}

#[derive(Clone, Copy)]
struct Total(f64);

impl Aggregate for Total {
    type Item = f64;

    fn empty() -> Self {
        Self(0.0)
    }

    fn with(self, item: f64) -> Self {
        Self(self.0 + item)
    }

    fn joined(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

/// Count, mean and Σ(x - mean)², by Welford's recurrence; joined by Chan, Golub and LeVeque's.
#[derive(Clone, Copy)]
struct Spread {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Aggregate for Spread {
    type Item = f64;

    fn empty() -> Self {
        Self { count: 0.0, mean: 0.0, squares: 0.0 }
    }

    fn with(self, item: f64) -> Self {
        let count = self.count + 1.0;
        let distance = item - self.mean;
        let mean = self.mean + distance / count;
        Self { count, mean, squares: self.squares + distance * (item - mean) }
    }

    fn joined(self, other: Self) -> Self {
        let count = self.count + other.count;
        let distance = other.mean - self.mean;
        let share = other.count / count;
        Self {
            count,
            mean: self.mean + distance * share,
            squares: self.squares + other.squares + distance * distance * (self.count * share),
        }
    }
}

/// The same of pairs (y, x), with Σ(y - mean y)(x - mean x).
#[derive(Clone, Copy)]
struct JointSpread {
    x: Spread,
    y_mean: f64,
    products: f64,
}

impl JointSpread {
    fn slope(self) -> Figure {
        let deviation = (self.x.squares / self.x.count).sqrt();
        divisible(finite(deviation)?, finite(self.x.mean)?)?;
        finite(self.products / self.x.squares)
    }
}

impl Aggregate for JointSpread {
    type Item = (f64, f64);

    fn empty() -> Self {
        Self { x: Spread::empty(), y_mean: 0.0, products: 0.0 }
    }

    fn with(self, (y, x): (f64, f64)) -> Self {
        let from_mean = x - self.x.mean;
        let spread = self.x.with(x);
        let y_mean = self.y_mean + (y - self.y_mean) / spread.count;
        Self { x: spread, y_mean, products: self.products + from_mean * (y - y_mean) }
    }

    fn joined(self, other: Self) -> Self {
        let (x_distance, y_distance) = (other.x.mean - self.x.mean, other.y_mean - self.y_mean);
        let share = other.x.count / (self.x.count + other.x.count);
        Self {
            x: self.x.joined(other.x),
            y_mean: self.y_mean + y_distance * share,
            products: self.products + other.products + x_distance * y_distance * (self.x.count * share),
        }
    }
}

/// Mean of every window of `window` values, in order.
pub fn rolling_means(values: &[f64], window: usize) -> Result<Vec<f64>, Unavailable> {
    let sums = rolling_sums(values, window)?;
    Ok(sums.into_iter().map(|sum| sum / number(window as u64)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{PairedSample, Sample};

    fn series(length: u32) -> Vec<f64> {
        (1..=length).map(|t| 0.01 * libm::sin(f64::from(t)) + 0.005 * libm::cos(3.0 * f64::from(t))).collect()
    }

    #[test]
    fn every_window_is_what_it_is_alone() {
        let (y, x) = (series(100), series(130)[30..].to_vec());
        for window in [2, 3, 7, 21, 50, 99, 100] {
            let sums = rolling_sums(&y, window).unwrap();
            let deviations = rolling_deviations(&y, window, Deviation::Sample).unwrap();
            let slopes = rolling_slopes(&y, &x, window).unwrap();
            assert_eq!(deviations.len(), y.len() - window + 1);
            assert_eq!((sums.len(), slopes.len()), (deviations.len(), deviations.len()));
            for (index, (left, right)) in y.windows(window).zip(x.windows(window)).enumerate() {
                let alone = Sample::of(left).unwrap();
                assert!((sums[index] - alone.mean() * window as f64).abs() < 1e-15);
                let deviation = alone.deviation(Deviation::Sample).unwrap();
                assert!((deviations[index] / deviation - 1.0).abs() < 1e-13, "{window} {index}");
                let slope = PairedSample::of(left, right).unwrap().slope().unwrap();
                assert!((slopes[index].unwrap() - slope).abs() < 1e-12 * slope.abs().max(1.0));
            }
        }
    }

    #[test]
    fn a_large_value_leaves_no_trace_once_it_left() {
        let mut values = vec![0.5, -0.25, 0.5];
        values.insert(0, 1e100);
        assert_eq!(rolling_sums(&values, 3).unwrap()[1], 0.75);
        let deviation = rolling_deviations(&values, 3, Deviation::Population).unwrap()[1];
        assert!((deviation - 0.125f64.sqrt()).abs() < 1e-15);
    }

    #[test]
    fn windows_that_do_not_fit_are_refused() {
        assert_eq!(rolling_sums(&[1.0], 2), Err(Because::TooFewReturns { needed: 2 }.into()));
        assert_eq!(rolling_sums(&[1.0], 0), Err(Because::InvalidConvention.into()));
        let one = rolling_deviations(&[1.0, 2.0], 1, Deviation::Sample);
        assert_eq!(one, Err(Because::InvalidConvention.into()));
        assert_eq!(rolling_slopes(&[1.0], &[1.0, 2.0], 2), Err(Because::LengthsDiffer.into()));
        assert_eq!(rolling_means(&[1.0, 3.0, 5.0], 2), Ok(vec![2.0, 4.0]));
    }

    #[test]
    fn what_is_not_finite_gives_no_window() {
        assert_eq!(rolling_sums(&[1.0, f64::NAN], 2), Err(Because::NotFinite.into()));
        let spread = rolling_deviations(&[1e300, -1e300], 2, Deviation::Sample);
        assert_eq!(spread, Err(Because::NotFinite.into()));
        let slopes = rolling_slopes(&[1.0, 2.0, 3.0], &[1.0, 1.0, f64::NAN], 2).unwrap();
        assert_eq!(slopes, [Err(Because::ZeroDeviation.into()), Err(Because::NotFinite.into())]);
    }
}
