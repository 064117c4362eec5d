//! What the snapshots of runs say differently.

use std::collections::{BTreeMap, BTreeSet};

use events::run::RunSnapshot;
use serde::Serialize;
use serde_json::Value;

/// Longer values are described, not shown.
const VALUE_BYTES_MAX: usize = 1_000;

/// A setting that is not equal in all runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// Where it stands in the snapshot: `policy.parameters.fast`.
    pub setting: String,
    /// Its value in each run; null where a run has none.
    pub values: Vec<Value>,
}

/// Settings that differ between snapshots, by name.
pub fn differences<'a>(snapshots: impl Iterator<Item = &'a RunSnapshot>) -> Vec<Difference> {
    let flat: Vec<BTreeMap<String, Value>> = snapshots
        .map(|snapshot| {
            let mut settings = BTreeMap::new();
            flatten(String::new(), serde_json::to_value(snapshot).unwrap_or_default(), &mut settings);
            settings
        })
        .collect();
    let names: BTreeSet<&String> = flat.iter().flat_map(BTreeMap::keys).collect();
    let values_of = |name: &String| flat.iter().map(|settings| settings.get(name)).collect::<Vec<_>>();
    names
        .into_iter()
        .map(|name| (name, values_of(name)))
        .filter(|(_, values)| values.iter().any(|value| Some(value) != values.first()))
        .map(|(name, values)| Difference {
            setting: name.clone(),
            values: values.into_iter().map(|value| value.map_or(Value::Null, shown)).collect(),
        })
        .collect()
}

fn flatten(name: String, value: Value, settings: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (field, value) in fields {
                let name = if name.is_empty() { field } else { format!("{name}.{field}") };
                flatten(name, value, settings);
            }
        }
        value => {
            settings.insert(name, value);
        }
    }
}

fn shown(value: &Value) -> Value {
    let bytes = value.to_string().len();
    match value {
        Value::Array(items) if bytes > VALUE_BYTES_MAX => format!("a list of {}", items.len()).into(),
        Value::String(_) if bytes > VALUE_BYTES_MAX => format!("a text of {bytes} bytes").into(),
        value => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nested_settings_have_dotted_names() {
        let mut settings = BTreeMap::new();
        flatten(
            String::new(),
            json!({"policy": {"name": "x", "parameters": {}}, "symbols": ["A"]}),
            &mut settings,
        );
        let names: Vec<&str> = settings.keys().map(String::as_str).collect();
        assert_eq!(names, ["policy.name", "policy.parameters", "symbols"]);
    }

    #[test]
    fn long_values_are_described() {
        assert_eq!(shown(&json!(vec![1; 1_000])), json!("a list of 1000"));
        assert_eq!(shown(&json!([1, 2])), json!([1, 2]));
    }
}
