//! The wire form of Chat Completions, as strictly written and as leniently read as its many servers want.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Map, Value, json};

use super::classify::{Complaint, masked};
use super::error::ProviderError;
use super::family::Family;
use super::message::{Message, OutputForm, ToolCall, ToolChoice, arguments_text};
use super::provider::{Delta, Dialect, FinishReason, Request};
use super::transport::Decode;
use super::usage::Usage;
use crate::config::SecretText;
use crate::sse::Frame;

/// The body of a request.
pub(super) fn body(request: &Request, dialect: Dialect) -> Value {
    let Request { model, prompt, parameters, .. } = request;
    let mut body = Map::new();
    let mut put = |name: &str, value: Value| {
        if !value.is_null() {
            body.insert(name.to_owned(), value);
        }
    };
    put("model", json!(model));
    put("messages", prompt.messages.iter().map(message).collect());
    put("stream", json!(true));
    put("stream_options", json!({ "include_usage": true }));
    if !prompt.tools.is_empty() {
        let tools = prompt.tools.iter().map(|tool| json!({ "type": "function", "function": tool }));
        put("tools", tools.collect());
        put("tool_choice", tool_choice(&prompt.tool_choice));
    }
    match &prompt.output {
        OutputForm::Text => {}
        OutputForm::Json { schema: None, .. } => put("response_format", json!({ "type": "json_object" })),
        OutputForm::Json { name, schema: Some(schema) } => {
            let schema = json!({ "name": name, "schema": schema });
            put("response_format", json!({ "type": "json_schema", "json_schema": schema }));
        }
    }
    let family = Family::of(model);
    let most = if family.is_openai_reasoning() { "max_completion_tokens" } else { "max_tokens" };
    put(most, json!(parameters.max_output_tokens));
    put("temperature", json!(parameters.temperature));
    put("top_p", json!(parameters.top_p));
    put("top_k", json!(parameters.top_k));
    put("frequency_penalty", json!(parameters.frequency_penalty));
    put("presence_penalty", json!(parameters.presence_penalty));
    put("repetition_penalty", json!(parameters.repetition_penalty));
    put("verbosity", json!(parameters.verbosity));
    match (dialect, parameters.reasoning_effort) {
        (Dialect::OpenRouter, Some(effort)) => put("reasoning", json!({ "effort": effort })),
        (_, effort) => put("reasoning_effort", json!(effort)),
    }
    if dialect == Dialect::OpenRouter {
        // Only then it says what the call cost.
        put("usage", json!({ "include": true }));
        if parameters.web_search == Some(true) {
            put("plugins", json!([{ "id": "web" }]));
        }
    }
    Value::Object(body)
}

fn message(message: &Message) -> Value {
    match message {
        Message::System { text } => json!({ "role": "system", "content": text }),
        Message::User { text } => json!({ "role": "user", "content": text }),
        Message::Assistant { text, tool_calls } if tool_calls.is_empty() => {
            json!({ "role": "assistant", "content": text })
        }
        Message::Assistant { text, tool_calls } => {
            let calls = tool_calls.iter().map(|call| {
                let function = json!({ "name": call.name, "arguments": call.arguments });
                json!({ "id": call.id, "type": "function", "function": function })
            });
            let content = if text.is_empty() { Value::Null } else { json!(text) };
            json!({ "role": "assistant", "content": content, "tool_calls": calls.collect::<Vec<_>>() })
        }
        Message::ToolResult { call_id, text } => {
            json!({ "role": "tool", "tool_call_id": call_id, "content": text })
        }
    }
}

fn tool_choice(choice: &ToolChoice) -> Value {
    match choice {
        ToolChoice::Auto => json!("auto"),
        ToolChoice::None => json!("none"),
        ToolChoice::Required => json!("required"),
        ToolChoice::Named(name) => json!({ "type": "function", "function": { "name": name } }),
    }
}

/// Reads the stream.
#[derive(Debug)]
pub(super) struct Decoder {
    key: Option<SecretText>,
    is_accepted: bool,
    is_done: bool,
    /// Whether the use came with the end or after it: nothing but `[DONE]` can follow.
    has_last_usage: bool,
    /// Calls by their index, fragments joined.
    calls: BTreeMap<u64, ToolCall>,
    usage: Option<Usage>,
    finish: Option<FinishReason>,
}

impl Decoder {
    pub(super) const fn new(key: Option<SecretText>) -> Self {
        let calls = BTreeMap::new();
        let (is_accepted, is_done, has_last_usage) = (false, false, false);
        Self { key, is_accepted, is_done, has_last_usage, calls, usage: None, finish: None }
    }

    fn chunk(&mut self, chunk: &Value, out: &mut VecDeque<Delta>) -> Result<(), ProviderError> {
        if let Some(error) = chunk.get("error").filter(|error| !error.is_null()) {
            return Err(Complaint::of_error(error, self.key.as_ref()).meaning());
        }
        if !chunk.is_object() {
            return Err(ProviderError::Malformed { message: "a chunk is no object".to_owned() });
        }
        if !std::mem::replace(&mut self.is_accepted, true) {
            let text = |name: &str| chunk.get(name).and_then(Value::as_str).map(str::to_owned);
            out.push_back(Delta::Accepted { response_id: text("id"), model: text("model") });
        }
        self.choice(chunk, out);
        if let Some(usage) = chunk.get("usage").and_then(usage) {
            self.usage = Some(usage);
            self.has_last_usage = self.finish.is_some();
        }
        Ok(())
    }

    fn choice(&mut self, chunk: &Value, out: &mut VecDeque<Delta>) {
        let choice = chunk.get("choices").and_then(Value::as_array).and_then(|choices| choices.first());
        let Some(choice) = choice else { return };
        // An answer that comes as a whole has a message instead.
        if let Some(delta) = choice.get("delta").or_else(|| choice.get("message")) {
            self.delta(delta, out);
        }
        if let Some(reason) = choice.get("finish_reason").and_then(Value::as_str) {
            self.finish = Some(match reason {
                "stop" => FinishReason::Stop,
                "length" => FinishReason::Length,
                "tool_calls" | "function_call" => FinishReason::ToolCalls,
                "content_filter" => FinishReason::ContentFilter,
                other => FinishReason::Other(masked(other, self.key.as_ref())),
            });
        }
    }

    fn delta(&mut self, delta: &Value, out: &mut VecDeque<Delta>) {
        let text = |name: &str| delta.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        if let Some(thought) = text("reasoning").or_else(|| text("reasoning_content")) {
            out.push_back(Delta::Reasoning(thought.to_owned()));
        }
        if let Some(said) = text("content").or_else(|| text("refusal")) {
            out.push_back(Delta::Text(said.to_owned()));
        }
        for fragment in delta.get("tool_calls").and_then(Value::as_array).into_iter().flatten() {
            let bytes = self.fragment(fragment);
            out.push_back(Delta::Progress { bytes });
        }
    }

    /// Joins a fragment of a call to those before it, by index; some servers leave the index out and begin each call with
    /// an id. Gives how many bytes it adds.
    fn fragment(&mut self, fragment: &Value) -> usize {
        let id = fragment.get("id").and_then(Value::as_str).filter(|id| !id.is_empty());
        let last = self.calls.last_key_value().map(|(index, call)| (*index, call.id.clone()));
        let index = match (fragment.get("index").and_then(Value::as_u64), last) {
            (Some(index), _) => index,
            (None, None) => 0,
            (None, Some((last, known))) => {
                if id.is_none_or(|id| id == known) {
                    last
                } else {
                    last + 1
                }
            }
        };
        let call = self.calls.entry(index).or_insert_with(|| ToolCall {
            id: format!("call_{index}"),
            name: String::new(),
            arguments: String::new(),
        });
        if let Some(id) = id {
            id.clone_into(&mut call.id);
        }
        let name = fragment.pointer("/function/name").and_then(Value::as_str).unwrap_or_default();
        let arguments = fragment.pointer("/function/arguments").map(arguments_text).unwrap_or_default();
        call.name.push_str(name);
        call.arguments.push_str(&arguments);
        name.len() + arguments.len()
    }
}

impl Decode for Decoder {
    fn frame(&mut self, frame: &Frame, out: &mut VecDeque<Delta>) -> Result<(), ProviderError> {
        match frame.data.trim() {
            "" => Ok(()),
            "[DONE]" => {
                self.is_done = true;
                Ok(())
            }
            text => {
                let chunk = serde_json::from_str(text)
                    .map_err(|error| ProviderError::Malformed { message: format!("a chunk: {error}") })?;
                self.chunk(&chunk, out)
            }
        }
    }

    fn whole(&mut self, answer: &Value, out: &mut VecDeque<Delta>) -> Result<(), ProviderError> {
        self.chunk(answer, out)
    }

    fn is_over(&self) -> bool {
        self.is_done || self.has_last_usage
    }

    fn end(&mut self, out: &mut VecDeque<Delta>) -> Result<(), ProviderError> {
        let has_calls = !self.calls.is_empty();
        let finish = match self.finish.take() {
            Some(finish) => finish,
            None if self.is_done && has_calls => FinishReason::ToolCalls,
            None if self.is_done && self.is_accepted => FinishReason::Stop,
            None => return Err(ProviderError::Cut { message: "it has no end".to_owned() }),
        };
        out.extend(std::mem::take(&mut self.calls).into_values().map(Delta::ToolCall));
        out.extend(self.usage.take().map(Delta::Usage));
        // Some servers say `stop` after calls.
        let finish = if has_calls && finish == FinishReason::Stop { FinishReason::ToolCalls } else { finish };
        out.push_back(Delta::Finished(finish));
        Ok(())
    }
}

fn usage(usage: &Value) -> Option<Usage> {
    let number = |pointer: &str| usage.pointer(pointer).and_then(Value::as_u64);
    Some(Usage {
        input_tokens: number("/prompt_tokens")?,
        output_tokens: number("/completion_tokens")?,
        cached_input_tokens: number("/prompt_tokens_details/cached_tokens"),
        reasoning_tokens: number("/completion_tokens_details/reasoning_tokens"),
        stated_cost: match usage.get("cost") {
            Some(Value::Number(cost)) => cost.to_string().parse().ok(),
            Some(Value::String(cost)) => cost.parse().ok(),
            _ => None,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_within_a_word_for_the_end_is_masked() {
        let key = "secretkey-0123456789";
        let chunk = json!({ "choices": [{ "delta": {}, "finish_reason": key }] });
        let (mut decoder, mut out) = (Decoder::new(Some(SecretText::new(key))), VecDeque::new());
        decoder.whole(&chunk, &mut out).unwrap();
        decoder.end(&mut out).unwrap();
        assert_eq!(out.pop_back(), Some(Delta::Finished(FinishReason::Other("***".to_owned()))));
    }
}
