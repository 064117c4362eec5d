//! A covariance for a book of which some series are young: complete enough to work with, and open about it.

use crate::correlation::correlation_matrix;
use crate::covariance::{Centring, Weighting, covariance_matrix, from_correlation};
use crate::figure::{Because, Unavailable, finite, number};
use crate::linear::{Symmetric, centre};
use crate::moments::at_least;
use crate::panel::Panel;
use crate::psd::repair;

/// A sample covariance and what was done to complete it.
#[derive(Debug, Clone, PartialEq)]
pub struct ImputedCovariance {
    /// Squared units per period, with equal weights about the sample means.
    pub covariance: Symmetric,
    /// Whether a cell was missing, so that correlations are pairwise.
    pub gaps: bool,
    /// Pairs with too short an overlap, which were given the mean correlation of the others.
    pub imputed_pairs: u64,
    /// Whether the correlations had to be made possible together.
    pub psd_adjusted: bool,
    /// Largest change of a correlation by that.
    pub max_change: f64,
}

/// The covariance of a panel with gaps. Variances are of each series' own days, correlations of the days each pair
/// shares; a pair that shares fewer than `overlap_min` is shrunk all the way to the mean of the pairs that do not (the
/// constant-correlation target of Ledoit and Wolf 2004), and the matrix is repaired. A complete panel has its
/// [`covariance_matrix`].
///
/// # Errors
/// `TooFewReturns` when a series itself has fewer than `overlap_min` periods; `MissingCells` when no pair can be
/// correlated; `NotFinite`. A series that does not vary is taken: nothing correlates with it, and nothing has to.
pub fn covariance_with_gaps(panel: &Panel, overlap_min: u64) -> Result<ImputedCovariance, Unavailable> {
    let whole = |covariance| ImputedCovariance {
        covariance,
        gaps: false,
        imputed_pairs: 0,
        psd_adjusted: false,
        max_change: 0.0,
    };
    let overlap_min = overlap_min.max(2);
    at_least(overlap_min, panel.rows() as u64)?;
    match panel.complete() {
        Ok(()) => {
            return covariance_matrix(panel, Weighting::Equal, Centring::SampleMean).map(whole);
        }
        Err(Unavailable { because: Because::MissingCells }) => {}
        Err(unavailable) => return Err(unavailable),
    }
    let deviations =
        panel.columns().map(|column| deviation(column, overlap_min)).collect::<Result<Vec<_>, _>>()?;
    let pairwise = correlation_matrix(panel, overlap_min);
    let summary = pairwise.summary();
    let mut imputed_pairs = 0;
    let filled = Symmetric::from_fn(panel.size(), |i, j| {
        if i == j {
            return Ok(1.0);
        }
        match pairwise.get(i, j).ok_or(Because::UnknownIndex)? {
            Ok(rho) => Ok(rho),
            Err(Unavailable { because: Because::ZeroDeviation }) => Ok(0.0),
            Err(_) => {
                imputed_pairs += 1;
                Ok(summary?.mean)
            }
        }
    })?;
    let repaired = repair(&filled)?;
    Ok(ImputedCovariance {
        covariance: from_correlation(&repaired.matrix, &deviations)?,
        gaps: true,
        imputed_pairs,
        psd_adjusted: repaired.psd_adjusted,
        max_change: repaired.max_change,
    })
}

/// Sample deviation over the periods that are there.
fn deviation(column: &[f64], returns_min: u64) -> crate::Figure {
    let mut present: Vec<f64> = column.iter().copied().filter(|value| !value.is_nan()).collect();
    let count = present.len() as u64;
    at_least(returns_min, count)?;
    match centre(&mut present) {
        Ok((_, norm)) => finite(norm / (number(count) - 1.0).sqrt()),
        Err(Unavailable { because: Because::ZeroDeviation }) => Ok(0.0),
        Err(unavailable) => Err(unavailable),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MISSING: f64 = f64::NAN;

    fn wave(frequency: f64) -> Vec<f64> {
        (0..12).map(|day| libm::sin(frequency * f64::from(day))).collect()
    }

    #[test]
    fn a_complete_panel_has_its_covariance() {
        let values = [wave(1.0), wave(1.7)].concat();
        let panel = Panel::new(&values, 12).unwrap();
        let imputed = covariance_with_gaps(&panel, 6).unwrap();
        let plain = covariance_matrix(&panel, Weighting::Equal, Centring::SampleMean).unwrap();
        assert_eq!((imputed.covariance, imputed.gaps), (plain, false));
    }

    #[test]
    fn a_pair_without_overlap_gets_the_mean_of_the_others() {
        let (mut early, mut late) = (wave(1.7), wave(2.3));
        early[6..].fill(MISSING);
        late[..6].fill(MISSING);
        let values = [wave(1.0), early, late].concat();
        let panel = Panel::new(&values, 12).unwrap();
        let pairwise = correlation_matrix(&panel, 6);
        let imputed = covariance_with_gaps(&panel, 6).unwrap();
        assert_eq!((imputed.gaps, imputed.imputed_pairs, imputed.psd_adjusted), (true, 1, false));
        let covariance = &imputed.covariance;
        let of = |i: usize, j: usize| {
            let variances = covariance.get(i, i).unwrap() * covariance.get(j, j).unwrap();
            covariance.get(i, j).unwrap() / variances.sqrt()
        };
        assert!((of(0, 1) - pairwise.get(0, 1).unwrap().unwrap()).abs() < 1e-14);
        assert!((of(1, 2) - pairwise.summary().unwrap().mean).abs() < 1e-14);
    }

    #[test]
    fn a_constant_series_adds_no_risk_and_a_short_one_is_refused() {
        let mut gap = wave(1.0);
        gap[3] = MISSING;
        let values = [gap.clone(), vec![0.0; 12], wave(1.3)].concat();
        let imputed = covariance_with_gaps(&Panel::new(&values, 12).unwrap(), 6).unwrap();
        assert_eq!((imputed.covariance.get(1, 1), imputed.covariance.get(0, 1)), (Some(0.0), Some(0.0)));
        assert_eq!(imputed.imputed_pairs, 0);
        gap[..7].fill(MISSING);
        let values = [gap, wave(1.3)].concat();
        let refused = covariance_with_gaps(&Panel::new(&values, 12).unwrap(), 6);
        assert_eq!(refused, Err(Because::TooFewReturns { needed: 6 }.into()));
    }
}
