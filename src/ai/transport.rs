//! HTTP to a provider: sends a request, reads its answer piece by piece, and says what went wrong.

use std::collections::VecDeque;
use std::time::Duration;

use ::events::causes::whole_chain;
use futures_util::StreamExt;
use futures_util::stream;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Client, RequestBuilder, Response};
use rust_decimal::Decimal;
use serde_json::Value;

use super::classify::{Complaint, masked};
use super::cost::Cost;
use super::error::ProviderError;
use super::provider::{Delta, Deltas, ListedModel};
use crate::config::SecretText;
use crate::sse::{Frame, SseParser};

/// Longest event of a stream in bytes.
const EVENT_BYTES_MAX: usize = 1 << 20;
/// Longest stream in bytes, events and all that is around them.
const STREAM_BYTES_MAX: usize = 32 << 20;
/// Longest answer that comes as a whole, in bytes.
const BODY_BYTES_MAX: usize = 8 << 20;
/// How long the formal end of an answer may take.
const END_PATIENCE: Duration = Duration::from_secs(1);
/// How we call ourselves.
const TITLE: &str = "tapedeck";

/// Where to ask, and as whom.
#[derive(Debug)]
pub(super) struct Address {
    pub http: Client,
    pub url: String,
    pub key: Option<SecretText>,
    /// What OpenRouter is told about us.
    pub referer: Option<String>,
}

/// Understands one wire form.
pub(super) trait Decode: Send + 'static {
    /// Takes an event of the stream.
    fn frame(&mut self, frame: &Frame, out: &mut VecDeque<Delta>) -> Result<(), ProviderError>;

    /// Takes an answer that came as a whole although a stream was asked for.
    fn whole(&mut self, answer: &Value, out: &mut VecDeque<Delta>) -> Result<(), ProviderError>;

    /// Whether nothing is expected any more.
    fn is_over(&self) -> bool;

    /// The stream ended: what is still to be said, or that it ended too early.
    fn end(&mut self, out: &mut VecDeque<Delta>) -> Result<(), ProviderError>;
}

impl Address {
    fn complete(&self, request: RequestBuilder) -> Result<RequestBuilder, ProviderError> {
        let mut request = request;
        if let Some(key) = &self.key {
            let bearer = HeaderValue::from_str(&format!("Bearer {}", key.expose()));
            let mut bearer = bearer.map_err(|_| ProviderError::KeyRejected {
                message: "it holds characters that no header can".to_owned(),
            })?;
            // Nothing that prints headers prints this one.
            bearer.set_sensitive(true);
            request = request.header(AUTHORIZATION, bearer);
        }
        if let Some(referer) = &self.referer {
            request = request.header("HTTP-Referer", referer).header("X-Title", TITLE);
        }
        Ok(request)
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, ProviderError> {
        let answered = self.complete(request)?.send().await;
        let mut answer = answered.map_err(|error| self.unreachable(&error))?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        // What it says is a courtesy: without it the status says enough.
        let body = self.read(&mut answer).await.unwrap_or_default();
        Err(Complaint::of_answer(status, &headers, &body, self.key.as_ref()).meaning())
    }

    async fn read(&self, answer: &mut Response) -> Result<Vec<u8>, ProviderError> {
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(|error| self.cut(&error))? {
            if body.len() + piece.len() > BODY_BYTES_MAX {
                return Err(ProviderError::TooLong { bytes_max: BODY_BYTES_MAX });
            }
            body.extend_from_slice(&piece);
        }
        Ok(body)
    }

    fn unreachable(&self, error: &reqwest::Error) -> ProviderError {
        let message = masked(&whole_chain(error), self.key.as_ref());
        ProviderError::Unavailable { status: None, retry_after: None, message }
    }

    fn cut(&self, error: &reqwest::Error) -> ProviderError {
        ProviderError::Cut { message: masked(&whole_chain(error), self.key.as_ref()) }
    }
}

/// A stream that is being read.
struct Reading<D> {
    address: Address,
    /// None once nothing more is wanted of it.
    answer: Option<Response>,
    parser: Option<SseParser>,
    decoder: D,
    bytes: usize,
    ready: VecDeque<Delta>,
    failure: Option<ProviderError>,
}

/// Asks for a stream, and decodes it.
pub(super) async fn stream<D: Decode>(
    address: Address,
    body: Value,
    mut decoder: D,
) -> Result<Deltas, ProviderError> {
    let request = address.http.post(&address.url).header(ACCEPT, "text/event-stream").json(&body);
    let mut answer = address.send(request).await?;
    let content_type = answer.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if content_type.is_some_and(|it| it.starts_with("application/json")) {
        let body = address.read(&mut answer).await?;
        let malformed = |error: serde_json::Error| ProviderError::Malformed { message: error.to_string() };
        let mut ready = VecDeque::new();
        decoder.whole(&serde_json::from_slice(&body).map_err(malformed)?, &mut ready)?;
        decoder.end(&mut ready)?;
        return Ok(stream::iter(ready.into_iter().map(Ok)).boxed());
    }
    if content_type.is_some_and(|it| it.starts_with("text/html")) {
        return Err(ProviderError::Malformed { message: "it is a page for people".to_owned() });
    }
    let parser = Some(SseParser::new(EVENT_BYTES_MAX));
    let ready = VecDeque::new();
    let reading = Reading { address, answer: Some(answer), parser, decoder, bytes: 0, ready, failure: None };
    Ok(stream::unfold(reading, |mut reading| async move {
        let next = reading.next().await?;
        Some((next, reading))
    })
    .boxed())
}

impl<D: Decode> Reading<D> {
    async fn next(&mut self) -> Option<Result<Delta, ProviderError>> {
        loop {
            if let Some(delta) = self.ready.pop_front() {
                return Some(Ok(delta));
            }
            // What came before a failure is told before it.
            if let Some(failure) = self.failure.take() {
                return Some(Err(failure));
            }
            let (parser, answer) = (self.parser.as_mut()?, self.answer.as_mut()?);
            let outcome = match answer.chunk().await {
                Ok(Some(piece)) => {
                    self.bytes += piece.len();
                    match parser.push(&piece) {
                        _ if self.bytes > STREAM_BYTES_MAX => {
                            Err(ProviderError::TooLong { bytes_max: STREAM_BYTES_MAX })
                        }
                        Ok(frames) => self.decode(&frames),
                        Err(too_long) => Err(ProviderError::TooLong { bytes_max: too_long.0 }),
                    }
                }
                Ok(None) => self.finish(None),
                Err(error) => {
                    let cut = self.address.cut(&error);
                    self.finish(Some(cut))
                }
            };
            if let Err(failure) = outcome {
                self.parser = None;
                self.failure = Some(failure);
            }
        }
    }

    fn decode(&mut self, frames: &[Frame]) -> Result<(), ProviderError> {
        for frame in frames {
            self.decoder.frame(frame, &mut self.ready)?;
            if self.decoder.is_over() {
                self.parser = None;
                if let Some(answer) = self.answer.take() {
                    tokio::spawn(read_to_the_end(answer));
                }
                return self.decoder.end(&mut self.ready);
            }
        }
        Ok(())
    }

    /// The connection ended, well or not; an answer that was complete before is complete.
    fn finish(&mut self, cut: Option<ProviderError>) -> Result<(), ProviderError> {
        if let Some(last) = self.parser.take().and_then(SseParser::finish) {
            // A frame that was cut in its middle cannot be read, which is no other failure than the cut.
            let read = self.decoder.frame(&last, &mut self.ready);
            if let (Err(failure), None) = (read, &cut) {
                return Err(failure);
            }
        }
        self.decoder.end(&mut self.ready).map_err(|failure| cut.unwrap_or(failure))
    }
}

/// Reads what follows an answer that is complete, which is its formal end: only then the connection can be used again, and
/// the next call needs no handshake.
async fn read_to_the_end(mut answer: Response) {
    let rest = async { while let Ok(Some(_)) = answer.chunk().await {} };
    // A provider that keeps the stream open loses the connection, which is all that is lost.
    let _ = tokio::time::timeout(END_PATIENCE, rest).await;
}

/// Asks for the list of models, which all APIs have at the same place.
pub(super) async fn list_models(address: Address) -> Result<Vec<ListedModel>, ProviderError> {
    let mut answer = address.send(address.http.get(&address.url)).await?;
    let body = address.read(&mut answer).await?;
    let malformed = |message: String| ProviderError::Malformed { message };
    let list: Value = serde_json::from_slice(&body).map_err(|error| malformed(error.to_string()))?;
    let models = list.get("data").and_then(Value::as_array);
    let models = models.ok_or_else(|| malformed("the list of models has no data".to_owned()))?;
    Ok(models.iter().filter_map(listed).collect())
}

fn listed(model: &Value) -> Option<ListedModel> {
    let text = |name: &str| model.get(name).and_then(Value::as_str).map(str::to_owned);
    let number = |pointer: &str| model.pointer(pointer).and_then(Value::as_u64);
    let price = |pointer: &str| {
        let per_token = model.pointer(pointer)?.as_str()?.parse::<Decimal>().ok()?;
        // OpenRouter writes -1 where the price depends on the model that it will choose.
        Cost::new(per_token.checked_mul(Decimal::from(1_000_000))?).ok()
    };
    let outputs = model.pointer("/architecture/output_modalities").and_then(Value::as_array);
    Some(ListedModel {
        id: text("id")?,
        name: text("name"),
        context_tokens: ["/context_length", "/context_window", "/max_model_len"].into_iter().find_map(number),
        input_per_million: price("/pricing/prompt"),
        output_per_million: price("/pricing/completion"),
        writes_text: outputs.is_none_or(|outputs| outputs.iter().any(|output| output == "text")),
    })
}
