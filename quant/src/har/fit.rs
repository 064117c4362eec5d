//! Ordinary least squares on a constant and three regressors.

use crate::figure::{Because, Figure, Unavailable, finite, number};
use crate::moments::at_least;

/// Smallest share of a regressor's variance that the regressors before it must leave unexplained. Less is rounding.
const INDEPENDENCE_MIN: f64 = 1e-12;

/// One observation.
pub(super) struct Row {
    pub(super) y: f64,
    pub(super) x: [f64; 3],
}

pub(super) struct Fit {
    /// Constant first.
    pub(super) coefficients: [f64; 4],
    pub(super) t_statistics: [Figure; 4],
    pub(super) r_squared: f64,
}

/// Solves the normal equations of the regressors' deviations from their means, scaled to a correlation matrix, which
/// keeps the digits that raw cross products of means would cancel. Needs `rows_min` rows, at least five.
pub(super) fn fit(rows: &[Row], rows_min: u64) -> Result<Fit, Unavailable> {
    at_least(rows_min.max(5), rows.len() as u64)?;
    let count = number(rows.len() as u64);
    let (y_mean, means) = means(rows, count)?;
    let deviations = || {
        rows.iter().map(|row| {
            let ([a, b, c], [a_mean, b_mean, c_mean]) = (row.x, means);
            (row.y - y_mean, [a - a_mean, b - b_mean, c - c_mean])
        })
    };
    // Σ of squares and products: the regressors', each with y, y's own.
    let (mut aa, mut ab, mut ac, mut bb, mut bc, mut cc) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
    let (mut ay, mut by, mut cy, mut yy) = (0.0, 0.0, 0.0, 0.0);
    for (y, [a, b, c]) in deviations() {
        aa += a * a;
        ab += a * b;
        ac += a * c;
        bb += b * b;
        bc += b * c;
        cc += c * c;
        ay += a * y;
        by += b * y;
        cy += c * y;
        yy += y * y;
    }
    let scales = [scale(aa)?, scale(bb)?, scale(cc)?];
    let [sa, sb, sc] = scales;
    let factor = Factor::of(ab / (sa * sb), ac / (sa * sc), bc / (sb * sc))?;
    let [beta_a, beta_b, beta_c] = factor.solve([ay / sa, by / sb, cy / sc]);
    let slopes = [beta_a / sa, beta_b / sb, beta_c / sc];
    let dot = |[a, b, c]: [f64; 3], [d, e, f]: [f64; 3]| a * d + b * e + c * f;
    let mut left = 0.0;
    for (y, x) in deviations() {
        let residual = y - dot(slopes, x);
        left += residual * residual;
    }
    let error = finite(left / (count - 4.0))?.sqrt();
    let [ma, mb, mc] = means;
    let scaled_means = [ma / sa, mb / sb, mc / sc];
    let constant = finite(y_mean - dot(slopes, means))?;
    let constant_error = error * (1.0 / count + dot(scaled_means, factor.solve(scaled_means))).sqrt();
    let [ia, ib, ic] = factor.inverse_diagonal();
    let [slope_a, slope_b, slope_c] = slopes;
    Ok(Fit {
        coefficients: [constant, finite(slope_a)?, finite(slope_b)?, finite(slope_c)?],
        t_statistics: [
            ratio(constant, constant_error),
            ratio(slope_a, error * ia.sqrt() / sa),
            ratio(slope_b, error * ib.sqrt() / sb),
            ratio(slope_c, error * ic.sqrt() / sc),
        ],
        r_squared: if yy > 0.0 { finite(1.0 - left / yy)?.clamp(0.0, 1.0) } else { 0.0 },
    })
}

fn means(rows: &[Row], count: f64) -> Result<(f64, [f64; 3]), Unavailable> {
    let (mut y, mut a, mut b, mut c) = (0.0, 0.0, 0.0, 0.0);
    for row in rows {
        let [xa, xb, xc] = row.x;
        y += row.y;
        a += xa;
        b += xb;
        c += xc;
    }
    Ok((finite(y / count)?, [finite(a / count)?, finite(b / count)?, finite(c / count)?]))
}

fn scale(squares: f64) -> Figure {
    let scale = finite(squares)?.sqrt();
    if scale > 0.0 { Ok(scale) } else { Err(Because::Collinear.into()) }
}

fn ratio(coefficient: f64, error: f64) -> Figure {
    if error > 0.0 { finite(coefficient / error) } else { Err(Because::ZeroDeviation.into()) }
}

/// Lower triangle L of a correlation matrix LLᵀ of three.
struct Factor {
    ba: f64,
    bb: f64,
    ca: f64,
    cb: f64,
    cc: f64,
}

impl Factor {
    fn of(ab: f64, ac: f64, bc: f64) -> Result<Self, Unavailable> {
        let bb = independent(1.0 - ab * ab)?;
        let cb = (bc - ac * ab) / bb;
        let cc = independent(1.0 - ac * ac - cb * cb)?;
        Ok(Self { ba: ab, bb, ca: ac, cb, cc })
    }

    fn solve(&self, [a, b, c]: [f64; 3]) -> [f64; 3] {
        let b = (b - self.ba * a) / self.bb;
        let c = (c - self.ca * a - self.cb * b) / self.cc;
        let z = c / self.cc;
        let y = (b - self.cb * z) / self.bb;
        [a - self.ba * y - self.ca * z, y, z]
    }

    fn inverse_diagonal(&self) -> [f64; 3] {
        let ([a, ..], [_, b, _], [.., c]) =
            (self.solve([1.0, 0.0, 0.0]), self.solve([0.0, 1.0, 0.0]), self.solve([0.0, 0.0, 1.0]));
        [a, b, c]
    }
}

fn independent(left: f64) -> Figure {
    if finite(left)? > INDEPENDENCE_MIN { Ok(left.sqrt()) } else { Err(Because::Collinear.into()) }
}
