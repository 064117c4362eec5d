//! Nodes and weights of the collocation, which depend on no option and are computed once.

use std::f64::consts::PI;
use std::sync::OnceLock;

/// Chebyshev intervals of the boundary; the node at time zero is known.
pub const NODES: usize = 14;
/// Gauss-Legendre points of the integrals that determine the boundary.
const POINTS: usize = 32;
/// Points of the one integral that gives the premium. A spot just above the boundary makes a thin layer in it.
const PREMIUM_POINTS: usize = 128;

/// One point of the integrals over `u = τ sin² θ`, in which the roots of `u` and `τ - u` are smooth.
pub struct Point {
    /// `√(u / τ)`.
    pub sine: f64,
    /// `√(1 - u / τ)`.
    pub cosine: f64,
    /// Of `dθ` on 0 to π/2.
    pub weight: f64,
}

/// One node of the boundary, with the integral over the time up to it.
pub struct Node {
    /// `√(τ / T)`, from 1 downwards; zero is left out.
    pub root: f64,
    /// The points, each with the weights with which the nodes' values make up the boundary at its `u`.
    pub points: Vec<(Point, [f64; NODES])>,
}

/// All that is computed once.
pub struct Scheme {
    /// The nodes, the whole time first.
    pub nodes: Vec<Node>,
    /// The whole time again, with more points.
    pub premium: Node,
}

/// The scheme.
pub fn scheme() -> &'static Scheme {
    static SCHEME: OnceLock<Scheme> = OnceLock::new();
    SCHEME.get_or_init(|| {
        let nodes = (0..NODES).map(|i| Node::new(0.5 * (1.0 + chebyshev(i)), POINTS)).collect();
        Scheme { nodes, premium: Node::new(1.0, PREMIUM_POINTS) }
    })
}

impl Node {
    fn new(root: f64, points: usize) -> Self {
        let point = |(x, weight): (f64, f64)| {
            let angle = 0.25 * PI * (1.0 + x);
            let (sine, cosine) = (libm::sin(angle), libm::cos(angle));
            (Point { sine, cosine, weight: 0.25 * PI * weight }, interpolation(2.0 * root * sine - 1.0))
        };
        Self { root, points: gauss_legendre(points).map(point).collect() }
    }
}

/// The i-th node on -1 to 1: 1 for zero.
fn chebyshev(i: usize) -> f64 {
    libm::cos(PI * i as f64 / NODES as f64)
}

/// The weights of all nodes but the last, whose value is zero, at `x`: barycentric (Berrut and Trefethen 2004).
fn interpolation(x: f64) -> [f64; NODES] {
    let terms: [f64; NODES] = std::array::from_fn(|i| {
        let half = if i == 0 { 0.5 } else { 1.0 };
        let sign = if i.is_multiple_of(2) { half } else { -half };
        // No point meets a node exactly; the smallest distance keeps the quotient finite if one did.
        let distance = x - chebyshev(i);
        sign / if distance == 0.0 { f64::MIN_POSITIVE } else { distance }
    });
    let last = (if NODES.is_multiple_of(2) { 0.5 } else { -0.5 }) / (x + 1.0);
    let total = terms.iter().sum::<f64>() + last;
    terms.map(|term| term / total)
}

/// Points and weights on -1 to 1: the roots of the Legendre polynomial by Newton's method from Tricomi's guess.
fn gauss_legendre(points: usize) -> impl Iterator<Item = (f64, f64)> {
    (0..points).map(move |i| {
        let mut x = -libm::cos(PI * (i as f64 + 0.75) / (points as f64 + 0.5));
        let mut slope = 1.0;
        for _ in 0..8 {
            let (mut before, mut value) = (1.0, x);
            for degree in 2..=points {
                let k = degree as f64;
                (before, value) = (value, ((2.0 * k - 1.0) * x * value - (k - 1.0) * before) / k);
            }
            slope = points as f64 * (x * value - before) / (x * x - 1.0);
            x -= value / slope;
        }
        (x, 2.0 / ((1.0 - x * x) * slope * slope))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_points_integrate_and_the_nodes_interpolate() {
        let scheme = scheme();
        let quarter: f64 = scheme.premium.points.iter().map(|(point, _)| point.weight * point.cosine).sum();
        assert!((quarter - 1.0).abs() < 1e-14);
        // A polynomial with a zero at time zero is met exactly.
        let curve = |root: f64| root * root * (1.0 - 0.3 * root);
        let values: Vec<f64> = scheme.nodes.iter().map(|node| curve(node.root)).collect();
        for node in &scheme.nodes {
            for (point, row) in &node.points {
                let met: f64 = row.iter().zip(&values).map(|(weight, value)| weight * value).sum();
                assert!((met - curve(node.root * point.sine)).abs() < 1e-14);
            }
        }
    }
}
