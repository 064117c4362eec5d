//! A turn as events of the Responses API.

use serde_json::{Value, json};

use super::stream::{Answering, Event};
use super::{Quirk, Turn, fragments, put, text_of};

/// The events of a turn, the first to the last.
pub(super) fn events(turn: &Turn, answering: &Answering) -> Vec<Event> {
    let mut told = Told::default();
    told.event("response.created", json!({ "response": response(answering, "in_progress") }));
    told.event("response.in_progress", json!({ "response": response(answering, "in_progress") }));
    if turn.is(Quirk::Unknown) {
        told.event("response.novelty", json!({ "of": "tomorrow" }));
    }
    for piece in Turn::pieces(&turn.think) {
        told.event("response.reasoning_summary_text.delta", json!({ "item_id": "rs_0", "delta": piece }));
    }
    if !turn.say.is_empty() {
        let item = json!({ "type": "message", "id": "msg_0", "role": "assistant", "content": [] });
        told.event("response.output_item.added", json!({ "output_index": 0, "item": item }));
        let part = json!({ "type": "output_text", "text": "" });
        told.event("response.content_part.added", json!({ "item_id": "msg_0", "part": part }));
        for piece in Turn::pieces(&turn.say) {
            told.event("response.output_text.delta", json!({ "item_id": "msg_0", "delta": piece }));
        }
        told.event("response.output_text.done", json!({ "item_id": "msg_0", "text": turn.say }));
    }
    for (index, item) in calls(turn, answering).into_iter().enumerate() {
        let mut begun = item.clone();
        put(&mut begun, "arguments", json!(""));
        let (id, arguments) = (text_of(&item, "id").to_owned(), text_of(&item, "arguments").to_owned());
        told.event("response.output_item.added", json!({ "output_index": index, "item": begun }));
        for fragment in fragments(&arguments) {
            let delta = json!({ "item_id": id, "delta": fragment });
            told.event("response.function_call_arguments.delta", delta);
        }
        let done = json!({ "item_id": id, "arguments": arguments });
        told.event("response.function_call_arguments.done", done);
        told.event("response.output_item.done", json!({ "output_index": index, "item": item }));
    }
    let over = whole(turn, answering);
    let kind = format!("response.{}", text_of(&over, "status"));
    told.event(&kind, json!({ "response": over }));
    told.events
}

/// The whole answer at once.
pub(super) fn whole(turn: &Turn, answering: &Answering) -> Value {
    let status = match turn.finish.as_deref() {
        Some("length" | "content_filter") => "incomplete",
        Some("failed") => "failed",
        Some(_) | None => "completed",
    };
    let mut over = response(answering, status);
    let text = json!([{ "type": "output_text", "text": turn.say }]);
    let said = json!({ "type": "message", "id": "msg_0", "role": "assistant", "content": text });
    let said = (!turn.say.is_empty()).then_some(said);
    put(&mut over, "output", said.into_iter().chain(calls(turn, answering)).collect());
    match turn.finish.as_deref() {
        Some("length") => put(&mut over, "incomplete_details", json!({ "reason": "max_output_tokens" })),
        Some("content_filter") => put(&mut over, "incomplete_details", json!({ "reason": "content_filter" })),
        Some("failed") => {
            put(&mut over, "error", json!({ "code": "server_error", "message": "as the script wants" }))
        }
        Some(_) | None => {}
    }
    if let Some((input, output)) = turn.tokens(answering.prompt_words) {
        let total = input + output;
        put(
            &mut over,
            "usage",
            json!({ "input_tokens": input, "output_tokens": output, "total_tokens": total }),
        );
    }
    over
}

fn response(answering: &Answering, status: &str) -> Value {
    json!({ "id": format!("resp_{}", answering.number), "object": "response", "status": status,
        "model": answering.model, "error": null, "incomplete_details": null, "output": [], "usage": null })
}

/// The calls as items: the item's id is not the call's.
fn calls(turn: &Turn, answering: &Answering) -> Vec<Value> {
    let items = turn.call.iter().enumerate().map(|(index, call)| {
        json!({ "type": "function_call", "id": format!("fc_{}_{index}", answering.number),
            "call_id": format!("call_{index}_{}", call.name), "name": call.name,
            "arguments": call.arguments_text() })
    });
    items.collect()
}

/// Events with their numbers.
#[derive(Default)]
struct Told {
    events: Vec<Event>,
}

impl Told {
    fn event(&mut self, kind: &str, mut event: Value) {
        put(&mut event, "type", json!(kind));
        put(&mut event, "sequence_number", json!(self.events.len()));
        self.events.push(Event::named(kind, &event));
    }
}
