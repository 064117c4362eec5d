//! Positions of portfolios.

use reqwest::Method;
use serde_json::{Value, json};

use super::Portfolios;
use crate::http::kit::{Send, deck};

/// A date with prices: AAPL closes at 158.30.
const DAY: &str = "as_of_date=2025-02-28";

fn aapl() -> Value {
    json!({"symbol": "aapl", "quantity": "100", "entry_price": "110", "entry_date": "2025-01-06"})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_position_is_entered_valued_closed_in_part_and_deleted() {
    let deck = deck().await;
    let portfolio = deck.portfolio("Growth").await;
    let entered = deck.enter(&portfolio, aapl()).await;
    let position = entered.data(201).clone();
    assert_eq!((&position["symbol"], &position["position_type"]), (&json!("AAPL"), &json!("LONG")));
    let path = format!("/positions/{}", position["id"].as_str().unwrap());
    // Long after the last close there is no price: null with the reason, and never what was paid.
    assert_eq!((&position["last_price"], &position["market_value"]), (&Value::Null, &Value::Null));
    assert_eq!(position["unpriced_because"], "no_close");

    let then = deck.get_after(entered.position(), &format!("{path}?{DAY}")).await;
    assert_eq!(then.meta()["as_of_date"], "2025-02-28");
    let shown = then.data(200);
    for (field, amount) in [("last_price", "158.3"), ("market_value", "15830"), ("unrealized_pnl", "4830")] {
        assert_eq!(shown[field], amount, "{field}");
    }
    assert_eq!((&shown["price_source"], &shown["price_date"]), (&json!("close"), &json!("2025-02-28")));

    let tried = deck.put(&path, &json!({"quantity": "60", "dry_run": true})).await;
    let detected = &tried.data(200)["detected"];
    assert_eq!((&detected["is_reduction"], &detected["reduction"]), (&json!(true), &json!("40")));
    let close = json!({"close_quantity": "40", "exit_price": "120", "exit_date": "2025-02-10"});
    let closed = deck.put(&path, &close).await;
    assert_eq!(closed.data(200)["quantity"], "60");
    assert_eq!(
        closed.data(200)["realized_event"],
        json!({"quantity": "40", "exit_price": "120", "exit_date": "2025-02-10", "realized_pnl": "400"})
    );
    let more = json!({"close_quantity": "61", "exit_price": "120"});
    assert_eq!(deck.put(&path, &more).await.status.as_u16(), 422);
    // What was true before the close stays true, whenever it is asked for.
    let before = deck.get_after(closed.position(), &format!("{path}?as_of_date=2025-02-07")).await;
    assert_eq!(before.data(200)["quantity"], "100");
    let unknown = deck.see(&format!("{path}?{DAY}&known_at={}", entered.position())).await;
    assert_eq!(unknown.data(200)["quantity"], "100", "the close was not known then");

    let history = deck.get_after(closed.position(), &format!("{path}/history")).await;
    let types: Vec<&Value> = history.items().iter().map(|event| &event["type"]).collect();
    assert_eq!(types, ["LotReduced", "LotOpened"]);
    let deleted = deck.delete(&path).await;
    assert_eq!(deleted.data(200)["type"], "soft_delete");
    deck.get_after(deleted.position(), &path).await.problem(404, "not_found");
    assert_eq!(deck.see(&format!("{path}/history")).await.items().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn lots_are_entered_together_or_not_at_all() {
    let deck = deck().await;
    let portfolio = deck.portfolio("Growth").await;
    let short =
        json!({"symbol": "MSFT", "quantity": "-50", "entry_price": "190", "entry_date": "2025-01-07"});
    let rows = json!({"portfolio_id": portfolio, "positions": [aapl(), {"quantity": 5}, short]});
    let broken = deck.post("/positions/bulk", &rows).await;
    assert_eq!(broken.problem(422, "validation_failed"), ["quantity: invalid", "entry_price: required"]);
    assert_eq!(broken.body["errors"][0]["row"], 2);
    let mistyped = json!({"symbol": "MSFT", "quantity": "-50", "entry_price": "1", "position_type": "LONG"});
    let rows = json!({"portfolio_id": portfolio, "positions": [aapl(), mistyped]});
    let refused = deck.post("/positions/bulk", &rows).await;
    assert_eq!(refused.status.as_u16(), 422, "{:#}", refused.body);
    assert_eq!(refused.body["errors"][0]["row"], 2);

    let rows = json!({"portfolio_id": portfolio, "positions": [aapl(), aapl(), short]});
    let entered = deck.post("/positions/bulk", &rows).await;
    assert_eq!(entered.data(201)["count"], 3);
    assert!(entered.meta()["warnings"][0].as_str().unwrap().starts_with("row 2: "), "{:#}", entered.body);
    let list = format!("/positions?portfolio_id={portfolio}&{DAY}");
    let first = deck.get_after(entered.position(), &format!("{list}&limit=2&group_by=type")).await;
    assert_eq!(first.meta()["total"], 3);
    let shown = first.data(200);
    assert_eq!(shown["positions"].as_array().unwrap().len(), 2);
    assert_eq!(shown["summary"]["total_positions"], 3);
    let groups: Vec<(&Value, &Value)> = shown["groups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|group| (&group["key"], &group["total_positions"]))
        .collect();
    assert_eq!(groups, [(&json!("LONG"), &json!(2)), (&json!("SHORT"), &json!(1))]);
    let rest = deck.see(&format!("{list}&limit=2&cursor={}", first.next_cursor().unwrap())).await;
    let rest = &rest.data(200)["positions"];
    assert_eq!((rest.as_array().unwrap().len(), &rest[0]["symbol"]), (1, &json!("MSFT")));
    let owed: f64 = rest[0]["market_value"].as_str().unwrap().parse().unwrap();
    assert!(owed < 0.0, "what is owed is negative");

    let twins = deck.see(&format!("/positions/check-duplicate?portfolio_id={portfolio}&symbol=aapl")).await;
    assert_eq!(twins.data(200)["has_duplicates"], true);
    assert_eq!(twins.data(200)["existing_positions"].as_array().unwrap().len(), 2);
    let ids: Vec<&Value> =
        entered.data(201)["positions"].as_array().unwrap().iter().map(|it| &it["id"]).collect();
    let lots = deck.see(&format!("/positions/{}", ids[0].as_str().unwrap())).await;
    assert_eq!(lots.data(200)["related_lots"][0]["id"], *ids[1]);
    let bulk = deck.request(Method::DELETE, "/positions/bulk");
    let gone = bulk.json(&json!({"position_ids": ids, "force_hard_delete": true})).reply().await;
    assert_eq!(gone.data(200)["positions"][2]["type"], "hard_delete");
    let left = deck.get_after(gone.position(), &list).await;
    assert_eq!(left.data(200)["positions"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn private_positions_are_valued_by_their_owners_marks() {
    let deck = deck().await;
    let portfolio = deck.portfolio("Family").await;
    let flat = json!({
        "symbol": "FLAT_IN_PARIS", "quantity": "1", "entry_price": "500000", "entry_date": "2025-01-06",
        "investment_class": "PRIVATE", "investment_subtype": "REAL_ESTATE",
    });
    let entered = deck.enter(&portfolio, flat).await;
    assert_eq!(entered.data(201)["price_source"], "priced_at_cost");
    let path = format!("/positions/{}", entered.data(201)["id"].as_str().unwrap());
    let mark = json!({"mark_date": "2025-02-03", "price": "510000", "note": "appraised"});
    let marked = deck.post(&format!("{path}/marks"), &mark).await;
    assert_eq!(marked.data(201)["price"], "510000");
    let shown = deck.get_after(marked.position(), &path).await;
    assert_eq!(
        (&shown.data(200)["market_value"], &shown.data(200)["price_source"]),
        (&json!("510000"), &json!("mark"))
    );
    let before = deck.see(&format!("{path}?as_of_date=2025-02-02")).await;
    assert_eq!(before.data(200)["market_value"], "500000");
    assert_eq!(deck.see(&format!("{path}/marks")).await.items().len(), 1);
    assert_eq!(deck.see(&format!("{path}/marks?as_of_date=2025-02-02")).await.items().len(), 0);
    let public = deck.enter(&portfolio, aapl()).await;
    let path = format!("/positions/{}/marks", public.data(201)["id"].as_str().unwrap());
    assert_eq!(
        deck.post(&path, &json!({"price": "1"})).await.problem(422, "validation_failed"),
        ["investment_class: not_allowed"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn symbols_are_looked_at_before_they_are_entered() {
    let deck = deck().await;
    let verdict = async |symbol: &str| {
        deck.post("/positions/validate-symbol", &json!({"symbol": symbol})).await.data(200).clone()
    };
    let known = verdict(" aapl ").await;
    assert_eq!(
        (&known["symbol"], &known["class_guess"], &known["has_prices"]),
        (&json!("AAPL"), &json!("PUBLIC"), &json!(true))
    );
    let option = verdict("aapl  250919c00160000").await;
    assert_eq!(
        (&option["symbol"], &option["class_guess"]),
        (&json!("AAPL250919C00160000"), &json!("OPTIONS"))
    );
    assert_eq!(
        (verdict("NOSUCH").await["has_prices"].clone(), verdict("A B").await["valid"].clone()),
        (json!(false), json!(false))
    );
    let portfolio = deck.portfolio("Growth").await;
    let head = deck.running.app.log.head().await.unwrap().0;
    let path = format!("/positions/tags-for-symbol?portfolio_id={portfolio}&symbol=AAPL");
    let tags = deck.get_after(head, &path).await;
    assert_eq!(tags.data(200)["tag_ids"], json!([]));
    let foreign = json!({"symbol": "AAPL", "quantity": "1", "entry_price": "1",
        "tag_ids": ["0199a0de-0000-7000-8000-000000000000"]});
    deck.enter(&portfolio, foreign).await.problem(404, "not_found");
}
