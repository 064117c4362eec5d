//! Several portfolios seen as one: positions are merged, then everything is calculated.

use serde_json::{Value, json};

use super::factors::{DAY, analytic, close_to, number, portfolio};
use crate::http::kit::{Deck, idle_deck};
use crate::http::portfolios::Portfolios;

const KINDS: [&str; 9] = [
    "overview",
    "breakdown",
    "beta",
    "volatility",
    "factor-exposures",
    "sector-exposure",
    "concentration",
    "correlation-matrix",
    "stress-test",
];

/// Two portfolios: one with a hundred TWICE, one that owes thirty of them and holds ten SPY. Answers with their ids.
async fn two(deck: &Deck) -> (String, String, f64) {
    let (first, value) = portfolio(deck).await;
    let second = deck.portfolio("Hedge").await;
    let share = |symbol: &str, quantity: &str| json!({"symbol": symbol, "quantity": quantity, "entry_price": "100", "entry_date": DAY});
    deck.enter(&second, share("TWICE", "-30")).await.data(201);
    let last = deck.enter(&second, share("SPY", "10")).await;
    last.data(201);
    deck.get_after(last.position(), &format!("/portfolios/{second}")).await.data(200);
    (first, second, value)
}

async fn together(deck: &Deck, path: &str) -> Value {
    let join = if path.contains('?') { '&' } else { '?' };
    let reply = deck.see(&format!("/analytics/aggregate/{path}{join}as_of_date={DAY}")).await;
    assert_eq!(reply.data(200)["portfolio_count"], 2, "{:#}", reply.body);
    assert_eq!(reply.meta()["as_of_date"], DAY);
    reply.data(200).clone()
}

fn sum(parts: &Value, name: &str) -> f64 {
    parts.as_array().unwrap().iter().map(|part| number(&part[name])).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn positions_are_merged_before_anything_is_calculated() {
    let deck = idle_deck().await;
    let (first, second, value) = two(&deck).await;
    let all = together(&deck, "overview").await;
    let each = [analytic(&deck, &first, "overview").await, analytic(&deck, &second, "overview").await];
    for path in ["/equity_balance", "/cash_balance", "/exposures/long_exposure", "/exposures/short_exposure"]
    {
        close_to(all.pointer(path).unwrap(), each.iter().map(|one| number(one.pointer(path).unwrap())).sum());
    }
    let gross = number(&all["exposures"]["gross_exposure"]);
    close_to(&all["leverage"], gross / number(&all["equity_balance"]));
    close_to(
        &all["portfolios"][0]["weight"],
        number(&all["portfolios"][0]["value"]) / number(&all["net_asset_value"]),
    );
    let breakdown = together(&deck, "breakdown").await;
    close_to(&json!(sum(&breakdown["portfolios"], "weight_pct")), 100.0);
    close_to(&json!(sum(&breakdown["portfolios"], "contribution_dollars")), number(&all["net_asset_value"]));

    let concentration = together(&deck, "concentration").await;
    assert_eq!(concentration["total_positions"], 2, "a symbol of both portfolios is one");
    let twice = concentration["top_positions"].as_array().unwrap();
    let twice = twice.iter().find(|top| top["symbol"] == "TWICE").unwrap();
    close_to(&twice["exposure"], (0.7 * value * 100.0).round() / 100.0);

    let beta = together(&deck, "beta").await;
    let own = |one: &Value| (number(&one["portfolios"][0]["beta"]), number(&one["portfolios"][1]["beta"]));
    assert!(own(&beta).0.abs() > 0.0 && own(&beta).1.abs() > 0.0);
    close_to(&json!(sum(&beta["portfolios"], "contribution")), number(&beta["aggregate_beta"]));
    for part in beta["portfolios"].as_array().unwrap() {
        let id = part["portfolio_id"].as_str().unwrap();
        close_to(
            &part["beta"],
            number(&analytic(&deck, id, "beta-calculated-90d").await["beta_calculated_90d"]),
        );
    }
    let volatility = together(&deck, "volatility").await;
    let whole = number(&volatility["aggregate_volatility"]);
    close_to(&json!(sum(&volatility["portfolios"], "contribution")), whole);
    assert!(whole < number(&volatility["undiversified_volatility"]), "what is owed offsets what is held");
    for part in volatility["portfolios"].as_array().unwrap() {
        let id = part["portfolio_id"].as_str().unwrap();
        close_to(
            &part["volatility"],
            number(&analytic(&deck, id, "volatility").await["realized_volatility_63d"]),
        );
    }
    let factors = together(&deck, "factor-exposures").await;
    close_to(&factors["factors"][0]["beta"], number(&beta["aggregate_beta"]));
    let matrix = together(&deck, "correlation-matrix?max_symbols=2").await;
    close_to(&matrix["matrix"]["SPY"]["TWICE"], 1.0);
    assert_eq!(together(&deck, "sector-exposure").await["unclassified_count"], 2);

    let stress = together(&deck, "stress-test?scenarios=market_down_10").await;
    let scenario = "stress-test?scenarios=market_down_10";
    let impact = |one: &Value| number(&one["scenarios"][0]["impact"]["dollar_impact"]);
    let losses =
        impact(&analytic(&deck, &first, scenario).await) + impact(&analytic(&deck, &second, scenario).await);
    assert!((impact(&stress) - losses).abs() < 0.02, "{} is not {losses}", impact(&stress));
    assert_eq!(stress["portfolios_with_stress_data"], 2);
}

/// Fault 11: each of several ids is checked, before anything is computed.
#[tokio::test(flavor = "multi_thread")]
async fn one_portfolio_that_is_not_ones_own_is_the_end_of_it() {
    let deck = idle_deck().await;
    let (first, second, _) = two(&deck).await;
    let none = uuid::Uuid::nil();
    for kind in KINDS {
        let path = format!("/analytics/aggregate/{kind}?portfolio_ids={first}&portfolio_ids={none}");
        deck.see(&path).await.problem(404, "not_found");
        let one = deck.see(&format!("/analytics/aggregate/{kind}?portfolio_ids={second}")).await;
        assert_eq!(one.data(200)["portfolio_count"], 1, "{kind}");
        assert_eq!(one.data(200)["portfolios"][0]["portfolio_id"], second, "{kind}");
    }
    let many = vec![format!("portfolio_ids={first}"); 51].join("&");
    let refused = deck.see(&format!("/analytics/aggregate/beta?{many}")).await;
    assert_eq!(refused.problem(422, "validation_failed"), ["portfolio_ids: too_many"]);
    let refused = deck.see("/analytics/aggregate/beta?portfolio_ids=x&y=1").await;
    assert_eq!(refused.problem(422, "validation_failed"), ["portfolio_ids: invalid", "y: unknown"]);
    let path = format!("/analytics/aggregate/overview?portfolio_ids={first}&portfolio_ids={first}");
    let twice = deck.see(&path).await;
    assert_eq!(twice.data(200)["portfolio_count"], 1, "named twice, counted once");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_together_has_a_reason() {
    let deck = idle_deck().await;
    for kind in KINDS {
        let none = deck.see(&format!("/analytics/aggregate/{kind}?as_of_date={DAY}")).await;
        let none = none.data(200);
        assert_eq!((&none["available"], &none["reason"]), (&json!(false), &json!("no_positions")), "{kind}");
        assert_eq!((&none["portfolio_count"], &none["net_asset_value"]), (&json!(0), &Value::Null), "{kind}");
    }
    let euro = json!({"name": "Euro", "account_name": "Euro", "account_type": "taxable", "currency": "EUR",
        "equity_balance": "1000", "inception_date": "2025-01-02"});
    deck.open_portfolio(euro).await.data(201);
    deck.portfolio("Dollar").await;
    for kind in KINDS {
        let mixed = deck.see(&format!("/analytics/aggregate/{kind}?as_of_date={DAY}")).await;
        let mixed = mixed.data(200);
        assert_eq!(
            (&mixed["available"], &mixed["reason"]),
            (&json!(false), &json!("mixed_currencies")),
            "{kind}"
        );
        assert_eq!(mixed["net_asset_value"], Value::Null, "{kind}");
    }
}
