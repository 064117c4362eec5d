//! The events of a run as bytes, to be compared with those of another.

use bytes::Bytes;
use events::codec::Codec;
use events::log::Log;
use events::{RunId, Version};
use tapedeck::audit::stream_of;

/// An event as stored, without what belongs to the moment of writing.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    pub version: Version,
    pub event_type: String,
    pub schema_version: u16,
    pub codec: Codec,
    pub payload: Bytes,
}

/// Every event of a run, from its request to its end.
pub async fn story(log: &Log, run: RunId) -> Vec<Told> {
    const PAGE: usize = 5_000;
    let mut story: Vec<Told> = Vec::new();
    loop {
        let read = story.last().map_or(Version::NONE, |told| told.version);
        let page = log.read_stream(&stream_of(run), read, PAGE).await.unwrap();
        story.extend(page.iter().map(|recorded| Told {
            version: recorded.version,
            event_type: recorded.event_type.to_string(),
            schema_version: recorded.schema_version,
            codec: recorded.codec,
            payload: recorded.payload.clone(),
        }));
        if page.len() < PAGE {
            return story;
        }
    }
}

/// Fails unless the two runs have the same events, version by version and byte by byte, but for the run's number.
pub fn assert_same(undisturbed: &[Told], disturbed: &[Told], what: &str) {
    for (expected, found) in undisturbed.iter().zip(disturbed) {
        if expected.event_type == "RunRequested" {
            assert_eq!(without_number(expected), without_number(found), "{what}");
        } else {
            assert_eq!(expected, found, "{what}");
        }
    }
    assert_eq!(undisturbed.len(), disturbed.len(), "{what}");
}

fn without_number(requested: &Told) -> (Version, serde_json::Value) {
    let json = requested.codec.unpack(&requested.payload).unwrap();
    let mut terms: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert!(terms.as_object_mut().unwrap().remove("run_number").is_some(), "{terms}");
    (requested.version, terms)
}
