//! Both wire forms: what is sent, and how answers are put together.

use serde_json::{Value, json};
use tapedeck::ai::scripted::{Fault, Quirk, Turn};
use tapedeck::ai::{AiModels, CallEvent, FinishReason, Message, OutputForm, Tool, ToolChoice};
use tapedeck::config::{AiApi, AiProviderConfig, BaseUrl};

use super::kit::{BOTH, answered, config_of, events, finish, settings, stage, stage_with, terms, user};

fn buy() -> Tool {
    Tool {
        name: "buy".to_owned(),
        description: "Buys shares".to_owned(),
        parameters: json!({ "type": "object", "properties": { "symbol": { "type": "string" } } }),
    }
}

#[tokio::test]
async fn a_text_arrives_in_parts_that_add_up() {
    for api in BOTH {
        let turn = Turn { think: "let me see".to_owned(), ..Turn::say("Grüße an alle Anleger") };
        let stage = stage(api, [turn]).await;
        let (events, report) = events(stage.call(terms("hello"))).await;
        let texts: Vec<&str> = events
            .iter()
            .filter_map(|event| if let CallEvent::Text(text) = event { Some(text.as_str()) } else { None })
            .collect();
        assert_eq!(texts, ["Grüße ", "an ", "alle ", "Anleger"], "{api:?}");
        assert_eq!(answered(&report), texts.concat());
        assert_eq!(report.reasoning, "let me see");
        assert_eq!(finish(&report), &FinishReason::Stop);
        assert_eq!(report.model_used.as_deref(), Some("gpt-5-mini"));
        assert!(report.response_id.is_some() && report.first_token_ms.is_some());
        assert!(matches!(&events[0], CallEvent::Accepted { provider, .. } if provider == "stage"));
    }
}

#[tokio::test]
async fn calls_of_tools_are_put_together_from_fragments() {
    for api in BOTH {
        let mut turn = Turn::call("buy", json!({ "symbol": "AAPL", "note": "größer" }));
        turn.call.extend(Turn::call("no_such_tool", json!("BUY {10")).call);
        turn.call.extend(Turn::call("look", json!("")).call);
        let report = stage(api, [turn]).await.ask("trade").await;
        assert_eq!(finish(&report), &FinishReason::ToolCalls, "{api:?}");
        let names: Vec<&str> = report.tool_calls.iter().map(|call| call.name.as_str()).collect();
        assert_eq!(names, ["buy", "no_such_tool", "look"]);
        assert_eq!(report.tool_calls[0].arguments().unwrap()["note"], "größer");
        assert_eq!(report.tool_calls[1].arguments, "BUY {10");
        assert!(report.tool_calls[1].arguments().is_err(), "nonsense does not end the turn");
        assert!(report.tool_calls[2].arguments().unwrap().is_empty());
        let ids: std::collections::BTreeSet<&str> =
            report.tool_calls.iter().map(|call| call.id.as_str()).collect();
        assert_eq!(ids.len(), 3);
        assert!(ids.iter().all(|id| id.starts_with("call_")), "{api:?}: results refer to the call: {ids:?}");
    }
}

#[tokio::test]
async fn the_conversation_goes_back_with_the_results() {
    let turns = || [Turn::call("buy", json!({ "symbol": "AAPL" })), Turn::say("done")];
    let bodies = async |api| {
        let stage = stage(api, turns()).await;
        let mut terms = terms("trade");
        terms.prompt.tools = vec![buy()];
        let first = stage.call(terms.clone()).complete().await;
        terms.prompt.messages.push(first.message().unwrap());
        let call_id = first.tool_calls[0].id.clone();
        terms.prompt.messages.push(Message::ToolResult { call_id, text: "bought".to_owned() });
        terms.prompt.tool_choice = ToolChoice::None;
        let second = stage.call(terms).complete().await;
        assert_eq!(answered(&second), "done");
        assert_eq!(second.tools, ["buy"]);
        stage.last_body()
    };
    let chat = bodies(AiApi::ChatCompletions).await;
    assert_eq!(
        chat["messages"],
        json!([
            { "role": "system", "content": "Be brief" },
            { "role": "user", "content": "trade" },
            { "role": "assistant", "content": null, "tool_calls": [{ "id": "call_0_buy", "type": "function",
                "function": { "name": "buy", "arguments": "{\"symbol\":\"AAPL\"}" } }] },
            { "role": "tool", "tool_call_id": "call_0_buy", "content": "bought" },
        ])
    );
    assert_eq!(chat["tools"][0]["function"]["name"], "buy");
    assert_eq!(chat["tool_choice"], "none");
    let responses = bodies(AiApi::Responses).await;
    assert_eq!(
        responses["input"],
        json!([
            { "type": "message", "role": "system", "content": "Be brief" },
            { "type": "message", "role": "user", "content": "trade" },
            { "type": "function_call", "call_id": "call_0_buy", "name": "buy",
                "arguments": "{\"symbol\":\"AAPL\"}" },
            { "type": "function_call_output", "call_id": "call_0_buy", "output": "bought" },
        ])
    );
    assert_eq!(responses["tools"][0]["name"], "buy");
    assert_eq!(responses["store"], false);
}

#[tokio::test]
async fn what_is_odd_is_understood() {
    let quirks = [
        Quirk::Comments,
        Quirk::Unknown,
        Quirk::NullChoices,
        Quirk::NoDone,
        Quirk::ObjectArguments,
        Quirk::NoIndex,
        Quirk::CarriageReturns,
        Quirk::Whole,
    ];
    for api in BOTH {
        for quirk in quirks {
            let mut turn =
                Turn { say: "I buy two".to_owned(), ..Turn::call("buy", json!({ "symbol": "AAPL" })) };
            turn.call.extend(Turn::call("buy", json!({ "symbol": "MSFT" })).call);
            turn.call[1].name = "buy_again".to_owned();
            let report = stage(api, [turn.oddly(quirk)]).await.ask("trade").await;
            let place = format!("{api:?} {quirk:?}");
            assert_eq!(answered(&report), "I buy two", "{place}");
            let symbols: Vec<Value> =
                report.tool_calls.iter().map(|call| call.arguments().unwrap()["symbol"].clone()).collect();
            assert_eq!(symbols, ["AAPL", "MSFT"], "{place}");
            assert_eq!(finish(&report), &FinishReason::ToolCalls, "{place}");
            assert!(report.usage.stated().is_some(), "{place}");
        }
    }
}

#[tokio::test]
async fn it_does_not_matter_where_the_stream_is_cut_into_pieces() {
    for api in BOTH {
        for piece_bytes in [1, 7, 64] {
            let turn = Turn { piece_bytes, ..Turn::say("größer, schöner, weiter") };
            let report = stage(api, [turn]).await.ask("hello").await;
            assert_eq!(answered(&report), "größer, schöner, weiter", "{api:?} {piece_bytes}");
        }
    }
}

#[tokio::test]
async fn each_family_is_told_what_it_takes() {
    let said = || [Turn::say("yes")];
    let told = async |api, model: &str, wished: Value| {
        let stage = stage(api, said()).await;
        let mut terms = terms("hello");
        terms.model = Some(model.to_owned());
        terms.settings = settings(wished);
        let report = stage.call(terms).complete().await;
        answered(&report);
        let mut body = stage.last_body();
        let members = body.as_object_mut().unwrap();
        for known in ["model", "messages", "input", "stream", "stream_options", "store"] {
            members.remove(known);
        }
        (body, report.adjustments.len())
    };
    let (chat, responses) = (AiApi::ChatCompletions, AiApi::Responses);
    let (body, adjusted) = told(chat, "gpt-5", json!({ "temperature": 1, "max_tokens": 100_000 })).await;
    assert_eq!(
        body,
        json!({ "max_completion_tokens": 32_000, "top_p": 0.9, "verbosity": "high", "reasoning_effort": "high" })
    );
    assert_eq!(adjusted, 2);
    let (body, adjusted) = told(chat, "anthropic/claude-sonnet-4.5", json!({ "top_k": 9 })).await;
    assert_eq!(body, json!({ "max_tokens": 4_096, "temperature": 0.7, "top_p": 0.9, "top_k": 9 }));
    assert_eq!(adjusted, 0);
    let (body, adjusted) = told(responses, "gpt-5", json!({})).await;
    assert_eq!(
        body,
        json!({ "max_output_tokens": 4_000, "reasoning": { "effort": "high" },
            "text": { "format": { "type": "text" }, "verbosity": "high" } })
    );
    assert_eq!(adjusted, 0, "nobody wished for the top_p that OpenAI does not take of it");
    let (body, _) = told(responses, "x-ai/grok-4.7", json!({ "web_search": true })).await;
    assert_eq!(body["tools"], json!([{ "type": "web_search" }]));
}

#[tokio::test]
async fn an_answer_can_be_asked_for_as_json() {
    let schema = json!({ "type": "object" });
    for api in BOTH {
        let stage = stage(api, [Turn::say("{\"title\": \"Tech\"}")]).await;
        let mut terms = terms("title");
        terms.prompt.output = OutputForm::Json { name: "title".to_owned(), schema: Some(schema.clone()) };
        assert_eq!(answered(&stage.call(terms).complete().await), "{\"title\": \"Tech\"}");
        let body = stage.last_body();
        match api {
            AiApi::ChatCompletions => assert_eq!(
                body["response_format"],
                json!({ "type": "json_schema", "json_schema": { "name": "title", "schema": schema } })
            ),
            AiApi::Responses => assert_eq!(
                body["text"]["format"],
                json!({ "type": "json_schema", "name": "title", "schema": schema, "strict": false })
            ),
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_as_long_as_it_may_be_says_so() {
    for api in BOTH {
        let turn = Turn { finish: Some("length".to_owned()), ..Turn::say("it goes on and") };
        let report = stage(api, [turn]).await.ask("tell").await;
        assert_eq!(finish(&report), &FinishReason::Length, "{api:?}");
    }
}

#[tokio::test]
async fn requests_carry_the_key_and_the_provider_may_be_named() {
    let turns = [Turn::say("a"), Turn::say("b")];
    let stage = stage_with(AiApi::ChatCompletions, turns, |config| {
        config.default_model = Some("gpt-4.1".to_owned());
    })
    .await;
    let mut named = terms("hello");
    named.model = Some("stage/openai/gpt-5".to_owned());
    stage.call(named).complete().await;
    assert_eq!(stage.last_body()["model"], "openai/gpt-5");
    let mut silent = terms("hello");
    silent.model = None;
    stage.call(silent).complete().await;
    assert_eq!(stage.last_body()["model"], "gpt-4.1");
    let seen = stage.server.seen();
    assert_eq!(seen[0].headers["authorization"], format!("Bearer {}", super::kit::KEY));
    assert_eq!(seen[0].path, "/v1/chat/completions");
}

#[tokio::test]
async fn the_script_chooses_turns_by_what_is_asked() {
    let turns = [Turn { when: Some("weather".to_owned()), ..Turn::say("rain") }, Turn::say("anything")];
    let stage = stage(AiApi::Responses, turns).await;
    let mut terms = terms("how are you");
    assert_eq!(answered(&stage.call(terms.clone()).complete().await), "anything");
    terms.prompt.messages.push(user("and the weather?"));
    assert_eq!(answered(&stage.call(terms).complete().await), "rain");
}

#[tokio::test]
async fn calls_share_a_connection() {
    for api in BOTH {
        let stage = stage(api, [Turn::say("a"), Turn::say("b"), Turn::say("c")]).await;
        for _ in 0..3 {
            answered(&stage.ask("hello").await);
            // Its formal end comes a little later than the answer.
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        let peers: std::collections::BTreeSet<_> = stage.server.seen().iter().map(|it| it.peer).collect();
        assert_eq!(peers.len(), 1, "{api:?}: {peers:?}");
        assert_eq!(stage.server.abandoned(), 0);
    }
}

#[tokio::test]
async fn an_answer_is_over_with_its_use_even_if_the_stream_stays_open() {
    let events = 1 + 2 + 2;
    let turn = Turn::say("one two").but(Fault::SilentAfter(events));
    let stage = stage(AiApi::ChatCompletions, [turn]).await;
    let report = stage.ask("hello").await;
    assert_eq!(answered(&report), "one two");
    assert!(report.usage.stated().is_some());
}

#[test]
fn what_a_model_would_be_told_can_be_asked_before() {
    tapedeck::tls::install();
    let base_url = Some(BaseUrl::try_from("http://127.0.0.1:1/v1".to_owned()).unwrap());
    let provider = AiProviderConfig { base_url, api: Some(AiApi::Responses), ..AiProviderConfig::default() };
    let models = AiModels::new(&config_of(provider)).unwrap();
    let wished = settings(json!({ "temperature": 3, "colour": "red" }));
    let settled = models.settle("gpt-4.1", &[&wished[0]]).unwrap();
    assert_eq!(settled.parameters.temperature, Some(2.0));
    assert_eq!(settled.adjustments.len(), 1);
    assert_eq!(settled.kept["colour"], "red");
}
