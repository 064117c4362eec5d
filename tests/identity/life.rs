//! The whole life of an account, and its read models.

use std::time::Duration;

use events::account::{Access, Role, Scope};
use events::log::Filter;
use events::{Position, Principal};
use projections::{accounts, admin_acts, invitations};
use tapedeck::app::{App, RunningApp};
use tapedeck::config::SignUpMode;
use tapedeck::identity::{
    Admin, ChangePassword, Claim, CreateApiKey, Credential, IdentityError, Impersonate, TokenError,
    api_keys_of,
};

use super::kit::{
    PASSWORD, asked, holder, login, open_application, open_config, owner, secret, sign_up, wish,
};
use crate::support::app::application;

#[tokio::test(flavor = "multi_thread")]
async fn an_account_lives_from_its_invitation_to_its_end() {
    let mut config = open_config("life").await;
    config.identity.mode = SignUpMode::Invite;
    let running = application(config).await;
    let app = &running.app;
    let identity = &app.identity;

    let token = identity.claim_token().await.unwrap().expect("nobody administers it");
    let claim = Claim { token, sign_up: wish("root@example.org") };
    let root = identity.claim(claim, &asked()).await.unwrap();
    assert_eq!((root.account.role, &root.account.principal), (Role::Admin, &Principal::local_owner()));
    let caller = holder(identity, &root).await.unwrap();
    let admin = caller.admin(asked().from).unwrap();

    let refused = identity.sign_up(wish("ann@example.org"), &asked()).await.unwrap_err();
    assert!(matches!(refused, IdentityError::NotInvited), "{refused:?}");
    identity.invite(&admin, "Ann@Example.org", Role::Operator, "new colleague", &asked()).await.unwrap();
    let ann = identity.sign_up(wish("ANN@example.org"), &asked()).await.unwrap();
    assert_eq!(ann.account.role, Role::Operator);
    let caller = holder(identity, &ann).await.unwrap();
    assert_eq!(caller.principal, Principal(ann.account.account_id.to_string()));
    assert!(caller.admin(asked().from).is_err());

    // The role counts from the next request on, with the same token.
    let ann_id = ann.account.account_id;
    identity.change_role(&admin, ann_id, Role::Auditor, "", &asked()).await.unwrap();
    let caller = holder(identity, &ann).await.unwrap();
    assert_eq!((caller.role, caller.scopes.clone()), (Role::Auditor, [Scope::Read].into()));

    let change = ChangePassword { current: secret(PASSWORD), new: secret("Another horse 2") };
    let elsewhere = login(app, "ann@example.org", PASSWORD).await.unwrap();
    identity.change_password(&owner(app, &ann).await, change, &asked()).await.unwrap();
    assert!(holder(identity, &ann).await.is_ok());
    let gone = holder(identity, &elsewhere).await.unwrap_err();
    assert!(matches!(gone, IdentityError::Token(TokenError::Revoked)), "{gone:?}");
    let wrong = login(app, "ann@example.org", PASSWORD).await.unwrap_err();
    assert!(matches!(wrong, IdentityError::InvalidCredentials));
    let again = login(app, "ann@example.org", "Another horse 2").await.unwrap();
    assert!(again.account.signed_in_at.is_some());

    identity.deactivate(&admin, ann_id, "left the company", &asked()).await.unwrap();
    for session in [&ann, &again] {
        let gone = holder(identity, session).await.unwrap_err();
        assert!(matches!(gone, IdentityError::Token(TokenError::Revoked)), "{gone:?}");
    }
    let inactive = login(app, "ann@example.org", "Another horse 2").await.unwrap_err();
    assert!(matches!(inactive, IdentityError::InvalidCredentials));
    identity.reactivate(&admin, ann_id, "came back", &asked()).await.unwrap();
    assert!(login(app, "ann@example.org", "Another horse 2").await.is_ok());
    running.stop().await.unwrap();
}

/// Every kind of event that an account and the list can have.
async fn eventful(running: &RunningApp) {
    let app = &running.app;
    let identity = &app.identity;
    let (_, admin, _) = super::kit::administrator(app, "root@example.org").await;
    identity.invite(&admin, "bob@example.org", Role::User, "", &asked()).await.unwrap();
    identity.invite(&admin, "bob@example.org", Role::Admin, "promoted", &asked()).await.unwrap();
    identity.invite(&admin, "eve@example.org", Role::User, "", &asked()).await.unwrap();
    identity.uninvite(&admin, "EVE@example.org", "a mistake", &asked()).await.unwrap();
    let ann = sign_up(app, "ann@example.org").await;
    let (ann_id, ann_owner) = (ann.account.account_id, owner(app, &ann).await);
    let scopes = [Scope::Read].into();
    let key = CreateApiKey { name: "laptop".to_owned(), scopes, expires_at: None };
    let key = identity.create_api_key(&ann_owner, key, &asked()).await.unwrap();
    identity.authenticate(Credential::ApiKey(key.key.expose())).await.unwrap();
    identity.revoke_api_key_of(&admin, ann_id, key.key_id, "leaked", &asked()).await.unwrap();
    let refresh = ann.tokens.refresh_token.clone().unwrap();
    let next = identity.refresh(refresh.expose(), &asked()).await.unwrap();
    let wish = Impersonate { account_id: ann_id, reason: "support".to_owned(), access: Access::ReadOnly };
    let acting = identity.impersonate(&admin, wish, &asked()).await.unwrap();
    let token = acting.tokens.access_token.expose();
    let caller = identity.authenticate(Credential::Bearer(token)).await.unwrap();
    identity.stop_impersonation(&caller, &asked()).await.unwrap();
    identity.refresh(refresh.expose(), &asked()).await.unwrap_err();
    assert!(holder(identity, &next).await.is_err());
    let ann = login(app, "ann@example.org", PASSWORD).await.unwrap();
    let change = ChangePassword { current: secret(PASSWORD), new: secret("Another horse 2") };
    identity.change_password(&owner(app, &ann).await, change, &asked()).await.unwrap();
    identity.change_role(&admin, ann_id, Role::Operator, "", &asked()).await.unwrap();
    identity.revoke_sessions_of(&admin, ann_id, None, "suspicious", &asked()).await.unwrap();
    identity.deactivate(&admin, ann_id, "", &asked()).await.unwrap();
    identity.reactivate(&admin, ann_id, "", &asked()).await.unwrap();
}

async fn rows(app: &App, table: &str) -> Vec<String> {
    let client = app.log.connector().connect().await.unwrap();
    let statement = format!("select to_jsonb(t)::text from {table} t order by 1");
    client.query(&statement, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn rebuilt_read_models_have_equal_rows() {
    let running = open_application("life").await;
    eventful(&running).await;
    let app = &running.app;
    let tables = ["accounts", "sessions", "api_keys", "invitations", "admin_acts", "credentials"];
    crate::support::app::caught_up(app).await;
    let mut before = Vec::new();
    for table in tables {
        before.push(rows(app, table).await);
    }
    assert!(before.iter().all(|rows| !rows.is_empty()), "{before:?}");
    for name in ["accounts", "invitations", "admin_acts"] {
        app.projections.rebuild(name, &app.log, &mut |_| ()).await.unwrap();
    }
    for (table, before) in tables.into_iter().zip(before) {
        assert_eq!(rows(app, table).await, before, "{table}");
    }
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_paged_and_every_act_of_an_administrator_is_on_one() {
    let running = open_application("life").await;
    eventful(&running).await;
    let app = &running.app;
    crate::support::app::caught_up(app).await;
    let client = app.reads.get().await.unwrap();

    let page = accounts::list(&client, &accounts::AccountFilter::default(), None, 1).await.unwrap();
    assert_eq!(page.items[0].email, "ann@example.org");
    let cursor = page.next_cursor.unwrap();
    let rest = accounts::list(&client, &accounts::AccountFilter::default(), Some(cursor), 1).await.unwrap();
    assert_eq!((rest.items[0].email.as_str(), rest.next_cursor), ("root@example.org", None));
    let admins = accounts::AccountFilter { role: Some(Role::Admin), ..Default::default() };
    assert_eq!(accounts::list(&client, &admins, None, 9).await.unwrap().items.len(), 1);
    let named = accounts::AccountFilter { text: Some("ANN@".to_owned()), ..Default::default() };
    let ann = accounts::list(&client, &named, None, 9).await.unwrap().items.remove(0);

    let (mut sessions, mut after) = (Vec::new(), None);
    loop {
        let page = accounts::sessions(&client, ann.account_id, None, after, 1).await.unwrap();
        sessions.extend(page.items);
        match page.next_cursor {
            Some(cursor) => after = Some(cursor),
            None => break,
        }
    }
    let ends: Vec<_> = sessions.iter().map(|session| session.end_reason.as_deref().unwrap()).collect();
    assert_eq!(ends, ["revoked_by_admin", "impersonation_ended", "refresh_reused"]);
    assert_eq!(sessions[1].impersonator, Some(Principal::local_owner()));
    assert_eq!(sessions[1].reason.as_deref(), Some("support"));
    let live = Some(events::time::now());
    assert!(accounts::sessions(&client, ann.account_id, live, None, 9).await.unwrap().items.is_empty());
    let keys = api_keys_of(&app.reads.get().await.unwrap(), ann.account_id, None, 9).await.unwrap().items;
    assert!(keys[0].last_used_at.is_some() && keys[0].key.revoked_at.is_some());

    let invited = invitations::list(&client, None, 9).await.unwrap().items;
    assert_eq!((invited.len(), invited[0].role), (1, Role::Admin));

    let (mut acts, mut after) = (Vec::new(), None);
    loop {
        let page = admin_acts::list(&client, None, None, after, 2).await.unwrap();
        acts.extend(page.items);
        match page.next_cursor {
            Some(cursor) => after = Some(cursor),
            None => break,
        }
    }
    let names: Vec<_> = acts.iter().rev().map(|act| act.act.as_str()).collect();
    let expected = [
        "account_created",
        "invitation_added",
        "invitation_changed",
        "invitation_added",
        "invitation_removed",
        "api_key_revoked",
        "impersonation_started",
        "impersonation_ended",
        "role_changed",
        "session_ended",
        "account_deactivated",
        "account_reactivated",
    ];
    assert_eq!(names, expected);
    assert!(acts.iter().all(|act| act.by == Principal::local_owner()));
    let on_ann = admin_acts::list(&client, Some(ann.account_id), None, None, 99).await.unwrap().items;
    assert_eq!(on_ann.len(), 7);
    assert_eq!(on_ann[2].reason, "suspicious");
    assert_eq!(on_ann[2].ip.as_deref(), Some("192.0.2.1"));
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_in_the_log() {
    let running = open_application("life").await;
    eventful(&running).await;
    let app = &running.app;
    let ann = sign_up(app, "late@example.org").await;
    let client = app.log.connector().connect().await.unwrap();
    let hashes = client.query("select phc from credentials", &[]).await.unwrap();
    let mut secrets: Vec<String> = hashes.iter().map(|row| row.get(0)).collect();
    // One hash an account: superseded ones are gone.
    assert_eq!(secrets.len(), 3);
    secrets.extend(["$argon2", PASSWORD, "Another horse 2", "tdr_"].map(str::to_owned));
    secrets.push(ann.tokens.access_token.expose().to_owned());
    let events = app.log.read(Position::START, 100_000, &Filter::all()).await.unwrap().events;
    assert!(events.len() > 20);
    for event in events {
        let payload = event.payload_json().unwrap();
        let text = String::from_utf8_lossy(&payload);
        let meta = event.meta.as_ref().map(|meta| String::from_utf8_lossy(meta).into_owned());
        for secret in &secrets {
            assert!(!text.contains(secret), "{text}");
            assert!(!meta.as_ref().is_some_and(|meta| meta.contains(secret)));
        }
    }
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_installation_is_claimed_once() {
    let running = open_application("life").await;
    let identity = &running.app.identity;
    let first = identity.claim_token().await.unwrap().unwrap();
    let second = identity.claim_token().await.unwrap().unwrap();
    let claim = |token: &tapedeck::config::SecretText, email: &str| {
        let claim = Claim { token: token.clone(), sign_up: wish(email) };
        let identity = identity.clone();
        async move { identity.claim(claim, &asked()).await }
    };
    let forged = claim(&secret("tdc_AAAA"), "eve@example.org").await.unwrap_err();
    assert!(matches!(forged, IdentityError::ClaimInvalid), "{forged:?}");
    let (one, other) = tokio::join!(claim(&first, "one@example.org"), claim(&second, "other@example.org"));
    let (won, lost) = if one.is_ok() { (one, other) } else { (other, one) };
    assert_eq!(won.unwrap().account.principal, Principal::local_owner());
    let lost = lost.unwrap_err();
    assert!(matches!(lost, IdentityError::ClaimInvalid | IdentityError::AlreadyClaimed), "{lost:?}");
    let late = claim(&first, "late@example.org").await.unwrap_err();
    assert!(matches!(late, IdentityError::ClaimInvalid), "{late:?}");
    assert!(identity.claim_token().await.unwrap().is_none());
    // Another administrator does not own what the first one does.
    let (account, _) = identity.create_admin(wish("third@example.org"), &asked()).await.unwrap();
    let client = running.app.reads.get().await.unwrap();
    let third = accounts::find(&client, account).await.unwrap().unwrap();
    assert_eq!(third.principal, Principal(account.to_string()));
    drop(client);
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_for_programs_ends_with_its_time_its_owner_and_its_revocation() {
    let running = open_application("life").await;
    let app = &running.app;
    let identity = &app.identity;
    let ann = sign_up(app, "ann@example.org").await;
    let ann_owner = owner(app, &ann).await;
    let soon = events::time::now() + Duration::from_millis(1_500);
    let make = |expires_at| {
        let scopes = [Scope::Read, Scope::Trade].into();
        let wish = CreateApiKey { name: "script".to_owned(), scopes, expires_at };
        async { identity.create_api_key(&ann_owner, wish, &asked()).await.unwrap() }
    };
    let (lasting, short) = (make(None).await, make(Some(soon)).await);
    let use_key = |key: tapedeck::config::SecretText| async move {
        identity.authenticate(Credential::ApiKey(key.expose())).await
    };
    let caller = use_key(lasting.key.clone()).await.unwrap();
    assert_eq!(caller.scopes, [Scope::Read, Scope::Trade].into());
    assert!(caller.owner().is_err() && caller.admin(asked().from).is_err());
    assert!(use_key(short.key.clone()).await.is_ok());
    let deadline = std::time::Instant::now() + Duration::from_secs(30);
    loop {
        match use_key(short.key.clone()).await {
            Err(IdentityError::Token(TokenError::Expired)) => break,
            outcome => assert!(outcome.is_ok() && std::time::Instant::now() < deadline, "{outcome:?}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let admin = Admin::at_the_machine();
    let account = ann.account.account_id;
    // A role that allows less makes its keys allow less.
    identity.change_role(&admin, account, Role::Auditor, "", &asked()).await.unwrap();
    assert_eq!(use_key(lasting.key.clone()).await.unwrap().scopes, [Scope::Read].into());
    identity.deactivate(&admin, account, "", &asked()).await.unwrap();
    let gone = use_key(lasting.key.clone()).await.unwrap_err();
    assert!(matches!(gone, IdentityError::Token(TokenError::Revoked)), "{gone:?}");
    identity.reactivate(&admin, account, "", &asked()).await.unwrap();
    identity.revoke_api_key(&ann_owner, lasting.key_id, &asked()).await.unwrap();
    let gone = use_key(lasting.key).await.unwrap_err();
    assert!(matches!(gone, IdentityError::Token(TokenError::Revoked)), "{gone:?}");
    let forged = use_key(secret("tdk_AAAAAAAA")).await.unwrap_err();
    assert!(matches!(forged, IdentityError::Token(TokenError::Forged)), "{forged:?}");
    let bob = sign_up(app, "bob@example.org").await;
    let others = identity.revoke_api_key(&owner(app, &bob).await, lasting.key_id, &asked()).await;
    assert!(matches!(others.unwrap_err(), IdentityError::NotFound("API key")));
    running.stop().await.unwrap();
}
