//! Every AI model that the configuration reaches: found by name, called within budgets, listed, examined.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use reqwest::{Client, redirect};
use serde_json::{Map, Value};
use tokio::sync::Semaphore;

use super::budget::{Budget, BudgetExceeded, Ceiling, Standing};
use super::call::{CallEvent, CallLimits, ModelCall, Target};
use super::catalogue::Catalogue;
use super::error::ProviderError;
use super::family::Family;
use super::message::Prompt;
use super::parameters::OUTPUT_TOKENS_MAX;
use super::prices::Pricing;
use super::provider::{Dialect, HttpProvider, ListedModel, Provider, Request};
use super::retry::RetryPolicy;
use super::settle::{Settled, settle};
use crate::config::{AiApi, AiConfig, AiPrices, AiProviderConfig, BaseUrl};
use crate::tls::{self, TrustError};

/// A provider whose address is known.
struct WellKnown {
    name: &'static str,
    base_url: &'static str,
    api: AiApi,
    key_variable: &'static str,
}

const WELL_KNOWN: [WellKnown; 2] = [
    WellKnown {
        name: OPENROUTER,
        base_url: "https://openrouter.ai/api/v1",
        api: AiApi::ChatCompletions,
        key_variable: "OPENROUTER_API_KEY",
    },
    WellKnown {
        name: "openai",
        base_url: "https://api.openai.com/v1",
        api: AiApi::Responses,
        key_variable: "OPENAI_API_KEY",
    },
];
const OPENROUTER: &str = "openrouter";

/// Why the configured providers cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum AiSetupError {
    /// A provider that is not well known has no address.
    #[error("ai.providers.{0} needs a base_url")]
    NoAddress(String),
    /// A key would be sent over a connection that others can read.
    #[error("ai.providers.{0} has a key, which is only sent over https or to this machine")]
    KeyInTheOpen(String),
    /// `ai.default_provider` is not configured.
    #[error("ai.default_provider is {0}, which is not among ai.providers")]
    NoSuchProvider(String),
    /// Nobody can be trusted over TLS.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// No client can be made.
    #[error("no HTTP client for AI providers can be made")]
    Client(#[source] reqwest::Error),
}

/// Why a call is not made. Nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallRefused {
    /// No provider is configured.
    #[error("no AI provider is configured: set OPENROUTER_API_KEY or OPENAI_API_KEY, or ai.providers")]
    NoProvider,
    /// No model was named, and there is no default.
    #[error("no AI model was named, and ai.default_model is not set")]
    NoModel,
    /// The provider offers only some models, and this is none of them.
    #[error("{provider} offers no model {model:?}")]
    NotOffered {
        /// The provider.
        provider: String,
        /// The model.
        model: String,
    },
    /// A budget does not allow it.
    #[error(transparent)]
    Budget(#[from] BudgetExceeded),
    /// As many calls are under way as are allowed.
    #[error("{0} AI calls are under way, which is as many as are allowed")]
    Busy(usize),
}

/// What a call is made with.
#[derive(Debug, Clone, Default)]
pub struct CallTerms {
    /// The model, perhaps after its provider's name and a slash; none for the default.
    pub model: Option<String>,
    /// What it is asked.
    pub prompt: Prompt,
    /// Settings of how to answer: those of the run, then those of the model, and so on. The first that has one counts.
    pub settings: Vec<Map<String, Value>>,
    /// Every budget that the call must fit into.
    pub budgets: Vec<Budget>,
}

/// How a provider stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Health {
    /// Its name in the configuration.
    pub provider: String,
    /// Its address.
    pub base_url: String,
    /// How many models it lists, or why it does not answer.
    pub models: Result<usize, ProviderError>,
}

/// A provider with what is known of it.
#[derive(Debug)]
pub(super) struct Served {
    pub(super) provider: Arc<dyn Provider>,
    pub(super) base_url: BaseUrl,
    pub(super) pricing: Pricing,
    /// The models that may be asked; empty for all.
    pub(super) offered: Vec<String>,
}

/// Every AI model that the configuration reaches; cheap to clone.
#[derive(Debug, Clone)]
pub struct AiModels {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    providers: BTreeMap<String, Served>,
    default_provider: Option<String>,
    default_model: Option<String>,
    fallback_model: Option<String>,
    limits: CallLimits,
    retries: RetryPolicy,
    calls_at_once: usize,
    permits: Arc<Semaphore>,
    catalogue: Catalogue,
}

impl AiModels {
    /// Of the configuration. Nothing is sent.
    ///
    /// # Errors
    /// A provider is configured that cannot be asked.
    pub fn new(config: &AiConfig) -> Result<Self, AiSetupError> {
        let mut providers = BTreeMap::new();
        let (mut over_tls, mut in_the_open) = (None, None);
        for (name, provider) in &config.providers {
            let base_url = base_url(name, provider)?;
            let http: &mut Option<Client> =
                if base_url.is_encrypted() { &mut over_tls } else { &mut in_the_open };
            let http = match http {
                Some(http) => http.clone(),
                None if base_url.is_encrypted() => {
                    http.insert(client(config, Some(&tls::client_config(None)?))?).clone()
                }
                None => http.insert(client(config, None)?).clone(),
            };
            providers.insert(name.clone(), served(name, base_url, provider, config, http)?);
        }
        let default_provider = match &config.default_provider {
            Some(name) if !providers.contains_key(name) => {
                return Err(AiSetupError::NoSuchProvider(name.clone()));
            }
            Some(name) => Some(name.clone()),
            None if providers.contains_key(OPENROUTER) => Some(OPENROUTER.to_owned()),
            None => providers.keys().next().cloned(),
        };
        let limits = CallLimits { silence_max: config.silence_max(), call_timeout: config.call_timeout() };
        let inner = Inner {
            providers,
            default_provider,
            default_model: config.default_model.clone(),
            fallback_model: config.fallback_model.clone(),
            limits,
            retries: RetryPolicy::attempts(config.attempts_max),
            calls_at_once: config.calls_at_once,
            permits: Arc::new(Semaphore::new(config.calls_at_once)),
            catalogue: Catalogue::default(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Makes a call. Its events come from [`ModelCall::next`].
    ///
    /// # Errors
    /// Nothing is sent: there is no such model, a budget does not allow it, or too many calls are under way.
    pub fn call(&self, terms: CallTerms) -> Result<ModelCall, CallRefused> {
        self.call_within(terms, self.inner.limits, self.inner.retries)
    }

    /// Makes a call with other limits than the configured ones.
    ///
    /// # Errors
    /// As [`AiModels::call`].
    pub fn call_within(
        &self,
        terms: CallTerms,
        limits: CallLimits,
        retries: RetryPolicy,
    ) -> Result<ModelCall, CallRefused> {
        let asked = terms.model.as_ref().or(self.inner.default_model.as_ref()).ok_or(CallRefused::NoModel);
        // That there is no provider says more than that there is no model.
        let asked = if self.inner.providers.is_empty() { Err(CallRefused::NoProvider) } else { asked }?;
        let fallback = self.inner.fallback_model.as_ref().filter(|fallback| *fallback != asked);
        let targets: Result<Vec<Target>, CallRefused> =
            [asked].into_iter().chain(fallback).map(|model| self.target(model, &terms)).collect();
        let targets = targets?;
        let events = warned(&terms.budgets, targets.first())?;
        let permit = self.inner.permits.clone().try_acquire_owned();
        let permit = permit.map_err(|_| CallRefused::Busy(self.inner.calls_at_once))?;
        Ok(ModelCall::start(targets, limits, retries, events, terms.budgets, permit))
    }

    /// What a model would be told, and what would be changed or left out.
    ///
    /// # Errors
    /// There is no such model.
    pub fn settle(&self, model: &str, settings: &[&Map<String, Value>]) -> Result<Settled, CallRefused> {
        let (served, model) = self.find(model)?;
        Ok(settle(Family::of(model), served.provider.dialect(), settings))
    }

    /// Asks every provider whether it is there.
    pub async fn health(&self) -> Vec<Health> {
        let asked = self.inner.providers.iter().map(async |(name, served)| Health {
            provider: name.clone(),
            base_url: served.base_url.to_string(),
            models: self.listed(served).await.map(|models| models.len()),
        });
        futures_util::future::join_all(asked).await
    }

    /// The models that a provider lists, with the patience for a connection.
    pub(super) async fn listed(&self, served: &Served) -> Result<Vec<ListedModel>, ProviderError> {
        let patience = self.inner.limits.silence_max.min(LISTING_PATIENCE);
        match tokio::time::timeout(patience, served.provider.models()).await {
            Ok(listed) => listed,
            Err(_) => Err(ProviderError::Silent { after: patience }),
        }
    }

    pub(super) fn catalogue(&self) -> &Catalogue {
        &self.inner.catalogue
    }

    pub(super) fn providers(&self) -> impl Iterator<Item = (&str, &Served)> {
        self.inner.providers.iter().map(|(name, served)| (name.as_str(), served))
    }

    pub(super) fn default_provider(&self) -> Option<&str> {
        self.inner.default_provider.as_deref()
    }

    /// The provider of a model, and the model's name there. A model that a provider offers by name is asked there; else
    /// the name may begin with a provider's; else the default provider is asked.
    fn find<'a>(&'a self, model: &'a str) -> Result<(&'a Served, &'a str), CallRefused> {
        let providers = &self.inner.providers;
        if let Some(served) = providers.values().find(|served| served.offered.iter().any(|it| it == model)) {
            return Ok((served, model));
        }
        let named = model.split_once('/').and_then(|(name, rest)| Some((providers.get(name)?, name, rest)));
        let default = self.inner.default_provider.as_deref();
        let default = default.and_then(|name| Some((providers.get(name)?, name, model)));
        let (served, provider, model) = named.or(default).ok_or(CallRefused::NoProvider)?;
        if !served.offered.is_empty() && !served.offered.iter().any(|it| it == model) {
            let (provider, model) = (provider.to_owned(), model.to_owned());
            return Err(CallRefused::NotOffered { provider, model });
        }
        Ok((served, model))
    }

    fn target(&self, model: &str, terms: &CallTerms) -> Result<Target, CallRefused> {
        let (served, model) = self.find(model)?;
        let layers: Vec<&Map<String, Value>> = terms.settings.iter().collect();
        let Settled { parameters, adjustments, .. } =
            settle(Family::of(model), served.provider.dialect(), &layers);
        let input = terms.prompt.tokens_max();
        let output = u64::from(parameters.max_output_tokens.unwrap_or(OUTPUT_TOKENS_MAX));
        let ceiling = Ceiling {
            tokens: input.saturating_add(output),
            cost: served.pricing.cost_max(model, input, output),
        };
        let request = Arc::new(Request { model: model.to_owned(), prompt: terms.prompt.clone(), parameters });
        let (provider, pricing) = (served.provider.clone(), served.pricing);
        Ok(Target { provider, pricing, request, adjustments, ceiling })
    }
}

/// Nobody waits longer for a list of models.
const LISTING_PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

/// Asks every budget for the first attempt; those that are nearly exhausted are the first events. Further attempts are
/// asked for when their time comes.
fn warned(budgets: &[Budget], first: Option<&Target>) -> Result<VecDeque<CallEvent>, CallRefused> {
    let mut events = VecDeque::new();
    for (budget, target) in budgets.iter().flat_map(|budget| first.map(|target| (budget, target))) {
        if let Standing::Near { used_percent } = budget.admit(&target.ceiling)? {
            events.push_back(CallEvent::BudgetNear { scope: budget.scope, used_percent });
        }
    }
    Ok(events)
}

/// Where a provider is: where it is configured to be, or where it is known to be.
fn base_url(name: &str, provider: &AiProviderConfig) -> Result<BaseUrl, AiSetupError> {
    let known = WELL_KNOWN.iter().find(|known| known.name == name);
    let known_url = known.and_then(|known| BaseUrl::try_from(known.base_url.to_owned()).ok());
    let base_url = provider.base_url.clone().or(known_url);
    base_url.ok_or_else(|| AiSetupError::NoAddress(name.to_owned()))
}

fn served(
    name: &str,
    base_url: BaseUrl,
    provider: &AiProviderConfig,
    config: &AiConfig,
    http: Client,
) -> Result<Served, AiSetupError> {
    let known = WELL_KNOWN.iter().find(|known| known.name == name);
    if provider.api_key.is_some() && !base_url.is_private() {
        return Err(AiSetupError::KeyInTheOpen(name.to_owned()));
    }
    let api = provider.api.or(known.map(|known| known.api)).unwrap_or(AiApi::ChatCompletions);
    let dialect = match (api, base_url.host()) {
        (AiApi::Responses, _) => Dialect::Responses,
        (AiApi::ChatCompletions, "openrouter.ai") => Dialect::OpenRouter,
        (AiApi::ChatCompletions, "api.openai.com") => Dialect::OpenAi,
        (AiApi::ChatCompletions, _) => Dialect::Compatible,
    };
    let prices = if known.is_some() { AiPrices::Listed } else { AiPrices::Unknown };
    let provider_over_http = HttpProvider {
        name: name.to_owned(),
        api,
        dialect,
        base_url: base_url.clone(),
        key: provider.api_key.clone(),
        key_variable: known.map(|known| known.key_variable),
        application_url: config.application_url.clone(),
        http,
    };
    Ok(Served {
        provider: Arc::new(provider_over_http),
        base_url,
        pricing: Pricing::of(provider.prices.unwrap_or(prices)),
        offered: provider.models.clone(),
    })
}

/// Redirects are not followed: a key is sent to whom it is configured for, and to nobody else.
fn client(config: &AiConfig, tls: Option<&rustls::ClientConfig>) -> Result<Client, AiSetupError> {
    let builder = tls::http_client(tls).connect_timeout(config.connect_timeout());
    builder.redirect(redirect::Policy::none()).build().map_err(AiSetupError::Client)
}
