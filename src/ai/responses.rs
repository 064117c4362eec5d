//! The wire form of the Responses API.

use std::collections::VecDeque;

use serde_json::{Map, Value, json};

use super::classify::{Complaint, masked};
use super::error::ProviderError;
use super::message::{Message, OutputForm, ToolCall, ToolChoice, arguments_text};
use super::provider::{Delta, FinishReason, Request};
use super::transport::Decode;
use super::usage::Usage;
use crate::config::SecretText;
use crate::sse::Frame;

/// Events that tell of the answer without a part of it: the provider goes on. Others, such as those that keep a connection
/// open, may come from one that does not.
const SIGNS: [&str; 9] = [
    "response.output_item.",
    "response.content_part.",
    "response.output_text.",
    "response.refusal.",
    "response.function_call_arguments.",
    "response.reasoning_summary_part.",
    "response.reasoning_summary_text.",
    "response.reasoning_text.",
    "response.web_search_call.",
];

/// The body of a request. It carries the whole conversation, and the provider keeps nothing of it: a continuation needs
/// nothing that only the provider has.
pub(super) fn body(request: &Request) -> Value {
    let Request { model, prompt, parameters, .. } = request;
    let mut body = Map::new();
    let mut put = |name: &str, value: Value| {
        if !value.is_null() {
            body.insert(name.to_owned(), value);
        }
    };
    put("model", json!(model));
    put("input", prompt.messages.iter().flat_map(items).collect());
    put("stream", json!(true));
    put("store", json!(false));
    let functions = prompt.tools.iter().map(|tool| {
        json!({ "type": "function", "name": tool.name, "description": tool.description,
            "parameters": tool.parameters, "strict": false })
    });
    let search = (parameters.web_search == Some(true)).then(|| json!({ "type": "web_search" }));
    let tools: Vec<Value> = functions.chain(search).collect();
    if !tools.is_empty() {
        put("tools", json!(tools));
        put("tool_choice", tool_choice(&prompt.tool_choice));
    }
    let format = match &prompt.output {
        OutputForm::Text => json!({ "type": "text" }),
        OutputForm::Json { schema: None, .. } => json!({ "type": "json_object" }),
        OutputForm::Json { name, schema: Some(schema) } => {
            json!({ "type": "json_schema", "name": name, "schema": schema, "strict": false })
        }
    };
    match parameters.verbosity {
        Some(verbosity) => put("text", json!({ "format": format, "verbosity": verbosity })),
        None => put("text", json!({ "format": format })),
    }
    if let Some(effort) = parameters.reasoning_effort {
        put("reasoning", json!({ "effort": effort }));
    }
    put("max_output_tokens", json!(parameters.max_output_tokens));
    put("temperature", json!(parameters.temperature));
    put("top_p", json!(parameters.top_p));
    Value::Object(body)
}

/// The items that a message is there.
fn items(message: &Message) -> Vec<Value> {
    match message {
        Message::System { text } => vec![json!({ "type": "message", "role": "system", "content": text })],
        Message::User { text } => vec![json!({ "type": "message", "role": "user", "content": text })],
        Message::Assistant { text, tool_calls } => {
            let said = (!text.is_empty())
                .then(|| json!({ "type": "message", "role": "assistant", "content": text }));
            let calls = tool_calls.iter().map(|call| {
                json!({ "type": "function_call", "call_id": call.id, "name": call.name,
                    "arguments": call.arguments })
            });
            said.into_iter().chain(calls).collect()
        }
        Message::ToolResult { call_id, text } => {
            vec![json!({ "type": "function_call_output", "call_id": call_id, "output": text })]
        }
    }
}

fn tool_choice(choice: &ToolChoice) -> Value {
    match choice {
        ToolChoice::Auto => json!("auto"),
        ToolChoice::None => json!("none"),
        ToolChoice::Required => json!("required"),
        ToolChoice::Named(name) => json!({ "type": "function", "name": name }),
    }
}

/// Reads the stream.
#[derive(Debug)]
pub(super) struct Decoder {
    key: Option<SecretText>,
    is_accepted: bool,
    /// Calls that began, by the id of their item, in the order in which they did.
    calls: Vec<(String, ToolCall)>,
    has_text: bool,
    usage: Option<Usage>,
    finish: Option<FinishReason>,
}

impl Decoder {
    pub(super) const fn new(key: Option<SecretText>) -> Self {
        let calls = Vec::new();
        Self { key, is_accepted: false, calls, has_text: false, usage: None, finish: None }
    }

    fn event(&mut self, kind: &str, event: &Value, out: &mut VecDeque<Delta>) -> Result<(), ProviderError> {
        let text = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default();
        if SIGNS.iter().any(|start| kind.starts_with(start)) {
            let is_fragment = kind == "response.function_call_arguments.delta";
            let bytes = if is_fragment { text("delta").len() } else { 0 };
            out.push_back(Delta::Progress { bytes });
        }
        match kind {
            "response.created" | "response.in_progress" => self.accept(event.get("response"), out),
            "response.output_text.delta" | "response.refusal.delta" => self.say(text("delta"), out),
            "response.reasoning_summary_text.delta" if !text("delta").is_empty() => {
                out.push_back(Delta::Reasoning(text("delta").to_owned()));
            }
            "response.output_item.added" | "response.output_item.done" => {
                if let Some(item) = event.get("item") {
                    self.call(item);
                }
            }
            "response.function_call_arguments.delta" => {
                if let Some(call) = self.call_of(text("item_id")) {
                    call.arguments.push_str(text("delta"));
                }
            }
            "response.function_call_arguments.done" => {
                let arguments = event.get("arguments");
                if let (Some(call), Some(arguments)) = (self.call_of(text("item_id")), arguments) {
                    call.arguments = arguments_text(arguments);
                }
            }
            "response.completed" | "response.incomplete" | "response.failed" => {
                let response = event.get("response").ok_or_else(|| ProviderError::Malformed {
                    message: "the last event has no response".to_owned(),
                })?;
                return self.whole(response, out);
            }
            "error" => {
                // Older servers wrap it.
                let error = event.get("error").filter(|error| error.is_object()).unwrap_or(event);
                return Err(self.complaint(error));
            }
            _ => {}
        }
        Ok(())
    }

    fn accept(&mut self, response: Option<&Value>, out: &mut VecDeque<Delta>) {
        if !std::mem::replace(&mut self.is_accepted, true) {
            let text = |name: &str| response?.get(name)?.as_str().map(str::to_owned);
            out.push_back(Delta::Accepted { response_id: text("id"), model: text("model") });
        }
    }

    fn say(&mut self, text: &str, out: &mut VecDeque<Delta>) {
        if !text.is_empty() {
            self.has_text = true;
            out.push_back(Delta::Text(text.to_owned()));
        }
    }

    fn call_of(&mut self, item_id: &str) -> Option<&mut ToolCall> {
        self.calls.iter_mut().find(|(id, _)| id == item_id).map(|(_, call)| call)
    }

    /// Takes an item, if it is a call, in place of what was known of it.
    fn call(&mut self, item: &Value) {
        let text = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default();
        if text("type") != "function_call" {
            return;
        }
        // Results refer to the call's id, which is not the item's.
        let (item_id, call_id) = (text("id"), text("call_id"));
        let arguments = item.get("arguments").map(arguments_text).unwrap_or_default();
        let call = ToolCall { id: call_id.to_owned(), name: text("name").to_owned(), arguments };
        let known = self
            .calls
            .iter()
            .position(|(id, known)| if item_id.is_empty() { known.id == call_id } else { id == item_id });
        match known.and_then(|at| self.calls.get_mut(at)) {
            Some((_, known)) if call.arguments.is_empty() => known.name = call.name,
            Some((_, known)) => *known = call,
            None => self.calls.push((item_id.to_owned(), call)),
        }
    }

    fn complaint(&self, error: &Value) -> ProviderError {
        Complaint::of_error(error, self.key.as_ref()).meaning()
    }
}

impl Decode for Decoder {
    fn frame(&mut self, frame: &Frame, out: &mut VecDeque<Delta>) -> Result<(), ProviderError> {
        let data = frame.data.trim();
        if data.is_empty() || data == "[DONE]" {
            return Ok(());
        }
        let event: Value = serde_json::from_str(data)
            .map_err(|error| ProviderError::Malformed { message: format!("an event: {error}") })?;
        let kind = event.get("type").and_then(Value::as_str).or(frame.event.as_deref());
        let Some(kind) = kind.map(str::to_owned) else {
            return Err(match event.get("error") {
                Some(error) => self.complaint(error),
                None => ProviderError::Malformed { message: "an event has no type".to_owned() },
            });
        };
        self.event(&kind, &event, out)
    }

    /// Takes a response that is over. Whatever no event told before is told now.
    fn whole(&mut self, response: &Value, out: &mut VecDeque<Delta>) -> Result<(), ProviderError> {
        let error = response.get("error").filter(|error| !error.is_null());
        let status = response.get("status").and_then(Value::as_str);
        if let Some(error) = error {
            return Err(self.complaint(error));
        }
        self.accept(Some(response), out);
        self.usage = response.get("usage").and_then(usage);
        let items = response.get("output").and_then(Value::as_array);
        let had_text = self.has_text;
        for item in items.into_iter().flatten() {
            self.call(item);
            let parts = item.get("content").and_then(Value::as_array).into_iter().flatten();
            for part in parts.filter(|_| !had_text) {
                let said = ["text", "refusal"].iter().find_map(|name| part.get(*name)?.as_str());
                self.say(said.unwrap_or_default(), out);
            }
        }
        let because = response.pointer("/incomplete_details/reason").and_then(Value::as_str);
        self.finish = Some(match (status, because) {
            (Some("failed"), _) => {
                return Err(ProviderError::Unavailable {
                    status: None,
                    retry_after: None,
                    message: "it failed and does not say why".to_owned(),
                });
            }
            (Some("incomplete"), Some("max_output_tokens") | None) => FinishReason::Length,
            (Some("incomplete"), Some("content_filter")) => FinishReason::ContentFilter,
            (Some("incomplete"), Some(other)) => FinishReason::Other(masked(other, self.key.as_ref())),
            (Some("completed"), _) if self.calls.is_empty() => FinishReason::Stop,
            (Some("completed"), _) => FinishReason::ToolCalls,
            (Some(other), _) => {
                let status = masked(other, self.key.as_ref());
                return Err(ProviderError::Cut { message: format!("it ended as {status}") });
            }
            (None, _) => {
                return Err(ProviderError::Malformed { message: "the response has no status".to_owned() });
            }
        });
        Ok(())
    }

    fn is_over(&self) -> bool {
        self.finish.is_some()
    }

    fn end(&mut self, out: &mut VecDeque<Delta>) -> Result<(), ProviderError> {
        let cut = || ProviderError::Cut { message: "it has no end".to_owned() };
        let finish = self.finish.take().ok_or_else(cut)?;
        out.extend(std::mem::take(&mut self.calls).into_iter().map(|(_, call)| Delta::ToolCall(call)));
        out.extend(self.usage.take().map(Delta::Usage));
        out.push_back(Delta::Finished(finish));
        Ok(())
    }
}

fn usage(usage: &Value) -> Option<Usage> {
    let number = |pointer: &str| usage.pointer(pointer).and_then(Value::as_u64);
    Some(Usage {
        input_tokens: number("/input_tokens")?,
        output_tokens: number("/output_tokens")?,
        cached_input_tokens: number("/input_tokens_details/cached_tokens"),
        reasoning_tokens: number("/output_tokens_details/reasoning_tokens"),
        stated_cost: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(key: Option<SecretText>, events: &[Value]) -> Result<Vec<Delta>, ProviderError> {
        let (mut decoder, mut out) = (Decoder::new(key), VecDeque::new());
        for event in events {
            decoder.frame(&Frame { data: event.to_string(), ..Frame::default() }, &mut out)?;
        }
        decoder.end(&mut out)?;
        Ok(out.into())
    }

    fn last(response: &Value) -> Result<Delta, ProviderError> {
        let said = json!({ "type": "response.output_text.delta", "delta": "buy" });
        let over = json!({ "type": "response.completed", "response": response });
        told(None, &[said, over]).map(|mut deltas| deltas.pop().unwrap())
    }

    #[test]
    fn only_what_is_completed_is_finished() {
        let finished = Delta::Finished(FinishReason::Stop);
        assert_eq!(last(&json!({ "status": "completed", "output": [] })), Ok(finished));
        for (response, kind) in [
            (json!({ "status": "cancelled", "output": [] }), "cut"),
            (json!({ "status": "in_progress", "output": [] }), "cut"),
            (json!({ "status": "rejoicing", "output": [] }), "cut"),
            (json!({ "status": "failed", "output": [] }), "unavailable"),
            (json!({ "output": [] }), "malformed"),
            (Value::Null, "malformed"),
        ] {
            assert_eq!(last(&response).unwrap_err().kind(), kind, "{response}");
        }
        let nothing = told(None, &[json!({ "type": "response.completed" })]).unwrap_err();
        assert_eq!(nothing.kind(), "malformed");
    }

    #[test]
    fn a_key_within_a_word_for_the_end_is_masked() {
        let key = "secretkey-0123456789";
        let details = json!({ "reason": format!("because of {key}") });
        let response = json!({ "status": "incomplete", "incomplete_details": details });
        let over = json!({ "type": "response.incomplete", "response": response });
        let deltas = told(Some(SecretText::new(key)), &[over]).unwrap();
        assert_eq!(deltas.last(), Some(&Delta::Finished(FinishReason::Other("because of ***".to_owned()))));
    }

    #[test]
    fn whatever_is_told_of_the_answer_is_progress() {
        let fragment = json!({ "type": "response.function_call_arguments.delta", "delta": "{\"a\"" });
        let thinks = json!({ "type": "response.reasoning_summary_part.added" });
        let over = json!({ "type": "response.completed", "response": { "status": "completed" } });
        for (event, progress) in [
            (fragment, Some(Delta::Progress { bytes: 4 })),
            (thinks, Some(Delta::Progress { bytes: 0 })),
            (json!({ "type": "keepalive" }), None),
        ] {
            let deltas = told(None, &[event.clone(), over.clone()]).unwrap();
            let found = deltas.into_iter().find(|delta| matches!(delta, Delta::Progress { .. }));
            assert_eq!(found, progress, "{event}");
        }
    }
}
