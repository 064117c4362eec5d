//! The one summation: Neumaier's compensated sum, in the order of the terms.

use serde::{Deserialize, Serialize};

use crate::figure::{Because, Figure, finite};

/// A running sum that carries its own rounding error along (Neumaier 1974).
///
/// The error of the result does not grow with the number of terms, as a plain loop's does. A term or a total
/// that is not finite is remembered and makes the sum unavailable; it never enters the state, which
/// therefore survives JSON.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Sum {
    total: f64,
    correction: f64,
    overflowed: bool,
}

impl Sum {
    /// Adds one term.
    pub fn add(&mut self, term: f64) {
        let total = self.total + term;
        if !total.is_finite() {
            self.overflowed = true;
            return;
        }
        self.correction += if self.total.abs() >= term.abs() {
            (self.total - total) + term
        } else {
            (term - total) + self.total
        };
        self.total = total;
    }

    /// Adds `a * b` together with the rounding error of the product, as if it had been formed exactly.
    ///
    /// This is what makes sums of squares usable for variances: the cancellation between them and the
    /// squared mean happens in about twice the digits of an `f64`.
    pub fn add_product(&mut self, a: f64, b: f64) {
        let product = a * b;
        self.add(product);
        if product.is_finite() {
            self.add(a.mul_add(b, -product));
        }
    }

    /// Adds `factor` times another sum, its correction included.
    pub fn add_scaled(&mut self, other: &Self, factor: f64) {
        self.overflowed |= other.overflowed;
        self.add_product(other.total, factor);
        self.add_product(other.correction, factor);
    }

    /// The sum so far; zero before the first term.
    pub fn total(&self) -> Figure {
        if self.overflowed { Err(Because::NotFinite.into()) } else { finite(self.total + self.correction) }
    }
}

impl Extend<f64> for Sum {
    fn extend<I: IntoIterator<Item = f64>>(&mut self, terms: I) {
        for term in terms {
            self.add(term);
        }
    }
}

impl FromIterator<f64> for Sum {
    fn from_iter<I: IntoIterator<Item = f64>>(terms: I) -> Self {
        let mut sum = Self::default();
        sum.extend(terms);
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_terms_survive_large_ones() {
        assert_eq!([1.0, 1e100, 1.0, -1e100].into_iter().collect::<Sum>().total(), Ok(2.0));
    }

    #[test]
    fn a_million_tenths_are_a_hundred_thousand() {
        let sum: Sum = std::iter::repeat_n(0.1, 1_000_000).collect();
        assert_eq!(sum.total(), Ok(100_000.0));
    }

    #[test]
    fn products_are_added_exactly() {
        let mut sum = Sum::default();
        let a = 1.0 + f64::EPSILON;
        sum.add_product(a, a);
        sum.add(-1.0);
        sum.add(-2.0 * f64::EPSILON);
        assert_eq!(sum.total(), Ok(f64::EPSILON * f64::EPSILON));
    }

    #[test]
    fn what_is_not_finite_makes_the_sum_unavailable() {
        for terms in [[f64::NAN, 1.0], [f64::MAX, f64::MAX], [f64::INFINITY, f64::NEG_INFINITY]] {
            assert_eq!(terms.into_iter().collect::<Sum>().total(), Err(Because::NotFinite.into()));
        }
    }
}
