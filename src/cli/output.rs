//! What the program prints: text for people, JSON for programs, never both.

use std::fmt::Display;
use std::io::Write;

use comfy_table::{CellAlignment, ContentArrangement, Table, TableComponent, presets};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

/// Where and how results are printed.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    json: bool,
}

impl Output {
    /// JSON or text.
    pub const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether JSON was asked for.
    pub const fn is_json(&self) -> bool {
        self.json
    }

    /// Prints `value` as JSON, or what `text` makes of it.
    pub fn show<T: Serialize>(&self, value: &T, text: impl FnOnce(&T) -> String) -> anyhow::Result<()> {
        if self.json {
            print(serde_json::to_string_pretty(value)?);
        } else {
            print(text(value));
        }
        Ok(())
    }

    /// Prints one item of a stream: a line of JSON or of text.
    pub fn show_line<T: Serialize>(&self, value: &T, text: impl FnOnce(&T) -> String) -> anyhow::Result<()> {
        if self.json {
            print(serde_json::to_string(value)?);
        } else {
            print(text(value));
        }
        Ok(())
    }

    /// Something for people only.
    pub fn say(&self, text: impl Display) {
        if !self.json {
            print(text);
        }
    }

    /// Why the program failed, with every cause.
    pub fn failure(&self, error: &anyhow::Error) {
        if self.json {
            let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
            eprintln!("{}", serde_json::json!({ "error": causes.first(), "causes": causes.get(1..) }));
        } else {
            eprintln!("error: {error}");
            for cause in error.chain().skip(1) {
                eprintln!("  because: {cause}");
            }
        }
    }

    /// A progress bar on the terminal; nothing where standard error is not one or JSON was asked for.
    pub fn progress(&self, total: u64, unit: &str) -> ProgressBar {
        let bar = if self.json { ProgressBar::hidden() } else { ProgressBar::new(total) };
        let template = format!("{{msg:24}} {{wide_bar}} {{human_pos}}/{{human_len}} {unit} {{eta:>5}}");
        bar.with_style(
            ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar()),
        )
    }
}

/// Prints a line. A reader that has read enough and gone (`… | head`) ends the program, as it does with other programs.
fn print(line: impl Display) {
    let mut standard_output = std::io::stdout().lock();
    if writeln!(standard_output, "{line}").is_err() {
        std::process::exit(0);
    }
}

/// A table with `header` and `rows`, or the word "none" without rows; columns from `numbers_from` on are aligned to the right.
pub fn table(header: &[&str], numbers_from: usize, rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_HORIZONTAL_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
    table.remove_style(TableComponent::HorizontalLines).remove_style(TableComponent::MiddleIntersections);
    table.set_header(header);
    table.add_rows(rows);
    if table.row_count() == 0 {
        return "none".to_owned();
    }
    for (index, column) in table.column_iter_mut().enumerate() {
        if index >= numbers_from {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.to_string()
}
