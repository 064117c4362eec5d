//! A turn as chunks of Chat Completions.

use serde_json::{Value, json};

use super::stream::{Answering, Event};
use super::{Quirk, ScriptedCall, ScriptedUsage, Turn, put};

/// The events of a turn, the first to the last.
pub(super) fn events(turn: &Turn, answering: &Answering) -> Vec<Event> {
    let chunk = |delta: Value, finish: Option<&str>| {
        let mut chunk = frame(answering);
        put(&mut chunk, "choices", json!([{ "index": 0, "delta": delta, "finish_reason": finish }]));
        if turn.is(Quirk::Unknown) {
            put(&mut chunk, "novelty", json!({ "of": "tomorrow" }));
        }
        Event::data(&chunk)
    };
    let mut events = vec![chunk(json!({ "role": "assistant", "content": "" }), None)];
    events.extend(Turn::pieces(&turn.think).map(|piece| chunk(json!({ "reasoning": piece }), None)));
    events.extend(Turn::pieces(&turn.say).map(|piece| chunk(json!({ "content": piece }), None)));
    for (index, call) in turn.call.iter().enumerate() {
        events.extend(fragments(turn, index, call).map(|it| chunk(json!({ "tool_calls": [it] }), None)));
    }
    events.push(chunk(json!({}), Some(finish(turn))));
    if let Some(usage) = usage(turn, answering) {
        let mut last = frame(answering);
        put(&mut last, "choices", if turn.is(Quirk::NullChoices) { Value::Null } else { json!([]) });
        put(&mut last, "usage", usage);
        events.push(Event::data(&last));
    }
    if !turn.is(Quirk::NoDone) {
        events.push(Event::text("[DONE]"));
    }
    events
}

/// The whole answer at once.
pub(super) fn whole(turn: &Turn, answering: &Answering) -> Value {
    let mut answer = frame(answering);
    put(&mut answer, "object", json!("chat.completion"));
    let calls = turn.call.iter().enumerate().map(|(index, call)| {
        let function = json!({ "name": call.name, "arguments": call.arguments_text() });
        json!({ "id": call_id(answering, index), "type": "function", "function": function })
    });
    let mut message = json!({ "role": "assistant", "content": turn.say });
    if !turn.call.is_empty() {
        put(&mut message, "tool_calls", calls.collect());
    }
    put(&mut answer, "choices", json!([{ "index": 0, "message": message, "finish_reason": finish(turn) }]));
    put(&mut answer, "usage", usage(turn, answering).unwrap_or_default());
    answer
}

fn frame(answering: &Answering) -> Value {
    json!({ "id": format!("chatcmpl-{}", answering.number), "object": "chat.completion.chunk", "created": 0,
        "model": answering.model })
}

fn call_id(answering: &Answering, index: usize) -> String {
    format!("call_{}_{index}", answering.number)
}

/// The name first, then the arguments in parts; or all at once as an object.
fn fragments(turn: &Turn, index: usize, call: &ScriptedCall) -> impl Iterator<Item = Value> {
    let numbered = |mut fragment: Value| {
        if !turn.is(Quirk::NoIndex) {
            put(&mut fragment, "index", json!(index));
        }
        fragment
    };
    let id = format!("call_{index}_{}", call.name);
    let head = |arguments: Value| json!({ "id": id, "type": "function", "function": { "name": call.name, "arguments": arguments } });
    let text = call.arguments_text();
    let fragments = match turn.is(Quirk::ObjectArguments) {
        true => vec![head(call.arguments.clone())],
        false => {
            let parts = super::fragments(&text).into_iter();
            let rest = parts.map(|part| json!({ "function": { "arguments": part } }));
            [head(json!(""))].into_iter().chain(rest).collect()
        }
    };
    fragments.into_iter().map(numbered).collect::<Vec<_>>().into_iter()
}

fn finish(turn: &Turn) -> &str {
    let fitting = if turn.call.is_empty() { "stop" } else { "tool_calls" };
    turn.finish.as_deref().unwrap_or(fitting)
}

fn usage(turn: &Turn, answering: &Answering) -> Option<Value> {
    let (input, output) = turn.tokens(answering.prompt_words)?;
    let mut usage =
        json!({ "prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output });
    if let ScriptedUsage::Stated { cost: Some(cost), .. } = &turn.usage {
        put(&mut usage, "cost", json!(cost));
    }
    Some(usage)
}
