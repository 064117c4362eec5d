//! The list of invitations, edited by administrators.

use actors::CommandEnvelope;
use events::account::{Email, Role};
use events::invitations::{INVITATIONS_KEY, InvitationCommand};
use events::{Metadata, Position};

use super::{Admin, Asked, INVITATIONS, Identity, IdentityError, PATIENCE};

impl Identity {
    /// Invites an address, or gives its invitation another role. Accounts that exist keep theirs.
    pub async fn invite(
        &self,
        admin: &Admin,
        email: &str,
        role: Role,
        reason: &str,
        asked: &Asked,
    ) -> Result<Position, IdentityError> {
        let email = parsed(email)?;
        self.edit(admin, InvitationCommand::Put { email, role, act: admin.act(reason) }, asked).await
    }

    /// Takes an invitation back. An account that it led to stays.
    pub async fn uninvite(
        &self,
        admin: &Admin,
        email: &str,
        reason: &str,
        asked: &Asked,
    ) -> Result<Position, IdentityError> {
        let email = parsed(email)?;
        self.edit(admin, InvitationCommand::Remove { email, act: admin.act(reason) }, asked).await
    }

    async fn edit(
        &self,
        admin: &Admin,
        command: InvitationCommand,
        asked: &Asked,
    ) -> Result<Position, IdentityError> {
        let metadata = Metadata::new(admin.principal.clone(), asked.request_id);
        let envelope = CommandEnvelope {
            request_hash: asked.request_hash,
            ..CommandEnvelope::new(command, asked.command_id).with_metadata(metadata)
        };
        let edited = self.invitations.execute(INVITATIONS_KEY, envelope).await;
        let position = edited.map_err(IdentityError::Invitations)?.position;
        Ok(self.watermarks.wait_for(INVITATIONS, position, PATIENCE).await?)
    }
}

fn parsed(email: &str) -> Result<Email, IdentityError> {
    Email::parse(email).map_err(|invalid| IdentityError::Invalid(vec![invalid.in_field("email")]))
}
