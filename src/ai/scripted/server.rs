//! The server of a script.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::stream::{Answering, Event, bytes};
use super::{Fault, Quirk, Script, Turn, chat, respond};

/// Requests that are remembered.
const SEEN_MAX: usize = 1_000;

/// A request that came.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// Its path.
    pub path: String,
    /// Where it came from: the same for requests over one connection.
    pub peer: SocketAddr,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body; null where that was no JSON.
    pub body: Value,
}

/// A scripted provider that runs. It stops when it is dropped.
#[derive(Debug)]
pub struct ScriptedServer {
    address: SocketAddr,
    stage: Arc<Stage>,
    serving: JoinHandle<io::Result<()>>,
}

#[derive(Debug)]
struct Stage {
    turns: Mutex<VecDeque<Turn>>,
    repeat: bool,
    models: Vec<String>,
    seen: Mutex<VecDeque<Seen>>,
    count: AtomicUsize,
    abandoned: Arc<AtomicUsize>,
}

/// Which wire form was spoken.
#[derive(Debug, Clone, Copy)]
enum Form {
    Chat,
    Responses,
}

impl Form {
    /// The member of a request that holds the conversation.
    const fn list(self) -> &'static str {
        match self {
            Self::Chat => "messages",
            Self::Responses => "input",
        }
    }
}

impl ScriptedServer {
    /// Serves a script on a free port of this machine.
    ///
    /// # Errors
    /// There is no free port.
    pub async fn start(script: Script) -> io::Result<Self> {
        Self::serve(TcpListener::bind("127.0.0.1:0").await?, script)
    }

    /// Serves a script on `listener`.
    ///
    /// # Errors
    /// The listener has no address.
    pub fn serve(listener: TcpListener, script: Script) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let models = if script.models.is_empty() { vec!["scripted".to_owned()] } else { script.models };
        let stage = Arc::new(Stage {
            turns: Mutex::new(script.turns.into()),
            repeat: script.repeat,
            models,
            seen: Mutex::default(),
            count: AtomicUsize::new(0),
            abandoned: Arc::default(),
        });
        let router = Router::new()
            .route("/v1/chat/completions", post(answer_chat))
            .route("/v1/responses", post(answer_responses))
            .route("/v1/models", get(list_models))
            .with_state(stage.clone());
        let serving = tokio::spawn(async move {
            axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>()).await
        });
        Ok(Self { address, stage, serving })
    }

    /// The base address that a provider is configured with.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// The requests for answers that came, oldest first; the last thousand.
    pub fn seen(&self) -> Vec<Seen> {
        held(&self.stage.seen).iter().cloned().collect()
    }

    /// How many answers their readers did not want to the end.
    pub fn abandoned(&self) -> usize {
        self.stage.abandoned.load(Ordering::SeqCst)
    }

    /// Puts further turns at the end.
    pub fn extend(&self, turns: impl IntoIterator<Item = Turn>) {
        held(&self.stage.turns).extend(turns);
    }

    /// Waits until the server ends, which it does not do by itself.
    ///
    /// # Errors
    /// It cannot serve any more.
    pub async fn wait(mut self) -> io::Result<()> {
        (&mut self.serving).await.unwrap_or_else(|ended| Err(io::Error::other(ended)))
    }
}

impl Drop for ScriptedServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// What is behind a lock. Whoever panicked while holding it left nothing half done.
fn held<T>(lock: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The request as it came.
type Asked = (Uri, ConnectInfo<SocketAddr>, HeaderMap, String);

async fn answer_chat(
    State(stage): State<Arc<Stage>>,
    uri: Uri,
    peer: ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: String,
) -> Response {
    stage.answer(Form::Chat, (uri, peer, headers, body)).await
}

async fn answer_responses(
    State(stage): State<Arc<Stage>>,
    uri: Uri,
    peer: ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: String,
) -> Response {
    stage.answer(Form::Responses, (uri, peer, headers, body)).await
}

async fn list_models(State(stage): State<Arc<Stage>>) -> Json<Value> {
    let models = stage.models.iter().map(|id| json!({ "id": id, "object": "model", "owned_by": "script" }));
    Json(json!({ "object": "list", "data": models.collect::<Vec<_>>() }))
}

impl Stage {
    async fn answer(&self, form: Form, (uri, peer, headers, body): Asked) -> Response {
        let body: Value = serde_json::from_str(&body).unwrap_or_default();
        let number = self.count.fetch_add(1, Ordering::SeqCst) + 1;
        let turn = self.turn(&last_text(form, &body));
        let answering = Answering {
            number,
            model: body.get("model").and_then(Value::as_str).unwrap_or("scripted").to_owned(),
            prompt_words: body.get(form.list()).map_or(0, words),
        };
        self.remember(Seen { path: uri.path().to_owned(), peer: peer.0, headers, body });
        let Some(turn) = turn else {
            return refusal(400, None, Some("invalid_request_error"), "the script has no turn for this");
        };
        match &turn.fault {
            Some(Fault::Status { status, retry_after, code, message }) => {
                return refusal(*status, *retry_after, code.as_deref(), message);
            }
            Some(Fault::Silent) => std::future::pending::<()>().await,
            Some(Fault::Page) => return axum::response::Html("<h1>Welcome</h1>").into_response(),
            Some(_) | None => {}
        }
        if turn.is(Quirk::Whole) {
            return Json(match form {
                Form::Chat => chat::whole(&turn, &answering),
                Form::Responses => respond::whole(&turn, &answering),
            })
            .into_response();
        }
        let events: Vec<Event> = match form {
            Form::Chat => chat::events(&turn, &answering),
            Form::Responses => respond::events(&turn, &answering),
        };
        let stream = Body::from_stream(bytes(&turn, events, &self.abandoned));
        ([(header::CONTENT_TYPE, "text/event-stream; charset=utf-8")], stream).into_response()
    }

    /// The first turn that is left and fits.
    fn turn(&self, last: &str) -> Option<Turn> {
        let mut turns = held(&self.turns);
        let fits = |turn: &Turn| turn.when.as_ref().is_none_or(|when| last.contains(when));
        let at = turns.iter().position(fits)?;
        if self.repeat { turns.get(at).cloned() } else { turns.remove(at) }
    }

    fn remember(&self, request: Seen) {
        let mut seen = held(&self.seen);
        if seen.len() == SEEN_MAX {
            seen.pop_front();
        }
        seen.push_back(request);
    }
}

fn refusal(status: u16, retry_after: Option<u64>, code: Option<&str>, message: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = json!({ "error": { "message": message, "type": code, "code": code } });
    let mut answer = (status, Json(body)).into_response();
    if let Some(seconds) = retry_after {
        answer.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    answer
}

/// The text of the last message or item.
fn last_text(form: Form, body: &Value) -> String {
    let last = body.get(form.list()).and_then(Value::as_array).and_then(|items| items.last());
    let text = last.and_then(|last| ["content", "output"].iter().find_map(|name| last.get(*name)?.as_str()));
    text.unwrap_or_default().to_owned()
}

/// Words of all texts in a value.
fn words(value: &Value) -> u64 {
    match value {
        Value::String(text) => u64::try_from(text.split_whitespace().count()).unwrap_or(u64::MAX),
        Value::Array(items) => items.iter().map(words).sum(),
        Value::Object(members) => members.values().map(words).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}
