//! Section `ai`.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use reqwest::Url;
use serde::{Deserialize, Serialize};

use super::SecretText;

/// Who serves AI models, and how long a call may take. Without a provider, everything works but AI models.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AiConfig {
    /// Providers by name. `openai` and `openrouter` know their address and come into being by `OPENAI_API_KEY` and
    /// `OPENROUTER_API_KEY`; any other name needs a `base_url`. Default none.
    pub providers: BTreeMap<String, AiProviderConfig>,
    /// The provider asked for a model whose name does not begin with a provider's. Default: `openrouter` if it is
    /// configured, else the first by name.
    pub default_provider: Option<String>,
    /// The model of calls that name none. Default none.
    pub default_model: Option<String>,
    /// The model that a call is repeated with after it failed without an answer. Default none: the same model.
    pub fallback_model: Option<String>,
    /// Address of this installation, told to OpenRouter. Default `http://localhost:8700`.
    pub application_url: String,
    /// Seconds until a connection must stand, default 10.
    pub connect_seconds: u32,
    /// Longest silence in seconds before the first token and between tokens, default 60.
    pub silence_seconds: u32,
    /// Longest call in seconds, repetitions included, default 300.
    pub call_seconds: u32,
    /// Most times a call is made until it is answered, default 3.
    pub attempts_max: u32,
    /// Most calls at once in this process, default 32. Further ones are refused.
    pub calls_at_once: usize,
}

/// One provider of AI models.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AiProviderConfig {
    /// Which API it speaks. Default `responses` for `openai`, else `chat_completions`.
    pub api: Option<AiApi>,
    /// Address up to and with the version, such as `http://127.0.0.1:11434/v1`. Default that of `openai` or `openrouter`.
    pub base_url: Option<BaseUrl>,
    /// Key that it is asked with. Default none, which is right for servers that want none.
    pub api_key: Option<SecretText>,
    /// The models that may be asked, as the provider names them. Default: whichever it lists.
    pub models: Vec<String>,
    /// What its calls cost. Default `listed` for `openai` and `openrouter`, else `unknown`.
    pub prices: Option<AiPrices>,
}

/// Which API a provider speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AiApi {
    /// Chat Completions, as OpenRouter, llama.cpp, vLLM and Ollama speak it.
    ChatCompletions,
    /// The Responses API of OpenAI.
    Responses,
}

/// What calls of a provider cost, where it does not say so itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AiPrices {
    /// What the model's vendor lists.
    Listed,
    /// Nothing, as on a machine of one's own.
    Free,
    /// Nobody knows.
    Unknown,
}

/// The address of a provider: `http` or `https`, without a password, a query, a fragment or a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BaseUrl(Url);

/// Why a text is no address of a provider. The text itself is not told: it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an address like https://api.example.com/v1, without user, password, query or fragment")]
pub struct InvalidBaseUrl;

impl BaseUrl {
    /// Whether what is sent there can be read by nobody on the way.
    pub fn is_private(&self) -> bool {
        let host = self.0.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let is_here =
            host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
        is_here || self.is_encrypted()
    }

    /// Whether it is asked over TLS.
    pub fn is_encrypted(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// The address of `path` below it.
    pub fn join(&self, path: &str) -> String {
        format!("{self}/{path}")
    }

    /// The host it names.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

impl TryFrom<String> for BaseUrl {
    type Error = InvalidBaseUrl;

    fn try_from(text: String) -> Result<Self, InvalidBaseUrl> {
        let url = Url::parse(text.trim()).map_err(|_| InvalidBaseUrl)?;
        let is_public = url.username().is_empty() && url.password().is_none();
        let is_plain = is_public && url.query().is_none() && url.fragment().is_none();
        match is_plain && url.has_host() && ["http", "https"].contains(&url.scheme()) {
            true => Ok(Self(url)),
            false => Err(InvalidBaseUrl),
        }
    }
}

impl From<BaseUrl> for String {
    fn from(url: BaseUrl) -> Self {
        url.to_string()
    }
}

impl AiConfig {
    /// `connect_seconds` as a duration.
    pub fn connect_timeout(&self) -> Duration {
        Duration::from_secs(u64::from(self.connect_seconds))
    }

    /// `silence_seconds` as a duration.
    pub fn silence_max(&self) -> Duration {
        Duration::from_secs(u64::from(self.silence_seconds))
    }

    /// `call_seconds` as a duration.
    pub fn call_timeout(&self) -> Duration {
        Duration::from_secs(u64::from(self.call_seconds))
    }
}

impl Default for AiConfig {
    fn default() -> Self {
        Self {
            providers: BTreeMap::new(),
            default_provider: None,
            default_model: None,
            fallback_model: None,
            application_url: "http://localhost:8700".to_owned(),
            connect_seconds: 10,
            silence_seconds: 60,
            call_seconds: 300,
            attempts_max: 3,
            calls_at_once: 32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::BaseUrl;

    #[test]
    fn an_address_with_a_password_is_refused_without_being_told() {
        let refused = BaseUrl::try_from("https://ann:hush@models.example.com/v1".to_owned()).unwrap_err();
        assert!(!refused.to_string().contains("hush"));
        for text in [
            "ftp://models.example.com",
            "models",
            "https://models.example.com/v1?key=hush",
            "https://models.example.com/v1#hush",
        ] {
            assert!(BaseUrl::try_from(text.to_owned()).is_err(), "{text}");
        }
    }

    #[test]
    fn a_key_may_go_over_tls_or_stay_here() {
        for (text, private) in [
            ("https://models.example.com/v1/", true),
            ("http://127.0.0.1:11434/v1", true),
            ("http://[::1]:11434/v1", true),
            ("http://models.example.com/v1", false),
        ] {
            let url = BaseUrl::try_from(text.to_owned()).unwrap();
            assert_eq!(url.is_private(), private, "{text}");
            assert!(url.join("models").ends_with("/v1/models"));
        }
    }
}
