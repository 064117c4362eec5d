//! Pages of lists and the opaque cursors between them.

use std::fmt;
use std::str::FromStr;

use events::Position;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Some items of a list, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Page<T, C = PositionCursor> {
    /// The items.
    pub items: Vec<T>,
    /// What to ask after for the next page; absent on the last.
    pub next_cursor: Option<C>,
}

impl<T, C> Page<T, C> {
    /// The page that `found` is, which holds one item more than `limit` when there is a next page.
    pub(crate) fn of(mut found: Vec<T>, limit: u16, cursor: impl FnOnce(&T) -> C) -> Self {
        let more = found.len() > usize::from(limit);
        found.truncate(usize::from(limit));
        let next_cursor = found.last().filter(|_| more).map(cursor);
        Self { items: found, next_cursor }
    }
}

/// How many rows to ask for: one more than shown tells whether there is a next page.
pub(crate) fn rows_for(limit: u16) -> i64 {
    i64::from(limit) + 1
}

/// The text is not a cursor of this list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor of this list")]
pub struct InvalidCursor;

/// A cursor as text: hexadecimal, so that nobody is tempted to compose one by hand.
pub(crate) fn encode(list: &str, place: &str) -> String {
    list.bytes().chain([0]).chain(place.bytes()).map(|byte| format!("{byte:02x}")).collect()
}

/// The place that `text` stands for in `list`.
pub(crate) fn decode(list: &str, text: &str) -> Result<String, InvalidCursor> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return Err(InvalidCursor);
    }
    let bytes = (0..text.len())
        .step_by(2)
        .map(|at| text.get(at..at + 2).and_then(|digits| u8::from_str_radix(digits, 16).ok()))
        .collect::<Option<Vec<u8>>>()
        .ok_or(InvalidCursor)?;
    let decoded = String::from_utf8(bytes).map_err(|_| InvalidCursor)?;
    let (found, place) = decoded.split_once('\0').ok_or(InvalidCursor)?;
    if found == list { Ok(place.to_owned()) } else { Err(InvalidCursor) }
}

/// A place in a list that is ordered by log position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PositionCursor(pub Position);

const BY_POSITION: &str = "position";

impl fmt::Display for PositionCursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&encode(BY_POSITION, &self.0.to_string()))
    }
}

impl FromStr for PositionCursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        decode(BY_POSITION, text)?.parse().map(|seq| Self(Position(seq))).map_err(|_| InvalidCursor)
    }
}

impl Serialize for PositionCursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PositionCursor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'_, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_and_only_in_its_own_list() {
        let cursor = PositionCursor(Position(42));
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        assert_eq!(decode("streams", &cursor.to_string()), Err(InvalidCursor));
        assert_eq!("zz".parse::<PositionCursor>(), Err(InvalidCursor));
        assert_eq!("é1".parse::<PositionCursor>(), Err(InvalidCursor));
    }

    #[test]
    fn the_extra_row_only_tells_that_there_is_more() {
        let page = Page::of(vec![3_i64, 2, 1], 2, |last| PositionCursor(Position(*last)));
        assert_eq!(page, Page { items: vec![3, 2], next_cursor: Some(PositionCursor(Position(2))) });
        let last = Page::of(vec![1_i64], 2, |last| PositionCursor(Position(*last)));
        assert_eq!(last.next_cursor, None);
    }
}
