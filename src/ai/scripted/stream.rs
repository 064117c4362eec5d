//! Events as bytes, with what goes wrong on the way.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, stream};
use serde_json::{Value, json};

use super::{Fault, Quirk, Turn};

/// The request that is answered.
#[derive(Debug, Clone)]
pub(super) struct Answering {
    /// Its number among all requests, from 1.
    pub number: usize,
    /// The model it asked.
    pub model: String,
    /// Words of its messages.
    pub prompt_words: u64,
}

/// One event as it is sent.
#[derive(Debug, Clone)]
pub(super) struct Event(String);

impl Event {
    pub(super) fn data(value: &Value) -> Self {
        Self::text(&value.to_string())
    }

    pub(super) fn text(data: &str) -> Self {
        Self(format!("data: {data}\n\n"))
    }

    pub(super) fn named(name: &str, value: &Value) -> Self {
        Self(format!("event: {name}\ndata: {value}\n\n"))
    }
}

/// What follows after the events.
#[derive(Debug, Clone)]
enum After {
    /// The end.
    End,
    /// The connection breaks.
    Cut,
    /// Nothing, for ever.
    Silence,
    /// This, for ever.
    Again(Bytes),
}

/// Counts streams whose reader went before their end.
struct Reader {
    abandoned: Arc<AtomicUsize>,
    is_over: bool,
}

impl Reader {
    const fn saw_the_end(&mut self) {
        self.is_over = true;
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if !self.is_over {
            self.abandoned.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// The bytes of `events` as `turn` wants them sent.
pub(super) fn bytes(
    turn: &Turn,
    events: Vec<Event>,
    abandoned: &Arc<AtomicUsize>,
) -> impl Stream<Item = io::Result<Bytes>> + use<> {
    let (events, after) = spoiled(turn, events);
    let mut texts: Vec<String> = events.into_iter().map(|Event(text)| text).collect();
    if turn.is(Quirk::Comments) {
        texts = texts.into_iter().map(|text| format!(": still here\n\n{text}")).collect();
    }
    if turn.is(Quirk::CarriageReturns) {
        texts = texts.into_iter().map(|text| text.replace('\n', "\r\n")).collect();
    }
    let pieces: VecDeque<Bytes> = match turn.piece_bytes {
        0 => texts.into_iter().map(Bytes::from).collect(),
        size => texts.concat().into_bytes().chunks(size).map(Bytes::copy_from_slice).collect(),
    };
    let reader = Reader { abandoned: abandoned.clone(), is_over: false };
    let pace = Duration::from_millis(turn.pace_ms);
    stream::unfold((pieces, after, reader), move |(mut pieces, after, mut reader)| async move {
        match pace {
            // Others get a chance to read, so that pieces stay pieces.
            Duration::ZERO => tokio::task::yield_now().await,
            pace => tokio::time::sleep(pace).await,
        }
        if let Some(piece) = pieces.pop_front() {
            return Some((Ok(piece), (pieces, after, reader)));
        }
        match after {
            After::End => {
                reader.saw_the_end();
                None
            }
            After::Cut => {
                reader.saw_the_end();
                let broken = Err(io::Error::from(io::ErrorKind::ConnectionReset));
                Some((broken, (pieces, After::End, reader)))
            }
            After::Silence => std::future::pending().await,
            After::Again(piece) => Some((Ok(piece.clone()), (pieces, After::Again(piece), reader))),
        }
    })
}

fn spoiled(turn: &Turn, mut events: Vec<Event>) -> (Vec<Event>, After) {
    let error = json!({ "error": { "code": 502, "message": "as the script wants" } });
    let word = json!({ "id": "endless", "type": "response.output_text.delta", "delta": "again ",
        "choices": [{ "index": 0, "delta": { "content": "again ".repeat(1_000) }, "finish_reason": null }] });
    let after = match &turn.fault {
        None | Some(Fault::Status { .. } | Fault::Silent | Fault::Page) => return (events, After::End),
        Some(Fault::CutAfter(count)) => {
            events.truncate(*count);
            After::Cut
        }
        Some(Fault::EndAfter(count)) => {
            events.truncate(*count);
            After::End
        }
        Some(Fault::NonsenseAfter(count)) => {
            events.truncate(*count);
            events.push(Event::text("{\"choices\": [{\"delta\": BUY 10"));
            After::Silence
        }
        Some(Fault::ErrorAfter(count)) => {
            events.truncate(*count);
            events.push(Event::data(&error));
            After::Silence
        }
        Some(Fault::SilentAfter(count)) => {
            events.truncate(*count);
            After::Silence
        }
        Some(Fault::EndlessAfter(count)) => {
            events.truncate(*count);
            After::Again(Bytes::from(format!("data: {word}\n\n")))
        }
        Some(Fault::HugeEventAfter(count)) => {
            events.truncate(*count);
            events.push(Event("data: ".to_owned()));
            After::Again(Bytes::from("x".repeat(64 << 10)))
        }
    };
    (events, after)
}
