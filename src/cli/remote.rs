//! Asking a server instead of this machine: as the account that `tapedeck login` signed in, or with an API key.

pub mod accounts;
pub mod audit;
mod credentials;
pub mod doctor;
pub mod events;
pub mod imports;
pub mod parked;
pub mod projections;
pub mod runs;

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url};
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use credentials::{Credentials, Session};

use crate::config::{ClientConfig, Config, SecretText};
use crate::http::problem::Problem;
use crate::tls;

/// After that a request without an answer has failed; the server gives up earlier.
const PATIENCE: Duration = Duration::from_secs(40);
/// An access token that ends sooner is exchanged before it is used.
const MARGIN_S: i64 = 30;

/// Where a command works.
#[derive(Debug)]
pub enum Place {
    /// On the data folder or database of this machine.
    Here,
    /// On what a server answers.
    There(Box<Remote>),
}

impl Place {
    /// At the server that was named, if one was.
    pub fn of(config: &Config) -> anyhow::Result<Self> {
        match &config.client.server {
            None => Ok(Self::Here),
            Some(server) => Ok(Self::There(Box::new(Remote::new(server, &config.client)?))),
        }
    }
}

/// A server, and as whom to ask it.
#[derive(Debug)]
pub struct Remote {
    http: Client,
    /// Whom to trust, where the server is asked over TLS.
    tls: Option<rustls::ClientConfig>,
    server: Server,
    api_key: Option<SecretText>,
    credentials: Option<Credentials>,
}

/// The address of a server, without a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server(Url);

/// What a server answered.
#[derive(Debug)]
pub struct Answered {
    /// What was asked for.
    pub data: Value,
    /// Where the next page begins.
    pub next_cursor: Option<String>,
    /// The log position of a write.
    pub position: Option<i64>,
}

impl Server {
    /// Reads `https://host` or `http://host:port`.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let mut url = Url::parse(text).with_context(|| format!("{text} is not the URL of a server"))?;
        ensure!(
            ["http", "https"].contains(&url.scheme()) && url.has_host(),
            "a server is named like https://deck.example.com or http://127.0.0.1:8700, not {text}"
        );
        ensure!(
            url.username().is_empty() && url.password().is_none(),
            "the URL of a server holds no password; `tapedeck login` asks for it"
        );
        url.set_path("");
        url.set_query(None);
        url.set_fragment(None);
        Ok(Self(url))
    }

    /// The address as it is written into the file of sessions.
    pub fn name(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    /// Whether nobody between here and there can read what is sent.
    pub fn is_private(&self) -> bool {
        self.0.scheme() == "https" || self.is_here()
    }

    /// Whether what is sent to it stays on this machine.
    fn is_here(&self) -> bool {
        let host = self.0.host_str().unwrap_or_default().trim_matches(['[', ']']);
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }

    /// The address of a path of its API.
    pub fn path(&self, path: &[&str]) -> anyhow::Result<Url> {
        let mut url = self.0.clone();
        let mut segments = url.path_segments_mut().map_err(|()| anyhow::anyhow!("{self:?} has no paths"))?;
        segments.pop_if_empty().extend(["api", "v1"]).extend(path);
        drop(segments);
        Ok(url)
    }
}

impl Remote {
    /// The server called `server`.
    pub fn new(server: &str, config: &ClientConfig) -> anyhow::Result<Self> {
        let server = Server::parse(server)?;
        let tls = match server.0.scheme() {
            "https" => Some(tls::client_config(config.ca_file.as_deref())?),
            _ => None,
        };
        let http = tls::http_client(tls.as_ref()).timeout(PATIENCE).build();
        let http = http.context("no HTTP client can be made")?;
        let credentials = config.folder.as_ref().map(Credentials::in_folder);
        Ok(Self { http, tls, server, api_key: config.api_key.clone(), credentials })
    }

    /// The server that was named, or else the one that somebody last logged in to.
    pub fn named_or_last(config: &Config) -> anyhow::Result<Self> {
        let last = match (&config.client.server, &config.client.folder) {
            (None, Some(folder)) => Credentials::in_folder(folder).last()?,
            (Some(_), _) | (None, None) => None,
        };
        let server = config.client.server.as_ref().or(last.as_ref());
        let server = server.context("name the server: --server http://127.0.0.1:8700, or TAPEDECK_SERVER")?;
        Self::new(server, &config.client)
    }

    /// Where it is.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Where its sessions are kept.
    pub fn credentials(&self) -> anyhow::Result<&Credentials> {
        self.credentials
            .as_ref()
            .context("there is no folder to keep a session in: set HOME, XDG_CONFIG_HOME or client.folder")
    }

    /// Reads.
    pub async fn get(&self, path: &[&str], query: &[(&str, String)]) -> anyhow::Result<Answered> {
        self.ask(Method::GET, path, |request| request.query(query)).await
    }

    /// Writes, or changes.
    pub async fn send(
        &self,
        method: Method,
        path: &[&str],
        body: Option<&Value>,
    ) -> anyhow::Result<Answered> {
        self.ask(method, path, |request| match body {
            Some(body) => request.json(body),
            None => request,
        })
        .await
    }

    /// Sends what `complete` makes of a request, as whoever is signed in.
    pub async fn ask(
        &self,
        method: Method,
        path: &[&str],
        complete: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> anyhow::Result<Answered> {
        let request = self.authorized(self.http.request(method, self.server.path(path)?)).await?;
        self.answer(complete(request)).await
    }

    /// Sends a request that needs nobody to be signed in.
    pub async fn ask_as_nobody(&self, path: &[&str], body: &Value) -> anyhow::Result<Answered> {
        self.answer(self.http.post(self.server.path(path)?).json(body)).await
    }

    /// Reads what anybody may; a server that is not ready says so in an answer of the same form.
    pub async fn look(&self, path: &[&str]) -> anyhow::Result<Answered> {
        let response = self.reached(self.http.get(self.server.path(path)?)).await?;
        match response.status() {
            status if status.is_success() || status == StatusCode::SERVICE_UNAVAILABLE => {
                read(response).await
            }
            _ => Err(refusal(response).await),
        }
    }

    /// Opens an event stream after `last`, an id of it.
    pub async fn stream(
        &self,
        path: &[&str],
        query: &[(&str, String)],
        last: Option<&str>,
    ) -> anyhow::Result<Response> {
        // It has no end; each part of it must come in time, though: the server sends a comment every 15 s.
        let http = tls::http_client(self.tls.as_ref()).read_timeout(PATIENCE).build()?;
        let mut request = self.authorized(http.get(self.server.path(path)?).query(query)).await?;
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = self.reached(request).await?;
        if response.status().is_success() { Ok(response) } else { Err(refusal(response).await) }
    }

    async fn answer(&self, request: RequestBuilder) -> anyhow::Result<Answered> {
        let response = self.reached(request).await?;
        if !response.status().is_success() {
            return Err(refusal(response).await);
        }
        read(response).await
    }

    async fn reached(&self, request: RequestBuilder) -> anyhow::Result<Response> {
        // The client's own text repeats the URL with its query.
        let sent = request.send().await.map_err(reqwest::Error::without_url);
        sent.with_context(|| format!("the server {} cannot be reached", self.server.name()))
    }

    async fn authorized(&self, request: RequestBuilder) -> anyhow::Result<RequestBuilder> {
        match &self.api_key {
            Some(key) => Ok(request.header("x-api-key", key.expose())),
            None => Ok(request.bearer_auth(self.access_token().await?.expose())),
        }
    }

    /// The token of the session, exchanged for the next one where it has ended. A refresh token counts once, so that only
    /// one process at a time may exchange it.
    async fn access_token(&self) -> anyhow::Result<SecretText> {
        let credentials = self.credentials()?;
        let name = self.server.name();
        let hint = || format!("nobody is logged in to {name}: `tapedeck login --server {name} --email …`");
        let locked = credentials.lock()?;
        let session = locked.session(name)?.with_context(hint)?;
        let left_s = session.access_expires_at.duration_since(::events::time::now()).as_secs();
        if left_s > MARGIN_S {
            return Ok(session.access_token);
        }
        let body = serde_json::json!({ "refresh_token": session.refresh_token.expose() });
        let answered = self.ask_as_nobody(&["auth", "refresh"], &body).await;
        let answered =
            answered.with_context(|| format!("the session at {name} cannot be prolonged; log in again"))?;
        let next = Session::of(&session.email, &answered.data)?;
        locked.keep(name, &next)?;
        Ok(next.access_token)
    }
}

impl Answered {
    /// Reads an answer, or what was refused.
    pub fn of(status: StatusCode, bytes: &[u8]) -> anyhow::Result<Self> {
        if !status.is_success() {
            return Err(told(status, serde_json::from_slice(bytes).ok()));
        }
        Self::of_json(serde_json::from_slice(bytes).context("the answer is not JSON")?)
    }

    fn of_json(mut answer: Value) -> anyhow::Result<Self> {
        Ok(Self {
            data: answer.get_mut("data").map(Value::take).context("the answer holds no data")?,
            next_cursor: answer.pointer("/meta/next_cursor").and_then(Value::as_str).map(str::to_owned),
            position: answer.pointer("/meta/position").and_then(Value::as_i64),
        })
    }

    /// The data as `T`.
    pub fn read<T: DeserializeOwned>(&self) -> anyhow::Result<T> {
        T::deserialize(&self.data).context("the server answers in another form; is it another version?")
    }
}

async fn read(response: Response) -> anyhow::Result<Answered> {
    Answered::of_json(response.json().await.context("the answer is not JSON; is it a tapedeck server?")?)
}

/// What a server refused, in its words.
async fn refusal(response: Response) -> anyhow::Error {
    let status = response.status();
    told(status, response.json().await.ok())
}

fn told(status: StatusCode, problem: Option<Problem>) -> anyhow::Error {
    let Some(problem) = problem else { return anyhow::anyhow!("the server answered {status}") };
    let rules = problem.errors.iter().map(|error| match error.row {
        Some(row) => format!("row {row}, {}: {}", error.field, error.message),
        None => format!("{}: {}", error.field, error.message),
    });
    let rules: Vec<String> = rules.collect();
    if rules.is_empty() {
        anyhow::anyhow!("{} ({}, {status})", problem.detail, problem.code)
    } else {
        anyhow::anyhow!("{}", rules.join("; "))
    }
}

/// Refuses a command that a server cannot carry out.
pub fn refuse_if_there(config: &Config, command: &str) -> anyhow::Result<()> {
    if let Some(server) = &config.client.server {
        bail!(
            "`tapedeck {command}` works on this machine only; it cannot ask {server} (--server, TAPEDECK_SERVER)"
        );
    }
    Ok(())
}
