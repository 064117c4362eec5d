//! Whether an answer can be in a form that its caller accepts.

use axum::http::{HeaderMap, header};

/// Whether the `Accept` headers, if there are any, let an answer be of this media type. What is no media range is
/// skipped; a caller that names none takes everything.
pub(super) fn accepts(headers: &HeaderMap, offered: &str) -> bool {
    let told = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let ranges: Vec<Range<'_>> = told.flat_map(|value| value.split(',')).filter_map(Range::read).collect();
    // The range that says most about the type decides.
    let fitting = ranges.iter().filter_map(|range| Some((range.specificity(offered)?, range.is_refusal)));
    match fitting.max_by_key(|(specificity, _)| *specificity) {
        Some((_, is_refusal)) => !is_refusal,
        None => ranges.is_empty(),
    }
}

/// One range, such as `text/*;q=0`.
struct Range<'h> {
    kind: &'h str,
    subtype: &'h str,
    is_refusal: bool,
}

impl<'h> Range<'h> {
    fn read(text: &'h str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let (kind, subtype) = parts.next()?.split_once('/')?;
        let weight = parts.filter_map(|part| part.split_once('=')).find(|(name, _)| name.trim() == "q");
        let is_refusal = weight.is_some_and(|(_, q)| q.trim().parse::<f32>().is_ok_and(|q| q <= 0.0));
        Some(Self { kind, subtype, is_refusal })
    }

    /// How much the range says about a type: 2 all of it, 1 its kind, 0 nothing; `None` where it is about others.
    fn specificity(&self, offered: &str) -> Option<u8> {
        let (kind, subtype) = offered.split_once('/')?;
        match (self.kind, self.subtype) {
            ("*", "*") => Some(0),
            (one, "*") if one.eq_ignore_ascii_case(kind) => Some(1),
            (one, other) if one.eq_ignore_ascii_case(kind) && other.eq_ignore_ascii_case(subtype) => Some(2),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(accept: &[&'static str]) -> bool {
        let mut headers = HeaderMap::new();
        for value in accept {
            headers.append(header::ACCEPT, value.parse().unwrap());
        }
        accepts(&headers, "application/json")
    }

    #[test]
    fn whoever_names_nothing_or_everything_takes_json() {
        assert!(json(&[]) && json(&[""]) && json(&["*/*"]) && json(&["nonsense"]));
        assert!(json(&["text/html, application/*;q=0.1"]) && json(&["text/html", "Application/JSON"]));
    }

    #[test]
    fn what_is_not_named_or_refused_is_not_accepted() {
        assert!(!json(&["text/html"]) && !json(&["application/xml, text/*"]));
        assert!(!json(&["*/*, application/json;q=0"]) && !json(&["application/json; charset=utf-8 ;q=0.0"]));
        assert!(json(&["*/*;q=0, application/json"]));
    }
}
