//! A trading model made once: the same settings are the same model, however often it is asked for.

use actors::{CommandEnvelope, CommandError};
use events::model::{ModelCommand, ModelDraft, ModelError, ModelSettings};
use events::policy::sentence;
use events::{CommandId, Metadata, ModelId, Principal};

use crate::app::App;

/// What a draft comes to, and the id that follows from it; the model need not exist.
pub fn settings_and_id(draft: &ModelDraft) -> anyhow::Result<(ModelSettings, ModelId)> {
    let settings =
        ModelSettings::of(draft.clone()).map_err(|broken| anyhow::anyhow!("{}", sentence(&broken)))?;
    let identity = serde_json::to_vec(&settings)?;
    let model_id = ModelId::derived(&[b"by settings", &identity]);
    Ok((settings, model_id))
}

/// Creates the model unless it exists; answers with its id either way.
pub async fn create_model(app: &App, draft: ModelDraft) -> anyhow::Result<ModelId> {
    let (_, model_id) = settings_and_id(&draft)?;
    let command_id = CommandId::derived(&[b"create", model_id.uuid().as_bytes()]);
    let client = app.reads.get().await?;
    let owner = Principal::local_owner();
    let signature_suffix = projections::models::free_suffix(&client, &owner, &draft.name).await?;
    let command = ModelCommand::Create { draft: Box::new(draft), signature_suffix };
    let metadata = Metadata::new(owner, None);
    match app
        .models
        .execute(model_id, CommandEnvelope::new(command, command_id).with_metadata(metadata))
        .await
    {
        Ok(_) | Err(CommandError::Refused(ModelError::AlreadyCreated)) => Ok(model_id),
        Err(error) => Err(error.into()),
    }
}
