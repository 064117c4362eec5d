//! Access tokens: forged, expired, and signed by keys that come and go.

use std::os::unix::fs::PermissionsExt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::pkcs8::EncodePrivateKey;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::{Signer, SigningKey};
use serde_json::{Value, json};
use tapedeck::config::{Config, SecretText, Sources};
use tapedeck::identity::{Credential, Identity, IdentityError, Keyring, SignedIn, TokenError};

use super::kit::{PASSWORD, holder, login, open_application, open_config, sign_up};
use crate::support::app::application;

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn signed(header: &Value, claims: &Value, key: &SigningKey) -> String {
    let message = format!("{}.{}", part(header), part(claims));
    let signature = key.sign(message.as_bytes()).to_bytes();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// Header and claims of a token.
fn taken_apart(signed_in: &SignedIn) -> (Value, Value) {
    let token = signed_in.tokens.access_token.expose();
    let mut parts = token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap());
    let mut next = || serde_json::from_slice(&parts.next().unwrap()).unwrap();
    (next(), next())
}

fn pem(keys: &[&SigningKey]) -> Option<SecretText> {
    let blocks = keys.iter().map(|key| key.to_pkcs8_pem(LineEnding::LF).unwrap().to_string());
    Some(SecretText::new(blocks.collect::<String>()))
}

async fn refusal(identity: &Identity, token: &str) -> TokenError {
    match identity.authenticate(Credential::Bearer(token)).await {
        Err(IdentityError::Token(error)) => error,
        outcome => panic!("{token}: {outcome:?}"),
    }
}

fn with(value: &Value, name: &str, new: Value) -> Value {
    let mut changed = value.clone();
    changed[name] = new;
    changed
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_and_expired_tokens_are_refused() {
    let (key, stranger) = (SigningKey::from_bytes(&[7; 32]), SigningKey::from_bytes(&[8; 32]));
    let mut config = open_config("tokens").await;
    config.identity.signing_keys = pem(&[&key]);
    let running = application(config).await;
    let identity = &running.app.identity;
    let ann = sign_up(&running.app, "ann@example.org").await;
    let bob = sign_up(&running.app, "bob@example.org").await;
    let (header, claims) = taken_apart(&ann);
    assert_eq!(header["alg"], "EdDSA");
    // The forgery kit itself makes good tokens.
    let genuine = signed(&header, &claims, &key);
    assert!(identity.authenticate(Credential::Bearer(&genuine)).await.is_ok());

    let unsigned = format!("{}.{}.", part(&with(&header, "alg", json!("none"))), part(&claims));
    let public = URL_SAFE_NO_PAD.encode(key.verifying_key().as_bytes());
    let (message, signature) = genuine.rsplit_once('.').unwrap();
    let forged = [
        unsigned,
        signed(&with(&header, "alg", json!("none")), &claims, &key),
        signed(&with(&header, "alg", json!("HS256")), &claims, &key),
        signed(&with(&header, "alg", json!("ES256")), &claims, &key),
        signed(&header, &claims, &stranger),
        signed(&with(&header, "kid", json!("0000000000000000")), &claims, &key),
        signed(&with(&header, "kid", json!("../../etc/passwd")), &claims, &key),
        signed(&with(&header, "kid", Value::Null), &claims, &key),
        signed(
            &with(
                &with(&header, "kid", Value::Null),
                "jwk",
                json!({"kty": "OKP", "crv": "Ed25519", "x": public}),
            ),
            &claims,
            &key,
        ),
        signed(&header, &with(&claims, "aud", json!("elsewhere")), &key),
        signed(&header, &with(&claims, "iss", json!("elsewhere")), &key),
        signed(&header, &with(&claims, "exp", Value::Null), &key),
        signed(&header, &with(&claims, "exp", json!("9999999999")), &key),
        signed(&header, &with(&claims, "sub", json!("root")), &key),
        signed(&header, &with(&claims, "iat", json!(9_999_999_999_i64)), &key),
        format!("{message}.{}", signature.chars().rev().collect::<String>()),
        format!("{message}."),
        message.to_owned(),
        format!("{genuine}.x"),
        String::new(),
        "..".to_owned(),
        "x".repeat(100_000),
    ];
    for token in forged {
        assert_eq!(refusal(identity, &token).await, TokenError::Forged, "{token}");
    }
    let now = events::time::now().as_second();
    let expired = signed(&header, &with(&claims, "exp", json!(now)), &key);
    assert_eq!(refusal(identity, &expired).await, TokenError::Expired);
    // A session belongs to its account.
    let crossed = signed(&header, &with(&claims, "sub", json!(bob.account.account_id)), &key);
    assert_eq!(refusal(identity, &crossed).await, TokenError::Revoked);
    // A role that a token claims is not looked at.
    let boasting = signed(&header, &with(&claims, "role", json!("admin")), &key);
    let caller = identity.authenticate(Credential::Bearer(&boasting)).await.unwrap();
    assert_eq!(caller.role, events::account::Role::User);
    running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_signs_and_the_old_one_verifies_until_its_tokens_have_ended() {
    let (old, new) = (SigningKey::from_bytes(&[1; 32]), SigningKey::from_bytes(&[2; 32]));
    let mut config = open_config("tokens").await;
    config.identity.signing_keys = pem(&[&old]);
    let before = application(config.clone()).await;
    let ann = sign_up(&before.app, "ann@example.org").await;
    before.stop().await.unwrap();
    config.identity.signing_keys = pem(&[&new, &old]);
    let during = application(config.clone()).await;
    assert!(holder(&during.app.identity, &ann).await.is_ok());
    let later = login(&during.app, "ann@example.org", PASSWORD).await.unwrap();
    assert_ne!(taken_apart(&later).0["kid"], taken_apart(&ann).0["kid"]);
    during.stop().await.unwrap();
    config.identity.signing_keys = pem(&[&new]);
    let after = application(config).await;
    assert_eq!(refusal(&after.app.identity, ann.tokens.access_token.expose()).await, TokenError::Forged);
    assert!(holder(&after.app.identity, &later).await.is_ok());
    after.stop().await.unwrap();
}

#[test]
fn keys_are_read_from_the_environment_and_never_printed() {
    let keys = [1, 2].map(|seed| SigningKey::from_bytes(&[seed; 32]));
    let keys = pem(&[&keys[0], &keys[1]]);
    let text = keys.as_ref().unwrap().expose().to_owned();
    let variable = ("TAPEDECK_IDENTITY__SIGNING_KEYS".to_owned(), text);
    let config = Config::from_sources(Sources::new(None, [variable])).unwrap();
    assert_eq!(config.identity.signing_keys, keys);
    Keyring::configured(&keys.unwrap()).unwrap();
    let printed = format!("{config:?} {:?}", config.provenance());
    assert!(!printed.contains("PRIVATE"), "{printed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_in_the_data_folder_are_made_kept_private_and_replaced() {
    let config = open_config("tokens").await;
    let here = application(config.clone()).await;
    let there = application(config.clone()).await;
    let ann = sign_up(&here.app, "ann@example.org").await;
    let folder = config.data_dir.join("keys");
    let files = || -> Vec<_> { std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap()).collect() };
    assert_eq!(files().len(), 1);
    assert_eq!(files()[0].metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    assert!(holder(&there.app.identity, &ann).await.is_ok());
    // A key that this node makes is found by the other one when its first token arrives.
    here.app.identity.replace_signing_key().await.unwrap();
    let later = login(&here.app, "ann@example.org", PASSWORD).await.unwrap();
    assert_ne!(taken_apart(&later).0["kid"], taken_apart(&ann).0["kid"]);
    for signed_in in [&ann, &later] {
        assert!(holder(&there.app.identity, signed_in).await.is_ok());
        assert!(holder(&here.app.identity, signed_in).await.is_ok());
    }
    assert_eq!(files().len(), 2);
    here.stop().await.unwrap();
    there.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_printed_of_a_sign_in_has_no_secret() {
    let running = open_application("tokens").await;
    let ann = sign_up(&running.app, "ann@example.org").await;
    let printed = format!("{ann:?} {:?}", running.app.identity);
    let refresh = ann.tokens.refresh_token.as_ref().unwrap();
    for secret in [ann.tokens.access_token.expose(), refresh.expose(), PASSWORD] {
        assert!(!printed.contains(secret));
    }
    running.stop().await.unwrap();
}
