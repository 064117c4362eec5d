//! How much of a book its largest positions are.

use serde::{Deserialize, Serialize};

use crate::figure::{Because, Figure, Unavailable, finite};
use crate::products::dot;
use crate::sum::Sum;

/// Index values from which a book counts as moderately concentrated (US merger guidelines 2010).
pub const HHI_MODERATE: f64 = 1_500.0;
/// Index values above which it counts as concentrated.
pub const HHI_CONCENTRATED: f64 = 2_500.0;

/// Bands of the Herfindahl-Hirschman index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConcentrationBand {
    /// Below 1,500.
    Diversified,
    /// From 1,500 to 2,500.
    Moderate,
    /// Above 2,500.
    Concentrated,
}

/// Concentration of a book by gross weights.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Concentration {
    /// Herfindahl-Hirschman index: 10,000 Σw², above 0, at most 10,000.
    pub hhi: f64,
    /// The number of equal positions that are as concentrated: 1/Σw².
    pub effective_positions: f64,
    /// exp(−Σ w ln w), another such number, which small positions count more in.
    pub entropy_positions: f64,
    /// Sum of the three largest weights, a fraction.
    pub top_3: f64,
    /// Sum of the ten largest weights, a fraction.
    pub top_10: f64,
    /// The band of the index.
    pub band: ConcentrationBand,
}

/// |exposure| / Σ |exposure|, fractions that sum to one. Merge lots and options of an issuer before.
///
/// # Errors
/// `NoPositions` when there are none or all are zero; `NotFinite`.
pub fn gross_weights(exposures: &[f64]) -> Result<Vec<f64>, Unavailable> {
    let gross = exposures.iter().map(|exposure| exposure.abs()).collect::<Sum>().total()?;
    if gross <= 0.0 {
        return Err(Because::NoPositions.into());
    }
    exposures.iter().map(|exposure| finite(exposure.abs() / gross)).collect()
}

/// Concentration of signed exposures, by their gross weights.
///
/// # Errors
/// Those of [`gross_weights`].
pub fn concentration(exposures: &[f64]) -> Result<Concentration, Unavailable> {
    let mut weights = gross_weights(exposures)?;
    weights.sort_unstable_by(|left, right| right.total_cmp(left));
    let squares = dot(&weights, &weights);
    let entropy: Sum =
        weights.iter().filter(|weight| **weight > 0.0).map(|weight| -weight * libm::log(*weight)).collect();
    let top = |count: usize| -> Figure {
        Ok(weights.iter().take(count).copied().collect::<Sum>().total()?.min(1.0))
    };
    let hhi = finite(10_000.0 * squares)?;
    Ok(Concentration {
        hhi,
        effective_positions: finite(1.0 / squares)?,
        entropy_positions: finite(libm::exp(entropy.total()?))?,
        top_3: top(3)?,
        top_10: top(10)?,
        band: if hhi < HHI_MODERATE {
            ConcentrationBand::Diversified
        } else if hhi <= HHI_CONCENTRATED {
            ConcentrationBand::Moderate
        } else {
            ConcentrationBand::Concentrated
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(value: f64, expected: f64) {
        assert!((value - expected).abs() <= 1e-10 * expected.abs(), "{value} is not {expected}");
    }

    #[test]
    fn four_positions() {
        let book = concentration(&[40.0, 30.0, 20.0, 10.0]).unwrap();
        close(book.hhi, 3_000.0);
        close(book.effective_positions, 10.0 / 3.0);
        close(book.top_3, 0.9);
        close(book.top_10, 1.0);
        assert_eq!(book.band, ConcentrationBand::Concentrated);
    }

    #[test]
    fn shorts_count_like_longs() {
        let book = concentration(&[230_000.0, -100_000.0, 50_000.0, 20_000.0]).unwrap();
        close(book.hhi, 4_112.5);
        close(book.effective_positions, 2.431_610_942_2);
        close(book.top_3, 0.95);
    }

    #[test]
    fn bands_meet_at_their_limits() {
        let equal = |count: usize| concentration(&vec![1.0; count]).unwrap().band;
        assert_eq!(equal(3), ConcentrationBand::Concentrated);
        assert_eq!(equal(4), ConcentrationBand::Moderate);
        assert_eq!(equal(7), ConcentrationBand::Diversified);
        close(concentration(&[1.0; 7]).unwrap().entropy_positions, 7.0);
    }

    #[test]
    fn nothing_has_no_concentration() {
        for exposures in [&[][..], &[0.0, 0.0]] {
            assert_eq!(concentration(exposures), Err(Because::NoPositions.into()));
        }
        assert_eq!(concentration(&[1.0, f64::NAN]), Err(Because::NotFinite.into()));
    }
}
