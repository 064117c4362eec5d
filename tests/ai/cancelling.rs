//! Whoever does not want the rest of an answer ends the request at once.

use std::time::{Duration, Instant};

use tapedeck::ai::scripted::{Fault, Turn};
use tapedeck::ai::{CallEvent, Ending, ModelCall, RetryPolicy, UnknownUsage, UsageFact};

use super::kit::{BOTH, Stage, events_with_words, patient, quick, stage, stage_with, terms};
use crate::support::waiting::until;

/// How soon the provider knows.
const SOON: Duration = Duration::from_secs(1);

/// A call that was answered with one word and will never be with more.
async fn begun(api: tapedeck::config::AiApi) -> (Stage, ModelCall) {
    let turn = Turn::say("one two").but(Fault::SilentAfter(events_with_words(api, 1)));
    let stage = stage(api, [turn]).await;
    let mut call = stage.call(terms("hello"));
    while call.next().await != Some(CallEvent::Text("one ".to_owned())) {}
    (stage, call)
}

async fn noticed(stage: &Stage, since: Instant) {
    until("the provider sees that its reader went", || stage.server.abandoned() == 1).await;
    assert!(since.elapsed() < SOON, "only after {:?}", since.elapsed());
}

#[tokio::test]
async fn dropping_a_call_ends_its_request() {
    for api in BOTH {
        let (stage, call) = begun(api).await;
        assert_eq!(stage.server.abandoned(), 0);
        let since = Instant::now();
        drop(call);
        noticed(&stage, since).await;
    }
}

#[tokio::test]
async fn cancelling_ends_its_request_and_keeps_what_came() {
    for api in BOTH {
        let (stage, call) = begun(api).await;
        let since = Instant::now();
        let report = call.cancel();
        noticed(&stage, since).await;
        assert_eq!((report.ending, report.text.as_str()), (Ending::Cancelled, "one "));
        assert_eq!(report.usage, UsageFact::Unknown { because: UnknownUsage::NotFinished });
        assert!(report.charge.is_call && !report.charge.is_exact && report.charge.tokens > 0);
    }
}

#[tokio::test]
async fn cancelling_between_attempts_counts_those_that_were_made() {
    for api in BOTH {
        let fallback = |config: &mut tapedeck::config::AiConfig| {
            config.fallback_model = Some("gpt-4.1".to_owned());
        };
        let stage = stage_with(api, [Turn::say("lost").but(Fault::CutAfter(1))], fallback).await;
        let first_delay = Duration::from_secs(30);
        let retries = RetryPolicy { first_delay, delay_max: first_delay, ..quick(3) };
        let mut call = stage.models.call_within(terms("hello"), patient(), retries).unwrap();
        while !matches!(call.next().await, Some(CallEvent::RetryScheduled { .. })) {}
        let report = call.cancel();
        assert_eq!((&report.ending, report.attempts.len()), (&Ending::Cancelled, 1), "{api:?}");
        assert!(!report.fallback_used && report.model_asked == "gpt-5-mini");
        // The fallback would be dearer, and the attempt would be charged twice.
        let first = stage_with(api, [Turn::say("lost").but(Fault::CutAfter(1))], |_| ()).await;
        let alone = first.models.call_within(terms("hello"), patient(), quick(1)).unwrap().complete().await;
        assert_eq!(report.charge, alone.charge);
        assert!(report.charge.is_call);
    }
}

#[tokio::test]
async fn a_call_that_is_over_cannot_be_cancelled() {
    let stage = stage(BOTH[0], [Turn::say("one")]).await;
    let mut call = stage.call(terms("hello"));
    while call.next().await != Some(CallEvent::Text("one".to_owned())) {}
    let waits = tokio::time::timeout(Duration::from_secs(5), call.next()).await;
    let Some(CallEvent::Ended(report)) = waits.unwrap() else { panic!("it did not end") };
    let again = call.cancel();
    assert_eq!((again.charge, again.attempts), (report.charge, report.attempts));
}

#[tokio::test]
async fn a_wait_that_is_dropped_loses_nothing() {
    for api in BOTH {
        let slow = Turn { pace_ms: 15, ..Turn::say("one two three four five") };
        let stage = stage(api, [slow]).await;
        let mut call = stage.call(terms("hello"));
        let mut text = String::new();
        loop {
            // Most of these waits end before there is anything.
            match tokio::time::timeout(Duration::from_millis(2), call.next()).await {
                Err(_) => {}
                Ok(Some(CallEvent::Text(more))) => text.push_str(&more),
                Ok(Some(CallEvent::Ended(report))) => {
                    assert_eq!(report.text, text);
                    break;
                }
                Ok(Some(_)) => {}
                Ok(None) => panic!("it ended without a report"),
            }
        }
        assert_eq!(text, "one two three four five", "{api:?}");
    }
}

#[tokio::test]
async fn calls_at_once_are_counted() {
    let api = BOTH[0];
    let turns = [Turn::fault(Fault::Silent), Turn::say("here")];
    let stage = stage_with(api, turns, |config| config.calls_at_once = 1).await;
    let first = stage.call(terms("hello"));
    let refused = stage.models.call_within(terms("hello"), patient(), quick(1)).unwrap_err();
    assert_eq!(refused, tapedeck::ai::CallRefused::Busy(1));
    drop(first);
    assert!(stage.models.call(terms("hello")).is_ok(), "its place is free again");
}
