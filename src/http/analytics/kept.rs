//! Answers of analytics that were computed lately. Their key says all that they follow from, so none becomes wrong.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::value::RawValue;

/// Most bytes of all answers that are kept, with their keys.
const BYTES_MAX: usize = 32 << 20;

/// An answer, with its items in all and the next cursor where it is a page.
#[derive(Debug, Clone)]
pub struct KeptAnswer {
    /// As it is sent.
    pub data: Arc<RawValue>,
    /// How many items the list has, and where its next page begins.
    pub listed: Option<(i64, Option<String>)>,
}

/// Answers by what they follow from. Whoever asks has shown before that the portfolios are theirs.
#[derive(Debug, Default)]
pub struct KeptAnswers {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    answers: HashMap<String, (KeptAnswer, u64)>,
    bytes: usize,
    uses: u64,
}

impl KeptAnswers {
    /// The answer with this key, if it is there.
    pub fn find(&self, key: &str) -> Option<KeptAnswer> {
        let mut kept = self.lock();
        kept.uses += 1;
        let uses = kept.uses;
        let (answer, used) = kept.answers.get_mut(key)?;
        *used = uses;
        Some(answer.clone())
    }

    /// Keeps an answer; what was not asked for longest makes room.
    pub fn keep(&self, key: String, answer: &KeptAnswer) {
        let mut kept = self.lock();
        kept.uses += 1;
        let uses = kept.uses;
        let size = key.len();
        kept.bytes += size + answer.data.get().len();
        if let Some((before, _)) = kept.answers.insert(key, (answer.clone(), uses)) {
            kept.bytes -= size + before.data.get().len();
        }
        while kept.bytes > BYTES_MAX
            && let Some(oldest) =
                kept.answers.iter().min_by_key(|(_, (_, used))| *used).map(|(key, _)| key.clone())
            && let Some((gone, _)) = kept.answers.remove(&oldest)
        {
            kept.bytes -= oldest.len() + gone.data.get().len();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_asked_for_longest_makes_room() {
        let third = format!("\"{}\"", "x".repeat(BYTES_MAX / 3));
        let data = Arc::<RawValue>::from(RawValue::from_string(third).unwrap());
        let large = KeptAnswer { data, listed: None };
        let answers = KeptAnswers::default();
        answers.keep("a".to_owned(), &large);
        answers.keep("b".to_owned(), &large);
        assert!(answers.find("a").is_some());
        answers.keep("c".to_owned(), &large);
        assert!(answers.find("b").is_none() && answers.find("a").is_some() && answers.find("c").is_some());
    }
}
