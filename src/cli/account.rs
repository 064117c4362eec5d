//! `tapedeck account`: whoever works at the machine of an installation administers its accounts, without signing in; at a
//! server, administrators do.

use std::process::ExitCode;

use ::events::AccountId;
use ::events::account::{Email, Origin, Role};
use anyhow::Context;
use clap::{Args, Subcommand};
use projections::accounts::{self, AccountFilter, AccountRow};

use super::Output;
use super::output::table;
use super::password::PasswordSource;
use super::remote::{self, Place, Remote};
use super::why::Why;
use crate::app::{App, Role as ProcessRole, RunningApp};
use crate::config::Config;
use crate::identity::{Admin, Asked, SignUp};

/// Accounts shown at most.
const ACCOUNTS_MAX: u16 = 1_000;

/// What can be done with accounts.
#[derive(Debug, Subcommand)]
pub enum AccountVerb {
    /// Make an administrator; the first one owns what was made on the command line
    CreateAdmin(CreateAdmin),
    /// Print a one-time token by which the first administrator claims this installation over HTTP
    ClaimToken,
    /// Let an address sign up
    Invite {
        /// The e-mail address
        email: String,
        /// What the account will be: user, auditor, operator or admin
        #[arg(long, default_value = "user")]
        role: Role,
        #[command(flatten)]
        why: Why,
    },
    /// List accounts, newest first
    List,
    /// Give an account another role
    Role {
        /// Its e-mail address or id
        account: String,
        /// user, auditor, operator or admin
        role: Role,
        #[command(flatten)]
        why: Why,
    },
    /// End an account's sessions and keys, and let nobody sign in to it
    Deactivate {
        /// Its e-mail address or id
        account: String,
        #[command(flatten)]
        why: Why,
    },
    /// Let an account be used again
    Reactivate {
        /// Its e-mail address or id
        account: String,
        #[command(flatten)]
        why: Why,
    },
}

/// Who the administrator is.
#[derive(Debug, Args)]
pub struct CreateAdmin {
    /// The e-mail address
    #[arg(long)]
    email: String,
    /// The person's name
    #[arg(long)]
    full_name: String,
    #[command(flatten)]
    password: PasswordSource,
}

/// Makes, invites, lists or changes accounts.
pub async fn run(verb: AccountVerb, config: Config, output: &Output) -> anyhow::Result<ExitCode> {
    if let Place::There(remote) = Place::of(&config)? {
        return ask(&remote, &verb, output).await;
    }
    // Before servers are started: whoever has to type should not wait.
    let password = match &verb {
        AccountVerb::CreateAdmin(wish) => Some(wish.password.chosen()?),
        _ => None,
    };
    let running = RunningApp::start(config, &[ProcessRole::Projector].into()).await?;
    let outcome = match (verb, password) {
        (AccountVerb::CreateAdmin(CreateAdmin { email, full_name, .. }), Some(password)) => {
            create_admin(&running.app, SignUp { email, password, full_name }, output).await
        }
        (verb, _) => administer(&running.app, verb, output).await,
    };
    running.stop().await?;
    outcome.map(|()| ExitCode::SUCCESS)
}

async fn ask(remote: &Remote, verb: &AccountVerb, output: &Output) -> anyhow::Result<ExitCode> {
    match verb {
        AccountVerb::CreateAdmin(_) | AccountVerb::ClaimToken => {
            anyhow::bail!("this works on this machine only")
        }
        AccountVerb::List => remote::accounts::list(remote, output).await,
        AccountVerb::Invite { email, role, why } => {
            remote::accounts::invite(remote, email, *role, &why.reason, output).await
        }
        AccountVerb::Role { account, role, why } => {
            remote::accounts::change_role(remote, account, *role, &why.reason, output).await
        }
        AccountVerb::Deactivate { account, why } => {
            remote::accounts::turn(remote, "deactivate", account, &why.reason, output).await
        }
        AccountVerb::Reactivate { account, why } => {
            remote::accounts::turn(remote, "reactivate", account, &why.reason, output).await
        }
    }
}

async fn create_admin(app: &App, wish: SignUp, output: &Output) -> anyhow::Result<()> {
    let (account_id, _) = app.identity.create_admin(wish, &asked()).await?;
    let account = find(app, account_id).await?;
    output.show(&account, |account| format!("{} is an administrator ({})", account.email, account.account_id))
}

async fn administer(app: &App, verb: AccountVerb, output: &Output) -> anyhow::Result<()> {
    let (identity, admin, asked) = (&app.identity, Admin::at_the_machine(), asked());
    let (account, position) = match verb {
        AccountVerb::CreateAdmin(_) => anyhow::bail!("there is no password"),
        AccountVerb::ClaimToken => return claim_token(app, output).await,
        AccountVerb::List => return list(app, output).await,
        AccountVerb::Invite { email, role, why } => {
            let position = identity.invite(&admin, &email, role, &why.reason, &asked).await?;
            let invited = serde_json::json!({ "email": email, "role": role, "position": position });
            return output.show(&invited, |_| format!("{email} may sign up and will be: {role}"));
        }
        AccountVerb::Role { account, role, why } => {
            let account = named(app, &account).await?;
            (account, identity.change_role(&admin, account, role, &why.reason, &asked).await?)
        }
        AccountVerb::Deactivate { account, why } => {
            let account = named(app, &account).await?;
            (account, identity.deactivate(&admin, account, &why.reason, &asked).await?)
        }
        AccountVerb::Reactivate { account, why } => {
            let account = named(app, &account).await?;
            (account, identity.reactivate(&admin, account, &why.reason, &asked).await?)
        }
    };
    tracing::debug!(log.position = %position, "Changed account {account}");
    let account = find(app, account).await?;
    output.show(&account, |account| {
        let state = if account.active { "active" } else { "deactivated" };
        format!("{} is {state}, role {}", account.email, account.role)
    })
}

async fn claim_token(app: &App, output: &Output) -> anyhow::Result<()> {
    let token = app.identity.claim_token().await?;
    let token = token.context("this installation has an administrator already")?;
    // Shown on purpose, to whoever asked for it at the machine.
    let shown = serde_json::json!({ "token": token.expose() });
    output.show(&shown, |_| token.expose().to_owned())
}

async fn list(app: &App, output: &Output) -> anyhow::Result<()> {
    let client = app.reads.get().await?;
    let page = accounts::list(&client, &AccountFilter::default(), None, ACCOUNTS_MAX).await?;
    output.show(&page.items, |accounts| {
        table(&["account", "e-mail", "name", "role", "state", "entered"], 99, accounts.iter().map(row_of))
    })
}

fn row_of(account: &AccountRow) -> Vec<String> {
    vec![
        account.account_id.to_string(),
        account.email.clone(),
        account.full_name.clone(),
        account.role.to_string(),
        if account.active { "active" } else { "deactivated" }.to_owned(),
        account.entry.name().to_owned(),
    ]
}

/// The account of an address or id, which need not exist: identity says so then.
async fn named(app: &App, name: &str) -> anyhow::Result<AccountId> {
    let account_id = match name.parse::<AccountId>() {
        Ok(account_id) => account_id,
        Err(_) => Email::parse(name)
            .map(|email| email.account_id())
            .map_err(|_| anyhow::anyhow!("{name} is neither an e-mail address nor an account's id"))?,
    };
    find(app, account_id).await.map(|account| account.account_id)
}

async fn find(app: &App, account_id: AccountId) -> anyhow::Result<AccountRow> {
    let found = accounts::find(&app.reads.get().await?, account_id).await?;
    found.context("there is no such account; `tapedeck account list` shows those there are")
}

fn asked() -> Asked {
    Asked::now(Origin::default())
}
