//! Figures over every window of a series, in time that hardly depends on the window.
//!
//! The usual way, adding what enters a window and subtracting what leaves it, carries the rounding error of the
//! largest value it ever saw along. Here nothing is ever subtracted, so every window is as exact as if it were
//! computed alone. Sums are doubled: those of 1, 2, 4, … values, of which each window is put together (n log window
//! additions, which run side by side). Spreads are cut into blocks as long as the window: a window is the end of one
//! block and the beginning of the next, which are accumulated once per block, and joined (three steps a value).

use crate::convention::Deviation;
use crate::figure::{Because, Figure, Unavailable, finite, number};
use crate::moments::{at_least, divisible, divisor};

/// What a window is summed up as. Reciprocals of counts are handed in: dividing is what would take most of the time.
trait Aggregate: Copy {
    type Item: Copy;
    fn empty() -> Self;
    /// With one item more, given one over the count of all.
    fn with(self, item: Self::Item, inverse: f64) -> Self;
    /// Of the items of both, given one over the count of all.
    fn joined(self, other: Self, inverse: f64) -> Self;
}

/// Sum of every window of `window` values, in order; values of one sign lose no digits.
pub fn rolling_sums(values: &[f64], window: usize) -> Result<Vec<f64>, Unavailable> {
    fits(window, values.len())?;
    let (mut doubled, mut width) = (values.to_vec(), 1);
    // The first `covered` values of every window.
    let (mut sums, mut covered): (Option<Vec<f64>>, usize) = (None, 0);
    loop {
        if window & width != 0 {
            sums = Some(match sums {
                Some(sums) => shifted_sums(&sums, &doubled, covered),
                None if covered + width == window => return checked(doubled),
                None => doubled.clone(),
            });
            covered += width;
        }
        if covered == window {
            break;
        }
        doubled = shifted_sums(&doubled, &doubled, width);
        width *= 2;
    }
    checked(sums.unwrap_or_default())
}

fn checked(sums: Vec<f64>) -> Result<Vec<f64>, Unavailable> {
    let finite = sums.iter().fold(true, |all, sum| all & sum.is_finite());
    if finite { Ok(sums) } else { Err(Because::NotFinite.into()) }
}

/// left_i + right_{i + shift}, as far as both go.
fn shifted_sums(left: &[f64], right: &[f64], shift: usize) -> Vec<f64> {
    left.iter().zip(right.get(shift..).unwrap_or_default()).map(|(left, right)| left + right).collect()
}

/// Mean of every window of `window` values, in order.
pub fn rolling_means(values: &[f64], window: usize) -> Result<Vec<f64>, Unavailable> {
    let mut means = rolling_sums(values, window)?;
    for mean in &mut means {
        *mean /= number(window as u64);
    }
    Ok(means)
}

/// Standard deviation of every window of `window` values, in order and in their unit. The window is at least 2.
pub fn rolling_deviations(
    values: &[f64],
    window: usize,
    deviation: Deviation,
) -> Result<Vec<f64>, Unavailable> {
    two_or_more(window)?;
    let divisor = divisor(window as u64, deviation);
    let deviations = windows(values, window, |spread: Spread| (spread.squares / divisor).sqrt())?;
    if deviations.iter().all(|deviation| deviation.is_finite()) {
        Ok(deviations)
    } else {
        Err(Because::NotFinite.into())
    }
}

/// cov(y, x) / var(x) of every window of `window` pairs, in order. A window in which x does not vary has none. The
/// window is at least 2.
pub fn rolling_slopes(y: &[f64], x: &[f64], window: usize) -> Result<Vec<Figure>, Unavailable> {
    two_or_more(window)?;
    if y.len() != x.len() {
        return Err(Because::LengthsDiffer.into());
    }
    let pairs: Vec<(f64, f64)> = y.iter().copied().zip(x.iter().copied()).collect();
    windows(&pairs, window, |spread: JointSpread| spread.slope(number(window as u64)))
}

fn two_or_more(window: usize) -> Result<(), Unavailable> {
    if window >= 2 { Ok(()) } else { Err(Because::InvalidConvention.into()) }
}

fn fits(window: usize, length: usize) -> Result<(), Unavailable> {
    if window == 0 {
        return Err(Because::InvalidConvention.into());
    }
    at_least(window as u64, length as u64)
}

fn windows<A: Aggregate, T>(
    items: &[A::Item],
    window: usize,
    finish: impl Fn(A) -> T,
) -> Result<Vec<T>, Unavailable> {
    fits(window, items.len())?;
    let inverses: Vec<f64> = (1..=window as u64).map(|count| 1.0 / number(count)).collect();
    let inverse_of_all = 1.0 / number(window as u64);
    let mut finished = Vec::with_capacity(items.len() - window + 1);
    // Of the block before, what its last item, its last two, … add up to.
    let mut endings: Vec<A> = Vec::with_capacity(window);
    for block in items.chunks(window) {
        let mut beginning = A::empty();
        // The window that ends at this block's first item holds all but the first of the block before.
        let mut ends = endings.iter().rev().skip(1);
        for (index, (item, inverse)) in block.iter().zip(&inverses).enumerate() {
            beginning = beginning.with(*item, *inverse);
            match ends.next() {
                Some(end) => finished.push(finish(end.joined(beginning, inverse_of_all))),
                None if index + 1 == window => finished.push(finish(beginning)),
                None => {}
            }
        }
        endings.clear();
        let mut ending = A::empty();
        for (item, inverse) in block.iter().rev().zip(&inverses) {
            ending = ending.with(*item, *inverse);
            endings.push(ending);
        }
    }
    Ok(finished)
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

    fn with(self, item: f64, inverse: f64) -> Self {
        let distance = item - self.mean;
        let mean = self.mean + distance * inverse;
        Self { count: self.count + 1.0, mean, squares: self.squares + distance * (item - mean) }
    }

    fn joined(self, other: Self, inverse: f64) -> Self {
        let distance = other.mean - self.mean;
        let share = other.count * inverse;
        Self {
            count: self.count + other.count,
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
    fn slope(self, count: f64) -> Figure {
        let deviation = (self.x.squares / count).sqrt();
        divisible(finite(deviation)?, finite(self.x.mean)?)?;
        finite(self.products / self.x.squares)
    }
}

impl Aggregate for JointSpread {
    type Item = (f64, f64);

    fn empty() -> Self {
        Self { x: Spread::empty(), y_mean: 0.0, products: 0.0 }
    }

    fn with(self, (y, x): (f64, f64), inverse: f64) -> Self {
        let from_mean = x - self.x.mean;
        let y_mean = self.y_mean + (y - self.y_mean) * inverse;
        Self { x: self.x.with(x, inverse), y_mean, products: self.products + from_mean * (y - y_mean) }
    }

    fn joined(self, other: Self, inverse: f64) -> Self {
        let (x_distance, y_distance) = (other.x.mean - self.x.mean, other.y_mean - self.y_mean);
        let share = other.x.count * inverse;
        Self {
            x: self.x.joined(other.x, inverse),
            y_mean: self.y_mean + y_distance * share,
            products: self.products + other.products + x_distance * y_distance * (self.x.count * share),
        }
    }
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
