//! What calls use and cost, and budgets that refuse them.

use serde_json::json;
use tapedeck::ai::budget::{Budget, BudgetScope, Caps, Shortage, Spent};
use tapedeck::ai::scripted::{Fault, ScriptedUsage, Turn};
use tapedeck::ai::{
    CallEvent, CallRefused, CallTerms, Cost, CostFact, UnknownCost, UnknownUsage, Usage, UsageFact,
};
use tapedeck::config::{AiApi, AiPrices};

use super::kit::{BOTH, answered, events, settings, stage, stage_with, terms};

fn stated(input: u64, output: u64, cost: Option<&str>) -> Turn {
    let usage = ScriptedUsage::Stated { input, output, cost: cost.map(str::to_owned) };
    Turn { usage, ..Turn::say("here") }
}

fn dollars(text: &str) -> Cost {
    text.parse().unwrap()
}

fn within(caps: Caps, spent: Spent) -> CallTerms {
    let budgets = vec![Budget { scope: BudgetScope::User, caps, spent }];
    CallTerms { budgets, settings: settings(json!({ "max_tokens": 100 })), ..terms("hello") }
}

#[tokio::test]
async fn a_call_costs_what_the_provider_counts_times_the_listed_price() {
    for api in BOTH {
        let report = stage(api, [stated(1_000, 100, None)]).await.ask("hello").await;
        let usage = Usage { input_tokens: 1_000, output_tokens: 100, ..Usage::default() };
        assert_eq!(report.usage, UsageFact::Stated(usage));
        // gpt-5-mini: 0.25 in, 2 out, for a million.
        let expected = CostFact::Computed { cost: dollars("0.00045"), table: "2026-11-28".to_owned() };
        assert_eq!(report.cost, expected, "{api:?}");
        assert_eq!((report.charge.tokens, report.charge.cost), (1_100, Some(dollars("0.00045"))));
        assert!(report.charge.is_exact);
    }
}

#[tokio::test]
async fn what_the_provider_charges_counts_more_than_the_list() {
    let report = stage(AiApi::ChatCompletions, [stated(1_000, 100, Some("0.0005"))]).await.ask("hello").await;
    assert_eq!(report.cost, CostFact::Stated { cost: dollars("0.0005") });
}

#[tokio::test]
async fn a_use_that_nobody_stated_is_unknown_and_charged_with_the_most() {
    for api in BOTH {
        let silent = Turn { usage: ScriptedUsage::Missing, ..Turn::say("here") };
        let report = stage(api, [silent]).await.ask("hello").await;
        answered(&report);
        assert_eq!(report.usage, UsageFact::Unknown { because: UnknownUsage::NotStated });
        assert_eq!(report.cost, CostFact::Unknown { because: UnknownCost::UsageUnknown });
        assert!(!report.charge.is_exact && report.charge.tokens > 4_000, "{:?}", report.charge);
        assert!(report.charge.cost.is_some_and(|cost| cost > dollars("0.008")));
    }
}

#[tokio::test]
async fn an_attempt_that_was_lost_is_charged_too() {
    let lost = Turn::say("lost").but(Fault::CutAfter(1));
    let stage = stage(AiApi::ChatCompletions, [lost, stated(10, 10, None)]).await;
    let report = stage.ask("hello").await;
    answered(&report);
    assert!(report.usage.stated().is_some());
    assert!(!report.charge.is_exact && report.charge.tokens > 4_000);
}

/// An answer without text that says what it used.
fn empty(input: u64, output: u64) -> Turn {
    Turn { say: String::new(), ..stated(input, output, None) }
}

#[tokio::test]
async fn a_lost_attempt_whose_use_is_stated_is_charged_with_that() {
    for api in BOTH {
        let stage = stage(api, [empty(1_000, 100), stated(10, 10, None)]).await;
        let report = stage.ask("hello").await;
        answered(&report);
        assert_eq!((report.charge.tokens, report.charge.is_exact), (1_120, true), "{api:?}");
        assert_eq!(report.charge.cost, Some(dollars("0.0004725")));
    }
}

#[tokio::test]
async fn a_call_that_somebody_took_once_is_not_called_free() {
    for api in BOTH {
        let gone = || Fault::Status { status: 500, retry_after: None, code: None, message: String::new() };
        let turns = [Turn::say("lost").but(Fault::CutAfter(1)), Turn::fault(gone()), Turn::fault(gone())];
        let report = stage(api, turns).await.ask("hello").await;
        assert_eq!(report.attempts.len(), 3, "{api:?}");
        assert!(report.charge.is_call && !report.charge.is_exact);
        assert_eq!(report.cost, CostFact::Unknown { because: UnknownCost::UsageUnknown });
        assert_eq!(report.usage, UsageFact::Unknown { because: UnknownUsage::NotFinished });
    }
}

#[tokio::test]
async fn attempts_fit_into_a_budget_together() {
    for api in BOTH {
        let lost = || Turn::say("lost").but(Fault::CutAfter(1));
        // Enough for one attempt with its prompt and 100 tokens, not for two.
        for (caps, kept) in [
            (Caps { tokens: Some(400), ..Caps::default() }, "tokens"),
            (Caps { cost: Some(dollars("0.0003")), ..Caps::default() }, "dollars"),
        ] {
            let stage = stage(api, [lost(), stated(1, 1, None)]).await;
            let (events, report) = events(stage.call(within(caps, Spent::default()))).await;
            assert_eq!(report.failure().unwrap().kind(), "cut", "{api:?} {kept}");
            assert!(events.iter().any(|event| matches!(event, CallEvent::RetryRefused(_))), "{events:?}");
            assert_eq!(stage.server.seen().len(), 1, "{api:?} {kept}");
        }
        // A call that is made again is one call all the same.
        let caps = Caps { calls: Some(1), ..Caps::default() };
        let stage = stage(api, [lost(), stated(1, 1, None)]).await;
        answered(&stage.call(within(caps, Spent::default())).complete().await);
    }
}

#[tokio::test]
async fn nobody_knows_what_an_unlisted_model_costs_and_a_free_one_costs_nothing() {
    for (prices, cost) in [
        (AiPrices::Unknown, CostFact::Unknown { because: UnknownCost::PriceUnknown }),
        (AiPrices::Free, CostFact::Free),
    ] {
        let stage = stage_with(AiApi::ChatCompletions, [stated(10, 10, None)], |config| {
            config.providers.get_mut("stage").unwrap().prices = Some(prices);
        })
        .await;
        assert_eq!(stage.ask("hello").await.cost, cost);
    }
}

#[tokio::test]
async fn a_budget_refuses_before_anything_is_sent() {
    let stage = stage(AiApi::Responses, [stated(1, 1, None)]).await;
    let cost = Caps { cost: Some(dollars("0.01")), ..Caps::default() };
    let tokens = Caps { tokens: Some(150), ..Caps::default() };
    let calls = Caps { calls: Some(2), ..Caps::default() };
    let spent = Spent { cost: dollars("0.0099"), tokens: 140, calls: 2, ..Spent::default() };
    for caps in [cost, tokens, calls] {
        let refused = stage.models.call(within(caps, spent)).unwrap_err();
        let CallRefused::Budget(refused) = refused else { panic!("{refused}") };
        assert_eq!(refused.scope, BudgetScope::User);
    }
    assert!(stage.server.seen().is_empty());
    let (events, report) = events(stage.call(within(cost, Spent { cost: dollars("0.009"), ..spent }))).await;
    answered(&report);
    assert_eq!(events[0], CallEvent::BudgetNear { scope: BudgetScope::User, used_percent: 90 });
}

#[tokio::test]
async fn dollars_cannot_be_capped_without_a_price() {
    let stage = stage(AiApi::ChatCompletions, [stated(1, 1, None)]).await;
    let caps = Caps { cost: Some(dollars("5")), ..Caps::default() };
    let mut terms = within(caps, Spent::default());
    terms.model = Some("nobody/knows-it".to_owned());
    let refused = stage.models.call(terms).unwrap_err();
    let CallRefused::Budget(refused) = refused else { panic!("{refused}") };
    assert_eq!(refused.shortage, Shortage::PriceUnknown { limit: dollars("5") });
}

#[tokio::test]
async fn a_cap_is_never_exceeded_by_call_after_call() {
    let turns = (0..200).map(|_| stated(30, 90, None));
    let stage = stage(AiApi::ChatCompletions, turns).await;
    let caps = Caps { cost: Some(dollars("0.01")), tokens: Some(5_000), calls: Some(150) };
    let mut spent = Spent::default();
    let refused = loop {
        match stage.models.call(within(caps, spent)) {
            Ok(call) => spent = spent.with(&call.complete().await.charge),
            Err(refused) => break refused,
        }
    };
    assert!(matches!(refused, CallRefused::Budget(_)), "{refused}");
    assert!(spent.calls > 10, "{spent:?}");
    assert!(spent.cost <= dollars("0.01") && spent.tokens <= 5_000 && spent.calls <= 150, "{spent:?}");
    assert_eq!(spent.calls, u64::try_from(stage.server.seen().len()).unwrap());
}
