//! Capital that comes and goes.

use serde_json::{Value, json};

use super::Portfolios;
use crate::http::kit::deck;

#[tokio::test(flavor = "multi_thread")]
async fn flows_are_recorded_edited_added_up_and_exported() {
    let deck = deck().await;
    let portfolio = deck.portfolio("Growth").await;
    let path = format!("/portfolios/{portfolio}/equity-changes");
    let came = json!({"change_type": "CONTRIBUTION", "amount": "2500", "change_date": "2025-02-03", "notes": "=bonus"});
    let recorded = deck.post(&path, &came).await;
    let change = format!("{path}/{}", recorded.data(201)["id"].as_str().unwrap());
    assert_eq!(recorded.header("location"), format!("/api/v1{change}"));
    let went = json!({"change_type": "WITHDRAWAL", "amount": "1000", "change_date": "2025-02-10"});
    let withdrawn = deck.post(&path, &went).await;
    withdrawn.data(201);

    let codes = async |body: Value| deck.post(&path, &body).await.problem(422, "validation_failed");
    let too_much = json!({"change_type": "WITHDRAWAL", "amount": "51501", "change_date": "2025-02-28"});
    assert_eq!(codes(too_much).await, ["amount: EQUITY_003"]);
    let before_it_came = json!({"change_type": "WITHDRAWAL", "amount": "50001", "change_date": "2025-01-31"});
    assert_eq!(codes(before_it_came).await, ["amount: EQUITY_003"]);
    let odd = json!({"change_type": "CONTRIBUTION", "amount": "0", "change_date": "2999-01-01"});
    assert_eq!(codes(odd).await, ["amount: EQUITY_001", "change_date: EQUITY_002"]);

    let edited = deck.put(&change, &json!({"amount": "2600", "notes": null})).await;
    assert_eq!((&edited.data(200)["amount"], &edited.data(200)["notes"]), (&json!("2600"), &Value::Null));
    let listed = deck.get_after(edited.position(), &format!("{path}?limit=1")).await;
    assert_eq!((listed.meta()["total"].as_i64(), &listed.items()[0]["amount"]), (Some(2), &json!("1000")));
    let rest = deck.see(&format!("{path}?limit=1&cursor={}", listed.next_cursor().unwrap())).await;
    assert_eq!(rest.items()[0]["amount"], "2600");
    let summary = deck.see(&format!("{path}/summary?as_of_date=2025-03-05")).await;
    let summary = summary.data(200);
    assert_eq!((&summary["total_contributions"], &summary["net_flow"]), (&json!("2600"), &json!("1600")));
    assert_eq!(summary["periods"]["30d"]["contributions"], "0");
    assert_eq!(summary["periods"]["30d"]["withdrawals"], "1000");
    assert_eq!(summary["periods"]["ytd"]["net_flow"], "1600");
    let then = deck.see(&format!("/portfolios/{portfolio}?as_of_date=2025-02-28")).await;
    assert_eq!(then.data(200)["equity_balance"], "51600");

    let export = deck.see(&format!("{path}/export?format=csv&end_date=2025-02-05")).await;
    let table = export.body.as_str().unwrap();
    assert!(export.header("content-type").starts_with("text/csv"));
    assert!(table.contains("2025-02-03,CONTRIBUTION,2600,\"\",") && !table.contains("WITHDRAWAL"), "{table}");
    assert_eq!(
        deck.see(&format!("{path}/export?format=xlsx")).await.problem(422, "validation_failed"),
        ["format: EQUITY_010"]
    );

    let deleted = deck.delete(&change).await;
    assert!(deleted.data(200)["deleted_at"].is_string());
    deck.delete(&change).await.problem(409, "EQUITY_009");
    let left = deck.get_after(deleted.position(), &path).await;
    assert_eq!(left.items().len(), 1);
    assert_eq!(deck.see(&format!("{path}?include_deleted=true")).await.items().len(), 2);
    let nothing = format!("{path}/0199a0de-0000-7000-8000-000000000000");
    deck.see(&nothing).await.problem(404, "EQUITY_008");
    deck.delete(&nothing).await.problem(404, "EQUITY_008");
}

#[tokio::test(flavor = "multi_thread")]
async fn equity_that_is_set_by_hand_counts_from_its_date_on() {
    let deck = deck().await;
    let portfolio = deck.portfolio("Growth").await;
    let path = format!("/analytics/portfolio/{portfolio}/equity");
    let set = deck.put(&path, &json!({"equity_balance": "60000", "adjustment_date": "2025-02-03"})).await;
    assert_eq!(set.data(200)["equity_balance"], "60000");
    let on = async |date: &str| {
        let path = format!("/portfolios/{portfolio}?as_of_date={date}");
        deck.get_after(set.position(), &path).await.data(200)["equity_balance"].clone()
    };
    assert_eq!((on("2025-02-02").await, on("2025-02-03").await), (json!("50000"), json!("60000")));
    let broken = json!({"equity_balance": "-1", "adjustment_date": "2999-01-01"});
    assert_eq!(
        deck.put(&path, &broken).await.problem(422, "validation_failed"),
        ["equity_balance: out_of_range", "adjustment_date: future_date"]
    );
}
