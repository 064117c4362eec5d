//! Where settings come from, and which source each value in force came from.

use std::path::PathBuf;

use figment::providers::{Format, Serialized, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider, Source};
use serde::Serialize;

use super::{Config, ConfigError};

/// Variables with our prefix that are not settings.
const NOT_SETTINGS: &[&str] = &[CONFIG_FILE_VARIABLE];
const CONFIG_FILE_VARIABLE: &str = "TAPEDECK_CONFIG";
const DEFAULT_FILE: &str = "tapedeck.toml";
const PREFIX: &str = "TAPEDECK_";

/// The sources of a configuration, weakest first. Tests fill the environment themselves.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    file: Option<PathBuf>,
    environment: Vec<(String, String)>,
    flags: Dict,
}

/// One setting in force.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Setting {
    /// Its name, such as `http.listen`.
    pub key: String,
    /// Its value, secrets masked.
    pub value: serde_json::Value,
    /// `default`, the file, the environment variable, or `command line`.
    pub source: String,
}

impl Sources {
    /// A file, which must exist, and environment variables, of which `TAPEDECK_CONFIG` names the file if none is given.
    pub fn new(file: Option<PathBuf>, environment: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { file, environment: environment.into_iter().collect(), flags: Dict::new() }
    }

    /// What this process was started with; without a file, `tapedeck.toml` of the working directory if there is one.
    /// Variables that are not UTF-8 cannot be settings and are left out.
    pub fn of_this_process(file: Option<PathBuf>) -> Self {
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        let sources = Self::new(file, environment);
        let default = PathBuf::from(DEFAULT_FILE);
        match sources.file() {
            None if default.is_file() => Self { file: Some(default), ..sources },
            _ => sources,
        }
    }

    /// Adds flags: a structure with the shape of [`Config`]. What is `None` in it does not override anything.
    pub fn with_flags(mut self, flags: &impl Serialize) -> Result<Self, ConfigError> {
        self.flags = match Value::serialize(flags).map_err(ConfigError::unreadable)? {
            Value::Dict(_, dict) => without_absent(dict),
            _ => Dict::new(),
        };
        Ok(self)
    }

    pub(super) fn figment(&self) -> Result<Figment, ConfigError> {
        let defaults = Figment::from(Serialized::defaults(Config::default()));
        let mut figment = defaults.clone();
        if let Some(path) = self.variable("PATH") {
            figment = figment.merge(Layer::variable("PATH", "programs.path", Value::from(path)));
        }
        let homes = [("HOME", "/.config/tapedeck"), ("XDG_CONFIG_HOME", "/tapedeck")];
        for (name, below) in homes {
            if let Some(home) = self.variable(name) {
                let folder = Value::from(format!("{home}{below}"));
                figment = figment.merge(Layer::variable(name, "client.folder", folder));
            }
        }
        match self.file() {
            Some(path) if !path.is_file() => return Err(ConfigError::NoFile { path }),
            Some(path) => figment = figment.merge(Toml::file_exact(path)),
            None => {}
        }
        for (name, text) in &self.environment {
            if let Some(key) = key_of(name).filter(|_| !text.is_empty()) {
                figment = figment.merge(Layer::variable(name, &key, read(text, &defaults, &key)));
            }
        }
        Ok(figment.merge(Layer { metadata: Metadata::named("command line"), dict: self.flags.clone() }))
    }

    fn file(&self) -> Option<PathBuf> {
        self.file.clone().or_else(|| self.variable(CONFIG_FILE_VARIABLE).map(PathBuf::from))
    }

    fn variable(&self, wanted: &str) -> Option<&str> {
        let found = self.environment.iter().find(|(name, text)| name == wanted && !text.is_empty());
        found.map(|(_, text)| text.as_str())
    }
}

/// The setting a variable names, if it is ours.
fn key_of(variable: &str) -> Option<String> {
    match variable {
        "DATABASE_URL" => Some("database.url".to_owned()),
        "NATS_URL" => Some("nats.url".to_owned()),
        "TAPEDECK_SERVER" => Some("client.server".to_owned()),
        "TAPEDECK_API_KEY" => Some("client.api_key".to_owned()),
        "OPENAI_API_KEY" => Some("ai.providers.openai.api_key".to_owned()),
        "OPENROUTER_API_KEY" => Some("ai.providers.openrouter.api_key".to_owned()),
        name if NOT_SETTINGS.contains(&name) => None,
        name => Some(name.strip_prefix(PREFIX)?.to_lowercase().replace("__", ".")),
    }
}

/// Text stays text where the default is text or absent, so that a folder may be called `2024`; so does a key of a
/// provider, which has no default.
fn read(text: &str, defaults: &Figment, key: &str) -> Value {
    match defaults.find_value(key) {
        Ok(Value::String(..) | Value::Empty(..)) => Value::from(text),
        Err(_) if key.ends_with("_key") => Value::from(text),
        _ => {
            let Ok(value) = text.parse();
            value
        }
    }
}

fn without_absent(dict: Dict) -> Dict {
    let present = dict.into_iter().filter_map(|(key, value)| match value {
        Value::Empty(..) => None,
        Value::Dict(tag, inner) => Some((key, Value::Dict(tag, without_absent(inner)))),
        value => Some((key, value)),
    });
    present.collect()
}

/// Values with one common origin.
struct Layer {
    metadata: Metadata,
    dict: Dict,
}

impl Layer {
    fn variable(name: &str, key: &str, value: Value) -> Self {
        let dict = match figment::util::nest(key, value) {
            Value::Dict(_, dict) => dict,
            _ => Dict::new(),
        };
        Self { metadata: Metadata::named(format!("environment variable {name}")), dict }
    }
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        self.metadata.clone()
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Map::from([(Profile::Default, self.dict.clone())]))
    }
}

/// Every setting of `config` with its source in `figment`.
pub(super) fn provenance(config: &Config, figment: &Figment) -> Result<Vec<Setting>, ConfigError> {
    let settings = leaves(config)?.into_iter().map(|(key, value)| {
        let source = figment.find_metadata(&key).map_or_else(|| "default".to_owned(), source_name);
        Setting { key, value, source }
    });
    Ok(settings.collect())
}

fn source_name(metadata: &Metadata) -> String {
    match &metadata.source {
        Some(Source::File(path)) => path.display().to_string(),
        Some(Source::Code(_)) => "default".to_owned(),
        _ => metadata.name.to_string(),
    }
}

fn leaves(config: &Config) -> Result<Vec<(String, serde_json::Value)>, ConfigError> {
    let json =
        serde_json::to_value(config).map_err(|source| ConfigError::unreadable(source.to_string().into()))?;
    let mut found = Vec::new();
    collect_leaves(String::new(), json, &mut found);
    Ok(found)
}

fn collect_leaves(key: String, value: serde_json::Value, found: &mut Vec<(String, serde_json::Value)>) {
    match value {
        serde_json::Value::Object(fields) => {
            for (name, value) in fields {
                let key = if key.is_empty() { name } else { format!("{key}.{name}") };
                collect_leaves(key, value, found);
            }
        }
        value => found.push((key, value)),
    }
}
