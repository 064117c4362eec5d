//! An error with everything that caused it, in one line.

use std::error::Error;

/// The text of `error` and of each of its sources, from the outermost to the root.
pub fn whole_chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
