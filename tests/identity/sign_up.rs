//! Who may sign up, and with which address.

use tapedeck::config::{SecretText, SignUpMode};
use tapedeck::identity::{Asked, IdentityError, SignUp};

use super::kit::{asked, login, open_application, open_config, sign_up, wish};
use crate::support::app::application;

#[tokio::test(flavor = "multi_thread")]
async fn one_address_is_one_account_however_it_is_spelt() {
    let running = open_application("signup").await;
    let app = &running.app;
    sign_up(app, "büro@example.org").await;
    for spelling in ["BÜRO@example.org", "bu\u{308}ro@EXAMPLE.org", " büro@example.org "] {
        let taken = app.identity.sign_up(wish(spelling), &asked()).await.unwrap_err();
        assert!(matches!(taken, IdentityError::EmailTaken), "{spelling}: {taken:?}");
        assert!(login(app, spelling, super::kit::PASSWORD).await.is_ok(), "{spelling}");
    }
    let spellings = ["zoë@example.org", "ZOË@example.org", "zoe\u{308}@Example.org", "Zoë@example.ORG"];
    let signing_up = spellings.map(|spelling| {
        let identity = app.identity.clone();
        async move { identity.sign_up(wish(spelling), &asked()).await }
    });
    let answers = futures_util::future::join_all(signing_up).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    for answer in answers {
        assert!(matches!(answer, Ok(_) | Err(IdentityError::EmailTaken)), "{answer:?}");
    }
    // Hashes of those who were too late are not kept.
    let client = app.log.connector().connect().await.unwrap();
    let kept: i64 = client.query_one("select count(*) from credentials", &[]).await.unwrap().get(0);
    assert_eq!(kept, 2);
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_looks_like_another_is_refused() {
    let running = open_application("signup").await;
    let app = &running.app;
    sign_up(app, "ace@example.org").await;
    // Cyrillic throughout.
    let fake = app.identity.sign_up(wish("\u{430}\u{441}\u{435}@example.org"), &asked()).await.unwrap_err();
    let IdentityError::Invalid(errors) = &fake else { panic!("{fake:?}") };
    assert_eq!((errors[0].field.as_str(), errors[0].code.as_str()), ("email", "look_alike"));
    let mixed = app.identity.sign_up(wish("\u{430}nn@example.org"), &asked()).await.unwrap_err();
    let IdentityError::Invalid(errors) = &mixed else { panic!("{mixed:?}") };
    assert_eq!((errors[0].field.as_str(), errors[0].code.as_str()), ("email", "mixed_scripts"));
    // Plain letters that resemble each other are everyday.
    sign_up(app, "bill1@example.org").await;
    sign_up(app, "billl@example.org").await;
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_broken_rule_is_told_at_once() {
    let running = open_application("signup").await;
    let broken =
        SignUp { email: "nobody".to_owned(), password: SecretText::new("short"), full_name: " ".to_owned() };
    let refused = running.app.identity.sign_up(broken, &asked()).await.unwrap_err();
    let IdentityError::Invalid(errors) = refused else { panic!("{refused:?}") };
    let found: Vec<_> = errors.iter().map(|error| (error.field.as_str(), error.code.as_str())).collect();
    let expected = [
        ("email", "invalid"),
        ("password", "too_short"),
        ("password", "missing_upper"),
        ("password", "missing_digit"),
        ("full_name", "required"),
    ];
    assert_eq!(found, expected);
    let unprintable = SignUp { full_name: "a\0b".to_owned(), ..wish("ann@example.org") };
    let refused = running.app.identity.sign_up(unprintable, &asked()).await.unwrap_err();
    assert!(matches!(refused, IdentityError::Invalid(_)), "{refused:?}");
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_signs_up_where_sign_up_is_closed() {
    let mut config = open_config("signup").await;
    config.identity.mode = SignUpMode::Closed;
    let running = application(config).await;
    let refused = running.app.identity.sign_up(wish("ann@example.org"), &asked()).await.unwrap_err();
    assert!(matches!(refused, IdentityError::Closed), "{refused:?}");
    // At the machine an administrator can be made all the same.
    assert!(running.app.identity.create_admin(wish("root@example.org"), &asked()).await.is_ok());
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_sign_up_is_the_first_one_for_who_knows_the_password() {
    let running = open_application("signup").await;
    let identity = &running.app.identity;
    let request = asked();
    let first = identity.sign_up(wish("ann@example.org"), &request).await.unwrap();
    let again = identity.sign_up(wish("ann@example.org"), &request).await.unwrap();
    assert_eq!(first.account.account_id, again.account.account_id);
    assert_ne!(first.tokens.session_id, again.tokens.session_id);
    let thief = SignUp { password: SecretText::new("Another horse 2"), ..wish("ann@example.org") };
    let refused = identity.sign_up(thief, &Asked { ..request }).await.unwrap_err();
    assert!(matches!(refused, IdentityError::EmailTaken), "{refused:?}");
    running.stop().await.unwrap();
}
