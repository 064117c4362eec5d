//! JSON objects whose values stay text, so that numbers are never turned into floats and every value has a place.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::error::RowError;

/// The keys and values of an object in the order of the text, repeated keys included.
#[derive(Debug)]
pub(super) struct Entries<'a>(pub(super) Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Entries<'a> {
    /// Reads `raw`, which `name` names in the error.
    pub(super) fn of(raw: &'a RawValue, name: &str) -> Result<Self, RowError> {
        serde_json::from_str(raw.get()).map_err(|_| RowError::NotAnObject(name.to_owned()))
    }
}

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Entries<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::with_capacity(map.size_hint().unwrap_or(0));
                while let Some((Text(key), value)) = map.next_entry()? {
                    entries.push((key, value));
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

/// A string, borrowed where it has no escapes.
struct Text<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Str;
        impl<'de> Visitor<'de> for Str {
            type Value = Text<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Str)
    }
}

/// The content of a string, or the text of any other value as written.
pub(super) fn scalar(raw: &RawValue) -> Cow<'_, str> {
    match serde_json::from_str::<Text<'_>>(raw.get()) {
        Ok(Text(text)) => text,
        Err(_) => Cow::Borrowed(raw.get()),
    }
}

/// Turns places in a text into lines and columns, for places that mostly rise.
#[derive(Debug)]
pub(super) struct Locator<'a> {
    text: &'a str,
    first_line: u64,
    line: u64,
    line_start: usize,
    /// No line ends between the start of the line and here.
    searched: usize,
}

impl<'a> Locator<'a> {
    /// `text` starts at the beginning of `first_line`.
    pub(super) const fn new(text: &'a str, first_line: u64) -> Self {
        Self { text, first_line, line: first_line, line_start: 0, searched: 0 }
    }

    /// Line and column of `part`, which must be cut out of the text; both from 1.
    pub(super) fn locate(&mut self, part: &str) -> (u64, Option<u64>) {
        let Some(offset) = part.as_ptr().addr().checked_sub(self.text.as_ptr().addr()) else {
            return (self.line, None);
        };
        if offset > self.text.len() {
            return (self.line, None);
        }
        if offset < self.line_start {
            (self.line, self.line_start, self.searched) = (self.first_line, 0, 0);
        }
        while let Some(length) = self.text.get(self.searched..offset).and_then(|ahead| ahead.find('\n')) {
            self.line += 1;
            self.searched += length + 1;
            self.line_start = self.searched;
        }
        self.searched = self.searched.max(offset);
        (self.line, u64::try_from(offset - self.line_start + 1).ok())
    }
}
