//! Passwords: hashed again when the parameters change, and never to be guessed.

use std::time::{Duration, Instant};

use tapedeck::app::App;
use tapedeck::identity::{IdentityError, LogIn};

use super::kit::{PASSWORD, from, login, open_application, open_config, secret, sign_up};
use crate::support::app::application;

async fn hashes(app: &App) -> Vec<String> {
    let client = app.log.connector().connect().await.unwrap();
    let rows = client.query("select phc from credentials", &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_hashes_again_when_the_parameters_have_changed() {
    let mut config = open_config("passwords").await;
    let before = application(config.clone()).await;
    let ann = sign_up(&before.app, "ann@example.org").await;
    let first = hashes(&before.app).await;
    login(&before.app, "ann@example.org", PASSWORD).await.unwrap();
    assert_eq!(hashes(&before.app).await, first);
    before.stop().await.unwrap();

    config.identity.argon2.passes = 2;
    let after = application(config).await;
    login(&after.app, "ann@example.org", PASSWORD).await.unwrap();
    let second = hashes(&after.app).await;
    assert!(first[0].contains("t=1") && second[0].contains("t=2"), "{first:?} {second:?}");
    assert_eq!(second.len(), 1);
    // Nobody is sent away by it, and the password is the same.
    assert!(super::kit::holder(&after.app.identity, &ann).await.is_ok());
    login(&after.app, "ann@example.org", PASSWORD).await.unwrap();
    assert_eq!(hashes(&after.app).await, second);
    after.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_ins_at_once_all_succeed_although_the_first_replaces_the_hash() {
    let mut config = open_config("passwords").await;
    let before = application(config.clone()).await;
    sign_up(&before.app, "ann@example.org").await;
    before.stop().await.unwrap();
    config.identity.argon2.passes = 2;
    config.identity.argon2.at_once = 4;
    let after = application(config).await;
    let logins = (0..4).map(|_| login(&after.app, "ann@example.org", PASSWORD));
    for signed_in in futures_util::future::join_all(logins).await {
        assert!(super::kit::holder(&after.app.identity, &signed_in.unwrap()).await.is_ok());
    }
    let kept = hashes(&after.app).await;
    assert!(kept.len() == 1 && kept[0].contains("t=2"), "{kept:?}");
    after.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_wrong_and_malformed_are_told_alike() {
    let running = open_application("passwords").await;
    let app = &running.app;
    sign_up(app, "ann@example.org").await;
    for (email, password) in [
        ("ann@example.org", "Wrong horse 1"),
        ("bob@example.org", PASSWORD),
        ("no address", PASSWORD),
        ("ann@example.org", &"x".repeat(100_000)),
    ] {
        let refused = login(app, email, password).await.unwrap_err();
        assert!(matches!(refused, IdentityError::InvalidCredentials), "{refused:?}");
    }
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_sign_ins_are_slowed_down_also_after_a_restart() {
    let mut config = open_config("passwords").await;
    config.identity.throttle.account_free = 3;
    config.identity.throttle.first_delay_seconds = 60;
    let running = application(config.clone()).await;
    sign_up(&running.app, "ann@example.org").await;
    sign_up(&running.app, "bob@example.org").await;
    for _ in 0..4 {
        let wrong = login(&running.app, "ann@example.org", "Wrong horse 1").await.unwrap_err();
        assert!(matches!(wrong, IdentityError::InvalidCredentials), "{wrong:?}");
    }
    let throttled = |outcome: Result<_, IdentityError>| match outcome {
        Err(IdentityError::Throttled { retry_after_s }) => retry_after_s,
        Err(error) => panic!("{error:?}"),
        Ok(_) => panic!("signed in"),
    };
    // Also the right password has to wait, or it could be told from the wrong ones.
    assert!((1..=60).contains(&throttled(login(&running.app, "Ann@Example.org", PASSWORD).await)));
    assert!(login(&running.app, "bob@example.org", PASSWORD).await.is_ok());
    running.stop().await.unwrap();
    let restarted = application(config).await;
    throttled(login(&restarted.app, "ann@example.org", PASSWORD).await);
    restarted.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_delay_grows_and_a_success_forgets_it() {
    let mut config = open_config("passwords").await;
    config.identity.throttle.account_free = 1;
    let running = application(config).await;
    let app = &running.app;
    sign_up(app, "ann@example.org").await;
    let client = app.log.connector().connect().await.unwrap();
    let mut delays = Vec::new();
    for _ in 0..5 {
        let wrong = login(app, "ann@example.org", "Wrong horse 1").await.unwrap_err();
        assert!(matches!(wrong, IdentityError::InvalidCredentials), "{wrong:?}");
        let delay = "select greatest(extract(epoch from blocked_until - last_attempt_at), 0)::float8
                     from login_throttles where subject like 'account:%'";
        delays.push(client.query_one(delay, &[]).await.unwrap().get::<_, f64>(0));
        // The time that would have to be waited for.
        client.execute("update login_throttles set blocked_until = 'epoch'", &[]).await.unwrap();
    }
    assert_eq!(delays, [0.0, 1.0, 2.0, 4.0, 8.0]);
    login(app, "ann@example.org", PASSWORD).await.unwrap();
    let left = "select count(*) from login_throttles where subject like 'account:%'";
    assert_eq!(client.query_one(left, &[]).await.unwrap().get::<_, i64>(0), 0);
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_tries_many_accounts_is_slowed_down() {
    let mut config = open_config("passwords").await;
    config.identity.throttle.address_free = 3;
    let running = application(config).await;
    let identity = &running.app.identity;
    sign_up(&running.app, "ann@example.org").await;
    let attempt = |number: usize, ip: &'static str| {
        let wish = LogIn { email: format!("u{number}@example.org"), password: secret(PASSWORD) };
        async move { identity.login(wish, &from(ip)).await.unwrap_err() }
    };
    for number in 0..4 {
        let wrong = attempt(number, "203.0.113.9").await;
        assert!(matches!(wrong, IdentityError::InvalidCredentials), "{wrong:?}");
    }
    assert!(matches!(attempt(9, "203.0.113.9").await, IdentityError::Throttled { .. }));
    assert!(matches!(attempt(9, "203.0.113.10").await, IdentityError::InvalidCredentials));
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_guesses_at_one_account_are_cheap_and_few_are_looked_at() {
    const GUESSES: usize = 2_000;
    let mut config = open_config("passwords").await;
    config.identity.throttle.first_delay_seconds = 60;
    config.identity.argon2.waiting = 1_000;
    let running = application(config).await;
    let app = &running.app;
    sign_up(app, "ann@example.org").await;
    let begun = Instant::now();
    let mut looked_at = 0;
    for _ in 0..GUESSES / 20 {
        let guesses = (0..20).map(|_| login(app, "ann@example.org", "Wrong horse 1"));
        for outcome in futures_util::future::join_all(guesses).await {
            match outcome {
                Err(IdentityError::InvalidCredentials) => looked_at += 1,
                Err(IdentityError::Throttled { .. }) => {}
                outcome => panic!("{outcome:?}"),
            }
        }
    }
    // Five are free, the sixth brings the delay, however many come at once.
    assert_eq!(looked_at, 6);
    assert!(begun.elapsed() < Duration::from_secs(12), "{:?} for {GUESSES} guesses", begun.elapsed());
    running.stop().await.unwrap();
}
