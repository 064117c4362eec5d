//! The description of the API is a committed file: a difference in it is a decision.

use std::collections::BTreeMap;

use serde_json::Value;
use tapedeck::http::document;

const SNAPSHOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots/openapi.json");

#[test]
fn the_document_is_the_one_that_was_accepted() {
    let now = document();
    if std::env::var_os("ACCEPT").is_some() {
        let text = serde_json::to_string_pretty(&now).unwrap() + "\n";
        std::fs::write(SNAPSHOT, text).unwrap();
        return;
    }
    let accepted = std::fs::read_to_string(SNAPSHOT).unwrap_or_else(|_| "{}".to_owned());
    let accepted: Value = serde_json::from_str(&accepted).unwrap();
    let (before, after) = (flat(&accepted), flat(&now));
    let mut differences = Vec::new();
    for (place, value) in &before {
        match after.get(place) {
            None => differences.push(format!("- {place}: {value}")),
            Some(other) if other != value => differences.push(format!("~ {place}: {value} -> {other}")),
            Some(_) => {}
        }
    }
    differences.extend(
        after
            .iter()
            .filter(|(place, _)| !before.contains_key(*place))
            .map(|(place, value)| format!("+ {place}: {value}")),
    );
    assert!(
        differences.is_empty(),
        "the API changed in {} places:\n{}\nIf that is meant: ACCEPT=1 cargo test -p tapedeck \
         the_document_is_the_one_that_was_accepted",
        differences.len(),
        differences.iter().take(40).cloned().collect::<Vec<_>>().join("\n"),
    );
}

/// Every leaf by its place.
fn flat(document: &Value) -> BTreeMap<String, String> {
    fn walk(place: &str, value: &Value, leaves: &mut BTreeMap<String, String>) {
        match value {
            Value::Object(members) if !members.is_empty() => {
                members.iter().for_each(|(name, value)| walk(&format!("{place} / {name}"), value, leaves));
            }
            Value::Array(items) if !items.is_empty() => {
                items
                    .iter()
                    .enumerate()
                    .for_each(|(index, value)| walk(&format!("{place} / {index}"), value, leaves));
            }
            leaf => {
                leaves.insert(place.to_owned(), leaf.to_string());
            }
        }
    }
    let mut leaves = BTreeMap::new();
    walk("", document, &mut leaves);
    leaves
}

/// Operations that name something of somebody's in their query or body.
const NAMES_ELSEWHERE: [&str; 9] = [
    "/positions/tags/bulk-assign",
    "compare",
    "impersonations",
    "/v1/positions",
    "/positions/bulk",
    "/positions/check-duplicate",
    "/positions/tags-for-symbol",
    "/positions/details",
    "/positions/attribution",
];

#[test]
fn every_operation_is_described_and_names_its_failures() {
    let document = document();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut ids = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        assert!(path.starts_with("/api/v1/"), "{path}");
        for (method, operation) in operations.as_object().unwrap() {
            let place = format!("{method} {path}");
            ids.push(operation["operationId"].as_str().unwrap().to_owned());
            assert!(operation["summary"].as_str().is_some_and(|text| text.len() > 10), "{place}");
            assert!(operation["responses"]["500"].is_object(), "{place}");
            assert_eq!(
                operation["responses"]["404"].is_object(),
                path.contains('{')
                    || path.starts_with("/api/v1/analytics/aggregate/")
                    || NAMES_ELSEWHERE.iter().any(|end| path.ends_with(end)),
                "{place}"
            );
            let wanted = operation["security"].as_array().unwrap();
            assert_eq!(wanted.is_empty(), operation["x-access"] == "public", "{place}");
            assert!(wanted.is_empty() || operation["responses"]["401"].is_object(), "{place}");
            for status in ["414", "429", "431", "500", "503", "504"] {
                assert!(operation["responses"][status].is_object(), "{place}: {status}");
            }
            let tags = operation["tags"].as_array().unwrap();
            let known = document["tags"].as_array().unwrap();
            assert!(tags.iter().all(|tag| known.iter().any(|one| one["name"] == *tag)), "{place}: {tags:?}");
            let names = |name: &str| {
                let parameters = operation["parameters"].as_array().into_iter().flatten();
                parameters.clone().any(|parameter| parameter["name"] == name)
            };
            // What is only computed or shown changes nothing, however often.
            let computes =
                ["/stress-test/custom", "/greeks/calculate", "/export"].iter().any(|end| path.ends_with(end));
            let changes = method == "post" && !computes;
            assert!(!changes || names("Idempotency-Key"), "{place} can be repeated by accident");
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            for parameter in parameters.filter(|parameter| parameter["$ref"].is_null()) {
                let described = parameter["description"].as_str().is_some_and(|text| !text.is_empty());
                assert!(described, "{place}: {}", parameter["name"]);
            }
        }
    }
    let count = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), count, "operation ids are unique");
}

#[test]
fn every_reference_leads_somewhere_and_every_field_is_described() {
    let document = document();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for (place, leaf) in flat(&document).iter().filter(|(place, _)| place.ends_with("$ref")) {
        let target = leaf.trim_matches('"').trim_start_matches('#');
        assert!(document.pointer(target).is_some(), "{place} refers to {leaf}");
    }
    for (name, schema) in schemas {
        for (field, property) in schema["properties"].as_object().into_iter().flatten() {
            let described = |it: &Value| it["description"].is_string();
            let choices = property["oneOf"].as_array();
            let any = described(property) || choices.is_some_and(|choices| choices.iter().any(described));
            // The data of an envelope is described by its operation.
            assert!(any || field == "data", "{name}.{field} has no description");
        }
    }
}
