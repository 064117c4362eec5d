//! The exercise boundary of a put, and the premium that follows from it.

use crate::normal::{DENSITY_AT_ZERO, bell, both_tails, exp, ln};
use crate::options::american::scheme::{NODES, Node, scheme};

/// Fixed-point steps at most; about ten are needed.
const STEPS_MAX: u32 = 200;
/// A boundary that still moves by less than this after all steps is good for a value to 1e-8 of the strike. Where a small
/// deviation makes it steep at expiry, the polynomial's ripples keep it from settling further.
const SETTLED_ENOUGH: f64 = 3e-5;
/// Where a step is not shorter than this share of the one before, full steps overshoot: the next ones are shortened. That
/// happens with deviations that are small against the rate.
const OVERSHOT: f64 = 0.9;
/// The boundary has settled when no node moves by more than this, relative. The value depends on the square of it.
const SETTLED: f64 = 1e-9;
/// Smallest share of the strike at which a boundary is followed: below it a put is exercised never.
const SHARE_MIN: f64 = 1e-60;

/// A put on a spot above zero, with a rate above zero or a negative yield, over a positive time.
#[derive(Debug, Clone, Copy)]
pub struct Put {
    pub spot: f64,
    pub strike: f64,
    pub rate: f64,
    pub dividend_yield: f64,
    pub years: f64,
    pub volatility: f64,
}

/// One step's weight, growth and normal values at a point of an integral.
struct Kernel {
    /// Of the integral, the step of `u` included.
    weight: f64,
    /// `τ - u`.
    elapsed: f64,
    /// The weight divided by `σ √(τ - u)`.
    weight_over_deviation: f64,
    d_plus: f64,
    d_minus: f64,
}

impl Put {
    /// The boundary just before expiry: the strike, or where the yield lost outweighs the interest earned.
    fn start(&self) -> f64 {
        if self.dividend_yield > self.rate {
            self.strike * (self.rate / self.dividend_yield)
        } else {
            self.strike
        }
    }

    /// The boundary of a put that never expires (Merton 1973).
    fn perpetual(&self) -> f64 {
        let variance = self.volatility * self.volatility;
        let drift = self.rate - self.dividend_yield - 0.5 * variance;
        let root = (drift * drift + 2.0 * self.rate.max(0.0) * variance).sqrt();
        let exponent = (drift + root) / variance;
        self.strike * exponent / (exponent + 1.0)
    }

    /// A first boundary in the manner of Bjerksund and Stensland (1993), as `ln²` of its share of the start.
    fn guess(&self, years: f64) -> f64 {
        let (start, end) = (self.start(), self.perpetual().min(self.start()));
        let drift = (self.rate - self.dividend_yield) * years;
        let speed = (drift - 2.0 * self.volatility * years.sqrt()).min(0.0);
        let share = exp((speed * start / (start - end).max(1e-12 * start)).max(-700.0));
        let logarithm = ln((end + (start - end) * share) / start).min(0.0);
        logarithm * logarithm
    }

    /// The points of the integral over `u` from zero to the node's time, for a price that is `logarithm` of the start.
    fn kernels<'a>(
        &'a self,
        node: &'a Node,
        squares: &'a [f64; NODES],
        logarithm: f64,
    ) -> impl Iterator<Item = Kernel> + 'a {
        let years = self.years * node.root * node.root;
        let drift = self.rate - self.dividend_yield;
        node.points.iter().map(move |(point, row)| {
            let square: f64 = row.iter().zip(squares).map(|(weight, square)| weight * square).sum();
            let boundary = -square.max(0.0).sqrt();
            let elapsed = years * point.cosine * point.cosine;
            let deviation = self.volatility * years.sqrt() * point.cosine;
            let weight = 2.0 * years * point.sine * point.cosine * point.weight;
            let middle = (logarithm - boundary + drift * elapsed) / deviation;
            Kernel {
                weight,
                elapsed,
                weight_over_deviation: weight / deviation,
                d_plus: middle + 0.5 * deviation,
                d_minus: middle - 0.5 * deviation,
            }
        })
    }

    /// What the integral equation says of the boundary at a node, from the boundary at all nodes; as `ln²` again.
    fn next(&self, node: &Node, squares: &[f64; NODES], square: f64) -> f64 {
        let start = ln(self.start() / self.strike);
        let logarithm = -square.sqrt();
        let years = self.years * node.root * node.root;
        let deviation = self.volatility * years.sqrt();
        let drift = (self.rate - self.dividend_yield) * years;
        let middle = (start + logarithm + drift) / deviation;
        let (d_plus, d_minus) = (middle + 0.5 * deviation, middle - 0.5 * deviation);
        let (below, _) = both_tails(d_plus, bell(d_plus));
        let mut numerator = DENSITY_AT_ZERO * bell(d_minus) / deviation;
        let mut denominator = DENSITY_AT_ZERO * bell(d_plus) / deviation + below;
        // Discounted from the node's time back to u: the common factors e^{-rτ} and e^{-qτ} are put back below.
        for kernel in self.kernels(node, squares, logarithm) {
            let u = years - kernel.elapsed;
            let bell_plus = bell(kernel.d_plus);
            let (below, _) = both_tails(kernel.d_plus, bell_plus);
            numerator += self.rate
                * exp(self.rate * u)
                * DENSITY_AT_ZERO
                * bell(kernel.d_minus)
                * kernel.weight_over_deviation;
            denominator += self.dividend_yield
                * exp(self.dividend_yield * u)
                * (below * kernel.weight + DENSITY_AT_ZERO * bell_plus * kernel.weight_over_deviation);
        }
        let boundary = exp(-drift) * (numerator / denominator) * self.strike / self.start();
        if boundary.is_nan() {
            return f64::NAN;
        }
        let logarithm = ln(boundary.clamp(SHARE_MIN, 1.0));
        logarithm * logarithm
    }

    /// The boundary at the nodes, as `ln²` of its share of the start; none if it does not settle.
    fn boundary(&self) -> Option<[f64; NODES]> {
        let nodes = &scheme().nodes;
        let mut squares = [0.0; NODES];
        for (square, node) in squares.iter_mut().zip(nodes) {
            *square = self.guess(self.years * node.root * node.root);
        }
        let (mut share, mut last) = (1.0, f64::INFINITY);
        for _ in 0..STEPS_MAX {
            let mut moved: f64 = 0.0;
            let mut next = squares;
            for (square, node) in next.iter_mut().zip(nodes) {
                let wanted = self.next(node, &squares, *square);
                let distance = (wanted.sqrt() - square.sqrt()).abs();
                // Not `max`, which would drop NaN.
                moved = if distance <= moved { moved } else { distance };
                *square += share * (wanted - *square);
            }
            if !moved.is_finite() {
                return None;
            }
            squares = next;
            if moved < SETTLED {
                return Some(squares);
            }
            if moved > OVERSHOT * last {
                share *= 0.7;
            }
            last = moved;
        }
        (last < SETTLED_ENOUGH).then_some(squares)
    }

    /// What early exercise adds to the European value: the interest on the strike less the yield of the underlying, over
    /// all times in which the put is exercised (Carr, Jarrow and Myneni 1992). None without a boundary.
    pub fn premium(&self) -> Option<f64> {
        let squares = self.boundary()?;
        let logarithm = ln(self.spot / self.start());
        if logarithm <= -squares.first().copied().unwrap_or(0.0).sqrt() {
            // Exercised at once; the caller compares with the intrinsic value.
            return Some(0.0);
        }
        let premium = self.kernels(&scheme().premium, &squares, logarithm).map(|kernel| {
            let (_, out_minus) = both_tails(kernel.d_minus, bell(kernel.d_minus));
            let (_, out_plus) = both_tails(kernel.d_plus, bell(kernel.d_plus));
            let interest = self.rate * self.strike * exp(-self.rate * kernel.elapsed) * out_minus;
            let lost =
                self.dividend_yield * self.spot * exp(-self.dividend_yield * kernel.elapsed) * out_plus;
            kernel.weight * (interest - lost)
        });
        Some(premium.sum())
    }
}
