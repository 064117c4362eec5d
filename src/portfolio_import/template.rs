//! A file to begin with: one example of each kind of position.

/// The template. Its lines that begin with `#` are comments, which the import leaves out.
pub const TEMPLATE: &str = include_str!("template.csv");
