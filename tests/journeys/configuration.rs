//! The configuration: which source wins, and that it says so.

use std::fs;

use serde_json::json;
use tapedeck::config::{Config, ConfigError, Sources};

use crate::support::folders::fresh_folder;

fn environment(variables: &[(&str, &str)]) -> Vec<(String, String)> {
    variables.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn from_environment(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::from_sources(Sources::new(None, environment(variables)))
}

fn source_of<'a>(config: &'a Config, key: &str) -> &'a str {
    &config.provenance().iter().find(|setting| setting.key == key).unwrap().source
}

#[test]
fn flags_beat_the_environment_beats_the_file_beats_the_defaults() {
    let file = fresh_folder("config").join("tapedeck.toml");
    fs::write(
        &file,
        "data_dir = 'file'\n[runs]\nchunk_bars = 1\nactive_max = 2\n[http]\nlisten = '127.0.0.1:1'\n",
    )
    .unwrap();
    let variables =
        [("TAPEDECK_RUNS__CHUNK_BARS", "3"), ("TAPEDECK_HTTP__LISTEN", "127.0.0.1:4"), ("HOME", "/")];
    let sources = Sources::new(Some(file.clone()), environment(&variables));
    let flags =
        json!({"http": {"listen": "127.0.0.1:5", "body_limit_bytes": null}, "database": {"url": null}});
    let config = Config::from_sources(sources.with_flags(&flags).unwrap()).unwrap();

    assert_eq!(config.http.listen.port(), 5);
    assert_eq!(source_of(&config, "http.listen"), "command line");
    assert_eq!(config.runs.chunk_bars, 3);
    assert_eq!(source_of(&config, "runs.chunk_bars"), "environment variable TAPEDECK_RUNS__CHUNK_BARS");
    assert_eq!(config.runs.active_max, 2);
    assert_eq!(source_of(&config, "runs.active_max"), file.display().to_string());
    assert_eq!(config.http.body_limit_bytes, 1024 * 1024);
    assert_eq!(source_of(&config, "http.body_limit_bytes"), "default");
    assert!(config.database.url.is_none());
}

#[test]
fn the_usual_variables_give_the_urls_and_no_output_shows_their_passwords() {
    let variables = [
        ("DATABASE_URL", "postgresql://ann:hush@db/tape"),
        ("NATS_URL", "nats://hush@bus"),
        ("TAPEDECK_DATA_DIR", "2024"),
    ];
    let config = from_environment(&variables).unwrap();
    assert_eq!(config.database.url.as_ref().unwrap().expose(), "postgresql://ann:hush@db/tape");
    assert_eq!(source_of(&config, "database.url"), "environment variable DATABASE_URL");
    assert_eq!(config.data_dir.to_str(), Some("2024"));
    assert!(!format!("{config:?}").contains("hush"));
    assert!(!serde_json::to_string(&config).unwrap().contains("hush"));
}

#[test]
fn an_empty_variable_sets_nothing() {
    let variables = [("DATABASE_URL", ""), ("TAPEDECK_DATA_DIR", "")];
    let config = from_environment(&variables).unwrap();
    assert!(config.database.url.is_none());
    assert_eq!(config.data_dir.to_str(), Some(".tapedeck"));
}

#[test]
fn mistakes_are_named_with_their_source() {
    let refused = |name, value| from_environment(&[(name, value)]).unwrap_err().to_string();
    let unknown = refused("TAPEDECK_HTTP__LISTN", "127.0.0.1:1");
    assert!(unknown.contains("listn") && unknown.contains("TAPEDECK_HTTP__LISTN"), "{unknown}");
    let malformed = refused("TAPEDECK_RUNS__CHUNK_BARS", "many");
    assert!(malformed.contains("chunk_bars") && malformed.contains("many"), "{malformed}");
    let zero = refused("TAPEDECK_DATABASE__POOL_SIZE", "0");
    assert!(
        zero.contains("database.pool_size (environment variable TAPEDECK_DATABASE__POOL_SIZE)"),
        "{zero}"
    );
}

#[test]
fn a_file_asked_for_must_exist() {
    assert!(matches!(
        from_environment(&[("TAPEDECK_CONFIG", "/nowhere.toml")]),
        Err(ConfigError::NoFile { .. })
    ));
}

#[test]
fn lists_are_written_as_in_the_file_and_checked() {
    let variables = [
        ("TAPEDECK_HTTP__CORS_ORIGINS", "[\"https://deck.example.com\"]"),
        ("TAPEDECK_HTTP__TRUSTED_PROXIES", "[\"10.0.0.0/8\", \"::1/128\"]"),
        ("TAPEDECK_HTTP__RATES__USER_PER_MINUTE", "7"),
    ];
    let config = from_environment(&variables).unwrap();
    assert_eq!(config.http.cors_origins[0].to_string(), "https://deck.example.com");
    assert_eq!(config.http.trusted_proxies.len(), 2);
    assert_eq!(config.http.rates.user_per_minute, 7);
    assert_eq!(source_of(&config, "http.rates.user_per_second"), "default");
    let refused = |name, value| from_environment(&[(name, value)]).unwrap_err().to_string();
    let everybody = refused("TAPEDECK_HTTP__CORS_ORIGINS", "[\"*\"]");
    assert!(everybody.contains("never *") && everybody.contains("cors_origins"), "{everybody}");
    refused("TAPEDECK_HTTP__TRUSTED_PROXIES", "[\"my-proxy\"]");
    refused("TAPEDECK_HTTP__RATES__CLIENTS_MAX", "0");
}
