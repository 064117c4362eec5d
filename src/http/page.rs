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

/// A place in a list that is put in order by a text; `LIST` keeps the cursors of different lists apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyCursor<const LIST: char>(pub String);

impl<const LIST: char> fmt::Display for KeyCursor<LIST> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:02x}", u32::from(LIST))?;
        self.0.bytes().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl<const LIST: char> FromStr for KeyCursor<LIST> {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let digits = text.strip_prefix(&format!("{:02x}", u32::from(LIST))).ok_or(InvalidCursor)?;
        if !digits.is_ascii() || !digits.len().is_multiple_of(2) {
            return Err(InvalidCursor);
        }
        let byte = |at: usize| digits.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
        let bytes: Option<Vec<u8>> = (0..digits.len()).step_by(2).map(byte).collect();
        let key = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        key.map(Self).ok_or(InvalidCursor)
    }
}

/// Which way a list is put in order by its keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The smallest first.
    Rising,
    /// The largest first.
    Falling,
}

impl<const LIST: char> Paging<KeyCursor<LIST>> {
    /// One page of items with their keys, of which no two are equal; and the cursor of the next page.
    pub fn page_of<T>(
        &self,
        mut items: Vec<(String, T)>,
        direction: Direction,
    ) -> (Vec<T>, Option<KeyCursor<LIST>>) {
        let is_rising = direction == Direction::Rising;
        items.sort_by(|(left, _), (right, _)| if is_rising { left.cmp(right) } else { right.cmp(left) });
        if let Some(KeyCursor(after)) = &self.cursor {
            items.retain(|(key, _)| if is_rising { key > after } else { key < after });
        }
        let more = items.len() > usize::from(self.limit);
        items.truncate(usize::from(self.limit));
        let last = items.last().filter(|_| more).map(|(key, _)| KeyCursor(key.clone()));
        (items.into_iter().map(|(_, item)| item).collect(), last)
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

    #[test]
    fn pages_of_keys_follow_each_other_both_ways() {
        let items = || ["b", "a", "d", "c"].map(|key| (key.to_owned(), key)).to_vec();
        for (direction, first, second) in
            [(Direction::Rising, ["a", "b", "c"], ["d"]), (Direction::Falling, ["d", "c", "b"], ["a"])]
        {
            let (page, next) =
                Paging::<KeyCursor<'x'>> { limit: 3, cursor: None }.page_of(items(), direction);
            assert_eq!(page, first);
            let cursor: KeyCursor<'x'> = next.unwrap().to_string().parse().unwrap();
            let (page, next) = Paging { limit: 3, cursor: Some(cursor) }.page_of(items(), direction);
            assert_eq!((page, next), (second.to_vec(), None));
        }
        assert_eq!("zz00".parse::<KeyCursor<'x'>>(), Err(InvalidCursor));
    }
}
