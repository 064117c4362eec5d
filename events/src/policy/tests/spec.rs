//! Policies by name and parameters.

use crate::policy::{PolicySpec, SmaCrossParameters, catalogue};

fn parse(json: &str) -> Result<PolicySpec, String> {
    serde_json::from_str(json).map_err(|error| error.to_string())
}

fn fields(json: &str) -> Vec<String> {
    parse(json).unwrap().check().into_iter().map(|error| error.field).collect()
}

#[test]
fn left_out_parameters_have_their_defaults() {
    let spec = parse(r#"{"name": "builtin/sma-cross", "parameters": {"slow": 30}}"#).unwrap();
    assert_eq!(spec, PolicySpec::SmaCross(SmaCrossParameters { fast: 10, slow: 30 }));
    for name in PolicySpec::NAMES {
        let spec = parse(&format!(r#"{{"name": "{name}"}}"#)).unwrap();
        assert_eq!(spec.name(), name);
        assert_eq!(spec.check(), []);
        let json = serde_json::to_string(&spec).unwrap();
        assert_eq!(parse(&json), Ok(spec), "{json}");
    }
}

#[test]
fn unknown_names_and_parameters_are_refused_with_what_there_is() {
    assert!(
        parse(r#"{"name": "builtin/magic"}"#)
            .unwrap_err()
            .contains("builtin/buy-and-hold, builtin/equal-weight")
    );
    let misspelt = parse(r#"{"name": "builtin/sma-cross", "parameters": {"fats": 3}}"#).unwrap_err();
    assert!(misspelt.contains("unknown field `fats`"), "{misspelt}");
    assert!(parse(r#"{"name": "builtin/buy-and-hold", "parameters": {"x": 1}}"#).is_err());
    assert!(parse(r#"{"name": "builtin/buy-and-hold", "colour": "red"}"#).is_err());
}

#[test]
fn every_parameter_out_of_range_is_reported() {
    let of = |name: &str, parameters: &str| {
        fields(&format!(r#"{{"name": "builtin/{name}", "parameters": {{{parameters}}}}}"#))
    };
    let at = |names: &[&str]| names.iter().map(|name| format!("parameters.{name}")).collect::<Vec<_>>();
    assert_eq!(of("sma-cross", r#""fast": 0, "slow": 10001"#), at(&["fast", "slow"]));
    assert_eq!(of("sma-cross", r#""fast": 50, "slow": 50"#), at(&["fast"]));
    assert_eq!(of("equal-weight", r#""rebalance_bars": 0"#), at(&["rebalance_bars"]));
    let momentum = r#""lookback": 0, "skip": 10001, "top": 0, "rebalance_bars": 0"#;
    assert_eq!(of("momentum", momentum), at(&["lookback", "skip", "top", "rebalance_bars"]));
    let reversion = r#""window": 1, "entry_z": "11", "exit_z": "-1""#;
    assert_eq!(of("mean-reversion", reversion), at(&["window", "entry_z", "exit_z"]));
    assert_eq!(of("mean-reversion", r#""entry_z": "1", "exit_z": "1""#), at(&["exit_z"]));
}

#[test]
fn recorded_decisions_rise_and_have_sensible_amounts() {
    let spec = r#"{"name": "recorded", "parameters": {"decisions": [
        {"bar_start_at": "2025-01-08T00:00:00Z", "orders": [{"side": "buy", "symbol": "A", "quantity": "-1"}]},
        {"bar_start_at": "2025-01-08T00:00:00Z", "orders": [
            {"side": "buy", "symbol": "A", "quantity": "1", "price": "0"}]}]}}"#;
    let expected = [
        "parameters.decisions.1.bar_start_at",
        "parameters.decisions.0.orders.0.quantity",
        "parameters.decisions.1.orders.0.price",
    ];
    assert_eq!(fields(spec), expected);
}

#[test]
fn the_catalogue_describes_every_policy_with_the_defaults_that_apply() {
    let described = catalogue();
    assert_eq!(described.iter().map(|it| it.name).collect::<Vec<_>>(), PolicySpec::NAMES);
    for policy in described {
        let spec = parse(&format!(r#"{{"name": "{}"}}"#, policy.name)).unwrap();
        let json = serde_json::to_value(&spec).unwrap();
        for parameter in policy.parameters {
            assert_eq!(
                json["parameters"][parameter.name], parameter.default,
                "{} {}",
                policy.name, parameter.name
            );
        }
    }
}
