//! What a provider's refusal means: from status, headers and whatever it says, to a [`ProviderError`].

use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde_json::Value;

use super::error::ProviderError;
use crate::config::SecretText;

/// No provider is waited for longer, whatever it says.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 3_600);
/// Characters kept of what a provider says.
const WORDS_MAX: usize = 300;
/// Characters of a key that are a key already.
const KEY_PART_MIN: usize = 8;

/// What a provider said when it did not answer.
#[derive(Debug, Default)]
pub(super) struct Complaint {
    /// The status, if it came instead of a stream.
    pub status: Option<u16>,
    /// When it may be asked again.
    pub retry_after: Option<Duration>,
    /// Its words for it.
    pub message: String,
    /// Its codes for it, in lower case.
    codes: String,
}

impl Complaint {
    /// Of an answer that is not a success. Its body may be anything.
    pub(super) fn of_answer(status: u16, headers: &HeaderMap, body: &[u8], key: Option<&SecretText>) -> Self {
        let found = serde_json::from_slice::<Value>(body).ok();
        let complaint = match found.as_ref().and_then(|body| body.get("error")) {
            Some(error) => Self::of_error(error, key),
            None => {
                let message = found.as_ref().and_then(words_of).unwrap_or_default();
                Self { message: masked(&message, key), ..Self::default() }
            }
        };
        let message = match complaint.message.is_empty() {
            true => format!("it answers {status}"),
            false => format!("{} (status {status})", complaint.message),
        };
        Self { status: Some(status), retry_after: retry_after(headers), message, ..complaint }
    }

    /// Of an `error` within an answer: an object, or a text.
    pub(super) fn of_error(error: &Value, key: Option<&SecretText>) -> Self {
        let code = |name: &str| match error.get(name) {
            Some(Value::String(text)) => text.to_lowercase(),
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        };
        let status = code("code").parse().ok();
        let message = words_of(error).unwrap_or_else(|| "it does not say why".to_owned());
        let codes = format!("{} {}", code("code"), code("type"));
        Self { status, retry_after: None, message: masked(&message, key), codes }
    }

    /// What it means.
    pub(super) fn meaning(self) -> ProviderError {
        let says = |parts: &[&str]| parts.iter().any(|part| self.codes.contains(part));
        let Self { status, retry_after, message, .. } = &self;
        let (status, message) = (*status, message.clone());
        let retry_after = retry_after.map(|after| after.min(RETRY_AFTER_MAX));
        let flagged = status == Some(403) && message.to_lowercase().contains("flagged");
        if flagged || says(&["content_filter", "content_policy", "moderation", "safety"]) {
            return ProviderError::Refused { message };
        }
        if status == Some(402) || says(&["insufficient_quota", "billing", "insufficient_credits"]) {
            return ProviderError::QuotaExceeded { message };
        }
        if status == Some(429) || says(&["rate_limit"]) {
            return ProviderError::RateLimited { retry_after, message };
        }
        if matches!(status, Some(401 | 403)) || says(&["invalid_api_key", "authentication", "permission"]) {
            return ProviderError::KeyRejected { message };
        }
        let is_request = says(&["invalid_request", "context_length", "model_not_found", "invalid_prompt"]);
        match status {
            Some(408 | 409 | 425 | 500..) => ProviderError::Unavailable { status, retry_after, message },
            Some(400..500) => ProviderError::InvalidRequest { status, message },
            Some(_) | None if is_request => ProviderError::InvalidRequest { status, message },
            Some(_) | None => ProviderError::Unavailable { status, retry_after, message },
        }
    }
}

/// What an error says, wherever it says it.
fn words_of(error: &Value) -> Option<String> {
    if let Some(text) = error.as_str() {
        return Some(text.to_owned());
    }
    let named = ["message", "detail", "error"].iter().find_map(|name| error.get(*name)?.as_str());
    named.map(str::to_owned)
}

/// `Retry-After` in seconds or as a date, or `retry-after-ms`.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(milliseconds) = text("retry-after-ms").and_then(|text| text.trim().parse().ok()) {
        return Some(Duration::from_millis(milliseconds));
    }
    let given = text(RETRY_AFTER.as_str())?.trim();
    if let Ok(seconds) = given.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let at = jiff::fmt::rfc2822::parse(given).ok()?.timestamp();
    let wait = at.duration_since(events::time::now());
    Some(Duration::try_from(wait).unwrap_or_default())
}

/// Words for people: one line, not too long, without the key or what looks like one. Some providers repeat the key that
/// they refuse.
pub(super) fn masked(text: &str, key: Option<&SecretText>) -> String {
    let whole = key.map_or_else(|| text.to_owned(), |key| text.replace(key.expose(), "***"));
    let looks_like_a_key = |word: &str| {
        let word = word.trim_start_matches(|c: char| !c.is_alphanumeric());
        let starts_so = ["sk-", "gsk_", "xai-", "Bearer"].iter().any(|start| word.starts_with(start));
        // The beginning of a key, which is what providers like to repeat.
        let begins_key = key.is_some_and(|key| {
            let beginning: String = key.expose().chars().take(KEY_PART_MIN).collect();
            beginning.len() >= KEY_PART_MIN && word.contains(&beginning)
        });
        starts_so || begins_key
    };
    let words = whole.split_whitespace().map(|word| if looks_like_a_key(word) { "***" } else { word });
    let line = words.collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(WORDS_MAX) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn meaning(status: u16, body: &Value) -> ProviderError {
        let body = body.to_string();
        Complaint::of_answer(status, &HeaderMap::new(), body.as_bytes(), None).meaning()
    }

    #[test]
    fn every_refusal_has_its_kind() {
        let openai = |code: &str| json!({"error": {"message": "no", "type": "x", "code": code}});
        for (status, body, kind) in [
            (429, openai("rate_limit_exceeded"), "rate_limited"),
            (429, openai("insufficient_quota"), "quota_exceeded"),
            (402, json!({"error": {"code": 402, "message": "buy credits"}}), "quota_exceeded"),
            (401, openai("invalid_api_key"), "key_rejected"),
            (403, json!({"error": {"message": "input was flagged"}}), "refused"),
            (403, json!({}), "key_rejected"),
            (400, openai("content_policy_violation"), "refused"),
            (400, openai("context_length_exceeded"), "invalid_request"),
            (404, json!({"detail": "no such model"}), "invalid_request"),
            (408, json!("slow"), "unavailable"),
            (409, json!({}), "unavailable"),
            (500, json!({"error": "boom"}), "unavailable"),
            (529, json!([]), "unavailable"),
        ] {
            assert_eq!(meaning(status, &body).kind(), kind, "{status} {body}");
        }
    }

    #[test]
    fn errors_within_a_stream_have_the_same_kinds() {
        for (error, kind) in [
            (json!({"code": 429, "message": "slow down"}), "rate_limited"),
            (json!({"type": "server_error", "message": "boom"}), "unavailable"),
            (json!({"code": "rate_limit_exceeded"}), "rate_limited"),
            (json!({"type": "invalid_request_error", "message": "bad"}), "invalid_request"),
            (json!({"code": 502, "message": "upstream"}), "unavailable"),
            (json!("boom"), "unavailable"),
        ] {
            assert_eq!(Complaint::of_error(&error, None).meaning().kind(), kind, "{error}");
        }
    }

    #[test]
    fn when_to_ask_again_is_read_in_every_form() {
        let told = |status, name: &'static str, value: &str| {
            let headers = [(name, value)];
            let headers = headers.map(|(n, v)| (n.parse().unwrap(), v.parse().unwrap()));
            let headers: HeaderMap = headers.into_iter().collect();
            Complaint::of_answer(status, &headers, b"", None).meaning()
        };
        let after = |name, value| match told(429, name, value) {
            ProviderError::RateLimited { retry_after, .. } => retry_after,
            other => panic!("{other}"),
        };
        assert_eq!(after("retry-after", "7"), Some(Duration::from_secs(7)));
        assert_eq!(after("retry-after-ms", "250"), Some(Duration::from_millis(250)));
        assert_eq!(after("retry-after", "Mon, 01 Jan 2001 00:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(after("retry-after", "soon"), None, "nobody said when");
        assert_eq!(after("retry-after", "1e12"), Some(RETRY_AFTER_MAX));
        assert_eq!(after("x-other", "7"), None);
        let unavailable = told(503, "retry-after", "7");
        assert_eq!(
            (unavailable.kind(), unavailable.retry_after()),
            ("unavailable", Some(Duration::from_secs(7)))
        );
        assert!(unavailable.to_string().contains("again in 7 s"), "{unavailable}");
    }

    #[test]
    fn a_key_that_is_repeated_is_masked() {
        let key = SecretText::new("secretkey-0123456789");
        for text in [
            "Incorrect key: secretkey-0123456789.",
            "Incorrect key: secretke****6789",
            "(sk-live-1234) is no key",
        ] {
            let told = masked(text, Some(&key));
            assert!(told.contains("***") && !told.contains("secretke") && !told.contains("sk-"), "{told}");
        }
        assert_eq!(masked(&"x".repeat(1_000), None).chars().count(), WORDS_MAX + 1);
    }
}
