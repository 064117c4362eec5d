//! A provider that keeps to a script: a server on this machine that speaks Chat Completions and Responses over real HTTP,
//! with every way to go wrong that real ones have.
//!
//! Tests of everything that calls AI models use it, and `tapedeck scripted-ai` serves it to people who want to try one
//! without a key. Nothing that it says is anybody's judgement.

mod chat;
mod respond;
mod server;
mod stream;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use server::{ScriptedServer, Seen};

/// What the server says, turn by turn.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Script {
    /// The turns. Each request takes the first that is left and fits it.
    pub turns: Vec<Turn>,
    /// Whether a turn that was taken stays.
    pub repeat: bool,
    /// The models it lists; none for one called `scripted`.
    pub models: Vec<String>,
}

/// One answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Turn {
    /// Fits only requests whose last message contains this text; none for any request.
    pub when: Option<String>,
    /// What it shows of its thinking.
    pub think: String,
    /// What it says.
    pub say: String,
    /// The tools it calls, whether there are such tools or not.
    pub call: Vec<ScriptedCall>,
    /// Why it says that the answer is over, in the words of the wire form; none for what fits the answer.
    pub finish: Option<String>,
    /// What it says of its use.
    pub usage: ScriptedUsage,
    /// What goes wrong.
    pub fault: Option<Fault>,
    /// What is odd, and is to be understood all the same.
    pub quirks: Vec<Quirk>,
    /// Milliseconds before each event.
    pub pace_ms: u64,
    /// Bytes that are sent at once, wherever that cuts; 0 for whole events.
    pub piece_bytes: usize,
}

/// A call of a tool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScriptedCall {
    /// The tool.
    pub name: String,
    /// The arguments; a text is sent as it is, also if it is nonsense.
    pub arguments: Value,
}

/// What a turn says of its use.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScriptedUsage {
    /// The words of the request's messages and of the answer.
    #[default]
    Words,
    /// These figures.
    Stated {
        /// Tokens of the prompt.
        input: u64,
        /// Tokens of the answer.
        output: u64,
        /// Dollars, for the wire form that has them.
        cost: Option<String>,
    },
    /// Nothing.
    Missing,
}

/// What goes wrong. Events are counted from the first of the stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// Another status instead of an answer.
    Status {
        /// The status.
        status: u16,
        /// `Retry-After` in seconds.
        #[serde(default)]
        retry_after: Option<u64>,
        /// The code of the error.
        #[serde(default)]
        code: Option<String>,
        /// The text of the error.
        #[serde(default)]
        message: String,
    },
    /// The connection breaks after so many events.
    CutAfter(usize),
    /// The stream ends after so many events as if it were complete.
    EndAfter(usize),
    /// An event that is no JSON follows after so many events.
    NonsenseAfter(usize),
    /// An error follows after so many events.
    ErrorAfter(usize),
    /// Nothing follows after so many events, and the connection stays.
    SilentAfter(usize),
    /// Nothing comes at all, not even a status.
    Silent,
    /// The same word follows for ever after so many events.
    EndlessAfter(usize),
    /// An event without end follows after so many events.
    HugeEventAfter(usize),
    /// A page for people instead of a stream.
    Page,
}

/// What is odd, and is to be understood all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quirk {
    /// Comments between the events.
    Comments,
    /// Fields and events that nobody knows.
    Unknown,
    /// `choices` is null in the chunk with the use.
    NullChoices,
    /// No `[DONE]` at the end.
    NoDone,
    /// Arguments are an object instead of a text.
    ObjectArguments,
    /// Calls have no index.
    NoIndex,
    /// Lines end with CR and LF.
    CarriageReturns,
    /// The answer comes as a whole, not as a stream.
    Whole,
}

impl Script {
    /// These turns, each once.
    pub fn of(turns: impl IntoIterator<Item = Turn>) -> Self {
        Self { turns: turns.into_iter().collect(), ..Self::default() }
    }
}

impl Turn {
    /// Says `text`.
    pub fn say(text: &str) -> Self {
        Self { say: text.to_owned(), ..Self::default() }
    }

    /// Calls a tool.
    pub fn call(name: &str, arguments: Value) -> Self {
        Self { call: vec![ScriptedCall { name: name.to_owned(), arguments }], ..Self::default() }
    }

    /// Goes wrong.
    pub fn fault(fault: Fault) -> Self {
        Self { fault: Some(fault), ..Self::default() }
    }

    /// Goes wrong on the way.
    #[must_use]
    pub fn but(self, fault: Fault) -> Self {
        Self { fault: Some(fault), ..self }
    }

    /// Is odd.
    #[must_use]
    pub fn oddly(mut self, quirk: Quirk) -> Self {
        self.quirks.push(quirk);
        self
    }

    fn is(&self, quirk: Quirk) -> bool {
        self.quirks.contains(&quirk)
    }

    /// Tokens of a prompt of so many words, and of the answer; none where nothing is said.
    fn tokens(&self, prompt_words: u64) -> Option<(u64, u64)> {
        match &self.usage {
            ScriptedUsage::Words => {
                let words = self.say.split_whitespace().chain(self.think.split_whitespace()).count();
                Some((prompt_words, u64::try_from(words + self.call.len()).unwrap_or(u64::MAX)))
            }
            ScriptedUsage::Stated { input, output, .. } => Some((*input, *output)),
            ScriptedUsage::Missing => None,
        }
    }

    /// The text in the pieces in which it is told.
    fn pieces(text: &str) -> impl Iterator<Item = &str> {
        text.split_inclusive(' ')
    }
}

impl ScriptedCall {
    fn arguments_text(&self) -> String {
        match &self.arguments {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }
    }
}

/// A text in two halves, as fragments come, or in its words if they are more.
fn fragments(text: &str) -> Vec<&str> {
    let words: Vec<&str> = Turn::pieces(text).collect();
    if words.len() > 2 {
        return words;
    }
    let middle = text.char_indices().nth(text.chars().count() / 2).map_or(0, |(at, _)| at);
    let (first, second) = text.split_at(middle);
    vec![first, second]
}

/// Sets a member of an object.
fn put(object: &mut Value, name: &str, member: Value) {
    if let Some(members) = object.as_object_mut() {
        members.insert(name.to_owned(), member);
    }
}

/// A member that is a text; empty without one.
fn text_of<'a>(object: &'a Value, name: &str) -> &'a str {
    object.get(name).and_then(Value::as_str).unwrap_or_default()
}
