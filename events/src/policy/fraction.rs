//! Exact comparison of fractions whose cross products may not fit any integer.

use std::cmp::Ordering;

/// Compares `left.0 / left.1` with `right.0 / right.1`; both denominators must be positive, no numerator negative.
pub fn compare(left: (i128, i128), right: (i128, i128)) -> Ordering {
    if let (Some(ours), Some(theirs)) = (left.0.checked_mul(right.1), right.0.checked_mul(left.1)) {
        return ours.cmp(&theirs);
    }
    by_continued_fraction(left, right)
}

/// Compares whole parts, then the reciprocals of what remains, the other way round.
fn by_continued_fraction(mut left: (i128, i128), mut right: (i128, i128)) -> Ordering {
    let mut reversed = false;
    loop {
        let whole = (left.0 / left.1).cmp(&(right.0 / right.1));
        let (left_rest, right_rest) = (left.0 % left.1, right.0 % right.1);
        let order = match (whole, left_rest, right_rest) {
            (Ordering::Equal, 0, 0) => Ordering::Equal,
            (Ordering::Equal, 0, _) => Ordering::Less,
            (Ordering::Equal, _, 0) => Ordering::Greater,
            (Ordering::Equal, _, _) => {
                left = (left.1, left_rest);
                right = (right.1, right_rest);
                reversed = !reversed;
                continue;
            }
            (different, _, _) => different,
        };
        return if reversed { order.reverse() } else { order };
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn fractions_beyond_the_range_of_products_still_compare() {
        let huge = i128::MAX;
        assert_eq!(compare((huge, huge - 1), (huge - 1, huge)), Ordering::Greater);
        assert_eq!(compare((huge - 2, huge - 1), (huge - 1, huge)), Ordering::Less);
        assert_eq!(compare((huge, huge), (1, 1)), Ordering::Equal);
    }

    proptest! {
        #[test]
        fn both_ways_agree(a in 0_i128..1 << 60, b in 1_i128..1 << 60, c in 0_i128..1 << 60, d in 1_i128..1 << 60) {
            prop_assert_eq!(by_continued_fraction((a, b), (c, d)), (a * d).cmp(&(c * b)));
            prop_assert_eq!(by_continued_fraction((a, b), (a, b)), Ordering::Equal);
        }
    }
}
