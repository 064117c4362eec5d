//! Betas, factors, stress and Greeks of a portfolio whose only share moves twice as much as the market.

use events::{Interval, Price};
use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use projections::bars::{self, BarPrices, ImportedBar, Once, Source};
use serde_json::{Value, json};

use crate::http::kit::{Deck, idle_deck};
use crate::http::portfolios::Portfolios;

pub const DAY: &str = "2025-02-28";

/// 130 sessions until [`DAY`]: SPY, TWICE with twice its returns, and YOUNG with the last three.
pub async fn load_prices(deck: &Deck) -> f64 {
    let day: Date = DAY.parse().unwrap();
    let sessions: Vec<Date> =
        events::calendar::sessions(events::calendar::nth_session(day, -129), day).collect();
    let (mut market, mut twice) = (400.0, 100.0);
    let mut all = Vec::new();
    for (number, session) in sessions.iter().enumerate() {
        let wave = [0.010, -0.006, 0.004, -0.011, 0.007, -0.003, 0.002][number % 7];
        market *= 1.0 + wave;
        twice *= 1.0 + 2.0 * wave;
        let start = session.to_zoned(TimeZone::UTC).unwrap().timestamp();
        let mut add = |symbol: &str, close: f64| {
            let price = Price::from_units((close * 1e6).round() as i64 * 100);
            all.push(ImportedBar {
                symbol: symbol.parse().unwrap(),
                interval: Interval::Day,
                start,
                end: start + SignedDuration::from_hours(24),
                prices: BarPrices::Full { open: price, high: price, low: price, close: price },
                volume: Some(1_000.into()),
                adjusted_close: None,
            });
        };
        add("SPY", market);
        add("TWICE", twice);
        if number >= 127 {
            add("YOUNG", 10.0 + 0.1 * wave);
        }
    }
    let mut client = deck.running.app.log.connector().connect().await.unwrap();
    let source = Source { name: "waves".to_owned(), format: "test".to_owned(), identity: None };
    let at: Timestamp = "2025-03-01T00:00:00Z".parse().unwrap();
    let stored = bars::load(&mut client, source, all, &json!({}), at).await.unwrap();
    assert!(matches!(stored, Once::New(_)));
    twice
}

/// A portfolio of 50,000 with 100 shares that were entered at the last close; answers with its id and their value.
pub async fn portfolio(deck: &Deck) -> (String, f64) {
    let close = load_prices(deck).await;
    let id = deck.portfolio("Waves").await;
    let entry = Price::from_units((close * 1e6).round() as i64 * 100).to_string();
    let share = json!({"symbol": "TWICE", "quantity": "100", "entry_price": entry, "entry_date": DAY});
    let entered = deck.enter(&id, share).await;
    entered.data(201);
    let path = format!("/portfolios/{id}");
    deck.get_after(entered.position(), &path).await.data(200);
    (id, 100.0 * close)
}

pub fn number(value: &Value) -> f64 {
    value.as_f64().or_else(|| value.as_str()?.parse().ok()).unwrap_or_else(|| panic!("{value} is no number"))
}

#[track_caller]
pub fn close_to(value: &Value, should: f64) {
    let is = number(value);
    assert!((is - should).abs() <= 1e-5 * should.abs().max(1.0), "{is} is not {should}");
}

pub async fn analytic(deck: &Deck, id: &str, path: &str) -> Value {
    let join = if path.contains('?') { '&' } else { '?' };
    let reply = deck.see(&format!("/analytics/portfolio/{id}/{path}{join}as_of_date={DAY}")).await;
    assert_eq!(reply.meta()["as_of_date"], DAY, "{:#}", reply.body);
    reply.data(200).clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_moves_twice_as_much_as_the_market_has_twice_its_beta() {
    let deck = idle_deck().await;
    let (id, value) = portfolio(&deck).await;
    let beta = analytic(&deck, &id, "beta-calculated-90d").await;
    assert_eq!(beta["available"], true, "{beta:#}");
    close_to(&beta["beta_calculated_90d"], 2.0 * value / 50_000.0);
    close_to(&beta["exposure_dollar"], 2.0 * value);
    close_to(&beta["r_squared"], 1.0);
    assert_eq!(beta["beta_direct"], 0.0, "it was cash until the last session");
    assert_eq!(beta["beta_direct_r_squared"], Value::Null);

    let compared = analytic(&deck, &id, "beta-comparison").await;
    close_to(&compared["positions"][0]["calculated_beta"], 2.0);
    assert_eq!(compared["positions"][0]["market_beta"], Value::Null);
    let provider = analytic(&deck, &id, "beta-provider-1y").await;
    assert_eq!((&provider["available"], &provider["beta_provider_1y"]), (&json!(false), &Value::Null));

    let factors = analytic(&deck, &id, "factor-exposures").await;
    let shown = factors["factors"].as_array().unwrap();
    assert_eq!(shown.len(), 8, "those without data, too");
    close_to(&shown[0]["beta"], 2.0 * value / 50_000.0);
    assert_eq!((&shown[0]["additive"], &shown[0]["observations"]), (&json!(true), &json!(90)));
    assert_eq!((&shown[7]["beta"], &shown[7]["reason"]), (&Value::Null, &json!("no_prices")));
    assert_eq!(factors["model"]["factors_present"], 1);
    assert_eq!(factors["model"]["complete"], false);
    let positions = analytic(&deck, &id, "positions/factor-exposures?symbols=TWICE").await;
    close_to(&positions["positions"][0]["exposures"]["market"], 2.0);
    for path in ["rate-sensitivity", "spread-factors"] {
        let without = analytic(&deck, &id, path).await;
        assert_eq!((&without["available"], &without["reason"]), (&json!(false), &json!("no_benchmark_data")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_falling_market_costs_what_the_beta_says() {
    let deck = idle_deck().await;
    let (id, value) = portfolio(&deck).await;
    let test = analytic(&deck, &id, "stress-test?scenarios=market_down_10,rates_up_50bp").await;
    assert_eq!(test["available"], true, "{test:#}");
    let fallen = &test["scenarios"][0];
    assert_eq!(fallen["id"], "market_down_10");
    let loss = -0.2 * value;
    close_to(&fallen["impact"]["dollar_impact"], (loss * 100.0).round() / 100.0);
    close_to(&fallen["impact"]["percentage_impact"], loss / 500.0);
    close_to(&fallen["impact"]["new_portfolio_value"], ((50_000.0 + loss) * 100.0).round() / 100.0);
    assert_eq!(fallen["factor_contributions"]["market"], fallen["linear_pnl"]);
    assert_eq!(fallen["worst_positions"][0]["symbol"], "TWICE");
    assert_eq!(fallen["exceeds_equity"], false);
    let rates = &test["scenarios"][1];
    assert_eq!((&rates["impact"], &rates["reason"]), (&Value::Null, &json!("no_factor_data")));
    assert_eq!(rates["missing_factors"], json!(["interest_rate"]));
    let all = analytic(&deck, &id, "stress-test").await;
    assert_eq!(all["scenarios"].as_array().unwrap().len(), 19);

    let base = format!("/analytics/portfolio/{id}/stress-test");
    let refused =
        async |query: &str| deck.see(&format!("{base}?{query}")).await.problem(422, "validation_failed");
    assert_eq!(refused("scenarios=none").await, ["scenarios: unknown_scenario"]);
    assert_eq!(refused("mode=wild&view=all&x=1").await, ["mode: invalid", "view: invalid", "x: unknown"]);

    let market = |size: f64| json!({"factor": "market", "basis": "index_return", "size": size});
    let custom = async |body: Value| deck.post(&format!("{base}/custom?as_of_date={DAY}"), &body).await;
    let own = custom(json!({"name": "Own", "shocks": [market(-0.1)]})).await;
    assert_eq!(own.data(200)["scenarios"][0]["impact"], fallen["impact"]);
    assert_eq!(own.data(200)["scenarios"][0]["id"], Value::Null);
    for (shocks, code) in [
        (json!([]), "shocks: length"),
        (json!([market(-1.1)]), "shocks: out_of_range"),
        (json!([market(-0.1), market(0.1)]), "shocks: repeated"),
        (json!([{"factor": "oil", "basis": "index_return", "size": 0.1}]), "shocks: unknown_factor"),
        (json!([{"factor": "value", "basis": "index_return", "size": 0.1}]), "shocks: wrong_basis"),
    ] {
        let refused = custom(json!({"name": "Own", "shocks": shocks})).await;
        assert_eq!(refused.problem(422, "validation_failed"), [code]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn options_follow_history_where_nobody_quotes_them() {
    let deck = idle_deck().await;
    let (id, value) = portfolio(&deck).await;
    let option = |symbol: &str, quantity: &str| json!({"symbol": symbol, "quantity": quantity, "entry_price": "5", "entry_date": DAY});
    deck.enter(&id, option("TWICE270618C00100000", "2")).await.data(201);
    let last = deck.enter(&id, option("YOUNG270618C00010000", "1")).await;
    last.data(201);
    deck.get_after(last.position(), &format!("/portfolios/{id}")).await.data(200);
    let greeks = deck.see(&format!("/analytics/risk/{id}/greeks?as_of_date={DAY}")).await;
    let greeks = greeks.data(200);
    assert_eq!(greeks["has_options"], true);
    let priced = &greeks["options"][0];
    assert_eq!((&priced["iv_source"], &priced["rate_assumed"]), (&json!("historical"), &json!(true)));
    let (delta, volatility) = (number(&priced["delta"]), number(&priced["implied_volatility"]));
    assert!((0.0..200.0).contains(&delta) && (0.1..0.6).contains(&volatility), "{priced:#}");
    close_to(&priced["dollar_delta"], ((delta * value / 100.0) * 100.0).round() / 100.0);
    assert_eq!(greeks["by_underlying"][0]["underlying"], "TWICE");
    close_to(&greeks["current"]["delta"], 100.0 + delta);
    assert_eq!(greeks["positions_without_iv"][0]["symbol"], "YOUNG270618C00010000");
    assert_eq!(greeks["positions_without_iv"][0]["reason"], "no_volatility");
    assert_eq!(greeks["after_expiry"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_computed_says_why() {
    let deck = idle_deck().await;
    load_prices(&deck).await;
    let opened = deck
        .open_portfolio(json!({
            "name": "Empty", "account_name": "Empty", "account_type": "taxable", "equity_balance": "50000",
            "inception_date": "2025-01-02",
        }))
        .await;
    let id = opened.data(201)["id"].as_str().unwrap().to_owned();
    deck.get_after(opened.position(), &format!("/portfolios/{id}")).await.data(200);
    let test = analytic(&deck, &id, "stress-test?scenarios=market_crash_35").await;
    assert_eq!(test["scenarios"][0]["impact"]["dollar_impact"], "0", "cash loses nothing: {test:#}");
    for path in ["factor-exposures", "beta-calculated-90d", "beta-provider-1y", "beta-comparison"] {
        let empty = analytic(&deck, &id, path).await;
        assert_eq!(
            (&empty["available"], &empty["reason"]),
            (&json!(false), &json!("no_positions")),
            "{path}"
        );
    }
    let young = json!({"symbol": "YOUNG", "quantity": "10", "entry_price": "10", "entry_date": DAY});
    let entered = deck.enter(&id, young).await;
    deck.get_after(entered.position(), &format!("/portfolios/{id}")).await.data(200);
    for path in ["factor-exposures", "beta-calculated-90d", "stress-test"] {
        let young = analytic(&deck, &id, path).await;
        assert_eq!(
            (&young["available"], &young["reason"]),
            (&json!(false), &json!("insufficient_history")),
            "{path}"
        );
        assert_eq!(young["data_quality"]["skipped"][0]["symbol"], "YOUNG");
    }
    let before = deck.see(&format!("/analytics/portfolio/{id}/stress-test?as_of_date=2024-01-05")).await;
    assert_eq!(before.data(200)["available"], false);
    assert_eq!(before.data(200)["scenarios"], json!([]));
}
