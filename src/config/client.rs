//! Section `client`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::SecretText;

/// Which server commands ask instead of this machine's data folder, and as whom.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClientConfig {
    /// `https://host` or `http://host:port` of a `tapedeck serve`, also from `TAPEDECK_SERVER`. Default none: commands work on this
    /// machine.
    pub server: Option<String>,
    /// File with certificates in PEM of authorities that may vouch for the server, beside those that the system trusts.
    /// Default none.
    pub ca_file: Option<PathBuf>,
    /// API key to ask it with, also from `TAPEDECK_API_KEY`. Default none: the session that `tapedeck login` opened.
    pub api_key: Option<SecretText>,
    /// Folder of `credentials.toml`, in which `tapedeck login` keeps sessions. Default `tapedeck` in `XDG_CONFIG_HOME`, or
    /// else in `.config` of the home folder.
    pub folder: Option<PathBuf>,
}
