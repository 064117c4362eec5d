//! The identifier of one request from outside.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// Longest identifier in bytes.
const BYTES_MAX: usize = 64;

/// One request from outside, followed through logs and into the metadata of the events it causes: 1 to 64 letters,
/// digits, dots, underscores and hyphens. Kept in place, because every layer that a request passes copies it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId {
    bytes: [u8; BYTES_MAX],
    length: u8,
}

/// The text cannot be the identifier of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to {BYTES_MAX} letters, digits, dots, underscores and hyphens")]
pub struct InvalidRequestId;

impl RequestId {
    /// A new identifier: the text of a UUID of version 7.
    #[expect(clippy::disallowed_methods, reason = "the one home of request ids")]
    pub fn generate() -> Self {
        let mut bytes = [0; BYTES_MAX];
        let length = Uuid::now_v7().hyphenated().encode_lower(&mut bytes).len();
        // The text has 36 bytes.
        Self { bytes: ended(bytes, length), length: u8::try_from(length).unwrap_or(0) }
    }

    /// The identifier as text.
    pub fn as_str(&self) -> &str {
        // Only ASCII gets in, and the length is that of what got in.
        let used = self.bytes.get(..usize::from(self.length)).unwrap_or_default();
        std::str::from_utf8(used).unwrap_or_default()
    }

    /// The identifier where only a UUID has room: itself if it is one, else one that always follows from it.
    pub fn uuid(self) -> Uuid {
        Uuid::parse_str(self.as_str())
            .unwrap_or_else(|_| crate::ids::derived_uuid("RequestId", &[self.as_str().as_bytes()]))
    }
}

/// Encoding a UUID may use the whole buffer; equal identifiers must have equal bytes.
fn ended(mut bytes: [u8; BYTES_MAX], length: usize) -> [u8; BYTES_MAX] {
    bytes.iter_mut().skip(length).for_each(|byte| *byte = 0);
    bytes
}

impl FromStr for RequestId {
    type Err = InvalidRequestId;

    fn from_str(text: &str) -> Result<Self, InvalidRequestId> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let mut bytes = [0; BYTES_MAX];
        let place = bytes.get_mut(..text.len()).ok_or(InvalidRequestId)?;
        if text.is_empty() || !text.bytes().all(fits) {
            return Err(InvalidRequestId);
        }
        place.copy_from_slice(text.as_bytes());
        Ok(Self { bytes, length: u8::try_from(text.len()).map_err(|_| InvalidRequestId)? })
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "RequestId({})", self.as_str())
    }
}

impl Serialize for RequestId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for RequestId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_from_its_text_and_from_json() {
        let longest = "x".repeat(BYTES_MAX);
        let generated = RequestId::generate().to_string();
        for text in ["a", "req_01.HX-9", &longest, &generated] {
            let id: RequestId = text.parse().unwrap();
            assert_eq!(id.to_string(), text);
            assert_eq!(serde_json::from_str::<RequestId>(&serde_json::to_string(&id).unwrap()).unwrap(), id);
        }
        let id = RequestId::generate();
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn what_could_break_a_line_or_a_header_is_no_id() {
        for text in ["", "two words", "a\nb", "é", "a;b", "<script>", &"x".repeat(BYTES_MAX + 1)] {
            assert_eq!(text.parse::<RequestId>(), Err(InvalidRequestId), "{text}");
        }
    }

    #[test]
    fn a_uuid_stays_the_same_uuid() {
        let text = "01988d2f-6c3b-7f10-9d5e-3c1b6a1f0e77";
        assert_eq!(text.parse::<RequestId>().unwrap().uuid().to_string(), text);
        let other: RequestId = "mine".parse().unwrap();
        assert_eq!(other.uuid(), other.uuid());
    }
}
