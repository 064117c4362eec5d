//! The cells of one CSV row. A row is one line: price files have no line breaks inside cells.

use std::borrow::Cow;

use super::error::RowError;
use super::lines::Line;

/// Splits at commas; a cell in double quotes may contain commas, and a doubled quote is one.
pub(super) fn split(line: &Line) -> Result<Vec<Cow<'_, str>>, RowError> {
    let text = std::str::from_utf8(&line.bytes).map_err(|_| RowError::NotUtf8)?;
    if !text.contains('"') {
        return Ok(text.split(',').map(|cell| Cow::Borrowed(cell.trim())).collect());
    }
    let mut cells = Vec::new();
    let mut rest = text;
    loop {
        let trimmed = rest.trim_start();
        let after = match trimmed.strip_prefix('"') {
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                let (cell, after) = rest.split_at(end);
                cells.push(Cow::Borrowed(cell.trim()));
                after
            }
            Some(quoted) => {
                let (cell, after) = quoted_cell(quoted)?;
                cells.push(Cow::Owned(cell));
                after
            }
        };
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None => return Ok(cells),
        }
    }
}

/// The cell whose opening quote is gone, and what follows up to the next comma.
fn quoted_cell(text: &str) -> Result<(String, &str), RowError> {
    let mut cell = String::new();
    let mut rest = text;
    loop {
        let (before, after) = rest.split_once('"').ok_or(RowError::OpenQuote)?;
        cell.push_str(before);
        match after.strip_prefix('"') {
            Some(doubled) => {
                cell.push('"');
                rest = doubled;
            }
            None => {
                let comma = after.find(',').unwrap_or(after.len());
                return Ok((cell.trim().to_owned(), after.get(comma..).unwrap_or_default()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(text: &str) -> Result<Vec<String>, RowError> {
        let line = Line { number: 1, bytes: text.as_bytes().to_vec() };
        split(&line).map(|cells| cells.into_iter().map(Cow::into_owned).collect())
    }

    #[test]
    fn quotes_protect_commas_and_blanks_are_trimmed() {
        assert_eq!(cells("a, b ,,c").unwrap(), ["a", "b", "", "c"]);
        assert_eq!(cells(r#""1,234","say ""x""" ,c"#).unwrap(), ["1,234", "say \"x\"", "c"]);
        assert_eq!(cells(r#"a,"""#).unwrap(), ["a", ""]);
        assert_eq!(cells(r#"a,"b"#), Err(RowError::OpenQuote));
    }

    #[test]
    fn bytes_that_are_not_text_are_refused() {
        let line = Line { number: 1, bytes: vec![b'a', 0xff] };
        assert_eq!(split(&line), Err(RowError::NotUtf8));
    }
}
