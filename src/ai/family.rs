//! Families of models: which parameters each accepts, and what is asked of it where nobody says otherwise.

use serde::Serialize;

use super::parameters::{Effort, ParameterName, Parameters, Verbosity};

/// A family of models, told from a model's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// GPT-5 and later, not their `mini`s.
    Gpt5,
    /// The `mini`s of those.
    Gpt5Mini,
    /// OpenAI's o1, o3, o4.
    OpenAiReasoning,
    /// The `mini`s of those.
    OpenAiReasoningMini,
    /// Qwen's QwQ.
    Qwq,
    /// GPT-4.1, GPT-4o and other GPTs before the fifth.
    Gpt4,
    /// OpenAI's open weights with 120 billion parameters.
    GptOssLarge,
    /// OpenAI's other open weights.
    GptOss,
    /// xAI's Grok.
    Grok,
    /// MiniMax, GLM, DeepSeek, Mistral and Mixtral.
    OpenWeights,
    /// Qwen.
    Qwen,
    /// Llama and Nemotron.
    Llama,
    /// Anthropic's Claude.
    Claude,
    /// Google's Gemini.
    Gemini,
    /// Any other.
    Other,
}

/// What kind of parameters a family takes, in coarse words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum ModelType {
    /// GPT-5.
    #[serde(rename = "gpt5-new")]
    Gpt5New,
    /// Models that think first.
    #[serde(rename = "reasoning")]
    Reasoning,
    /// Claude.
    #[serde(rename = "claude")]
    Claude,
    /// Gemini.
    #[serde(rename = "gemini")]
    Gemini,
    /// Grok.
    #[serde(rename = "grok")]
    Grok,
    /// All others.
    #[serde(rename = "standard")]
    Standard,
}

impl Family {
    /// The family of `model`, with or without its vendor, in whatever case.
    pub fn of(model: &str) -> Self {
        let id = model.to_lowercase();
        let name = id.rsplit('/').next().unwrap_or_default();
        let has = |part: &str| id.contains(part);
        if has("gpt-oss") {
            return if has("120b") { Self::GptOssLarge } else { Self::GptOss };
        }
        if let Some(generation) = gpt_generation(&id) {
            return match (generation, has("mini")) {
                (5.., true) => Self::Gpt5Mini,
                (5.., false) => Self::Gpt5,
                (..5, _) => Self::Gpt4,
            };
        }
        // By the start of the name: `solar-pro3` holds an "o3", too.
        if ["o1", "o3", "o4"].iter().any(|start| name == *start || name.starts_with(&format!("{start}-"))) {
            return if has("mini") { Self::OpenAiReasoningMini } else { Self::OpenAiReasoning };
        }
        let families = [
            (Self::Qwq, &["qwq"][..]),
            (Self::Claude, &["claude"]),
            (Self::Gemini, &["gemini"]),
            (Self::Grok, &["grok"]),
            // Before Llama and Qwen, whose weights some of them were distilled into.
            (Self::OpenWeights, &["minimax", "glm", "deepseek", "mistral", "mixtral"]),
            (Self::Llama, &["nemotron", "llama"]),
            (Self::Qwen, &["qwen"]),
        ];
        let found = families.into_iter().find(|(_, parts)| parts.iter().any(|part| has(part)));
        found.map_or(Self::Other, |(family, _)| family)
    }

    /// What kind it is.
    pub const fn model_type(self) -> ModelType {
        match self {
            Self::Gpt5 | Self::Gpt5Mini => ModelType::Gpt5New,
            Self::OpenAiReasoning | Self::OpenAiReasoningMini | Self::Qwq => ModelType::Reasoning,
            Self::Claude => ModelType::Claude,
            Self::Gemini => ModelType::Gemini,
            Self::Grok => ModelType::Grok,
            Self::Gpt4
            | Self::GptOssLarge
            | Self::GptOss
            | Self::OpenWeights
            | Self::Qwen
            | Self::Llama
            | Self::Other => ModelType::Standard,
        }
    }

    /// Whether it is one of OpenAI's models that think first and are told `max_completion_tokens`.
    pub const fn is_openai_reasoning(self) -> bool {
        matches!(self, Self::Gpt5 | Self::Gpt5Mini | Self::OpenAiReasoning | Self::OpenAiReasoningMini)
    }

    /// Whether it takes a parameter.
    pub fn accepts(self, name: ParameterName) -> bool {
        self.accepted().contains(&name)
    }

    /// The parameters it takes.
    pub const fn accepted(self) -> &'static [ParameterName] {
        use ParameterName::{
            FrequencyPenalty, MaxOutputTokens, PresencePenalty, ReasoningEffort, RepetitionPenalty,
            Temperature, TopK, TopP, Verbosity, WebSearch,
        };
        match self {
            Self::Gpt5 | Self::Gpt5Mini => &[TopP, MaxOutputTokens, Verbosity, ReasoningEffort],
            Self::OpenAiReasoning | Self::OpenAiReasoningMini | Self::Qwq => {
                &[MaxOutputTokens, ReasoningEffort]
            }
            Self::Gpt4 => &[Temperature, TopP, MaxOutputTokens, FrequencyPenalty, PresencePenalty],
            Self::GptOssLarge | Self::GptOss => {
                &[Temperature, TopP, MaxOutputTokens, FrequencyPenalty, PresencePenalty, ReasoningEffort]
            }
            Self::Grok => &[
                Temperature,
                TopP,
                MaxOutputTokens,
                FrequencyPenalty,
                PresencePenalty,
                ReasoningEffort,
                WebSearch,
            ],
            Self::Claude => &[Temperature, TopP, TopK, MaxOutputTokens],
            Self::Gemini => &[Temperature, TopP, TopK, MaxOutputTokens, FrequencyPenalty, PresencePenalty],
            Self::OpenWeights | Self::Qwen | Self::Llama | Self::Other => &[
                Temperature,
                TopP,
                TopK,
                MaxOutputTokens,
                FrequencyPenalty,
                PresencePenalty,
                RepetitionPenalty,
            ],
        }
    }

    /// What is asked of it where nobody says otherwise.
    pub fn defaults(self) -> Parameters {
        let thinking = |effort, tokens| Parameters {
            reasoning_effort: Some(effort),
            max_output_tokens: Some(tokens),
            ..Parameters::default()
        };
        let gpt5 = |verbosity, effort| Parameters {
            verbosity: Some(verbosity),
            top_p: Some(0.9),
            ..thinking(effort, 4_000)
        };
        let standard = |tokens| Parameters {
            temperature: Some(0.7),
            top_p: Some(0.9),
            max_output_tokens: Some(tokens),
            ..Parameters::default()
        };
        match self {
            Self::Gpt5 => gpt5(Verbosity::High, Effort::High),
            Self::Gpt5Mini => gpt5(Verbosity::Medium, Effort::Medium),
            Self::OpenAiReasoning | Self::Qwq => thinking(Effort::High, 8_000),
            Self::OpenAiReasoningMini => thinking(Effort::High, 4_000),
            Self::GptOssLarge => standard(8_000),
            Self::Qwen => Parameters { repetition_penalty: Some(1.1), ..standard(8_000) },
            Self::Llama => Parameters { repetition_penalty: Some(1.1), ..standard(4_000) },
            Self::Grok => Parameters { web_search: Some(false), ..standard(4_000) },
            Self::Claude => Parameters { top_k: Some(250), ..standard(4_096) },
            Self::Gemini => Parameters {
                temperature: Some(0.8),
                top_p: Some(0.95),
                top_k: Some(40),
                max_output_tokens: Some(8_192),
                ..Parameters::default()
            },
            Self::Gpt4 | Self::GptOss | Self::OpenWeights | Self::Other => standard(4_000),
        }
    }
}

/// The 5 of `gpt-5-mini` and `openai/gpt-5.1`.
fn gpt_generation(id: &str) -> Option<u32> {
    let (_, rest) = id.split_once("gpt-")?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_told_from_a_models_name() {
        for (model, family) in [
            ("openai/gpt-5", Family::Gpt5),
            ("GPT-5.1-codex", Family::Gpt5),
            ("gpt-5-nano", Family::Gpt5),
            ("gpt-6-sol", Family::Gpt5),
            ("openai/gpt-5-mini", Family::Gpt5Mini),
            ("openai/gpt-oss-120b", Family::GptOssLarge),
            ("openai/gpt-oss-20b:free", Family::GptOss),
            ("openai/gpt-4.1", Family::Gpt4),
            ("gpt-4o-mini", Family::Gpt4),
            ("openai/o3", Family::OpenAiReasoning),
            ("o4-mini", Family::OpenAiReasoningMini),
            ("upstage/solar-pro3", Family::Other),
            ("qwen/qwq-32b", Family::Qwq),
            ("qwen/qwen3-coder", Family::Qwen),
            ("deepseek/deepseek-r1-distill-llama-70b", Family::OpenWeights),
            ("mistralai/mixtral-8x7b", Family::OpenWeights),
            ("z-ai/glm-4.6", Family::OpenWeights),
            ("nvidia/llama-3.1-nemotron-70b", Family::Llama),
            ("anthropic/claude-sonnet-4.5", Family::Claude),
            ("google/gemini-2.5-pro", Family::Gemini),
            ("x-ai/grok-4.7", Family::Grok),
            ("", Family::Other),
        ] {
            assert_eq!(Family::of(model), family, "{model}");
        }
    }

    #[test]
    fn nothing_is_asked_by_default_that_a_family_does_not_take() {
        for model in [
            "gpt-5",
            "gpt-5-mini",
            "o3",
            "o3-mini",
            "qwq",
            "gpt-4.1",
            "gpt-oss-120b",
            "gpt-oss-20b",
            "grok-4",
            "glm-4",
            "qwen3",
            "llama-3",
            "claude",
            "gemini",
            "phi",
        ] {
            let family = Family::of(model);
            let defaults = family.defaults().to_map();
            for name in ParameterName::ALL {
                let is_set = defaults.contains_key(&name.to_string());
                assert!(!is_set || family.accepts(name), "{model}: {name}");
            }
        }
    }
}
