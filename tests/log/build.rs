//! Short ways to make events, appends and a small aggregate.

use bytes::Bytes;
use events::codec::{Codec, Upcaster};
use events::log::{Append, Committed, Expected, Lane, Log, NewEvent};
use events::{CommandId, Decider, StreamName, Tenant};
use serde::{Deserialize, Serialize};

pub fn stream(key: &str) -> StreamName {
    StreamName::new(Tenant::LOCAL, "test", key)
}

pub fn note(text: &str) -> NewEvent {
    NewEvent {
        event_type: "TestNoted",
        schema_version: 1,
        codec: Codec::Json,
        payload: Bytes::from(serde_json::to_vec(text).unwrap()),
        occurred_at: None,
    }
}

pub fn one(stream: &StreamName, expected: Expected) -> Append {
    Append::of_command(stream.clone(), expected, CommandId::generate(), vec![note("one")])
}

pub async fn put(log: &Log, stream: &StreamName, events: usize) -> Committed {
    let events = (0..events).map(|number| note(&number.to_string())).collect();
    let append = Append::of_command(stream.clone(), Expected::Any, CommandId::generate(), events);
    log.append(append, Lane::Orders).await.unwrap()
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Added {
    pub amount: i64,
}

fn lift_added(json: &[u8]) -> Result<events::codec::Upcasted, serde_json::Error> {
    // The first schema held a bare number; the second a text; the third has a field.
    let amount: i64 = serde_json::from_slice(json)?;
    let text = serde_json::to_vec(&amount.to_string())?;
    Ok(vec![("CounterAdded", 2, Bytes::from(text))])
}

fn lift_added_text(json: &[u8]) -> Result<events::codec::Upcasted, serde_json::Error> {
    let text: String = serde_json::from_slice(json)?;
    let Ok(amount) = text.parse::<i64>() else { return Ok(vec![]) };
    let halves = [amount / 2, amount - amount / 2];
    let event =
        |amount| serde_json::to_vec(&Added { amount }).map(|json| ("CounterAdded", 3, Bytes::from(json)));
    halves.into_iter().map(event).collect()
}

events::events! {
    pub enum CounterEvent {
        CounterAdded(Added) = 3,
    }
    upcasters [
        Upcaster { event_type: "CounterAdded", schema_version: 1, lift: lift_added },
        Upcaster { event_type: "CounterAdded", schema_version: 2, lift: lift_added_text },
    ]
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("too much")]
pub struct TooMuch;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Counter {
    pub total: i64,
    pub events: u32,
}

impl Decider for Counter {
    const CATEGORY: &'static str = "counter";
    const FOLD: u32 = 1;
    type Command = i64;
    type Event = CounterEvent;
    type Error = TooMuch;

    fn decide(&self, amount: i64) -> Result<Vec<CounterEvent>, TooMuch> {
        if amount > 1_000 { Err(TooMuch) } else { Ok(vec![CounterEvent::CounterAdded(Added { amount })]) }
    }

    fn evolve(&mut self, event: &CounterEvent) {
        let CounterEvent::CounterAdded(added) = event;
        self.total += added.amount;
        self.events += 1;
    }
}

pub async fn count(log: &Log, key: &str, amounts: impl IntoIterator<Item = i64>) -> Committed {
    let events = amounts
        .into_iter()
        .map(|amount| NewEvent::encode(&CounterEvent::CounterAdded(Added { amount })).unwrap())
        .collect();
    let stream = StreamName::new(Tenant::LOCAL, "counter", key);
    log.append(Append::of_command(stream, Expected::Any, CommandId::generate(), events), Lane::Orders)
        .await
        .unwrap()
}
