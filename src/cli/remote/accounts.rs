//! `tapedeck account` at a server.

use std::process::ExitCode;

use ::events::account::{Email, Role};
use anyhow::Context;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Remote;
use crate::cli::Output;
use crate::cli::output::table;

/// Accounts asked for at once.
const PAGE: &str = "200";
/// Accounts shown at most.
const ACCOUNTS_MAX: usize = 1_000;

#[derive(Debug, Deserialize)]
struct Account {
    account_id: String,
    email: String,
    full_name: String,
    role: Role,
    active: bool,
    entry: String,
}

/// Lists accounts, newest first.
pub async fn list(remote: &Remote, output: &Output) -> anyhow::Result<ExitCode> {
    let (mut all, mut cursor) = (Vec::new(), None);
    loop {
        let mut query = vec![("limit", PAGE.to_owned())];
        query.extend(cursor.take().map(|cursor| ("cursor", cursor)));
        let answered = remote.get(&["admin", "users"], &query).await?;
        all.extend(answered.read::<Vec<Value>>()?);
        cursor = answered.next_cursor;
        if cursor.is_none() || all.len() >= ACCOUNTS_MAX {
            break;
        }
    }
    let accounts = all.iter().map(Account::deserialize).collect::<Result<Vec<_>, _>>();
    let accounts = accounts.context("the server answers in another form; is it another version?")?;
    output.show(&all, |_| {
        table(
            &["account", "e-mail", "name", "role", "state", "entered"],
            99,
            accounts.into_iter().map(row_of),
        )
    })?;
    Ok(ExitCode::SUCCESS)
}

fn row_of(account: Account) -> Vec<String> {
    let state = if account.active { "active" } else { "deactivated" };
    vec![
        account.account_id,
        account.email,
        account.full_name,
        account.role.to_string(),
        state.to_owned(),
        account.entry,
    ]
}

/// Lets an address sign up.
pub async fn invite(
    remote: &Remote,
    email: &str,
    role: Role,
    reason: &str,
    output: &Output,
) -> anyhow::Result<ExitCode> {
    let body = json!({ "role": role, "reason": reason });
    let answered = remote.send(Method::PUT, &["admin", "invitations", email], Some(&body)).await?;
    let invited = json!({ "email": email, "role": role, "position": answered.position });
    output.show(&invited, |_| format!("{email} may sign up and will be: {role}"))?;
    Ok(ExitCode::SUCCESS)
}

/// Gives an account another role.
pub async fn change_role(
    remote: &Remote,
    account: &str,
    role: Role,
    reason: &str,
    output: &Output,
) -> anyhow::Result<ExitCode> {
    let body = json!({ "role": role, "reason": reason });
    change(remote, Method::PUT, account, "role", &body, output).await
}

/// Keeps an account from signing in, or lets it again: `verb` is `deactivate` or `reactivate`.
pub async fn turn(
    remote: &Remote,
    verb: &str,
    account: &str,
    reason: &str,
    output: &Output,
) -> anyhow::Result<ExitCode> {
    change(remote, Method::POST, account, verb, &json!({ "reason": reason }), output).await
}

async fn change(
    remote: &Remote,
    method: Method,
    account: &str,
    verb: &str,
    body: &Value,
    output: &Output,
) -> anyhow::Result<ExitCode> {
    // The account's id follows from its address.
    let account_id = match Email::parse(account) {
        Ok(email) => email.account_id().to_string(),
        Err(_) => account.to_owned(),
    };
    let answered = remote.send(method, &["admin", "users", &account_id, verb], Some(body)).await?;
    let account: Account = answered.read()?;
    output.show(&answered.data, |_| {
        let state = if account.active { "active" } else { "deactivated" };
        format!("{} is {state}, role {}", account.email, account.role)
    })?;
    Ok(ExitCode::SUCCESS)
}
