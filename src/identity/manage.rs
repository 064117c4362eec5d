//! Looking after accounts: sessions, roles, and who may sign in.

use events::account::{AccountCommand, Role, SessionEnd};
use events::{AccountId, Position, SessionId};
use projections::accounts;
use tokio_postgres::Client;

use super::{Admin, Asked, Identity, IdentityError, Owner};

impl Identity {
    /// Ends a session of the caller's own, on every node before this answers.
    pub async fn revoke_session(
        &self,
        owner: &Owner,
        session_id: SessionId,
        asked: &Asked,
    ) -> Result<Position, IdentityError> {
        self.check_session(owner.account_id, session_id).await?;
        let command = AccountCommand::EndSession { session_id, why: SessionEnd::Revoked, act: None };
        let ended = self.execute(owner.account_id, command, asked, &owner.principal).await;
        self.shown(ended.map_err(IdentityError::account)?.position).await
    }

    /// Ends all sessions of the caller's own but the one at hand.
    pub async fn revoke_other_sessions(
        &self,
        owner: &Owner,
        asked: &Asked,
    ) -> Result<Position, IdentityError> {
        let keep = Some(owner.session_id);
        let command = AccountCommand::EndSessions { keep, why: SessionEnd::Revoked, act: None };
        let ended = self.execute(owner.account_id, command, asked, &owner.principal).await;
        self.shown(ended.map_err(IdentityError::account)?.position).await
    }

    /// Ends a session of somebody else, or, without one named, all of them.
    pub async fn revoke_sessions_of(
        &self,
        admin: &Admin,
        account_id: AccountId,
        session_id: Option<SessionId>,
        reason: &str,
        asked: &Asked,
    ) -> Result<Position, IdentityError> {
        let (why, act) = (SessionEnd::RevokedByAdmin, Some(admin.act(reason)));
        let command = match session_id {
            Some(session_id) => {
                self.check_session(account_id, session_id).await?;
                AccountCommand::EndSession { session_id, why, act }
            }
            None => AccountCommand::EndSessions { keep: None, why, act },
        };
        let ended = self.execute(account_id, command, asked, &admin.principal).await;
        self.shown(ended.map_err(IdentityError::account)?.position).await
    }

    /// Refuses a session that is not the account's.
    async fn check_session(&self, account_id: AccountId, session_id: SessionId) -> Result<(), IdentityError> {
        let proof = accounts::prove_session(&self.client().await?, session_id).await?;
        match proof.is_some_and(|proof| proof.account_id == account_id) {
            true => Ok(()),
            false => Err(IdentityError::NotFound("session")),
        }
    }

    /// Gives an account another role, from its next request on.
    pub async fn change_role(
        &self,
        admin: &Admin,
        account_id: AccountId,
        role: Role,
        reason: &str,
        asked: &Asked,
    ) -> Result<Position, IdentityError> {
        let command = AccountCommand::ChangeRole { role, act: admin.act(reason) };
        if role == Role::Admin {
            let changed = self.execute(account_id, command, asked, &admin.principal).await;
            return self.shown(changed.map_err(IdentityError::account)?.position).await;
        }
        self.without_losing_the_last_admin(admin, account_id, command, asked).await
    }

    /// Lets an account sign in no longer. Its sessions end, its keys are not accepted.
    pub async fn deactivate(
        &self,
        admin: &Admin,
        account_id: AccountId,
        reason: &str,
        asked: &Asked,
    ) -> Result<Position, IdentityError> {
        let command = AccountCommand::Deactivate { act: admin.act(reason) };
        self.without_losing_the_last_admin(admin, account_id, command, asked).await
    }

    /// Lets an account sign in again.
    pub async fn reactivate(
        &self,
        admin: &Admin,
        account_id: AccountId,
        reason: &str,
        asked: &Asked,
    ) -> Result<Position, IdentityError> {
        let command = AccountCommand::Reactivate { act: admin.act(reason) };
        let reactivated = self.execute(account_id, command, asked, &admin.principal).await;
        self.shown(reactivated.map_err(IdentityError::account)?.position).await
    }

    /// Carries out what may take an administrator away, unless it is the last one. One at a time on all nodes, and each
    /// sees what the one before has done: two who take each other's role cannot both succeed.
    async fn without_losing_the_last_admin(
        &self,
        admin: &Admin,
        account_id: AccountId,
        command: AccountCommand,
        asked: &Asked,
    ) -> Result<Position, IdentityError> {
        let lock = self.administrators().await?;
        let client = self.client().await?;
        let account = accounts::find(&client, account_id).await?;
        let account = account.ok_or(IdentityError::NotFound("account"))?;
        let is_admin = account.active && account.role == Role::Admin;
        if is_admin && accounts::active_admins(&client, Some(account_id)).await? == 0 {
            return Err(IdentityError::LastAdmin);
        }
        drop(client);
        let changed = self.execute(account_id, command, asked, &admin.principal).await;
        let position = self.shown(changed.map_err(IdentityError::account)?.position).await?;
        drop(lock);
        Ok(position)
    }

    /// The right to change who administers, held by one on all nodes. Its connection is its own, and shows what was
    /// written before.
    pub(super) async fn administrators(&self) -> Result<Client, IdentityError> {
        let client = self.accounts.log().connector().connect().await?;
        client
            .execute(include_str!("sql/admin_lock.sql"), &[])
            .await
            .map_err(IdentityError::during("waiting for the right to change administrators"))?;
        // Whoever held it before may have written on another node.
        let head = self.accounts.log().head().await?;
        self.shown(head).await?;
        Ok(client)
    }
}
