//! Spread factors: whether a position sides with the long or the short leg of a pair.

use serde::{Deserialize, Serialize};

use crate::beta::{Beta, SPREAD_WINDOW, beta};
use crate::figure::{Because, Unavailable};

/// |β| above which a tilt is strong.
pub const STRONG: f64 = 0.5;
/// |β| above which a tilt is moderate.
pub const MODERATE: f64 = 0.2;

/// The pairs. Which series stand for them is the caller's registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spread {
    /// Growth over value.
    GrowthValue,
    /// Momentum over the market.
    Momentum,
    /// Small companies over the market.
    Size,
    /// Quality over the market.
    Quality,
}

/// Size of a tilt, by |β|.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Magnitude {
    /// 0.2 and less.
    Mild,
    /// Above 0.2.
    Moderate,
    /// Above 0.5.
    Strong,
}

/// A position's beta on a spread.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SpreadBeta {
    /// The pair.
    pub spread: Spread,
    /// Line, significance and history. Spread betas are not capped: read `line`.
    pub beta: Beta,
    /// Size of the tilt, significant or not.
    pub magnitude: Magnitude,
}

impl Spread {
    /// The leg that a positive beta sides with.
    pub fn long_leg(self) -> &'static str {
        match self {
            Self::GrowthValue => "Growth",
            Self::Momentum => "Momentum",
            Self::Size => "Small Cap",
            Self::Quality => "Quality",
        }
    }

    /// The leg that a negative beta sides with.
    pub fn short_leg(self) -> &'static str {
        match self {
            Self::GrowthValue => "Value",
            Self::Momentum => "Contrarian",
            Self::Size => "Large Cap",
            Self::Quality => "Speculative",
        }
    }
}

impl SpreadBeta {
    /// The leg the position sides with: neutral when beta is exactly zero.
    pub fn direction(&self) -> &'static str {
        match self.beta.line.beta.value {
            value if value > 0.0 => self.spread.long_leg(),
            value if value < 0.0 => self.spread.short_leg(),
            _ => "Neutral",
        }
    }

    /// The beta in plain words; an insignificant one is called noise, not a tilt.
    pub fn sentence(&self) -> String {
        let value = self.beta.line.beta.value;
        let (long, short) = (self.spread.long_leg(), self.spread.short_leg());
        if !self.beta.significant {
            return format!(
                "No significant tilt: its beta of {value:.2} on {long} over {short} cannot be told from zero."
            );
        }
        let verb = if value < 0.0 { "loses" } else { "gains" };
        format!("It {verb} {:.2} % when {long} beats {short} by 1 %.", value.abs())
    }
}

/// Returns of the long leg over those of the short one, day by day; NaN where one is missing.
///
/// # Errors
/// `LengthsDiffer`.
pub fn spread_returns(long: &[f64], short: &[f64]) -> Result<Vec<f64>, Unavailable> {
    if long.len() != short.len() {
        return Err(Because::LengthsDiffer.into());
    }
    Ok(long.iter().zip(short).map(|(long, short)| long - short).collect())
}

/// The beta of `returns` on `spread_returns`, by the last 180 days, at least 60 of them common.
///
/// # Errors
/// Those of [`beta`](crate::beta::beta).
pub fn spread_beta(
    spread: Spread,
    returns: &[f64],
    spread_returns: &[f64],
) -> Result<SpreadBeta, Unavailable> {
    let beta = beta(returns, spread_returns, SPREAD_WINDOW)?;
    let size = beta.line.beta.value.abs();
    let magnitude = if size > STRONG {
        Magnitude::Strong
    } else if size > MODERATE {
        Magnitude::Moderate
    } else {
        Magnitude::Mild
    };
    Ok(SpreadBeta { spread, beta, magnitude })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread() -> Vec<f64> {
        (0..60).map(|day| 0.01 * libm::sin(f64::from(day))).collect()
    }

    fn tilted(beta: f64) -> SpreadBeta {
        let noise = |day: i32| 0.001 * libm::cos(2.3 * f64::from(day));
        let returns: Vec<f64> =
            spread().iter().zip(0..).map(|(value, day)| beta * value + noise(day)).collect();
        spread_beta(Spread::Size, &returns, &spread()).unwrap()
    }

    #[test]
    fn a_tilt_has_a_size_a_direction_and_a_sentence() {
        let small = tilted(0.6);
        assert_eq!((small.magnitude, small.direction()), (Magnitude::Strong, "Small Cap"));
        assert_eq!(small.sentence(), "It gains 0.60 % when Small Cap beats Large Cap by 1 %.");
        let large = tilted(-0.3);
        assert_eq!((large.magnitude, large.direction()), (Magnitude::Moderate, "Large Cap"));
        assert!(large.sentence().starts_with("It loses 0.30 %"));
    }

    #[test]
    fn noise_is_no_tilt() {
        let noise = tilted(0.001);
        assert_eq!(noise.magnitude, Magnitude::Mild);
        assert!(noise.sentence().starts_with("No significant tilt"));
    }

    #[test]
    fn nothing_at_all_is_neutral() {
        let flat = spread_beta(Spread::Quality, &[0.0; 60], &spread()).unwrap();
        assert_eq!((flat.direction(), flat.beta.significant), ("Neutral", false));
    }

    #[test]
    fn a_spread_needs_both_legs_and_sixty_days() {
        assert_eq!(spread_returns(&[0.1], &[]), Err(Because::LengthsDiffer.into()));
        assert_eq!(
            spread_beta(Spread::Momentum, &[0.1; 59], &spread()[..59]).unwrap_err(),
            Because::TooFewReturns { needed: 60 }.into()
        );
    }
}
