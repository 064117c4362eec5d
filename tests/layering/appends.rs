//! What statements may do with the tables of the log.

use super::assert_none;
use super::sources::files;

/// The tables that one append writes.
const APPENDED: [&str; 4] = ["streams", "log_head", "events", "commands"];

/// EL-23: an event that meets another in its place is a conflict, never silently nothing.
#[test]
fn no_event_is_dropped_because_its_place_is_taken() {
    let mut faults = Vec::new();
    let folders = ["events", "actors", "projections", "migrations", "src"];
    let texts = folders.iter().flat_map(|folder| files(folder, "sql").into_iter().chain(files(folder, "rs")));
    for source in texts {
        let text = source.text.to_lowercase();
        for (at, _) in text.match_indices("insert into events") {
            // To the end of the statement, or of the `with` member that it is.
            let rest = text.get(at..).unwrap_or_default();
            let end = rest.find("\n),").or_else(|| rest.find(';')).unwrap_or(rest.len());
            if rest.get(..end).is_some_and(|insert| insert.contains("on conflict")) {
                faults
                    .push(format!("{}: an insert into events with `on conflict`; let it fail", source.path));
            }
        }
    }
    assert_none("An event is inserted or refused.", &faults);
}

/// EL-57: what is written with an append are the tables of the log; every read model is folded after it.
#[test]
fn an_append_writes_the_tables_of_the_log_alone() {
    let mut faults = Vec::new();
    let appends = files("events/src/log/sql", "sql");
    let appends: Vec<_> = appends.iter().filter(|source| source.path.contains("/append")).collect();
    assert!(appends.len() >= 2, "the statements of an append are not where they were");
    for source in appends {
        let words: Vec<&str> = source.text.split_whitespace().collect();
        for (index, pair) in words.windows(2).enumerate() {
            let written = match pair {
                ["into", table] => table,
                // `on conflict … do update set` names no table.
                ["update", table] if words.get(index.wrapping_sub(1)) != Some(&"do") => table,
                ["delete", _] => words.get(index + 2).unwrap_or(&"delete"),
                _ => continue,
            };
            let table = written.trim_end_matches(['(', ',', ';']);
            if !APPENDED.contains(&table) {
                faults.push(format!("{}: writes {table}; fold it in a projection", source.path));
            }
        }
    }
    assert_none("An append writes nothing but the log.", &faults);
}
