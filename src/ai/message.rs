//! What a model is asked: a conversation, the tools it may call, and the form its answer should have.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "snake_case")]
pub enum Message {
    /// What the model is to be and to keep to.
    System {
        /// The text.
        text: String,
    },
    /// What somebody said.
    User {
        /// The text.
        text: String,
    },
    /// What the model answered: a text, calls of tools, or both.
    Assistant {
        /// The text; empty where it only called tools.
        text: String,
        /// The calls, in the model's order.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        tool_calls: Vec<ToolCall>,
    },
    /// What came of a call.
    ToolResult {
        /// [`ToolCall::id`] of the call.
        call_id: String,
        /// The result as text, most often JSON.
        text: String,
    },
}

/// A call of a tool, as the model made it. The tool may not exist and the arguments may be nonsense.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    /// What its result refers to.
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// The arguments, exactly as they came: JSON if the model kept to it.
    pub arguments: String,
}

/// Arguments as text, however a provider sends them: DeepSeek sends what was to be text as an object.
pub(super) fn arguments_text(arguments: &Value) -> String {
    match arguments {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// The arguments of a call are no JSON object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the arguments of {tool} are no JSON object: {because}")]
pub struct UnreadableArguments {
    /// The tool.
    pub tool: String,
    /// What is wrong with them.
    pub because: String,
}

impl ToolCall {
    /// The arguments as an object; a call without any has none.
    ///
    /// # Errors
    /// They are no JSON object. That is for the model to know, and no reason to end a turn.
    pub fn arguments(&self) -> Result<Map<String, Value>, UnreadableArguments> {
        if self.arguments.trim().is_empty() {
            return Ok(Map::new());
        }
        let unreadable = |because: String| UnreadableArguments { tool: self.name.clone(), because };
        match serde_json::from_str(&self.arguments) {
            Ok(Value::Object(arguments)) => Ok(arguments),
            Ok(_) => Err(unreadable("something else".to_owned())),
            Err(error) => Err(unreadable(error.to_string())),
        }
    }
}

/// A tool that the model may call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tool {
    /// Its name: letters, digits, `_` and `-`.
    pub name: String,
    /// What it does and when to call it.
    pub description: String,
    /// JSON Schema of its arguments, an object.
    pub parameters: Value,
}

/// Whether tools are called.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolChoice {
    /// As the model likes.
    #[default]
    Auto,
    /// Not at all.
    None,
    /// At least one.
    Required,
    /// This one.
    Named(String),
}

/// The form of an answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutputForm {
    /// Text.
    #[default]
    Text,
    /// A JSON object. Models may still answer otherwise.
    Json {
        /// A name for the schema: letters, digits, `_` and `-`.
        name: String,
        /// JSON Schema of the object; none for any object.
        schema: Option<Value>,
    },
}

/// Everything that a model is asked.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Prompt {
    /// The conversation, oldest first.
    pub messages: Vec<Message>,
    /// The tools.
    pub tools: Vec<Tool>,
    /// Whether they are called.
    pub tool_choice: ToolChoice,
    /// The form of the answer.
    pub output: OutputForm,
}

impl Prompt {
    /// Of a conversation, without tools.
    pub fn of(messages: Vec<Message>) -> Self {
        Self { messages, ..Self::default() }
    }

    /// SHA-256 over the whole prompt, in hexadecimal: equal prompts have equal hashes.
    pub fn hash(&self) -> String {
        let digest = Sha256::digest(self.canonical().as_bytes());
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// A bound of its tokens: a token stands for at least one byte, and each message and tool is wrapped in a few.
    pub fn tokens_max(&self) -> u64 {
        const WRAPPING: u64 = 16;
        let parts = u64::try_from(self.messages.len() + self.tools.len()).unwrap_or(u64::MAX);
        let bytes = u64::try_from(self.canonical().len()).unwrap_or(u64::MAX);
        bytes.saturating_add(parts.saturating_mul(WRAPPING))
    }

    fn canonical(&self) -> String {
        // A Value writes its members in the order of their names, and writing it cannot fail.
        serde_json::to_value(self).map(|value| value.to_string()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(arguments: &str) -> ToolCall {
        ToolCall { id: "1".to_owned(), name: "buy".to_owned(), arguments: arguments.to_owned() }
    }

    #[test]
    fn arguments_are_an_object_or_a_reason() {
        assert_eq!(call("").arguments().unwrap(), Map::new());
        assert_eq!(call("{\"symbol\":\"AAPL\"}").arguments().unwrap()["symbol"], "AAPL");
        for text in ["[1]", "{\"symbol\":", "BUY 10"] {
            assert!(call(text).arguments().unwrap_err().to_string().contains("buy"), "{text}");
        }
    }

    #[test]
    fn a_changed_prompt_has_another_hash() {
        let prompt = Prompt::of(vec![Message::User { text: "hello".to_owned() }]);
        assert_eq!(prompt.hash(), prompt.clone().hash());
        assert_eq!(prompt.hash().len(), 64);
        let other = Prompt { tool_choice: ToolChoice::None, ..prompt.clone() };
        assert_ne!(prompt.hash(), other.hash());
        assert!(prompt.tokens_max() > 5);
    }
}
