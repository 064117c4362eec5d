//! Tables (CSV) as answers.

use axum::http::header;
use axum::response::{IntoResponse, Response};

/// A table as a file of this name.
pub fn file(name: &str, table: String) -> Response {
    attachment(name, "text/csv; charset=utf-8", table)
}

/// A text as a file of this name, which must be one that needs no quoting.
pub fn attachment(name: &str, kind: &'static str, text: String) -> Response {
    let disposition = format!("attachment; filename=\"{name}\"");
    let headers = [(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, disposition)];
    (headers, text).into_response()
}

/// A text as a cell: spreadsheets must not take it for a formula.
pub fn cell(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_never_formulas() {
        assert_eq!(cell("say \"so\", please"), "\"say \"\"so\"\", please\"");
        assert_eq!(cell("=1+1"), "\"'=1+1\"");
    }
}
