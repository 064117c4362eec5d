//! Roles: effective at once, and never without an administrator.

use events::account::Role;
use tapedeck::identity::{Forbidden, IdentityError};

use super::kit::{administrator, asked, holder, open_application, open_config, sign_up};
use crate::support::app::application;

#[tokio::test(flavor = "multi_thread")]
async fn the_last_administrator_stays_one() {
    let config = open_config("roles").await;
    let running = application(config.clone()).await;
    let elsewhere = application(config).await;
    let app = &running.app;
    let identity = &app.identity;
    let (one, admin_one, _) = administrator(app, "one@example.org").await;
    let last = identity.change_role(&admin_one, one, Role::User, "", &asked()).await.unwrap_err();
    assert!(matches!(last, IdentityError::LastAdmin), "{last:?}");
    let last = identity.deactivate(&admin_one, one, "", &asked()).await.unwrap_err();
    assert!(matches!(last, IdentityError::LastAdmin), "{last:?}");

    // Two who take each other's role at the same time, on two nodes: one of them keeps it.
    let (two, admin_two, _) = administrator(app, "two@example.org").await;
    let (asked_one, asked_two) = (asked(), asked());
    let (first, second) = tokio::join!(
        identity.change_role(&admin_one, two, Role::User, "", &asked_one),
        elsewhere.app.identity.deactivate(&admin_two, one, "", &asked_two),
    );
    let (won, lost) = if first.is_ok() { (first, second) } else { (second, first) };
    assert!(won.is_ok(), "{won:?}");
    assert!(matches!(lost, Err(IdentityError::LastAdmin)), "{lost:?}");
    elsewhere.stop().await.unwrap();
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_was_taken_administers_no_more_with_the_same_token() {
    let running = open_application("roles").await;
    let app = &running.app;
    let identity = &app.identity;
    let (_, root, _) = administrator(app, "root@example.org").await;
    let (deputy, _, signed_in) = administrator(app, "deputy@example.org").await;
    assert!(holder(identity, &signed_in).await.unwrap().admin(asked().from).is_ok());
    identity.change_role(&root, deputy, Role::Operator, "moved on", &asked()).await.unwrap();
    let refused = holder(identity, &signed_in).await.unwrap().admin(asked().from).unwrap_err();
    assert!(matches!(refused, IdentityError::Forbidden(Forbidden::NotAdmin)), "{refused:?}");
    let ann = sign_up(app, "ann@example.org").await;
    let unknown = events::AccountId::derived(&[b"nobody"]);
    let none = identity.change_role(&root, unknown, Role::Admin, "", &asked()).await.unwrap_err();
    assert!(matches!(none, IdentityError::NotFound("account")), "{none:?}");
    identity.change_role(&root, ann.account.account_id, Role::Admin, "", &asked()).await.unwrap();
    assert!(holder(identity, &ann).await.unwrap().admin(asked().from).is_ok());
    running.stop().await.unwrap();
}
