//! Texts from outside.

use std::ops::RangeInclusive;

use crate::policy::FieldError;

/// Text from outside as it may be kept: trimmed, without control characters (Postgres has no zero bytes), not too long.
pub(crate) fn clean(text: &str, chars_max: usize) -> String {
    let printable = text.trim().chars().map(|character| if character.is_control() { ' ' } else { character });
    printable.take(chars_max).collect::<String>().trim_end().to_owned()
}

/// Reports a text of the wrong length, or with characters that nobody can read (Postgres keeps no zero byte).
pub(crate) fn check_text(
    field: &str,
    text: &str,
    chars: RangeInclusive<usize>,
    errors: &mut Vec<FieldError>,
) {
    let length = text.chars().count();
    if length == 0 && *chars.start() > 0 {
        errors.push(FieldError::new(field, "required", "must not be empty"));
    }
    if length > *chars.end() {
        let message = format!("at most {} characters, not {length}", chars.end());
        errors.push(FieldError::new(field, "too_long", message));
    }
    if text.chars().any(|character| character.is_control() && !"\n\t".contains(character)) {
        errors.push(FieldError::new(field, "invalid", "must not have control characters"));
    }
}
