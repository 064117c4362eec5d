//! The layering of the source: who may know whom, how long a file may be, what no file may say.
//!
//! Each test reads the files themselves, so that what a compiler would accept is still refused.

mod appends;
mod cycles;
mod migrations;
mod sources;

use sources::{Source, package, packages, without_comments_and_texts};

/// Lines a file may have. A longer one is two ideas.
const LINES_MAX: usize = 500;

/// A package, and what its files may not name, with what to do instead.
const FORBIDDEN: &[(&str, &str, &str)] = &[
    (
        "actors",
        "projections",
        "they meet in the log: put what both need into `events`, or a port into actors/src/ports.rs",
    ),
    ("actors", "tapedeck", "declare a trait in actors/src/ports.rs and implement it in src/"),
    ("projections", "actors", "they meet in the log: put what both need into `events`"),
    ("projections", "tapedeck", "hand it in as an argument from src/"),
    ("events", "actors", "events is below: move the rule into events, or the caller up"),
    ("events", "projections", "events is below: move the rule into events, or the caller up"),
    ("events", "tapedeck", "events is below: move the rule into events, or the caller up"),
    ("quant", "events", "quant takes and gives f64: convert at its caller"),
    ("quant", "actors", "quant takes and gives f64: convert at its caller"),
    ("quant", "projections", "quant takes and gives f64: convert at its caller"),
    ("quant", "tapedeck", "quant takes and gives f64: convert at its caller"),
];

/// What no file may say, and what to say instead.
const BANNED: &[(&str, &str)] = &[
    ("#[allow(", "write #[expect(…, reason = \"…\")]: it fails once it is not needed any more"),
    ("#![allow(", "write #![expect(…, reason = \"…\")]: it fails once it is not needed any more"),
    ("todo!", "finish it, or leave it out"),
    ("unimplemented!", "finish it, or leave it out"),
    // EL-129: it loses messages for slow subscribers.
    ("OutputPort", "send through the log or an mpsc channel, which keep order and lose nothing"),
    ("dbg!", "remove it, or log what an operator should know with tracing"),
];

/// Fails with every fault found, one a line.
fn assert_none(rule: &str, faults: &[String]) {
    assert!(faults.is_empty(), "{rule}\n  {}\n", faults.join("\n  "));
}

/// `path:line`, for a place in the source.
fn place(source: &Source, line: usize) -> String {
    format!("{}:{}", source.path, line + 1)
}

/// Whether `code` has the path `name::` or imports the package `name` as a whole.
fn names_package(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        let before = code.get(..at).and_then(|text| text.chars().next_back());
        let after = code.get(at + name.len()..).unwrap_or_default();
        // `crate::events::…` and `self.events` are our own; `::events` and a bare `events::` are the package.
        let global = code.get(..at).is_some_and(|text| {
            text.ends_with("::")
                && !text
                    .trim_end_matches("::")
                    .ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '>')
        });
        let starts =
            global || before.is_none_or(|c| !(c.is_alphanumeric() || c == '_' || c == ':' || c == '.'));
        starts && after.starts_with("::")
    })
}

#[test]
fn imports_point_down_only() {
    let mut faults = Vec::new();
    for (package_name, other, remedy) in FORBIDDEN {
        for source in package(package_name) {
            // A module of this name is the package's own.
            let own = sources::top_modules(package_name).contains(*other);
            for (number, code) in without_comments_and_texts(&source.text).lines().enumerate() {
                if !own && names_package(code, other) {
                    faults
                        .push(format!("{}: {package_name} knows {other}; {remedy}", place(&source, number)));
                }
            }
        }
        let manifest = sources::read(&format!("{package_name}/Cargo.toml"));
        for (number, line) in manifest.lines().enumerate() {
            let dependency = line.split(['.', ' ', '=']).next().unwrap_or_default();
            if dependency == *other {
                faults
                    .push(format!("{package_name}/Cargo.toml:{}: depends on {other}; {remedy}", number + 1));
            }
        }
    }
    assert_none("Dependencies point down: src → actors, projections → events; quant is below all.", &faults);
}

#[test]
fn the_domain_knows_no_runtime() {
    let mut faults = Vec::new();
    for source in package("events") {
        if source.path.starts_with("events/src/log") || source.path == "events/build.rs" {
            continue;
        }
        for (number, code) in without_comments_and_texts(&source.text).lines().enumerate() {
            if code.contains("tokio") {
                faults.push(format!(
                    "{}: tokio; decisions are pure, so move the I/O to events/src/log/ or to an actor",
                    place(&source, number)
                ));
            }
        }
    }
    assert_none("Outside its log, `events` has no async runtime.", &faults);
}

#[test]
fn nobody_climbs_to_a_grandparent() {
    let mut faults = Vec::new();
    for source in packages() {
        for (number, code) in without_comments_and_texts(&source.text).lines().enumerate() {
            if code.contains("super::super") {
                faults.push(format!(
                    "{}: super::super; write crate::… or `use super::…` what the parent shows",
                    place(&source, number)
                ));
            }
        }
    }
    assert_none("A module knows its children and its siblings, and what is public by its path.", &faults);
}

#[test]
fn a_file_is_one_idea() {
    let mut faults = Vec::new();
    for source in packages() {
        let lines = source.text.lines().count();
        let first = source.text.lines().next().unwrap_or_default();
        let table = source.is_test() && first.starts_with("//!") && first.contains("table of cases");
        if lines > LINES_MAX && !table {
            faults.push(format!(
                "{}: {lines} lines, {LINES_MAX} at most; split it where it changes the subject, into a folder of its \
                 name (a test may say `//! … a table of cases …` in its first line)",
                source.path
            ));
        }
    }
    assert_none("A file over the limit is two ideas.", &faults);
}

#[test]
fn nothing_is_silenced_or_left_open() {
    let mut faults = Vec::new();
    for source in packages() {
        for (number, code) in without_comments_and_texts(&source.text).lines().enumerate() {
            for (banned, remedy) in BANNED.iter().filter(|(banned, _)| code.contains(banned)) {
                faults.push(format!("{}: {banned}…; {remedy}", place(&source, number)));
            }
        }
    }
    assert_none("No lint is silenced for good, and no code is left open.", &faults);
}

#[test]
fn no_two_wire_types_share_a_name() {
    // In the API's document a type is known by its name alone: the second of two would be described as the first.
    let mut places: std::collections::BTreeMap<String, Vec<String>> = std::collections::BTreeMap::new();
    for source in packages().iter().filter(|source| source.path.starts_with("src/http")) {
        let mut is_wire = false;
        for (number, line) in source.text.lines().enumerate() {
            is_wire |= line.starts_with("#[derive(") && line.contains("ToSchema");
            let name = line.trim_start_matches("pub ").trim_start_matches("pub(super) ");
            let name = name.strip_prefix("struct ").or_else(|| name.strip_prefix("enum "));
            if let Some(name) = name {
                let name = name.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
                if std::mem::take(&mut is_wire) {
                    places.entry(name.to_owned()).or_default().push(place(source, number));
                }
            }
        }
    }
    let faults: Vec<String> =
        places.into_values().filter(|it| it.len() > 1).map(|it| it.join(" and ")).collect();
    assert_none("A wire type has a name of its own.", &faults);
}
