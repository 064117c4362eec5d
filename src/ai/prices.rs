//! What models cost: a versioned table with its source, and how tokens become money.

use std::sync::LazyLock;

use serde::Deserialize;

use super::cost::{Cost, CostFact, UnknownCost};
use super::usage::Usage;
use crate::config::AiPrices;

const LISTED: &str = include_str!("../../data/ai_prices.json");

/// A table of prices as vendors list them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceTable {
    /// What this version is called.
    pub version: String,
    /// Where the prices are from.
    pub source: String,
    /// When they were taken from there.
    pub retrieved_date: jiff::civil::Date,
    /// Of all prices.
    pub currency: String,
    /// What the prices are for.
    pub unit: String,
    /// The prices.
    pub models: Vec<Price>,
}

/// What a model costs, in dollars for a million tokens.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// The model's name, in lower case and without its vendor.
    pub model: String,
    /// Who made it.
    pub vendor: String,
    /// Of the prompt.
    pub input: Cost,
    /// Of the answer, reasoning included.
    pub output: Cost,
    /// Of the part of the prompt that the provider still had; absent where that costs the same.
    pub cached_input: Option<Cost>,
    /// Longest prompt in tokens, where it is listed.
    pub context_tokens: Option<u64>,
    /// Other prices of calls with a long prompt.
    pub long_prompt: Option<LongPromptPrice>,
}

/// What a call costs whose prompt is long.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LongPromptPrice {
    /// A longer prompt than this, in tokens, is long.
    pub above_tokens: u64,
    /// Of the prompt.
    pub input: Cost,
    /// Of the answer.
    pub output: Cost,
    /// Of the part of the prompt that the provider still had.
    pub cached_input: Option<Cost>,
}

impl PriceTable {
    /// The table of this version of the program, or why its file cannot be read.
    ///
    /// # Errors
    /// The file is no table of prices; a test reads it, so that this does not happen.
    pub fn listed() -> Result<&'static Self, &'static serde_json::Error> {
        static TABLE: LazyLock<Result<PriceTable, serde_json::Error>> =
            LazyLock::new(|| serde_json::from_str(LISTED));
        TABLE.as_ref()
    }

    /// What `model` costs: found by its name, with or without its vendor, a date at its end or dots for hyphens.
    pub fn price(&self, model: &str) -> Option<&Price> {
        let model = model.to_lowercase();
        let (vendor, name) = model.rsplit_once('/').map_or((None, model.as_str()), |(v, n)| (Some(v), n));
        let vendor = vendor.and_then(|path| path.rsplit('/').next());
        let undated = without_date(name);
        let is_it = |price: &&Price| {
            let is_vendor = vendor.is_none_or(|vendor| vendor == price.vendor);
            is_vendor && [name, undated].iter().any(|name| spelled(name) == spelled(&price.model))
        };
        self.models.iter().find(is_it)
    }
}

/// OpenRouter writes `claude-sonnet-4.5` for what its vendor calls `claude-sonnet-4-5`.
fn spelled(name: &str) -> String {
    name.replace('.', "-")
}

/// Without `-2025-08-07` or `-20250807` at its end.
fn without_date(name: &str) -> &str {
    let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    let mut parts = name.rsplitn(4, '-');
    if let (Some(day), Some(month), Some(year), Some(rest)) =
        (parts.next(), parts.next(), parts.next(), parts.next())
        && digits(day, 2)
        && digits(month, 2)
        && digits(year, 4)
    {
        return rest;
    }
    match name.rsplit_once('-') {
        Some((rest, date)) if digits(date, 8) => rest,
        _ => name,
    }
}

impl Price {
    /// What a call of this use costs.
    pub fn cost(&self, usage: &Usage) -> Cost {
        let long = self.long_prompt.as_ref().filter(|long| usage.input_tokens > long.above_tokens);
        let (input, output, cached) = match long {
            Some(long) => (long.input, long.output, long.cached_input.unwrap_or(long.input)),
            None => (self.input, self.output, self.cached_input.unwrap_or(self.input)),
        };
        let from_cache = usage.cached_input_tokens.unwrap_or(0).min(usage.input_tokens);
        Cost::of_tokens(usage.input_tokens - from_cache, input)
            .plus(Cost::of_tokens(from_cache, cached))
            .plus(Cost::of_tokens(usage.output_tokens, output))
    }

    /// The most that a call can cost: nothing cached, and the dearest of its prices.
    pub fn cost_max(&self, input_tokens: u64, output_tokens: u64) -> Cost {
        let long = self.long_prompt.as_ref();
        let input = long.map_or(self.input, |long| long.input.max(self.input));
        let output = long.map_or(self.output, |long| long.output.max(self.output));
        Cost::of_tokens(input_tokens, input).plus(Cost::of_tokens(output_tokens, output))
    }
}

/// How a provider's calls are priced.
#[derive(Debug, Clone, Copy)]
pub(super) enum Pricing {
    /// By a table.
    Listed(&'static PriceTable),
    /// Not at all.
    Free,
    /// Nobody knows how.
    Unknown,
}

impl Pricing {
    pub(super) fn of(prices: AiPrices) -> Self {
        match (prices, PriceTable::listed()) {
            (AiPrices::Listed, Ok(table)) => Self::Listed(table),
            (AiPrices::Free, _) => Self::Free,
            (AiPrices::Listed | AiPrices::Unknown, _) => Self::Unknown,
        }
    }

    /// What a call of `model` cost that used this.
    pub(super) fn cost(&self, model: &str, usage: &Usage) -> CostFact {
        if let Some(cost) = usage.stated_cost {
            return CostFact::Stated { cost };
        }
        match self {
            Self::Free => CostFact::Free,
            Self::Unknown => CostFact::Unknown { because: UnknownCost::PriceUnknown },
            Self::Listed(table) => match table.price(model) {
                Some(price) => CostFact::Computed { cost: price.cost(usage), table: table.version.clone() },
                None => CostFact::Unknown { because: UnknownCost::PriceUnknown },
            },
        }
    }

    /// The most that a call of `model` can cost; none where nobody knows.
    pub(super) fn cost_max(&self, model: &str, input_tokens: u64, output_tokens: u64) -> Option<Cost> {
        match self {
            Self::Free => Some(Cost::ZERO),
            Self::Unknown => None,
            Self::Listed(table) => {
                table.price(model).map(|price| price.cost_max(input_tokens, output_tokens))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> &'static PriceTable {
        PriceTable::listed().unwrap()
    }

    #[test]
    fn the_table_can_be_read_and_names_its_source() {
        let table = table();
        assert!(table.source.contains("LiteLLM") && table.currency == "USD");
        assert_eq!(table.unit, "per million tokens");
        for price in &table.models {
            assert_eq!(table.price(&price.model), Some(price), "{} stands there twice", price.model);
            assert!(price.cached_input.is_none_or(|cached| cached <= price.input), "{}", price.model);
        }
    }

    #[test]
    fn a_model_is_found_however_it_is_spelled() {
        let found = |model: &str| table().price(model).map(|price| price.model.as_str());
        for (asked, model) in [
            ("gpt-5", "gpt-5"),
            ("openai/gpt-5", "gpt-5"),
            ("openrouter/openai/gpt-5-mini", "gpt-5-mini"),
            ("gpt-5-2025-08-07", "gpt-5"),
            ("anthropic/claude-sonnet-4.5", "claude-sonnet-4-5"),
            ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
            ("minimax/MiniMax-M2", "minimax-m2"),
        ] {
            assert_eq!(found(asked), Some(model), "{asked}");
        }
        for asked in ["gpt", "someone/gpt-5", "gpt-5-turbo", "openai/gpt-5:free", ""] {
            assert_eq!(found(asked), None, "{asked}");
        }
    }

    #[test]
    fn cached_and_long_prompts_have_their_own_price() {
        // gpt-5: 1.25 in, 0.125 cached, 10 out.
        let usage = Usage {
            input_tokens: 1_000,
            output_tokens: 100,
            cached_input_tokens: Some(800),
            ..Usage::default()
        };
        let price = table().price("gpt-5").unwrap();
        assert_eq!(price.cost(&usage).to_string(), "0.00135");
        assert_eq!(price.cost_max(1_000, 100).to_string(), "0.00225");
        // gpt-5.4: 2.5 and 15, above 272,000 tokens 5 and 22.5.
        let long = table().price("gpt-5.4").unwrap();
        let of = |input_tokens| long.cost(&Usage { input_tokens, output_tokens: 1_000, ..Usage::default() });
        assert_eq!(of(272_000).to_string(), "0.695");
        assert_eq!(of(272_001).to_string(), "1.382505");
        assert!(long.cost_max(10, 1_000) >= of(10));
    }

    #[test]
    fn what_is_not_listed_is_unknown_and_what_the_provider_says_counts() {
        let usage = Usage { input_tokens: 10, output_tokens: 10, ..Usage::default() };
        let listed = Pricing::of(AiPrices::Listed);
        assert_eq!(listed.cost("nobody/knows", &usage).amount(), None);
        assert_eq!(listed.cost_max("nobody/knows", 1, 1), None);
        let stated = Usage { stated_cost: Some("0.25".parse().unwrap()), ..usage };
        assert_eq!(listed.cost("gpt-5", &stated), CostFact::Stated { cost: "0.25".parse().unwrap() });
        assert_eq!(Pricing::of(AiPrices::Free).cost("llama", &usage), CostFact::Free);
        assert_eq!(Pricing::of(AiPrices::Unknown).cost("gpt-5", &usage).amount(), None);
    }
}
