//! Sessions: refreshed, reused, ended, and ended everywhere.

use events::account::Access;
use projections::accounts;
use tapedeck::identity::{Admin, Credential, Forbidden, IdentityError, Impersonate, TokenError};

use super::kit::{
    PASSWORD, administrator, asked, holder, login, open_application, open_config, owner, sign_up,
};
use crate::support::app::application;

fn is_token(error: &IdentityError, expected: TokenError) -> bool {
    matches!(error, IdentityError::Token(found) if *found == expected)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spent_refresh_token_ends_its_session_and_no_other() {
    let running = open_application("sessions").await;
    let app = &running.app;
    let identity = &app.identity;
    let ann = sign_up(app, "ann@example.org").await;
    let other = login(app, "ann@example.org", PASSWORD).await.unwrap();
    let first = ann.tokens.refresh_token.clone().unwrap();
    let second = identity.refresh(first.expose(), &asked()).await.unwrap();
    assert_eq!(second.tokens.session_id, ann.tokens.session_id);
    assert!(holder(identity, &second).await.is_ok());
    let reused = identity.refresh(first.expose(), &asked()).await.unwrap_err();
    assert!(is_token(&reused, TokenError::Reused), "{reused:?}");
    // Whoever holds the newest token, thief or owner, holds nothing any more.
    let newest = second.tokens.refresh_token.as_ref().unwrap();
    let ended = identity.refresh(newest.expose(), &asked()).await.unwrap_err();
    assert!(is_token(&ended, TokenError::Revoked), "{ended:?}");
    let ended = holder(identity, &second).await.unwrap_err();
    assert!(is_token(&ended, TokenError::Revoked), "{ended:?}");
    assert!(holder(identity, &other).await.is_ok());
    for forged in ["", "tdr_", first.expose().trim_end_matches(char::is_alphanumeric)] {
        let forged = identity.refresh(forged, &asked()).await.unwrap_err();
        assert!(is_token(&forged, TokenError::Forged), "{forged:?}");
    }
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_refresh_at_once_one_succeeds() {
    let running = open_application("sessions").await;
    let app = &running.app;
    let ann = sign_up(app, "ann@example.org").await;
    let token = ann.tokens.refresh_token.clone().unwrap();
    let asks = (0..8).map(|_| {
        let (identity, token) = (app.identity.clone(), token.clone());
        async move { identity.refresh(token.expose(), &asked()).await }
    });
    let answers = futures_util::future::join_all(asks).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    assert!(holder(&app.identity, &ann).await.is_err());
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_on_one_node_is_seen_on_another() {
    let config = open_config("sessions").await;
    let here = application(config.clone()).await;
    let there = application(config).await;
    let ann = sign_up(&here.app, "ann@example.org").await;
    let caller = holder(&here.app.identity, &ann).await.unwrap();
    assert_eq!(holder(&there.app.identity, &ann).await.unwrap(), caller);
    here.app.identity.logout(&caller, &asked()).await.unwrap();
    for node in [&here, &there] {
        let ended = holder(&node.app.identity, &ann).await.unwrap_err();
        assert!(is_token(&ended, TokenError::Revoked), "{ended:?}");
    }
    // Twice is once.
    assert!(there.app.identity.logout(&caller, &asked()).await.is_ok());
    let refresh = ann.tokens.refresh_token.unwrap();
    let ended = there.app.identity.refresh(refresh.expose(), &asked()).await.unwrap_err();
    assert!(is_token(&ended, TokenError::Revoked), "{ended:?}");
    here.stop().await.unwrap();
    there.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_ends_sessions_of_their_own_only() {
    let running = open_application("sessions").await;
    let app = &running.app;
    let identity = &app.identity;
    let ann = sign_up(app, "ann@example.org").await;
    let bob = sign_up(app, "bob@example.org").await;
    let elsewhere = login(app, "ann@example.org", PASSWORD).await.unwrap();
    let ann_owner = owner(app, &ann).await;
    let foreign = identity.revoke_session(&ann_owner, bob.tokens.session_id, &asked()).await.unwrap_err();
    assert!(matches!(foreign, IdentityError::NotFound("session")), "{foreign:?}");
    identity.revoke_session(&ann_owner, elsewhere.tokens.session_id, &asked()).await.unwrap();
    assert!(holder(identity, &elsewhere).await.is_err());
    let third = login(app, "ann@example.org", PASSWORD).await.unwrap();
    identity.revoke_other_sessions(&ann_owner, &asked()).await.unwrap();
    assert!(holder(identity, &third).await.is_err());
    assert!(holder(identity, &ann).await.is_ok() && holder(identity, &bob).await.is_ok());
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_acts_as_a_user_for_a_reason_that_the_user_can_read() {
    let running = open_application("sessions").await;
    let app = &running.app;
    let identity = &app.identity;
    let (admin_id, admin, signed_in) = administrator(app, "root@example.org").await;
    let ann = sign_up(app, "ann@example.org").await;
    let account_id = ann.account.account_id;
    let wish = |reason: &str, access| Impersonate { account_id, reason: reason.to_owned(), access };

    let silent = identity.impersonate(&admin, wish(" ", Access::ReadOnly), &asked()).await.unwrap_err();
    assert!(matches!(silent, IdentityError::Invalid(_)), "{silent:?}");
    let myself = Impersonate { account_id: admin_id, ..wish("curious", Access::ReadOnly) };
    assert!(identity.impersonate(&admin, myself, &asked()).await.is_err());
    let machine = Admin::at_the_machine();
    assert!(identity.impersonate(&machine, wish("why", Access::ReadOnly), &asked()).await.is_err());

    let acting = identity.impersonate(&admin, wish("a ticket", Access::ReadOnly), &asked()).await.unwrap();
    let token = acting.tokens.access_token;
    let caller = identity.authenticate(Credential::Bearer(token.expose())).await.unwrap();
    assert_eq!((caller.account_id, caller.principal.clone()), (account_id, ann.account.principal.clone()));
    let by = caller.impersonated_by.as_ref().unwrap();
    assert_eq!((by.account_id, by.access), (admin_id, Access::ReadOnly));
    assert!(caller.may(events::account::Scope::Read) && !caller.may(events::account::Scope::Trade));
    assert!(caller.admin(asked().from).is_err());
    let owned = caller.owner().unwrap_err();
    assert!(matches!(owned, IdentityError::Forbidden(Forbidden::NotOwner)), "{owned:?}");

    let client = app.reads.get().await.unwrap();
    let seen = accounts::sessions(&client, account_id, None, None, 9).await.unwrap().items;
    assert_eq!(seen[0].reason.as_deref(), Some("a ticket"));
    drop(client);

    identity.stop_impersonation(&caller, &asked()).await.unwrap();
    let over = identity.authenticate(Credential::Bearer(token.expose())).await.unwrap_err();
    assert!(is_token(&over, TokenError::Revoked), "{over:?}");
    let own = holder(identity, &ann).await.unwrap();
    let nothing = identity.stop_impersonation(&own, &asked()).await.unwrap_err();
    assert!(matches!(nothing, IdentityError::Forbidden(Forbidden::NotImpersonating)));

    // It ends with the administrator's own session.
    let acting = identity.impersonate(&admin, wish("again", Access::ReadWrite), &asked()).await.unwrap();
    let token = acting.tokens.access_token;
    assert!(identity.authenticate(Credential::Bearer(token.expose())).await.is_ok());
    let own = holder(identity, &signed_in).await.unwrap();
    identity.logout(&own, &asked()).await.unwrap();
    let over = identity.authenticate(Credential::Bearer(token.expose())).await.unwrap_err();
    assert!(is_token(&over, TokenError::Revoked), "{over:?}");
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_is_good_for_one_use_on_any_node() {
    let config = open_config("sessions").await;
    let here = application(config.clone()).await;
    let there = application(config).await;
    let ann = sign_up(&here.app, "ann@example.org").await;
    let caller = holder(&here.app.identity, &ann).await.unwrap();
    let ticket = here.app.identity.issue_ticket(&caller).await.unwrap().ticket;
    let uses = [&here, &there, &here, &there].map(|node| {
        let (identity, ticket) = (node.app.identity.clone(), ticket.clone());
        async move { identity.use_ticket(ticket.expose()).await }
    });
    let uses = futures_util::future::join_all(uses).await;
    let good: Vec<_> = uses.iter().filter_map(|used| used.as_ref().ok()).collect();
    assert_eq!(good, [&caller]);
    let ticket = here.app.identity.issue_ticket(&caller).await.unwrap().ticket;
    here.app.identity.logout(&caller, &asked()).await.unwrap();
    let ended = there.app.identity.use_ticket(ticket.expose()).await.unwrap_err();
    assert!(is_token(&ended, TokenError::Revoked), "{ended:?}");
    here.stop().await.unwrap();
    there.stop().await.unwrap();
}
