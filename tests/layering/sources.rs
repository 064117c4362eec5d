//! The project's own source files.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A source file.
pub struct Source {
    /// Its path in the project, with `/`.
    pub path: String,
    /// What it says.
    pub text: String,
}

impl Source {
    /// Whether it is only compiled for tests.
    pub fn is_test(&self) -> bool {
        self.path.split('/').any(|part| part == "tests" || part == "tests.rs")
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A file of the project as text.
pub fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// Every `.rs` file of a package; `tapedeck` is the one at the root.
pub fn package(name: &str) -> Vec<Source> {
    let folders: &[&str] = if name == "tapedeck" { &["src", "tests"] } else { &[name] };
    folders.iter().flat_map(|folder| files(folder, "rs")).collect()
}

/// Every `.rs` file of the project.
pub fn packages() -> Vec<Source> {
    ["tapedeck", "events", "actors", "projections", "quant"].into_iter().flat_map(package).collect()
}

/// The folder of a package's modules.
pub fn source_folder(name: &str) -> String {
    if name == "tapedeck" { "src".to_owned() } else { format!("{name}/src") }
}

/// The names of a package's top-level modules.
pub fn top_modules(name: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(root().join(source_folder(name))).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    names
        .filter_map(|name| name.strip_suffix(".rs").map(str::to_owned))
        .filter(|name| name != "lib" && name != "main")
        .collect()
}

/// Every file below `folder` with this extension, by path.
pub fn files(folder: &str, extension: &str) -> Vec<Source> {
    let mut paths = Vec::new();
    collect(&root().join(folder), &mut paths);
    paths.sort();
    let wanted = paths.into_iter().filter(|path| path.extension().is_some_and(|found| found == extension));
    let sources =
        wanted.map(|path| Source { path: relative(&path), text: fs::read_to_string(&path).unwrap() });
    sources.collect()
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/")
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            collect(&path, paths);
        } else {
            paths.push(path);
        }
    }
}

/// The code alone, line by line as before: what stands in comments and texts is blank.
pub fn without_comments_and_texts(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            '"' => text_length(rest),
            'r' if !code.ends_with(is_word) => raw_text_length(rest).unwrap_or(0),
            '\'' => character_length(rest),
            _ => 0,
        };
        let (blank, next) = rest.split_at(length);
        code.extend(blank.chars().filter(|character| *character == '\n'));
        if length == 0 {
            code.push(first);
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
        } else {
            rest = next;
        }
    }
    code
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

fn text_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of `r"…"` or `r#"…"#` at the start of `text`, if there is one.
fn raw_text_length(text: &str) -> Option<usize> {
    let hashes = text.get(1..)?.chars().take_while(|character| *character == '#').count();
    let body = text.get(1 + hashes..)?.strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    Some(1 + hashes + 1 + body.find(&end)? + end.len())
}

/// The length of a character in quotes; nothing for a lifetime.
fn character_length(text: &str) -> usize {
    let mut characters = text.char_indices().skip(1);
    match characters.next() {
        Some((_, '\\')) => text.get(3..).and_then(|rest| rest.find('\'')).map_or(0, |at| 3 + at + 1),
        Some(_) => match characters.next() {
            Some((at, '\'')) => at + 1,
            _ => 0,
        },
        None => 0,
    }
}

#[test]
fn comments_and_texts_are_not_code() {
    for (text, code) in [
        ("a // dbg!\nb", "a \nb"),
        ("say(\"a \\\" // b\") + c", "say() + c"),
        ("r#\"todo! \" \"#; d", "; d"),
        ("f::<'a>('\"', '\\'') // x", "f::<'a>(, ) "),
        ("a /* x\ny */ b", "a \n b"),
    ] {
        assert_eq!(without_comments_and_texts(text), code, "of {text}");
    }
}
