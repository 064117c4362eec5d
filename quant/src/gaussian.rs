//! The standard normal distribution: density and quantile.

use std::f64::consts::PI;

use crate::figure::{Because, Figure, finite};

/// exp(-z²/2) / √(2π).
pub fn density(z: f64) -> f64 {
    libm::exp(-0.5 * z * z) / (2.0 * PI).sqrt()
}

/// The z below which a standard normal variable lies with this probability. Relative error about 1e-16 (Wichura
/// 1988, algorithm AS 241, PPND16). Refused outside the open interval from 0 to 1.
pub fn quantile(probability: f64) -> Figure {
    if !(probability > 0.0 && probability < 1.0) {
        return Err(Because::InvalidConvention.into());
    }
    let centred = probability - 0.5;
    if centred.abs() <= 0.425 {
        return finite(central(centred));
    }
    let tail = tail(if centred < 0.0 { probability } else { 1.0 - probability });
    finite(if centred < 0.0 { -tail } else { tail })
}

fn central(centred: f64) -> f64 {
    let r = 0.180_625 - centred * centred;
    let above = horner(
        r,
        [
            2.509_080_928_730_122_6e3,
            3.343_057_558_358_813e4,
            6.726_577_092_700_87e4,
            4.592_195_393_154_987e4,
            1.373_169_376_550_946e4,
            1.971_590_950_306_551_4e3,
            1.331_416_678_917_843_8e2,
            3.387_132_872_796_366_5,
        ],
    );
    let below = horner(
        r,
        [
            5.226_495_278_852_854e3,
            2.872_908_573_572_194_3e4,
            3.930_789_580_009_271e4,
            2.121_379_430_158_659_7e4,
            5.394_196_021_424_751e3,
            6.871_870_074_920_579e2,
            4.231_333_070_160_091e1,
            1.0,
        ],
    );
    centred * above / below
}

/// The quantile's distance from zero, of the probability beyond it.
fn tail(beyond: f64) -> f64 {
    let r = (-libm::log(beyond)).sqrt();
    if r <= 5.0 {
        let r = r - 1.6;
        horner(
            r,
            [
                7.745_450_142_783_414e-4,
                2.272_384_498_926_918_4e-2,
                2.417_807_251_774_506e-1,
                1.270_458_252_452_368_4,
                3.647_848_324_763_204_5,
                5.769_497_221_460_691,
                4.630_337_846_156_545,
                1.423_437_110_749_683_5,
            ],
        ) / horner(
            r,
            [
                1.050_750_071_644_416_9e-9,
                5.475_938_084_995_345e-4,
                1.519_866_656_361_645_7e-2,
                1.481_039_764_274_800_8e-1,
                6.897_673_349_851e-1,
                1.676_384_830_183_803_8,
                2.053_191_626_637_759,
                1.0,
            ],
        )
    } else {
        let r = r - 5.0;
        horner(
            r,
            [
                2.010_334_399_292_288_1e-7,
                2.711_555_568_743_487_6e-5,
                1.242_660_947_388_078_4e-3,
                2.653_218_952_657_612_4e-2,
                2.965_605_718_285_048_7e-1,
                1.784_826_539_917_291_3,
                5.463_784_911_164_114,
                6.657_904_643_501_103,
            ],
        ) / horner(
            r,
            [
                2.044_263_103_389_939_8e-15,
                1.421_511_758_316_446e-7,
                1.846_318_317_510_054_8e-5,
                7.868_691_311_456_133e-4,
                1.487_536_129_085_061_5e-2,
                1.369_298_809_227_358e-1,
                5.998_322_065_558_879e-1,
                1.0,
            ],
        )
    }
}

/// Polynomial with the highest power's coefficient first.
fn horner(x: f64, coefficients: [f64; 8]) -> f64 {
    coefficients.into_iter().fold(0.0, |sum, coefficient| sum * x + coefficient)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_the_tables() {
        // Standard normal quantiles to 16 digits.
        for (probability, z) in [
            (0.5, 0.0),
            (0.95, 1.644_853_626_951_472_7),
            (0.99, 2.326_347_874_040_841),
            (0.975, 1.959_963_984_540_054),
            (1e-10, -6.361_340_902_404_056),
        ] {
            let value = quantile(probability).unwrap();
            assert!((value - z).abs() <= 1e-15 * z.abs(), "{value} is not {z}");
        }
    }

    #[test]
    fn the_distribution_function_brings_the_probability_back() {
        for step in 1..1000 {
            let probability = f64::from(step) / 1000.0;
            let z = quantile(probability).unwrap();
            let back = 0.5 * libm::erfc(-z / std::f64::consts::SQRT_2);
            assert!((back - probability).abs() < 4e-16, "{probability} came back as {back}");
        }
        for exponent in [-20, -100, -300] {
            let probability = 10f64.powi(exponent);
            let back = 0.5 * libm::erfc(-quantile(probability).unwrap() / std::f64::consts::SQRT_2);
            // The logarithm's slope there is the quantile itself, up to 37.
            assert!((back / probability - 1.0).abs() < 1e-12, "{probability} came back as {back}");
        }
    }

    #[test]
    fn only_probabilities_between_zero_and_one_have_a_quantile() {
        for probability in [0.0, 1.0, -0.1, 1.1, f64::NAN, f64::INFINITY] {
            assert_eq!(quantile(probability), Err(Because::InvalidConvention.into()));
        }
    }
}
