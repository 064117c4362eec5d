//! Entering, leaving, and what each credential is for, over HTTP.

use std::sync::Arc;

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use tapedeck::app::Role;
use tapedeck::config::SignUpMode;
use tapedeck::http::NoQuotes;

use super::kit::{Deck, OWNER, PASSWORD, Reply, Send, client_of, deck_of};

async fn open_deck() -> Deck {
    deck_of(&Role::all(), Arc::<NoQuotes>::default(), |config| config.identity.mode = SignUpMode::Open).await
}

/// Asks without the deck's own credential.
async fn ask(
    deck: &Deck,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<Value>,
) -> Reply {
    let mut request = Client::new().request(method, format!("{}/api/v1{path}", deck.base));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if let Some(body) = body {
        request = request.json(&body);
    }
    request.reply().await
}

async fn sign_up(deck: &Deck, email: &str) -> Reply {
    let wish = json!({"email": email, "password": PASSWORD, "full_name": "Somebody"});
    ask(deck, Method::POST, "/auth/signup", &[], Some(wish)).await
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap().to_owned()
}

/// The cookies of an answer, as a browser sends them back.
fn cookies(reply: &Reply) -> String {
    let set = reply.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap());
    set.map(|cookie| cookie.split(';').next().unwrap()).collect::<Vec<_>>().join("; ")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_made_entered_refreshed_and_left() {
    let deck = open_deck().await;
    let made = sign_up(&deck, "Ann@Example.com").await;
    let first = made.data(201);
    assert_eq!((&first["token_type"], &first["account"]["role"]), (&json!("bearer"), &json!("user")));
    sign_up(&deck, "ann@example.COM").await.problem(409, "email_taken");

    let wrong = json!({"email": "ann@example.com", "password": "Wrong-Horse-7"});
    let unknown = json!({"email": "nobody@example.com", "password": PASSWORD});
    let login = async |body| ask(&deck, Method::POST, "/auth/login", &[], Some(body)).await;
    let refused = login(wrong).await;
    refused.problem(401, "invalid_credentials");
    assert_eq!(
        refused.body["detail"],
        login(unknown).await.body["detail"],
        "nobody learns which part is wrong"
    );
    let entered = login(json!({"email": "ann@example.com", "password": PASSWORD})).await;
    let session = entered.data(200);
    let ann = client_of(&text(session, "access_token"));
    let me = ann.get(format!("{}/api/v1/auth/me", deck.base)).reply().await;
    assert_eq!(
        (&me.data(200)["email"], &me.data(200)["scopes"]),
        (&json!("Ann@Example.com"), &json!(["read", "trade"]))
    );

    let refresh = async |token: &str| {
        ask(&deck, Method::POST, "/auth/refresh", &[], Some(json!({"refresh_token": token}))).await
    };
    let spent = text(session, "refresh_token");
    let next = refresh(&spent).await;
    let next = next.data(200);
    assert_eq!(next["session_id"], session["session_id"]);
    refresh(&spent).await.problem(401, "token_reused");
    refresh(&text(next, "refresh_token")).await.problem(401, "token_revoked");
    ann.get(format!("{}/api/v1/auth/me", deck.base)).reply().await.problem(401, "token_revoked");

    let other = client_of(&text(first, "access_token"));
    let logout = other.post(format!("{}/api/v1/auth/logout", deck.base)).reply().await;
    assert_eq!(logout.data(200)["signed_out"], true);
    other.get(format!("{}/api/v1/auth/me", deck.base)).reply().await.problem(401, "token_revoked");
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_that_are_none_are_refused() {
    let deck = open_deck().await;
    let other = open_deck().await;
    let bearer = |token: &str| format!("Bearer {token}");
    let [header, claims, signature] = deck.token.split('.').collect::<Vec<_>>()[..] else { panic!() };
    // {"typ":"JWT","alg":"none"}
    let none = format!("eyJ0eXAiOiJKV1QiLCJhbGciOiJub25lIn0.{claims}.");
    let swapped = format!("{header}.{claims}.{}", signature.chars().rev().collect::<String>());
    for token in [none.as_str(), &swapped, &other.token, "x", "a.b.c", ""] {
        let reply = ask(&deck, Method::GET, "/auth/me", &[("authorization", &bearer(token))], None).await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{token}: {:#}", reply.body);
    }
    for (name, value) in
        [("authorization", "Basic eDp5"), ("x-api-key", "tdk_nonsense"), ("cookie", "auth_token=x")]
    {
        let reply = ask(&deck, Method::GET, "/auth/me", &[(name, value)], None).await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{name}: {:#}", reply.body);
    }
    let nobody = ask(&deck, Method::GET, "/models", &[], None).await;
    nobody.problem(401, "not_signed_in");
    assert_eq!(nobody.header("www-authenticate"), "Bearer");
    let injection = ask(&deck, Method::GET, "/models?cursor=%27%3B%20drop%20table%20runs", &[], None).await;
    assert_eq!(injection.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_wrong_with_a_sign_up_is_told_at_once() {
    let deck = open_deck().await;
    let wish = json!({"email": "no address", "password": "short", "full_name": " ", "role": "admin"});
    let reply = ask(&deck, Method::POST, "/auth/signup", &[], Some(wish)).await;
    assert_eq!(reply.problem(422, "validation_failed"), ["role: unknown"]);
    let wish = json!({"email": "no address", "password": "short", "full_name": " "});
    let reply = ask(&deck, Method::POST, "/auth/signup", &[], Some(wish)).await;
    let fields = reply.problem(422, "validation_failed");
    for field in ["email: invalid", "password: too_short", "full_name: required"] {
        assert!(fields.iter().any(|it| it == field), "{fields:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_by_cookie_need_what_only_the_own_origin_can_read() {
    let deck = open_deck().await;
    let made = sign_up(&deck, "ann@example.com").await;
    made.data(201);
    let jar = cookies(&made);
    for name in ["auth_token=", "refresh_token=", "csrf_token="] {
        assert!(jar.contains(name), "{jar}");
    }
    let all: Vec<_> = made.headers.get_all("set-cookie").iter().map(|it| it.to_str().unwrap()).collect();
    assert!(all.iter().filter(|it| it.contains("HttpOnly")).count() == 2, "{all:?}");
    ask(&deck, Method::GET, "/auth/me", &[("cookie", &jar)], None).await.data(200);
    let create = async |headers: &[(&str, &str)]| {
        ask(&deck, Method::POST, "/models", headers, Some(json!({"name": "M"}))).await
    };
    create(&[("cookie", &jar)]).await.problem(403, "csrf_token_missing");
    create(&[("cookie", &jar), ("x-csrf-token", "guess")]).await.problem(403, "csrf_token_missing");
    let csrf = jar.split("csrf_token=").nth(1).unwrap().split(';').next().unwrap();
    create(&[("cookie", &jar), ("x-csrf-token", csrf)]).await.data(201);
    // A header says more than a cookie that came by itself.
    let owner = format!("Bearer {}", deck.token);
    let me = ask(&deck, Method::GET, "/auth/me", &[("cookie", &jar), ("authorization", &owner)], None).await;
    assert_eq!(me.data(200)["email"], OWNER);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_opens_one_stream_once() {
    let deck = open_deck().await;
    let ticket = deck.post("/auth/stream-ticket", &json!({})).await;
    let ticket = text(ticket.data(201), "ticket");
    let address = format!("/events/tail?after=0&ticket={ticket}");
    ask(&deck, Method::GET, &format!("/models?ticket={ticket}"), &[], None)
        .await
        .problem(401, "not_signed_in");
    let url = format!("{}/api/v1{address}", deck.base);
    let open = Client::new().get(&url).send().await.unwrap();
    assert_eq!(open.status(), StatusCode::OK);
    assert_eq!(Client::new().get(&url).send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_may_what_it_was_made_for_until_it_is_revoked() {
    let deck = open_deck().await;
    let made = deck.post("/auth/api-keys", &json!({"name": "reader", "scopes": ["read"]})).await;
    let (key, key_id) = (text(made.data(201), "key"), text(made.data(201), "key_id"));
    let header = [("x-api-key", key.as_str())];
    ask(&deck, Method::GET, "/models", &header, None).await.data(200);
    let write = ask(&deck, Method::POST, "/models", &header, Some(json!({"name": "M"}))).await;
    write.problem(403, "scope_needed");
    let more = ask(&deck, Method::POST, "/auth/api-keys", &header, Some(json!({"name": "more"}))).await;
    more.problem(403, "owner_needed");
    let listed = deck.get("/auth/api-keys").await;
    assert_eq!(listed.items()[0]["name"], "reader");
    assert!(listed.items()[0]["last_used_at"].is_string());
    assert!(!listed.body.to_string().contains(&key), "a key is shown once");
    deck.delete(&format!("/auth/api-keys/{key_id}")).await.data(200);
    ask(&deck, Method::GET, "/models", &header, None).await.problem(401, "token_revoked");
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_act_on_the_record() {
    let deck = open_deck().await;
    let made = sign_up(&deck, "ann@example.com").await;
    let (ann, account) =
        (client_of(&text(made.data(201), "access_token")), &made.data(201)["account"]["account_id"]);
    let account = account.as_str().unwrap();
    let of_ann = async |path: &str| ann.get(format!("{}/api/v1{path}", deck.base)).reply().await;
    of_ann("/admin/users").await.problem(403, "role_needed");
    let users = deck.get("/admin/users?query=ann").await;
    assert_eq!(users.items()[0]["account_id"], account);

    // A role counts from the next request on.
    of_ann("/log").await.problem(403, "role_needed");
    let path = format!("/admin/users/{account}/role");
    let body = json!({"role": "auditor", "reason": "audit of the year"});
    deck.request(Method::PUT, &path).json(&body).reply().await.data(200);
    of_ann("/log").await.data(200);

    let wish = json!({"account_id": account, "reason": "support case 4711"});
    let begun = deck.post("/admin/impersonations", &wish).await;
    let as_ann = client_of(&text(begun.data(201), "access_token"));
    let me = as_ann.get(format!("{}/api/v1/auth/me", deck.base)).reply().await;
    assert_eq!(
        (&me.data(200)["email"], &me.data(200)["impersonated_by"]),
        (&json!("ann@example.com"), &json!("local"))
    );
    let write = as_ann.post(format!("{}/api/v1/models", deck.base)).json(&json!({"name": "M"})).reply().await;
    write.problem(403, "scope_needed");
    let sessions = of_ann("/auth/sessions").await;
    assert!(sessions.items().iter().any(|it| it["reason"] == "support case 4711"), "{:#}", sessions.body);
    as_ann.post(format!("{}/api/v1/auth/stop-impersonation", deck.base)).reply().await.data(200);
    as_ann.get(format!("{}/api/v1/auth/me", deck.base)).reply().await.problem(401, "token_revoked");

    deck.post(&format!("/admin/users/{account}/deactivate"), &json!({"reason": "left"})).await.data(200);
    of_ann("/auth/me").await.problem(401, "token_revoked");
    let me = deck.get("/auth/me").await;
    let own = text(me.data(200), "account_id");
    deck.post(&format!("/admin/users/{own}/deactivate"), &json!({})).await.problem(409, "last_admin");
    let stats = deck.get("/admin/stats").await;
    assert_eq!((&stats.data(200)["accounts"], &stats.data(200)["active_accounts"]), (&json!(2), &json!(1)));

    let head = deck.get("/log").await.data(200)["head"].as_i64().unwrap();
    let acts = deck.get_after(head, "/admin/acts").await;
    let told: Vec<_> = acts.items().iter().map(|act| act["act"].as_str().unwrap()).collect();
    assert_eq!(
        told,
        [
            "account_deactivated",
            "impersonation_ended",
            "impersonation_started",
            "role_changed",
            "installation_claimed"
        ]
    );
    assert!(acts.items().iter().all(|act| act["by"] == "local"));
    assert_eq!(acts.items()[3]["reason"], "audit of the year");
}

/// What is remembered of a session is never believed: the next read is answered for what the session is by then.
#[tokio::test(flavor = "multi_thread")]
async fn reads_are_answered_for_whoever_the_caller_is_by_then() {
    let deck = open_deck().await;
    let made = sign_up(&deck, "ann@example.com").await;
    let (token, account) =
        (text(made.data(201), "access_token"), text(&made.data(201)["account"], "account_id"));
    let ann = client_of(&token);
    let read = async |path: &str| ann.get(format!("{}/api/v1{path}", deck.base)).reply().await;
    let streams = async || read("/streams").await.items().len();
    assert_eq!(
        (streams().await, streams().await),
        (1, 1),
        "her account, twice: the second time she is known"
    );
    let role = json!({"role": "auditor"});
    deck.request(Method::PUT, &format!("/admin/users/{account}/role")).json(&role).reply().await.data(200);
    assert!(streams().await > 1, "an auditor oversees the log from the next request on");

    assert_eq!(read("/runs").await.items().len(), 0);
    ann.post(format!("{}/api/v1/auth/logout", deck.base)).reply().await.data(200);
    read("/runs").await.problem(401, "token_revoked");
    read("/runs?limit=0").await.problem(401, "token_revoked");
}
