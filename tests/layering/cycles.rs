//! Modules of a package do not need each other in a circle.

use std::collections::{BTreeMap, BTreeSet};

use super::assert_none;
use super::sources::{self, source_folder, top_modules, without_comments_and_texts};

/// From each top-level module to those it imports, with the first file that does.
type Graph = BTreeMap<String, BTreeMap<String, String>>;

#[test]
fn modules_of_a_package_form_no_circle() {
    let mut faults = Vec::new();
    for package in ["events", "quant", "actors", "projections", "tapedeck"] {
        let graph = graph_of(package);
        for circle in circles(&graph) {
            faults.push(format!("{package}: {}", described(&graph, &circle)));
        }
    }
    assert_none(
        "Top-level modules import each other in a circle. Move what both need into a module below both, or have the \
         lower one take it as an argument or a trait.",
        &faults,
    );
}

/// What is only compiled for tests may use the users of what it tests.
fn graph_of(package: &str) -> Graph {
    let modules = top_modules(package);
    let folder = source_folder(package);
    let mut graph = Graph::new();
    for source in sources::files(&folder, "rs").into_iter().filter(|source| !source.is_test()) {
        let inside = source.path.get(folder.len() + 1..).unwrap_or_default();
        let module = inside.split('/').next().unwrap_or_default().trim_end_matches(".rs").to_owned();
        if !modules.contains(&module) {
            continue;
        }
        let code = without_comments_and_texts(&source.text);
        let production = code.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        for imported in imported_modules(production) {
            if imported != module && modules.contains(&imported) {
                graph
                    .entry(module.clone())
                    .or_default()
                    .entry(imported)
                    .or_insert_with(|| source.path.clone());
            }
        }
    }
    graph
}

/// The `x` of every `crate::x`, also inside `crate::{x, y::…}`.
fn imported_modules(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, path) in code.match_indices("crate::") {
        // `$crate::` belongs to whoever the macro is used by.
        if code.get(..at).is_some_and(|before| before.ends_with(['$', '_'])) {
            continue;
        }
        let rest = code.get(at + path.len()..).unwrap_or_default();
        match rest.strip_prefix('{') {
            Some(list) => found.extend(first_names(list)),
            None => found.extend(first_name(rest)),
        }
    }
    found
}

fn first_name(path: &str) -> Option<String> {
    let name: String = path.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    (!name.is_empty()).then_some(name)
}

/// The first name of each path of an import list, up to the brace that closes it.
fn first_names(list: &str) -> Vec<String> {
    let (mut names, mut depth, mut start) = (Vec::new(), 0_usize, 0);
    for (at, character) in list.char_indices() {
        match character {
            '{' => depth += 1,
            '}' | ',' if depth == 0 => {
                names.extend(list.get(start..at).and_then(first_name));
                start = at + 1;
                if character == '}' {
                    break;
                }
            }
            '}' => depth -= 1,
            _ => {}
        }
    }
    names
}

/// The shortest circle through each module that is in one, each circle once.
fn circles(graph: &Graph) -> Vec<Vec<String>> {
    let found: BTreeSet<Vec<String>> =
        graph.keys().filter_map(|module| shortest_circle(graph, module)).collect();
    found.into_iter().collect()
}

/// Breadth first; the circle begins at its alphabetically first module, so that it is found once.
fn shortest_circle(graph: &Graph, from: &str) -> Option<Vec<String>> {
    let mut ways = std::collections::VecDeque::from([vec![from.to_owned()]]);
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop_front() {
        for next in graph.get(way.last()?).into_iter().flat_map(BTreeMap::keys) {
            if next == from {
                let first = (0..way.len()).min_by_key(|at| &way[*at]).unwrap_or(0);
                let mut circle = way;
                circle.rotate_left(first);
                return Some(circle);
            }
            if seen.insert(next.clone()) {
                let mut longer = way.clone();
                longer.push(next.clone());
                ways.push_back(longer);
            }
        }
    }
    None
}

fn described(graph: &Graph, circle: &[String]) -> String {
    let next_of = circle.iter().cycle().skip(1);
    let steps = circle.iter().zip(next_of).map(|(module, next)| {
        let file = graph.get(module).and_then(|imports| imports.get(next)).map_or("?", String::as_str);
        format!("{module} → {next} ({file})")
    });
    steps.collect::<Vec<_>>().join(", ")
}

#[test]
fn a_circle_is_found_and_named() {
    let of = |edges: &[(&str, &str)]| {
        let mut graph = Graph::new();
        for (module, imported) in edges {
            graph
                .entry((*module).to_owned())
                .or_default()
                .insert((*imported).to_owned(), format!("{module}.rs"));
        }
        graph
    };
    assert!(circles(&of(&[("a", "b"), ("b", "c"), ("a", "c")])).is_empty());
    let graph = of(&[("a", "b"), ("b", "c"), ("c", "b")]);
    let found = circles(&graph);
    assert_eq!(found, [["b".to_owned(), "c".to_owned()]]);
    assert_eq!(described(&graph, &found[0]), "b → c (b.rs), c → b (c.rs)");
}

#[test]
fn imports_are_read_from_paths_and_lists() {
    let code = "use crate::a::B; use crate::{c::{d, e}, f,\n g::H}; fn i() { crate::j::k(); $crate::l::m() }";
    let names = ["a", "c", "f", "g", "j"].map(str::to_owned);
    assert_eq!(imported_modules(code), BTreeSet::from(names));
}
