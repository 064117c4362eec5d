//! The report as text.

use std::fmt::Write;

use super::{Report, Status};

/// A list of folders that is too long for a line.
const SEARCH_PATH: &str = "programs.path";

pub fn text(report: &Report) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write(report, &mut text);
    text
}

fn write(report: &Report, out: &mut String) -> std::fmt::Result {
    let width = report.checks.iter().map(|check| check.name.len()).max().unwrap_or(0);
    for check in &report.checks {
        writeln!(out, "{:7}  {:width$}  {}", label(check.status), check.name, check.found)?;
        if let Some(advice) = &check.advice {
            writeln!(out, "{:7}  {:width$}  → {advice}", "", "")?;
        }
    }
    let value =
        |value: &serde_json::Value| if value.is_null() { "not set".to_owned() } else { value.to_string() };
    let keys = report.settings.iter().map(|setting| setting.key.len()).max().unwrap_or(0);
    writeln!(out, "\nSettings in force")?;
    for setting in &report.settings {
        match setting.value.as_str().filter(|_| setting.key == SEARCH_PATH) {
            Some(path) => {
                writeln!(out, "  {:keys$}  ({})", setting.key, setting.source)?;
                for folder in path.split(':') {
                    writeln!(out, "  {:keys$}  {folder}", "")?;
                }
            }
            None => {
                writeln!(out, "  {:keys$}  {}  ({})", setting.key, value(&setting.value), setting.source)?;
            }
        }
    }
    writeln!(out, "\n{}", verdict(report.status()))
}

fn label(status: Status) -> &'static str {
    match status {
        Status::Ok => "ok",
        Status::Warning => "warning",
        Status::Failed => "FAILED",
    }
}

fn verdict(status: Status) -> &'static str {
    match status {
        Status::Ok => "Everything is there.",
        Status::Warning => "tapedeck will start, with the limitations above.",
        Status::Failed => "tapedeck will not start: see FAILED above.",
    }
}
