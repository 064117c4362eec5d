//! Every table says whose it is.

use super::assert_none;
use super::sources::files;

#[test]
fn every_table_says_whose_it_is() {
    let mut faults = Vec::new();
    for migration in files("migrations", "sql") {
        let commented = names_after(&migration.text, "comment on table ");
        for table in names_after(&migration.text, "create table ") {
            if !commented.contains(&table) {
                faults.push(format!(
                    "{}: table {table} has no comment; add `comment on table {table} is '<package>::<module>: …';`",
                    migration.path
                ));
            }
        }
    }
    assert_none("A migration says of each table it creates whose it is.", &faults);
}

/// The word after each `phrase` that begins a line: statements inside functions are indented.
fn names_after(sql: &str, phrase: &str) -> Vec<String> {
    let rests = sql.lines().filter_map(|line| {
        let head = line.get(..phrase.len())?;
        if head.eq_ignore_ascii_case(phrase) { line.get(phrase.len()..) } else { None }
    });
    let names = rests.map(|rest| {
        let rest = rest.trim_start_matches("if not exists ");
        rest.chars().take_while(|character| !character.is_whitespace() && *character != '(').collect()
    });
    names.collect()
}

#[test]
fn tables_are_read_from_the_start_of_lines() {
    let sql = "create table a (\n);\nCreate Table if not exists b (id int);\n  create table c ();\n";
    assert_eq!(names_after(sql, "create table "), ["a", "b"]);
}
