//! Nobody sees, changes or guesses what is not theirs: every operation of the document, with every id that it takes, as
//! everybody who should not.

use std::collections::BTreeMap;

use std::sync::Arc;

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use tapedeck::http::{NoQuotes, document};

use super::kit::{Deck, LAST_DAY, PASSWORD, Reply, Send, client_of, deck_of};
use tapedeck::config::SignUpMode;

/// Somebody with an account.
struct Person {
    client: Client,
    account: String,
}

/// Everything that belongs to Ann, by the names that operations have for it.
struct Belongings(BTreeMap<&'static str, String>);

/// One operation as the document declares it.
struct Operation {
    method: Method,
    path: String,
    access: String,
    is_stream: bool,
    /// Path and query parameters that name something of somebody's.
    ids: Vec<(String, bool)>,
    /// Members of the body that do.
    body_ids: Vec<String>,
}

/// Ids that are nobody's: they name prices, or places in the log that only those who oversee it see.
const NOBODYS: [&str; 4] = ["symbol", "position", "projection", "command"];

fn operations() -> Vec<Operation> {
    let document = document();
    let mut all = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let access = operation["x-access"].as_str();
            let access = access.unwrap_or_else(|| panic!("{method} {path} does not declare who may call it"));
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let is_id = |parameter: &&Value| {
                let in_path = parameter["in"] == "path";
                let is_uuid = parameter["schema"].to_string().contains("\"uuid\"");
                in_path || (parameter["in"] == "query" && (is_uuid || parameter["name"] == "runs"))
            };
            let ids = parameters.iter().filter(is_id);
            let ids = ids.map(|id| (id["name"].as_str().unwrap().to_owned(), id["in"] == "path")).collect();
            all.push(Operation {
                method: method.to_uppercase().parse().unwrap(),
                path: path.clone(),
                access: access.to_owned(),
                is_stream: operation.pointer("/responses/200/content/text~1event-stream").is_some(),
                ids,
                body_ids: body_ids(&document, operation),
            });
        }
    }
    all
}

/// Members of an operation's body that are ids.
fn body_ids(document: &Value, operation: &Value) -> Vec<String> {
    let schema =
        operation.pointer("/requestBody/content/application~1json/schema").cloned().unwrap_or_default();
    let text = schema.to_string();
    let name = text.split("#/components/schemas/").nth(1).and_then(|rest| rest.split('"').next());
    let Some(name) = name else { return Vec::new() };
    let schema = &document["components"]["schemas"][name];
    // A body that another one is part of lists its own members beside it.
    let parts = schema["allOf"].as_array().into_iter().flatten().chain([schema]);
    let members = parts.filter_map(|part| part["properties"].as_object()).flatten();
    let ids = members.filter(|(_, member)| member.to_string().contains("\"uuid\""));
    ids.map(|(name, _)| name.clone()).collect()
}

impl Operation {
    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// The request with what `belongings` has for each id.
    fn request(&self, deck: &Deck, client: &Client, belongings: &Belongings) -> reqwest::RequestBuilder {
        let mut path = self.path.clone();
        let mut query = Vec::new();
        if ["/check-duplicate", "/tags-for-symbol"].iter().any(|end| path.ends_with(end)) {
            query.push(("symbol".to_owned(), "AAPL".to_owned()));
        }
        for (id, in_path) in &self.ids {
            let value = belongings.of(id, &self.name());
            if *in_path {
                path = path.replace(&format!("{{{id}}}"), &value);
            } else {
                query.push((id.clone(), value));
            }
        }
        let request = client.request(self.method.clone(), format!("{}{path}", deck.base)).query(&query);
        if self.method == Method::GET { request } else { request.json(&self.body(belongings)) }
    }

    /// A body that breaks no rule, so that nothing but the ids can be refused.
    fn body(&self, belongings: &Belongings) -> Value {
        let mut body = match self.path.trim_start_matches("/api/v1") {
            "/models" => json!({"name": "Mine"}),
            "/models/{model}" if self.method == Method::PATCH => json!({"name": "Taken over"}),
            "/models/{model}/runs" => json!({"start_date": "2025-01-02", "end_date": LAST_DAY}),
            "/admin/users/{user}/role" => json!({"role": "admin"}),
            "/admin/impersonations" => json!({"reason": "curiosity"}),
            "/auth/api-keys" => json!({"name": "key", "scopes": ["read"]}),
            "/auth/password" => json!({"current_password": PASSWORD, "new_password": "Another-Horse-8"}),
            "/portfolios" => json!({"name": "Mine", "account_name": "Mine", "account_type": "ira"}),
            "/positions" => json!({"symbol": "AAPL", "quantity": "1", "entry_price": "1"}),
            "/positions/bulk" if self.method == Method::POST => {
                json!({"positions": [{"symbol": "AAPL", "quantity": "1", "entry_price": "1"}]})
            }
            "/target-prices/{portfolio_id}" => json!({"symbol": "MSFT", "target_price_eoy": "1"}),
            "/target-prices/{portfolio_id}/bulk" => json!({"target_prices": [{"symbol": "MSFT"}]}),
            "/target-prices/{portfolio_id}/bulk-update" => {
                json!({"updates": [{"symbol": "AAPL", "target_price_eoy": "1"}]})
            }
            "/positions/validate-symbol" => json!({"symbol": "AAPL"}),
            "/positions/{position_id}/marks" => json!({"price": "1"}),
            "/portfolios/{portfolio_id}/equity-changes" => {
                json!({"change_type": "CONTRIBUTION", "amount": "1"})
            }
            "/analytics/portfolio/{portfolio_id}/stress-test/custom" => json!({"name": "Slump",
                "shocks": [{"factor": "market", "basis": "index_return", "size": -0.1}]}),
            "/analytics/risk/greeks/calculate" => json!({"positions": []}),
            "/analytics/portfolio/{portfolio_id}/equity" => json!({"equity_balance": "1"}),
            _ => json!({}),
        };
        for id in &self.body_ids {
            let value = belongings.of(id, &self.name());
            body[id] = if id.ends_with("_ids") { json!([value]) } else { json!(value) };
        }
        body
    }
}

impl Belongings {
    fn of(&self, id: &str, operation: &str) -> String {
        let value = self.0.get(id);
        value.unwrap_or_else(|| panic!("{operation}: say what {id} of Ann's is")).clone()
    }

    /// Those of her ids that stand in an answer.
    fn told_in(&self, reply: &Reply) -> Vec<&'static str> {
        let text = reply.body.to_string();
        let hers = self.0.iter().filter(|(name, _)| !NOBODYS.contains(name));
        hers.filter(|(_, value)| text.contains(value.as_str())).map(|(name, _)| *name).collect()
    }
}

async fn sign_up(deck: &Deck, name: &str, role: &str) -> Person {
    let email = format!("{name}@example.com");
    let role = json!({"role": role});
    deck.request(Method::PUT, &format!("/admin/invitations/{email}")).json(&role).reply().await.data(200);
    let wish = json!({"email": email, "password": PASSWORD, "full_name": name});
    let url = format!("{}/api/v1/auth/signup", deck.base);
    let reply = Client::new().post(url).json(&wish).reply().await;
    let signed_in = reply.data(201);
    Person {
        client: client_of(signed_in["access_token"].as_str().unwrap()),
        account: signed_in["account"]["account_id"].as_str().unwrap().to_owned(),
    }
}

/// A model and a run of Ann's, an API key and a session.
async fn belongings(deck: &Deck, ann: &Person) -> Belongings {
    let post = async |path: &str, body: Value| {
        ann.client.post(format!("{}/api/v1{path}", deck.base)).json(&body).reply().await
    };
    let model = post("/models", json!({"name": "Secret sauce"})).await;
    let model = model.data(201)["model_id"].as_str().unwrap().to_owned();
    let dates = json!({"start_date": "2025-01-02", "end_date": LAST_DAY});
    let run = post(&format!("/models/{model}/runs"), dates).await;
    let (position, run) = (run.position(), run.data(202)["run_id"].as_str().unwrap().to_owned());
    let key = post("/auth/api-keys", json!({"name": "nightly", "scopes": ["read"]})).await;
    let key = key.data(201)["key_id"].as_str().unwrap().to_owned();
    let sessions = ann.client.get(format!("{}/api/v1/auth/sessions", deck.base)).reply().await;
    let session = sessions.items()[0]["session_id"].as_str().unwrap().to_owned();
    let portfolio = json!({"name": "Savings", "account_name": "Savings", "account_type": "ira"});
    let portfolio = post("/portfolios", portfolio).await.data(201)["id"].as_str().unwrap().to_owned();
    let flat = json!({"portfolio_id": portfolio, "symbol": "FLAT", "quantity": "1", "entry_price": "9",
        "investment_class": "PRIVATE"});
    let flat = post("/positions", flat).await.data(201)["id"].as_str().unwrap().to_owned();
    let flow = json!({"change_type": "CONTRIBUTION", "amount": "5"});
    let flow = post(&format!("/portfolios/{portfolio}/equity-changes"), flow).await;
    let flow = flow.data(201)["id"].as_str().unwrap().to_owned();
    let calculation = post(&format!("/portfolios/{portfolio}/calculate"), json!({"force": true})).await;
    let calculation = calculation.data(202)["batch_run_id"].as_str().unwrap().to_owned();
    let target = json!({"symbol": "AAPL", "target_price_eoy": "230"});
    let target = post(&format!("/target-prices/{portfolio}"), target).await;
    let target = target.data(201)["id"].as_str().unwrap().to_owned();
    let tag = post("/tags", json!({"name": "core"})).await.data(201)["id"].as_str().unwrap().to_owned();
    let email = "ann@example.com".to_owned();
    Belongings(BTreeMap::from([
        ("stream", format!("run-{run}")),
        ("runs", format!("{run},{run}")),
        ("position", position.to_string()),
        ("model", model),
        ("run", run),
        ("portfolio_ids", portfolio.clone()),
        ("portfolio_id", portfolio),
        ("position_id", flat.clone()),
        ("position_ids", flat),
        ("change_id", flow),
        ("batch_run_id", calculation),
        ("target_price_id", target),
        ("tag_id", tag.clone()),
        ("tag_ids", tag),
        ("key", key),
        ("session", session),
        ("user", ann.account.clone()),
        ("account_id", ann.account.clone()),
        ("email", email),
        ("symbol", "AAPL".to_owned()),
        ("projection", "streams".to_owned()),
        ("command", "0198c5a2-0000-7000-8000-000000000000".to_owned()),
    ]))
}

/// What somebody who is not Ann must be told about what is hers.
fn expected(operation: &Operation, role: &str) -> Expected {
    let oversees = ["auditor", "operator", "admin"].contains(&role);
    let is_write = operation.method != Method::GET;
    match operation.access.as_str() {
        "admin" if role != "admin" => Expected::Status(StatusCode::FORBIDDEN),
        "operation" if !["operator", "admin"].contains(&role) => Expected::Status(StatusCode::FORBIDDEN),
        "examine-run" | "examine-stream" if !oversees => Expected::Status(StatusCode::NOT_FOUND),
        "oversight" | "examine-log" if !oversees => Expected::Status(StatusCode::FORBIDDEN),
        // Auditors change nothing.
        "signed-in" | "rows" | "own-model" | "own-run" | "own-portfolio" if is_write && role == "auditor" => {
            Expected::Status(StatusCode::FORBIDDEN)
        }
        "own-model" | "own-run" | "own-portfolio" => Expected::Status(StatusCode::NOT_FOUND),
        "own-stream" if !oversees => Expected::Status(StatusCode::NOT_FOUND),
        // Summaries of streams are for those who oversee the log.
        "rows" if operation.path.contains("/streams") && oversees => Expected::Allowed,
        "rows" if operation.body_ids.iter().any(|id| id.starts_with("po")) => {
            Expected::Status(StatusCode::NOT_FOUND)
        }
        "rows" | "self"
            if operation.ids.iter().any(|(id, in_path)| *in_path || id.starts_with("portfolio_id")) =>
        {
            Expected::Status(StatusCode::NOT_FOUND)
        }
        "rows" | "self" | "signed-in" => Expected::NothingOfHers,
        "own-stream" | "examine-run" | "examine-stream" | "examine-log" | "oversight" | "operation"
        | "admin" => Expected::Allowed,
        other => panic!("{}: {other} is not known here", operation.name()),
    }
}

#[derive(Debug, PartialEq)]
enum Expected {
    Status(StatusCode),
    NothingOfHers,
    Allowed,
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_reaches_what_is_anothers() {
    let roles = tapedeck::app::Role::all();
    let deck =
        deck_of(&roles, Arc::<NoQuotes>::default(), |config| config.identity.mode = SignUpMode::Invite).await;
    let ann = sign_up(&deck, "ann", "user").await;
    let hers = belongings(&deck, &ann).await;
    let mut others = Vec::new();
    for role in ["user", "auditor", "operator", "admin"] {
        others.push((role, sign_up(&deck, &format!("{role}-other"), role).await));
    }
    let before = possessions(&deck, &ann).await;
    let (mut asked, mut routes) = (0, 0);
    for operation in operations() {
        if operation.access == "public" {
            continue;
        }
        routes += 1;
        let reply = operation.request(&deck, &Client::new(), &hers).reply().await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{} as nobody", operation.name());
        asked += 1;
        for (role, other) in &others {
            let place = format!("{} as another {role}", operation.name());
            let wanted = expected(&operation, role);
            // What a role may do to anybody is its own matter, and a stream that may be read has no end.
            if wanted == Expected::Allowed || (operation.is_stream && wanted == Expected::NothingOfHers) {
                continue;
            }
            // Whoever signs out here is not signed in afterwards.
            if operation.method != Method::GET && operation.access == "self" && operation.ids.is_empty() {
                continue;
            }
            let reply = operation.request(&deck, &other.client, &hers).reply().await;
            asked += 1;
            match wanted {
                Expected::Status(status) => assert_eq!(reply.status, status, "{place}: {:#}", reply.body),
                Expected::NothingOfHers => {
                    assert!(reply.status != StatusCode::UNAUTHORIZED, "{place}: {:#}", reply.body);
                    let told = hers.told_in(&reply);
                    // The ranking is for everybody who is signed in.
                    let ranked = operation.path.ends_with("/leaderboard");
                    assert!(told.is_empty() || ranked, "{place} tells {told:?}: {:#}", reply.body);
                }
                Expected::Allowed => {}
            }
        }
    }
    assert_eq!(possessions(&deck, &ann).await, before, "somebody changed what is Ann's");
    println!("{routes} guarded operations, {asked} requests for what is another's: none came through");
    // Each of them exists for Ann: what others were refused, she gets.
    for operation in operations().iter().filter(|it| it.method == Method::GET && !it.is_stream) {
        if ["rows", "own-run", "own-model", "own-portfolio", "own-stream", "examine-run", "self", "signed-in"]
            .contains(&operation.access.as_str())
            && !operation.ids.iter().any(|(id, _)| id == "symbol")
        {
            let reply = operation.request(&deck, &ann.client, &hers).reply().await;
            let refused = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN, StatusCode::NOT_FOUND]
                .contains(&reply.status);
            assert!(!refused, "{} as Ann: {:#}", operation.name(), reply.body);
        }
    }
}

/// What Ann has, as she sees it.
async fn possessions(deck: &Deck, ann: &Person) -> Vec<Value> {
    let mut all = Vec::new();
    for path in ["/models", "/portfolios", "/auth/api-keys", "/auth/me", "/auth/sessions"] {
        let reply = ann.client.get(format!("{}/api/v1{path}", deck.base)).reply().await;
        all.push(reply.data(200).clone());
    }
    let runs = ann.client.get(format!("{}/api/v1/runs", deck.base)).reply().await;
    all.extend(runs.items().iter().map(|run| run["run_id"].clone()));
    all
}
