//! Applications whose passwords are cheap to hash, and people who use them.

use std::net::IpAddr;

use events::AccountId;
use events::account::Origin;
use tapedeck::app::{App, RunningApp};
use tapedeck::config::{Argon2Config, Config, SecretText, SignUpMode};
use tapedeck::identity::{
    Admin, Asked, Authenticated, Credential, Identity, IdentityError, LogIn, Owner, SignUp, SignedIn,
};

use crate::support::app::{application, shared_config};

/// A password that keeps all rules.
pub const PASSWORD: &str = "Correct horse 1";

/// A configuration over a new database, in which anybody may sign up.
pub async fn open_config(hint: &str) -> Config {
    let mut config = shared_config(hint).await;
    config.identity.mode = SignUpMode::Open;
    config.identity.argon2 = Argon2Config { memory_kib: 64, passes: 1, ..Argon2Config::default() };
    config
}

/// An application in which anybody may sign up.
pub async fn open_application(hint: &str) -> RunningApp {
    application(open_config(hint).await).await
}

pub fn secret(text: &str) -> SecretText {
    SecretText::new(text)
}

/// A request from a network address.
pub fn from(ip: &str) -> Asked {
    let ip: IpAddr = ip.parse().unwrap();
    Asked::now(Origin::of(Some(ip), Some("test")))
}

/// A request.
pub fn asked() -> Asked {
    from("192.0.2.1")
}

pub fn wish(email: &str) -> SignUp {
    SignUp { email: email.to_owned(), password: secret(PASSWORD), full_name: "A Person".to_owned() }
}

pub async fn sign_up(app: &App, email: &str) -> SignedIn {
    app.identity.sign_up(wish(email), &asked()).await.unwrap()
}

pub async fn login(app: &App, email: &str, password: &str) -> Result<SignedIn, IdentityError> {
    let wish = LogIn { email: email.to_owned(), password: secret(password) };
    app.identity.login(wish, &asked()).await
}

/// Who holds this access token.
pub async fn holder(identity: &Identity, signed_in: &SignedIn) -> Result<Authenticated, IdentityError> {
    identity.authenticate(Credential::Bearer(signed_in.tokens.access_token.expose())).await
}

/// The owner of an account, signed in.
pub async fn owner(app: &App, signed_in: &SignedIn) -> Owner {
    holder(&app.identity, signed_in).await.unwrap().owner().unwrap()
}

/// An administrator made at the machine, signed in.
pub async fn administrator(app: &App, email: &str) -> (AccountId, Admin, SignedIn) {
    let (account, _) = app.identity.create_admin(wish(email), &asked()).await.unwrap();
    let signed_in = login(app, email, PASSWORD).await.unwrap();
    let admin = holder(&app.identity, &signed_in).await.unwrap().admin(asked().from).unwrap();
    (account, admin, signed_in)
}
