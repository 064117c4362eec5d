//! Who is asking, and what they may do: accounts, passwords, sessions, tokens and API keys.
//!
//! What happened is in the log, as events of accounts and of the list of invitations. What must never be there, password
//! hashes, is in tables of this module, and so is what nobody needs to remember: counters, tickets, one-time links.
//! Every request's credential is looked up in the read models, on every node, so that what was ended has ended.

mod access;
mod api_keys;
mod authenticate;
mod authority;
mod claim;
mod credentials;
mod eddsa;
mod error;
mod impersonate;
mod invite;
mod keys;
mod manage;
mod passwords;
mod secrets;
mod sign_in;
mod sign_up;
mod throttle;
mod tickets;
mod tokens;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actors::{CommandEnvelope, CommandError, Directory, Receipt};
use deadpool_postgres::{Object, Pool};
use events::account::{Account, AccountCommand, AccountError, Origin};
use events::invitations::Invitations;
use events::{AccountId, Aggregate, ApiKeyId, CommandId, Metadata, Position, Principal, RequestId};
use jiff::Timestamp;
use projections::Watermarks;

pub use api_keys::{ApiKeyShown, CreateApiKey, CreatedApiKey, api_keys_of};
use authenticate::RememberedSessions;
pub use authenticate::{Belief, Credential, Entered};
pub use authority::{Admin, Authenticated, Impersonator, Operator, Owner, Via};
pub use claim::Claim;
pub use error::{Forbidden, IdentityError, TokenError};
pub use impersonate::{Impersonate, Impersonation};
pub use keys::{KeyError, Keyring};
pub use passwords::{HashError, PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN};
pub use sign_in::{ChangePassword, LogIn, SignedIn, Tokens};
pub use sign_up::SignUp;
pub use tickets::Ticket;
pub use tokens::Claims;

use crate::config::Config;
use passwords::Hasher;
use throttle::Throttle;
use tokens::AccessTokens;

/// How long a write waits until the read models show it.
const PATIENCE: Duration = Duration::from_secs(5);
/// The read model that requests are checked against.
const ACCOUNTS: &str = "accounts";
/// The read model of invitations.
const INVITATIONS: &str = "invitations";
/// Where signing keys are kept in the data folder.
const KEYS_FOLDER: &str = "keys";

/// What came with a request, as far as identity must know it.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The same id has one effect, however often it is sent.
    pub command_id: CommandId,
    /// Fingerprint of the request, where the sender chose the id. Not kept where the request holds a password: a plain
    /// hash of it would give the password away.
    pub request_hash: Option<[u8; 32]>,
    /// The request.
    pub request_id: Option<RequestId>,
    /// Where it came from.
    pub from: Origin,
}

impl Asked {
    /// A request of its own, from `from`.
    pub fn now(from: Origin) -> Self {
        Self { command_id: CommandId::generate(), request_hash: None, request_id: None, from }
    }
}

/// The identity service; cheap to clone.
#[derive(Debug, Clone)]
pub struct Identity {
    config: Arc<Config>,
    accounts: Directory<Aggregate<Account>>,
    invitations: Directory<Aggregate<Invitations>>,
    reads: Pool,
    watermarks: Watermarks,
    hasher: Hasher,
    throttle: Throttle,
    tokens: AccessTokens,
    sessions: RememberedSessions,
    /// When this process last wrote down that a key was used.
    key_uses: Arc<Mutex<BTreeMap<ApiKeyId, Timestamp>>>,
}

impl Identity {
    /// The service over these actors and read models.
    pub fn new(
        config: Arc<Config>,
        accounts: Directory<Aggregate<Account>>,
        invitations: Directory<Aggregate<Invitations>>,
        reads: Pool,
        watermarks: Watermarks,
    ) -> Result<Self, IdentityError> {
        let identity = &config.identity;
        let keyring = match &identity.signing_keys {
            None => {
                let folder = config.data_dir.join(KEYS_FOLDER);
                Keyring::in_folder(&folder, identity.key_lifetime(), identity.access_token_lifetime())
            }
            Some(keys) => Keyring::configured(keys)?,
        };
        let hasher = Hasher::new(&identity.argon2)?;
        let throttle = Throttle::new(identity.throttle, reads.clone());
        let tokens = AccessTokens::new(&identity.issuer, Arc::new(keyring));
        let key_uses = Arc::default();
        let sessions = RememberedSessions::default();
        Ok(Self {
            config,
            accounts,
            invitations,
            reads,
            watermarks,
            hasher,
            throttle,
            tokens,
            sessions,
            key_uses,
        })
    }

    /// Has a new key sign access tokens from now on; the one before verifies until its tokens have ended. Keys from the
    /// configuration are replaced there.
    pub async fn replace_signing_key(&self) -> Result<(), IdentityError> {
        self.tokens.replace_key(events::time::now()).await
    }

    async fn client(&self) -> Result<Object, IdentityError> {
        Ok(self.reads.get().await?)
    }

    /// Has an account carry out a command in the name of `by`.
    async fn execute(
        &self,
        account: AccountId,
        command: AccountCommand,
        asked: &Asked,
        by: &Principal,
    ) -> Result<Receipt, CommandError<AccountError>> {
        let metadata = Metadata::new(by.clone(), asked.request_id);
        let envelope = CommandEnvelope {
            request_hash: asked.request_hash,
            ..CommandEnvelope::new(command, asked.command_id).with_metadata(metadata)
        };
        self.accounts.execute(account, envelope).await
    }

    /// Waits until requests on every node are checked against what was just written: they ask the same tables.
    async fn shown(&self, position: Position) -> Result<Position, IdentityError> {
        Ok(self.watermarks.wait_for(ACCOUNTS, position, PATIENCE).await?)
    }
}

impl Asked {
    /// The same request without its fingerprint, because that covers a password.
    fn without_fingerprint(&self) -> Self {
        Self { request_hash: None, ..self.clone() }
    }

    /// The same request, with an effect each time that it is sent.
    fn afresh(&self) -> Self {
        Self { command_id: CommandId::generate(), request_hash: None, ..self.clone() }
    }
}
