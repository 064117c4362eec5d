//! Pages of lists: a limit, and a cursor that means something only to the list that gave it.

use std::fmt;
use std::str::FromStr;

use utoipa::IntoParams;

/// Most items of a page.
pub const LIMIT_MAX: u16 = 200;
/// Items of a page that names no limit.
pub const LIMIT_DEFAULT: u16 = 50;

/// How many items, after which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paging<C> {
    /// How many at most.
    pub limit: u16,
    /// What the page before gave as `next_cursor`.
    pub cursor: Option<C>,
}

/// The parameters of every list, for the documentation.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what Parameters::paging reads")]
pub struct PageParameters {
    /// How many items at most.
    #[param(minimum = 1, maximum = 200, default = 50, example = 50)]
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A number of items from 1 to [`LIMIT_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit(pub u16);

impl Default for Limit {
    fn default() -> Self {
        Self(LIMIT_DEFAULT)
    }
}

/// The text is not a number from 1 to [`LIMIT_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a number from 1 to {LIMIT_MAX}")]
pub struct InvalidLimit;

impl FromStr for Limit {
    type Err = InvalidLimit;

    fn from_str(text: &str) -> Result<Self, InvalidLimit> {
        let limit = text.parse().map_err(|_| InvalidLimit)?;
        if (1..=LIMIT_MAX).contains(&limit) { Ok(Self(limit)) } else { Err(InvalidLimit) }
    }
}

/// The text is not a cursor of this list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor of this list")]
pub struct InvalidCursor;

/// A place in a list that is ordered by a number; `LIST` keeps the cursors of different lists apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NumberCursor<const LIST: char>(pub i64);

impl<const LIST: char> fmt::Display for NumberCursor<LIST> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Hexadecimal, so that nobody is tempted to compute the next one.
        write!(formatter, "{:02x}{:016x}", u32::from(LIST), self.0)
    }
}

impl<const LIST: char> FromStr for NumberCursor<LIST> {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let digits = text.strip_prefix(&format!("{:02x}", u32::from(LIST))).ok_or(InvalidCursor)?;
        if digits.len() != 16 {
            return Err(InvalidCursor);
        }
        u64::from_str_radix(digits, 16).map(|number| Self(number.cast_signed())).map_err(|_| InvalidCursor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_and_only_in_its_own_list() {
        for number in [0, 42, -7, i64::MAX, i64::MIN] {
            let cursor = NumberCursor::<'b'>(number);
            assert_eq!(cursor.to_string().parse(), Ok(cursor));
            assert_eq!(cursor.to_string().parse::<NumberCursor<'v'>>(), Err(InvalidCursor));
        }
        assert_eq!("nonsense".parse::<NumberCursor<'b'>>(), Err(InvalidCursor));
    }
}
