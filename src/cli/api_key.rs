//! `tapedeck apikey`

use std::process::ExitCode;

use ::events::ApiKeyId;
use clap::Subcommand;
use jiff::Timestamp;
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::Output;
use super::output::table;
use super::remote::Remote;
use crate::config::Config;

/// What can be done with the API keys of whoever is logged in.
#[derive(Debug, Subcommand)]
pub enum ApiKeyVerb {
    /// Make a key, for programs; it is shown once
    Create {
        /// What to call it
        #[arg(long)]
        name: String,
        /// What it may be used for: read, trade, admin, separated by commas
        #[arg(long, value_delimiter = ',', default_value = "read")]
        scopes: Vec<String>,
        /// When it ends, such as 2027-01-01T00:00:00Z [default: never]
        #[arg(long)]
        expires_at: Option<Timestamp>,
    },
    /// List keys, newest first
    List,
    /// End a key
    Revoke {
        /// Its id, as `list` shows it
        key: ApiKeyId,
    },
}

#[derive(Debug, Deserialize)]
struct Created {
    key_id: String,
    key: String,
}

#[derive(Debug, Deserialize)]
struct Key {
    key_id: String,
    name: String,
    prefix: String,
    scopes: Vec<String>,
    expires_at: Option<Timestamp>,
    last_used_at: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
}

/// Makes, lists or ends keys.
pub async fn run(verb: ApiKeyVerb, config: &Config, output: &Output) -> anyhow::Result<ExitCode> {
    let remote = Remote::named_or_last(config)?;
    match verb {
        ApiKeyVerb::Create { name, scopes, expires_at } => {
            let body = json!({ "name": name, "scopes": scopes, "expires_at": expires_at });
            let answered = remote.send(Method::POST, &["auth", "api-keys"], Some(&body)).await?;
            let Created { key_id, key } = answered.read()?;
            output
                .show(&answered.data, |_| format!("{key}\nkeep it: it is not shown again (id {key_id})"))?;
        }
        ApiKeyVerb::List => {
            let answered = remote.get(&["auth", "api-keys"], &[("limit", "200".to_owned())]).await?;
            let keys: Vec<Key> = answered.read()?;
            output.show(&answered.data, |_| {
                let header = ["key", "name", "begins", "may", "last used", "state"];
                table(&header, 99, keys.iter().map(row_of))
            })?;
        }
        ApiKeyVerb::Revoke { key } => {
            let id = key.to_string();
            let answered = remote.send(Method::DELETE, &["auth", "api-keys", &id], None).await?;
            output.show(&answered.data, |_| format!("the key {key} is accepted no longer"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn row_of(key: &Key) -> Vec<String> {
    let at = |time: &Option<Timestamp>| time.map_or_else(|| "never".to_owned(), |time| format!("{time:.0}"));
    let state = match (key.revoked_at, key.expires_at) {
        (Some(revoked), _) => format!("revoked {revoked:.0}"),
        (None, Some(expires)) => format!("ends {expires:.0}"),
        (None, None) => "active".to_owned(),
    };
    vec![
        key.key_id.clone(),
        key.name.clone(),
        key.prefix.clone(),
        key.scopes.join(", "),
        at(&key.last_used_at),
        state,
    ]
}
