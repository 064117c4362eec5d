//! Texts from outside.

/// Text from outside as it may be kept: trimmed, without control characters (Postgres has no zero bytes), not too long.
pub(crate) fn clean(text: &str, chars_max: usize) -> String {
    let printable = text.trim().chars().map(|character| if character.is_control() { ' ' } else { character });
    printable.take(chars_max).collect::<String>().trim_end().to_owned()
}
