//! Files of positions, and the tags that come with them.

use reqwest::Method;
use serde_json::{Value, json};

use super::Portfolios;
use crate::http::kit::{Deck, Reply, Send, deck};

const HEADER: &str = "Symbol,Quantity,Entry Price Per Share,Entry Date,Tags\n";

fn form(fields: &[(&str, &str)], file: &str) -> String {
    let mut body = String::new();
    for (name, value) in fields {
        body += &format!("--b\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    }
    let name = "name=\"csv_file\"; filename=\"positions.csv\"";
    body + &format!(
        "--b\r\ncontent-disposition: form-data; {name}\r\ncontent-type: text/csv\r\n\r\n{file}\r\n--b--\r\n"
    )
}

pub(super) async fn send(deck: &Deck, path: &str, fields: &[(&str, &str)], file: &str) -> Reply {
    let request = deck.request(Method::POST, path).header("content-type", "multipart/form-data; boundary=b");
    request.body(form(fields, file)).reply().await
}

async fn positions(deck: &Deck, portfolio: &str, after: i64) -> Vec<Value> {
    let listed = deck.get_after(after, &format!("/positions?portfolio_id={portfolio}&limit=200")).await;
    listed.data(200)["positions"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_looked_at_then_entered_whole_then_replaced() {
    let deck = deck().await;
    let portfolio = deck.portfolio("Imported").await;
    let path = format!("/portfolios/{portfolio}/import-csv");
    let file = format!("{HEADER}AAPL,10,150,2025-01-06,\"core,tech\"\nMSFT,-5,0,2025-01-06,core\n");
    let tried = send(&deck, &path, &[], &file).await;
    let report = tried.data(200);
    assert_eq!((&report["rows_valid"], &report["positions_created"]), (&json!(2), &json!(0)));
    assert_eq!(report["tags_created"], json!(["core", "tech"]));
    assert_eq!(
        (&report["rows"][1]["position_type"], &report["long_at_entry"]),
        (&json!("SHORT"), &json!("1500"))
    );
    assert_eq!(report["warnings"][0]["code"], "zero_entry_price");
    let done = send(&deck, &path, &[("mode", "append")], &file).await;
    assert_eq!(done.data(201)["positions_created"], 2);
    let entered = positions(&deck, &portfolio, done.position()).await;
    assert_eq!(entered.len(), 2);
    assert_eq!(entered[0]["tags"].as_array().unwrap().len(), 2);
    let other = format!("{HEADER}TSLA,1,2,2025-01-06,core\n");
    let replaced = send(&deck, &path, &[("mode", "replace")], &other).await;
    let left = positions(&deck, &portfolio, replaced.position()).await;
    assert_eq!(left.iter().map(|it| it["symbol"].clone()).collect::<Vec<_>>(), ["TSLA"]);
    let tags = deck.get_after(replaced.position(), "/tags").await;
    assert_eq!(tags.data(200)["total"], 2, "names that are known make no other tags");
    assert_eq!(tags.data(200)["tags"][0]["usage_count"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_row_keeps_everything_out_and_all_of_them_are_told() {
    let deck = deck().await;
    let portfolio = deck.portfolio("Imported").await;
    let path = format!("/portfolios/{portfolio}/import-csv");
    let file = format!("{HEADER}AAPL,10,150,2025-01-06,new\nMSFT,0,-1,2025-01-06,\n");
    let refused = send(&deck, &path, &[("mode", "append")], &file).await;
    assert_eq!(
        refused.problem(422, "validation_failed"),
        ["Quantity: out_of_range", "Entry Price Per Share: out_of_range"]
    );
    let error = &refused.body["errors"][1];
    assert_eq!(
        (&error["row"], &error["value"], &error["rule"]),
        (&json!(3), &json!("-1"), &json!("ERR_POS_010"))
    );
    assert_eq!(deck.see("/tags").await.data(200)["total"], 0);
    let missing = send(&deck, &path, &[], "Symbol,Quantity\nA,1\n").await;
    assert_eq!(
        missing.problem(422, "validation_failed"),
        ["Entry Price Per Share: missing_column", "Entry Date: missing_column"]
    );
    assert_eq!(missing.body["errors"][0]["rule"], "ERR_CSV_004");
    deck.post(&path, &json!({})).await.problem(415, "unsupported_media_type");
    let odd = send(&deck, &path, &[("mode", "guess"), ("colour", "1")], &file).await;
    assert_eq!(odd.problem(422, "validation_failed"), ["mode: invalid", "colour: unknown"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_portfolio_begins_with_the_template() {
    let deck = deck().await;
    let template = deck.request(Method::GET, "/onboarding/csv-template").send().await.unwrap();
    let template = template.text().await.unwrap();
    let fields = [
        ("portfolio_name", "New"),
        ("account_name", "New"),
        ("account_type", "taxable"),
        ("equity_balance", "485000"),
    ];
    let opened = send(&deck, "/onboarding/create-portfolio", &fields, &template).await;
    assert_eq!(opened.data(201)["import"]["positions_created"], 7);
    let id = opened.data(201)["portfolio_id"].as_str().unwrap();
    let shown = deck.get_after(opened.position(), &format!("/portfolios/{id}")).await;
    assert_eq!(
        (&shown.data(200)["position_count"], &shown.data(200)["inception_date"]),
        (&json!(6), &json!("2024-01-02"))
    );
    let again = send(&deck, "/onboarding/create-portfolio", &fields, &template).await;
    again.problem(409, "ACCOUNT_NAME_TAKEN");
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_are_created_given_taken_archived_and_deleted() {
    let deck = deck().await;
    let portfolio = deck.portfolio("Tagged").await;
    let flat = json!({"symbol": "AAPL", "quantity": "1", "entry_price": "1", "entry_date": "2025-01-06"});
    let position = deck.enter(&portfolio, flat).await.data(201)["id"].as_str().unwrap().to_owned();
    let created = deck.post("/tags", &json!({"name": "core", "color": "#abcdef"})).await;
    let tag = created.data(201)["id"].as_str().unwrap().to_owned();
    assert_eq!(created.data(201)["color"], "#ABCDEF");
    deck.get_after(created.position(), &format!("/tags/{tag}")).await.data(200);
    deck.post("/tags", &json!({"name": "CORE"})).await.problem(409, "TAG_NAME_TAKEN");
    let bulk = json!({"position_ids": [position], "tag_ids": [tag]});
    let given = deck.post("/positions/tags/bulk-assign", &bulk).await;
    assert_eq!(given.data(200)["position_count"], 1);
    let of_tag = deck.get_after(given.position(), &format!("/tags/{tag}/positions")).await;
    assert_eq!(of_tag.items().len(), 1);
    let path = format!("/positions/{position}/tags");
    assert_eq!(deck.see(&path).await.items().len(), 1);
    let foreign = json!({"tag_ids": ["0199a0de-0000-7000-8000-000000000000"]});
    deck.post(&path, &foreign).await.problem(404, "not_found");
    assert_eq!(deck.delete(&path).await.data(200)["assigned_count"], 0);
    deck.delete(&format!("/tags/{tag}")).await.problem(409, "TAG_NOT_ARCHIVED");
    let archived = deck.post(&format!("/tags/{tag}/archive"), &json!({})).await;
    assert_eq!(archived.data(200)["is_archived"], true);
    let gone = deck.delete(&format!("/tags/{tag}")).await;
    deck.get_after(gone.position(), &format!("/tags/{tag}")).await.problem(404, "not_found");
    assert_eq!(deck.post("/tags/defaults", &json!({})).await.data(200)["tags"].as_array().unwrap().len(), 10);
}
