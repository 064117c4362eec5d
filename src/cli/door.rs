//! The API as commands ask it: that of a server, or, where none is named, that of this process, on the data folder or
//! database of this machine. Both get the same requests and give the same answers.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use ::events::RequestId;
use anyhow::Context;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use reqwest::{Method, Url};
use serde_json::Value;
use tower::ServiceExt;

use super::remote::{Answered, Place, Remote, Server};
use crate::app::{App, Role, RunningApp};
use crate::config::Config;
use crate::http::{Api, AtTheMachine, NoQuotes, Parts, router};

/// How long reads wait for the read models to catch up.
const PATIENCE: Duration = Duration::from_secs(60);
/// Longest answer that is taken.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// Where requests go.
pub enum Door {
    /// To the API of this process.
    Here(Box<Here>),
    /// To a server.
    There(Box<Remote>),
}

/// The API of this process, which nobody else can reach.
pub struct Here {
    router: Router,
    /// Ends with the door.
    running: Option<RunningApp>,
}

/// A form with a file.
#[derive(Debug)]
pub struct FileForm {
    fields: Vec<(&'static str, String)>,
    file: (&'static str, String, Vec<u8>),
}

impl FileForm {
    /// With a file as the field `field`, and nothing else yet.
    pub fn of(field: &'static str, name: String, bytes: Vec<u8>) -> Self {
        Self { fields: Vec::new(), file: (field, name, bytes) }
    }

    /// With one more field, if there is a value for it.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: Option<impl ToString>) -> Self {
        self.fields.extend(value.map(|value| (name, value.to_string())));
        self
    }

    /// Its media type and its bytes (RFC 7578). The boundary is random, so that no file holds it.
    fn written(&self) -> (String, Vec<u8>) {
        let boundary = format!("tapedeck-{}", RequestId::generate());
        let quoted = |text: &str| text.replace('"', "%22").replace(['\r', '\n'], " ");
        let mut bytes = Vec::new();
        for (name, value) in &self.fields {
            let head = format!("--{boundary}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n");
            bytes.extend_from_slice(head.as_bytes());
            bytes.extend_from_slice(value.as_bytes());
            bytes.extend_from_slice(b"\r\n");
        }
        let (field, name, file) = &self.file;
        let head = format!(
            "--{boundary}\r\ncontent-disposition: form-data; name=\"{field}\"; filename=\"{}\"\r\n\
             content-type: text/csv\r\n\r\n",
            quoted(name)
        );
        bytes.extend_from_slice(head.as_bytes());
        bytes.extend_from_slice(file);
        bytes.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        (format!("multipart/form-data; boundary={boundary}"), bytes)
    }
}

impl Here {
    /// The API over an application that somebody else ends.
    pub fn within(app: &App) -> Self {
        let (app, nats) = (app.clone(), app.nats.clone());
        let router = router(Api::new(Parts { app, nats, quotes: Arc::<NoQuotes>::default() }));
        Self { router, running: None }
    }

    async fn ask(
        &self,
        method: Method,
        url: &Url,
        body: Option<(&str, Vec<u8>)>,
    ) -> anyhow::Result<Answered> {
        let place =
            url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        let mut request = Request::builder().method(method).uri(place);
        if let Some((kind, _)) = &body {
            request = request.header(header::CONTENT_TYPE, *kind);
        }
        let body = body.map_or_else(Body::empty, |(_, bytes)| Body::from(bytes));
        let mut request = request.body(body)?;
        AtTheMachine::mark(&mut request);
        let Ok(response) = self.router.clone().oneshot(request).await;
        let status = response.status();
        let bytes = to_bytes(response.into_body(), ANSWER_BYTES_MAX).await?;
        Answered::of(status, &bytes)
    }
}

impl Door {
    /// To the server that was named, if one was; else to an application of this process with these roles.
    pub async fn open(config: Config, roles: &BTreeSet<Role>) -> anyhow::Result<Self> {
        if let Place::There(remote) = Place::of(&config)? {
            return Ok(Self::There(remote));
        }
        let running = RunningApp::start(config, roles).await?;
        let head = running.app.log.head().await?;
        let app = &running.app;
        app.watermarks.wait_for_all(&app.projections.names(), head, PATIENCE).await?;
        let here = Here::within(app);
        Ok(Self::Here(Box::new(Here { running: Some(running), ..here })))
    }

    /// Reads.
    pub async fn get(&self, path: &[&str], query: &[(&str, String)]) -> anyhow::Result<Answered> {
        match self {
            Self::Here(here) => {
                let mut url = here_url(path)?;
                if !query.is_empty() {
                    url.query_pairs_mut().extend_pairs(query);
                }
                here.ask(Method::GET, &url, None).await
            }
            Self::There(remote) => remote.get(path, query).await,
        }
    }

    /// Writes, or changes.
    pub async fn send(&self, method: Method, path: &[&str], body: &Value) -> anyhow::Result<Answered> {
        match self {
            Self::Here(here) => {
                let body = Some(("application/json", serde_json::to_vec(body)?));
                here.ask(method, &here_url(path)?, body).await
            }
            Self::There(remote) => remote.send(method, path, Some(body)).await,
        }
    }

    /// Sends a file.
    pub async fn send_file(&self, path: &[&str], form: &FileForm) -> anyhow::Result<Answered> {
        let (kind, bytes) = form.written();
        match self {
            Self::Here(here) => here.ask(Method::POST, &here_url(path)?, Some((&kind, bytes))).await,
            Self::There(remote) => {
                let complete = |request: reqwest::RequestBuilder| {
                    request.header(header::CONTENT_TYPE.as_str(), kind).body(bytes)
                };
                remote.ask(Method::POST, path, complete).await
            }
        }
    }

    /// Ends the application of this process, if there is one.
    pub async fn close(self) -> anyhow::Result<()> {
        if let Self::Here(here) = self {
            let Here { router, running } = *here;
            drop(router);
            if let Some(running) = running {
                running.stop().await?;
            }
        }
        Ok(())
    }
}

fn here_url(path: &[&str]) -> anyhow::Result<Url> {
    Server::parse("http://localhost").context("this process has no address")?.path(path)
}
