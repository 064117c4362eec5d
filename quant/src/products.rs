//! Sums of products of long columns: of a pair, or of all pairs of many columns at once.
//!
//! A product adds its terms in eight lanes that are joined at the end, and then what does not fill eight, so that the
//! order depends on the length only. Many pairs are taken in tiles, whose sums stay in registers while each column is
//! read once for several others. The tiles are as wide as the processor's registers allow; that decides which sums are
//! formed beside each other, never the order within one, and nothing is fused: a cell has the bits of [`dot`].

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch, f64x8};

const LANES: usize = 8;
/// From this length on a choice of instructions costs less than it saves.
const LONG: usize = 64;

/// Σ left · right over the shorter length.
///
/// Plain sums: exact enough for centred series, whose products do not cancel against a mean, and an order of
/// magnitude faster than [`crate::sum::Sum`].
pub(crate) fn dot(left: &[f64], right: &[f64]) -> f64 {
    let length = left.len().min(right.len());
    let (left, right) = (left.get(..length).unwrap_or(left), right.get(..length).unwrap_or(right));
    if length < LONG { summed(left, right) } else { dispatch!(Level::new(), _ => summed(left, right)) }
}

#[inline(always)]
fn summed(left: &[f64], right: &[f64]) -> f64 {
    let (left, left_rest) = left.as_chunks::<LANES>();
    let (right, right_rest) = right.as_chunks::<LANES>();
    let mut lanes = [0.0; LANES];
    for (left, right) in left.iter().zip(right) {
        for ((lane, left), right) in lanes.iter_mut().zip(left).zip(right) {
            *lane += left * right;
        }
    }
    with_rest(lanes, left_rest, right_rest)
}

#[inline(always)]
fn with_rest(lanes: [f64; LANES], left: &[f64], right: &[f64]) -> f64 {
    let [a, b, c, d, e, f, g, h] = lanes;
    let total = ((a + e) + (c + g)) + ((b + f) + (d + h));
    left.iter().zip(right).fold(total, |total, (left, right)| total + left * right)
}

/// [`dot`] of every one of `columns` with every one, row by row. All have the length of the first, or their ends are
/// left out.
pub(crate) fn all_products(columns: &[&[f64]]) -> Vec<f64> {
    let mut cells = vec![0.0; columns.len() * columns.len()];
    let columns = evened(columns);
    dispatch!(Level::new(), simd => all_tiles(simd, &columns, &columns, Pairs::Once, &mut cells));
    mirror(&mut cells, columns.len());
    cells
}

/// [`dot`] of every one of `lefts` with every one of `rights`, a row for each left one. All have one length.
pub(crate) fn cross_products(lefts: &[&[f64]], rights: &[&[f64]]) -> Vec<f64> {
    let mut cells = vec![0.0; lefts.len() * rights.len()];
    dispatch!(Level::new(), simd => all_tiles(simd, lefts, rights, Pairs::All, &mut cells));
    cells
}

fn evened<'a>(columns: &[&'a [f64]]) -> Vec<&'a [f64]> {
    let length = columns.iter().map(|column| column.len()).min().unwrap_or(0);
    columns.iter().map(|column| column.get(..length).unwrap_or(column)).collect()
}

/// Which tiles are wanted.
#[derive(Clone, Copy, PartialEq)]
enum Pairs {
    /// All.
    All,
    /// Those on the diagonal and above it.
    Once,
}

#[inline(always)]
fn all_tiles<S: Simd>(simd: S, lefts: &[&[f64]], rights: &[&[f64]], pairs: Pairs, cells: &mut [f64]) {
    match S::f64s::LEN {
        8.. => tiles::<S, 4, 4>(simd, lefts, rights, pairs, cells),
        4..8 => tiles::<S, 2, 2>(simd, lefts, rights, pairs, cells),
        _ => tiles::<S, 2, 1>(simd, lefts, rights, pairs, cells),
    }
}

#[inline(always)]
fn tiles<S: Simd, const I: usize, const J: usize>(
    simd: S,
    lefts: &[&[f64]],
    rights: &[&[f64]],
    pairs: Pairs,
    cells: &mut [f64],
) {
    for (i, (some, rows)) in lefts.chunks(I).zip(cells.chunks_mut((I * rights.len()).max(1))).enumerate() {
        let left = filled::<I>(some);
        for (j, others) in rights.chunks(J).enumerate() {
            if pairs == Pairs::Once && (j + 1) * J <= i * I {
                continue;
            }
            let sums = tile(simd, left, filled::<J>(others));
            for (row, sums) in rows.chunks_exact_mut(rights.len()).zip(sums) {
                row.iter_mut().skip(j * J).zip(sums).for_each(|(cell, sum)| *cell = sum);
            }
        }
    }
}

/// The columns of a tile; at the edge the last one stands in for those that are not there, and its sums go nowhere.
#[inline(always)]
fn filled<'a, const N: usize>(columns: &[&'a [f64]]) -> [&'a [f64]; N] {
    std::array::from_fn(|at| columns.get(at).or(columns.last()).copied().unwrap_or_default())
}

#[inline(always)]
fn tile<S: Simd, const I: usize, const J: usize>(
    simd: S,
    lefts: [&[f64]; I],
    rights: [&[f64]; J],
) -> [[f64; J]; I] {
    let (lefts, rights) = (lefts.map(<[f64]>::as_chunks::<LANES>), rights.map(<[f64]>::as_chunks::<LANES>));
    let mut sums = [[f64x8::splat(simd, 0.0); J]; I];
    let count = lefts.iter().chain(&rights).map(|(eights, _)| eights.len()).min().unwrap_or(0);
    let left_eights = lefts.map(|(eights, _)| eights.split_at(count).0);
    let right_eights = rights.map(|(eights, _)| eights.split_at(count).0);
    for at in 0..count {
        let load = |eights: &[[f64; LANES]]| match eights.get(at) {
            Some(eight) => f64x8::load_array_ref(simd, eight),
            None => f64x8::splat(simd, 0.0),
        };
        let right = right_eights.map(load);
        for (sums, left) in sums.iter_mut().zip(left_eights) {
            let left = load(left);
            for (sum, right) in sums.iter_mut().zip(right) {
                *sum += left * right;
            }
        }
    }
    let mut totals = [[0.0; J]; I];
    for ((totals, sums), (_, left)) in totals.iter_mut().zip(sums).zip(lefts) {
        for ((total, sum), (_, right)) in totals.iter_mut().zip(sums).zip(rights) {
            *total = with_rest(*sum.as_array(), left, right);
        }
    }
    totals
}

/// Copies what is above the diagonal below it.
fn mirror(cells: &mut [f64], size: usize) {
    for i in 1..size {
        let (above, row) = cells.split_at_mut(i * size);
        let column = above.iter().skip(i).step_by(size);
        row.iter_mut().zip(column).for_each(|(cell, mirrored)| *cell = *mirrored);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(count: u32, length: u32) -> Vec<Vec<f64>> {
        let cell = |column: u32, row: u32| libm::sin(f64::from(column * 97 + row * row));
        (0..count).map(|column| (0..length).map(|row| cell(column, row)).collect()).collect()
    }

    #[test]
    fn a_product_adds_every_lane_and_the_rest() {
        let ones = [1.0; 119];
        let numbers: Vec<f64> = (1..=119).map(f64::from).collect();
        assert_eq!(dot(&ones, &numbers), 7140.0);
        assert_eq!(dot(&ones, &numbers[..19]), 190.0);
        assert_eq!(dot(&ones, &numbers[..3]), 6.0);
    }

    #[test]
    fn many_pairs_have_the_bits_of_one() {
        for (count, length) in [(1, 3), (3, 8), (5, 100), (9, 257)] {
            let columns = columns(count, length);
            let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
            let (all, cross) = (all_products(&columns), cross_products(&columns[1..], &columns));
            for (i, left) in columns.iter().enumerate() {
                for (j, right) in columns.iter().enumerate() {
                    assert_eq!(all[i * columns.len() + j], dot(left, right));
                    if i > 0 {
                        assert_eq!(cross[(i - 1) * columns.len() + j], dot(left, right));
                    }
                }
            }
        }
        assert!(all_products(&[]).is_empty() && cross_products(&[], &[&[1.0]]).is_empty());
    }

    #[test]
    fn every_width_of_registers_gives_the_same_bits() {
        let columns = columns(6, 131);
        let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        let narrowest = Level::baseline();
        let (mut wide, mut narrow) = ([0.0; 36], [0.0; 36]);
        dispatch!(Level::new(), simd => all_tiles(simd, &columns, &columns, Pairs::All, &mut wide));
        dispatch!(narrowest, simd => all_tiles(simd, &columns, &columns, Pairs::All, &mut narrow));
        assert_eq!(wide, narrow);
        let alone = dispatch!(narrowest, _ => summed(columns[0], columns[1]));
        assert_eq!(alone, dot(columns[0], columns[1]));
    }
}
