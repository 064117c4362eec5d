//! The exponential, the logarithm and the normal distribution as polynomials without a branch.
//!
//! Every function is straight-line code of IEEE basic operations: a loop over it becomes vector instructions on any
//! machine, and because nothing is fused, every vector width gives the same bits. The coefficients interpolate at
//! Chebyshev nodes, computed in 60-digit arithmetic; each comment states the error of the exact polynomial.

const LOG2_E: f64 = std::f64::consts::LOG2_E;
/// The upper bits of ln 2: its products with the exponents that occur are exact.
const LN2_HIGH: f64 = 0.693_147_180_369_123_8;
const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;
/// Adding it leaves an integer in the lowest bits of the sum: 1.5 · 2^52.
const INTEGER_SHIFT: f64 = 6_755_399_441_055_744.0;
/// 1 / √(2π).
pub(crate) const DENSITY_AT_ZERO: f64 = 0.398_942_280_401_432_7;

/// (e^r - 1 - r) / r² for |r| ≤ ln 2 / 2, so that e^r is off by 2e-17.
const EXP: [[f64; 2]; 5] = [
    [0.500_000_000_000_000_1, 0.166_666_666_666_666_69],
    [0.041_666_666_666_623_824, 0.008_333_333_333_330_039],
    [0.001_388_888_891_736_708_1, 0.000_198_412_698_631_715_57],
    [2.480_152_105_786_820_4e-5, 2.755_726_827_690_569_6e-6],
    [2.762_020_159_103_154_7e-7, 2.510_047_250_569_499_6e-8],
];

/// (2 atanh s - 2 s) / s³ in s² for |s| ≤ (√2 - 1) / (√2 + 1), off by 2e-18.
const LN: [[f64; 2]; 4] = [
    [0.666_666_666_666_666_6, 0.400_000_000_000_008_8],
    [0.285_714_285_708_032_3, 0.222_222_223_918_004_7],
    [0.181_817_956_308_847_53, 0.153_862_402_058_137_8],
    [0.132_687_596_685_606_12, 0.130_867_670_099_481_75],
];

/// Beyond it the lower tail is below the smallest number.
const TAIL_END: f64 = 40.0;
const TAIL_SHIFT: f64 = 5.5;
/// `(a + 5.5) Φ(-a) e^{a²/2}` for 0 ≤ a ≤ 40 in `1.275 - 12.5125 / (a + 5.5)`, which runs from -1 to 1; relative 2e-19. One
/// polynomial for the whole range in the manner of Shepherd and Laframboise (1981).
const TAIL: [[f64; 4]; 6] = [
    [0.865_117_808_930_856_2, -0.731_799_266_865_157, 0.533_186_245_705_070_7, -0.333_005_834_163_422_4],
    [
        0.176_178_557_597_377_55,
        -0.077_145_650_263_315_13,
        0.026_692_755_253_498_38,
        -0.006_521_921_034_963_921,
    ],
    [
        0.000_684_146_122_388_472_5,
        0.000_223_028_010_468_249_97,
        -0.000_109_643_253_407_483_3,
        8.265_476_116_551_015e-6,
    ],
    [
        7.392_876_690_398_808e-6,
        -1.954_528_200_464_318e-6,
        -4.077_696_510_397_723_4e-7,
        2.315_729_761_600_378e-7,
    ],
    [
        2.127_915_508_322_786e-8,
        -2.515_462_562_185_041_5e-8,
        -1.324_186_807_787_472_6e-9,
        2.745_963_828_577_981e-9,
    ],
    [
        1.269_307_125_301_499_7e-10,
        -2.814_238_655_991_946e-10,
        -1.086_743_067_347_303e-11,
        1.943_832_022_287_352_7e-11,
    ],
];

/// Horner's rule on even and odd powers apart: half the waiting for the term before. Coefficients in pairs, rising.
#[inline(always)]
fn polynomial<const N: usize>(pairs: &[[f64; 2]; N], x: f64) -> f64 {
    let square = x * x;
    let Some(([low, high], rest)) = pairs.split_last() else { return 0.0 };
    let (even, odd) = rest
        .iter()
        .rev()
        .fold((*low, *high), |(even, odd), [low, high]| (even * square + low, odd * square + high));
    even + odd * x
}

/// The same in fours, for many coefficients.
#[inline(always)]
fn long_polynomial<const N: usize>(fours: &[[f64; 4]; N], x: f64) -> f64 {
    let square = x * x;
    let fourth = square * square;
    let Some((last, rest)) = fours.split_last() else { return 0.0 };
    let [a, b, c, d] = rest.iter().rev().fold(*last, |[a, b, c, d], [e, f, g, h]| {
        [a * fourth + e, b * fourth + f, c * fourth + g, d * fourth + h]
    });
    (a + b * x) + square * (c + d * x)
}

/// `e^x`, relative 3e-16; zero below -708 (no subnormal results), infinite above 709. NaN gives an arbitrary number.
#[inline(always)]
pub(crate) fn exp(x: f64) -> f64 {
    let within = x.clamp(-708.0, 709.0);
    let shifted = within * LOG2_E + INTEGER_SHIFT;
    let whole = shifted - INTEGER_SHIFT;
    let r = (within - whole * LN2_HIGH) - whole * LN2_LOW;
    let fraction = 1.0 + (r + r * r * polynomial(&EXP, r));
    let scaled = f64::from_bits(fraction.to_bits().wrapping_add(shifted.to_bits() << 52));
    let scaled = if x < -708.0 { 0.0 } else { scaled };
    if x > 709.0 { f64::INFINITY } else { scaled }
}

/// `ln x` for a normal number above zero, off by 1e-16 or relative 4e-16. Anything else gives an arbitrary number.
#[inline(always)]
pub(crate) fn ln(x: f64) -> f64 {
    const SQRT_HALF: u64 = 0x3fe6_a09e_667f_3bcd;
    const ONE: u64 = 0x3ff0_0000_0000_0000;
    const MANTISSA: u64 = 0x000f_ffff_ffff_ffff;
    const TWO_52: f64 = 4_503_599_627_370_496.0;
    // Moved so that the exponent changes at √½: the mantissa then lies between √½ and √2.
    let moved = x.to_bits().wrapping_add(ONE - SQRT_HALF);
    let mantissa = f64::from_bits((moved & MANTISSA) + SQRT_HALF);
    let exponent = f64::from_bits((moved >> 52) | TWO_52.to_bits()) - (TWO_52 + 1023.0);
    let numerator = mantissa - 1.0;
    let s = numerator / (mantissa + 1.0);
    let z = s * s;
    let small = exponent * LN2_LOW + s * (z * polynomial(&LN, z));
    exponent * LN2_HIGH + (2.0 * s + small)
}

/// `e^{-x²/2}`: the density of the normal distribution without its factor 1 / √(2π).
#[inline(always)]
pub(crate) fn bell(x: f64) -> f64 {
    exp(-0.5 * (x * x))
}

/// `Φ(-|x|)`, given `bell(x)`: relative 2e-15 down to 1e-300, zero beyond 40.
#[inline(always)]
pub(crate) fn lower_tail(x: f64, bell: f64) -> f64 {
    let a = x.abs().min(TAIL_END);
    let inverse = 1.0 / (a + TAIL_SHIFT);
    bell * inverse * long_polynomial(&TAIL, 1.275 - 12.5125 * inverse)
}

/// `Φ(x)` and `Φ(-x)`, given `bell(x)`; the smaller one to relative precision.
#[inline(always)]
pub(crate) fn both_tails(x: f64, bell: f64) -> (f64, f64) {
    let tail = lower_tail(x, bell);
    let rest = 1.0 - tail;
    if x > 0.0 { (rest, tail) } else { (tail, rest) }
}

/// The normal distribution function `Φ(x)`, relative 2e-15; below -37.6 zero. NaN stays NaN.
pub fn cumulative(x: f64) -> f64 {
    if x.is_nan() { x } else { both_tails(x, bell(x)).0 }
}

/// The normal density `n(x)`, relative 1e-15 near the middle. NaN stays NaN.
pub fn density(x: f64) -> f64 {
    if x.is_nan() { x } else { DENSITY_AT_ZERO * bell(x) }
}

/// The normal quantile, relative 1e-15 (Wichura 1988, AS 241, PPND16). Infinite at 0 and 1, NaN beyond them.
pub fn quantile(probability: f64) -> f64 {
    let q = probability - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180_625 - q * q;
        return q * polynomial(&CENTRE.0, r) / polynomial(&CENTRE.1, r);
    }
    let outside = probability.min(1.0 - probability);
    if outside <= 0.0 || outside.is_nan() {
        return if outside == 0.0 { f64::INFINITY.copysign(q) } else { f64::NAN };
    }
    let r = (-ln(outside)).sqrt();
    let far = if r <= 5.0 {
        polynomial(&NEAR_TAIL.0, r - 1.6) / polynomial(&NEAR_TAIL.1, r - 1.6)
    } else {
        polynomial(&FAR_TAIL.0, r - 5.0) / polynomial(&FAR_TAIL.1, r - 5.0)
    };
    far.copysign(q)
}

/// [`quantile`] of a probability above zero and up to a half, as straight-line code; anything else gives an arbitrary
/// number.
#[inline(always)]
pub(crate) fn lower_quantile(probability: f64) -> f64 {
    let q = probability - 0.5;
    let square = 0.180_625 - q * q;
    let centre = q * (polynomial(&CENTRE.0, square) / polynomial(&CENTRE.1, square));
    let r = (-ln(probability)).sqrt();
    let near = polynomial(&NEAR_TAIL.0, r - 1.6) / polynomial(&NEAR_TAIL.1, r - 1.6);
    let far = polynomial(&FAR_TAIL.0, r - 5.0) / polynomial(&FAR_TAIL.1, r - 5.0);
    let tail = if r <= 5.0 { -near } else { -far };
    if q >= -0.425 { centre } else { tail }
}

/// Numerator and denominator, rising powers in pairs.
type Ratio = ([[f64; 2]; 4], [[f64; 2]; 4]);

const CENTRE: Ratio = (
    [
        [3.387_132_872_796_366_5, 133.141_667_891_784_38],
        [1_971.590_950_306_551_3, 13_731.693_765_509_46],
        [45_921.953_931_549_87, 67_265.770_927_008_7],
        [33_430.575_583_588_13, 2_509.080_928_730_122_7],
    ],
    [
        [1.0, 42.313_330_701_600_91],
        [687.187_007_492_057_9, 5_394.196_021_424_751],
        [21_213.794_301_586_597, 39_307.895_800_092_71],
        [28_729.085_735_721_943, 5_226.495_278_852_854],
    ],
);
const NEAR_TAIL: Ratio = (
    [
        [1.423_437_110_749_683_5, 4.630_337_846_156_546],
        [5.769_497_221_460_691, 3.647_848_324_763_204_5],
        [1.270_458_252_452_368_4, 0.241_780_725_177_450_6],
        [0.022_723_844_989_269_184, 7.745_450_142_783_414e-4],
    ],
    [
        [1.0, 2.053_191_626_637_759],
        [1.676_384_830_183_803_8, 0.689_767_334_985_1],
        [0.148_103_976_427_480_08, 0.015_198_666_563_616_457],
        [5.475_938_084_995_345e-4, 1.050_750_071_644_416_9e-9],
    ],
);
const FAR_TAIL: Ratio = (
    [
        [6.657_904_643_501_103, 5.463_784_911_164_114],
        [1.784_826_539_917_291_3, 0.296_560_571_828_504_87],
        [0.026_532_189_526_576_124, 0.001_242_660_947_388_078_4],
        [2.711_555_568_743_487_6e-5, 2.010_334_399_292_288_1e-7],
    ],
    [
        [1.0, 0.599_832_206_555_888],
        [0.136_929_880_922_735_8, 0.014_875_361_290_850_615],
        [7.868_691_311_456_133e-4, 1.846_318_317_510_054_8e-5],
        [1.421_511_758_316_446e-7, 2.044_263_103_389_939_8e-15],
    ],
);

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative difference to `libm` over a grid.
    fn worst(from: f64, to: f64, of: impl Fn(f64) -> f64, reference: impl Fn(f64) -> f64) -> f64 {
        (0..=20_000)
            .map(|i| from + (to - from) * f64::from(i) / 20_000.0)
            .map(|x| ((of(x) - reference(x)) / reference(x)).abs())
            .fold(0.0, f64::max)
    }

    #[test]
    fn the_exponential_is_right_to_the_last_digits() {
        assert!(worst(-707.9, 708.9, exp, libm::exp) < 4e-16);
        assert!(worst(-1.0, 1.0, exp, libm::exp) < 3e-16);
        assert_eq!((exp(0.0), exp(-709.0), exp(710.0)), (1.0, 0.0, f64::INFINITY));
    }

    #[test]
    fn the_logarithm_is_right_to_the_last_digits() {
        assert!(worst(1e-3, 0.9, ln, libm::log) < 5e-16);
        assert!(worst(1.000_001, 1.5, ln, libm::log) < 5e-16);
        assert!(worst(2.0, 1e9, ln, libm::log) < 5e-16);
        assert_eq!(ln(1.0), 0.0);
        assert!((ln(f64::MIN_POSITIVE) / libm::log(f64::MIN_POSITIVE) - 1.0).abs() < 3e-16);
    }

    #[test]
    fn the_distribution_is_right_to_its_tails() {
        let reference = |x: f64| 0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2);
        // The square of the argument costs digits in the far tail, in `libm` as well.
        assert!(worst(-5.0, 9.0, cumulative, reference) < 5e-15);
        assert!(worst(-37.0, -5.0, cumulative, reference) < 3e-13);
        assert_eq!(cumulative(0.0), 0.5);
        assert_eq!((cumulative(-f64::INFINITY), cumulative(f64::INFINITY)), (0.0, 1.0));
        assert!(cumulative(f64::NAN).is_nan());
    }

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
            let value = quantile(probability);
            assert!((value - z).abs() <= 1e-15 * z.abs(), "{value} is not {z}");
        }
    }

    #[test]
    fn the_distribution_function_of_libm_brings_the_probability_back() {
        for step in 1..1000 {
            let probability = f64::from(step) / 1000.0;
            let back = 0.5 * libm::erfc(-quantile(probability) * std::f64::consts::FRAC_1_SQRT_2);
            assert!((back - probability).abs() < 4e-16, "{probability} came back as {back}");
        }
    }

    #[test]
    fn the_straight_quantile_is_the_quantile() {
        assert!(worst(1e-300, 1e-9, lower_quantile, quantile) < 1e-15);
        assert!(worst(1e-9, 0.5 - 1e-6, lower_quantile, quantile) < 1e-15);
    }

    #[test]
    fn the_quantile_undoes_the_distribution() {
        assert!(worst(1e-12, 0.5 - 1e-9, |p| cumulative(quantile(p)), |p| p) < 1e-14);
        assert!(worst(1e-300, 1e-20, |p| cumulative(quantile(p)), |p| p) < 1e-12);
        assert_eq!((quantile(0.5), quantile(0.0), quantile(1.0)), (0.0, -f64::INFINITY, f64::INFINITY));
        assert!(quantile(1.1).is_nan() && quantile(f64::NAN).is_nan());
    }
}
