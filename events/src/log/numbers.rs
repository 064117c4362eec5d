//! The numbers of the streams that were appended to lately.

use std::collections::HashMap;

use crate::StreamName;

/// Streams of one generation; with both full, some 10 MB.
const GENERATION: usize = 1 << 15;

/// A bounded memory. A number is never given to another stream, so what is remembered stays right; and what an append
/// expects of its stream is compared with the row of that number, whose hash covers the name.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    recent: HashMap<StreamName, i64>,
    /// What was recent before, until as many others have come.
    older: HashMap<StreamName, i64>,
}

impl Numbers {
    pub(super) fn of(&mut self, stream: &StreamName) -> Option<i64> {
        if let Some(number) = self.recent.get(stream) {
            return Some(*number);
        }
        let (stream, number) = self.older.remove_entry(stream)?;
        self.put(stream, number);
        Some(number)
    }

    pub(super) fn put(&mut self, stream: StreamName, number: i64) {
        if self.recent.len() >= GENERATION {
            self.older = std::mem::take(&mut self.recent);
        }
        self.recent.insert(stream, number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tenant;

    #[test]
    fn what_is_used_is_kept_and_the_rest_forgotten() {
        let name = |number: usize| StreamName::new(Tenant::LOCAL, "test", number);
        let mut numbers = Numbers::default();
        numbers.put(name(0), 100);
        numbers.put(name(1), 101);
        for other in 2..3 * GENERATION {
            numbers.put(name(other), 0);
            assert_eq!(numbers.of(&name(0)), Some(100), "after {other} streams");
        }
        assert_eq!(numbers.of(&name(1)), None);
        assert!(numbers.recent.len() + numbers.older.len() <= 2 * GENERATION);
    }
}
