//! Trading models.

pub mod change;
pub mod create;
pub mod delete;
pub mod find;
pub mod list;
mod view;

use events::{Aggregate, ModelId, TradingModel, Version};

use super::error::ApiError;
use super::state::Api;
pub use view::{ModelView, PolicyView};

/// A model as the log has it now. What was just written is shown from the log, because the read model may be behind.
async fn written(api: &Api, model_id: ModelId) -> Result<ModelView, ApiError> {
    let stream = api.app().models.stream(model_id);
    let loaded = api.log().load::<Aggregate<TradingModel>>(&stream).await?;
    let none = || ApiError::not_found("model", model_id);
    let model = loaded.state.active().ok_or_else(none)?;
    let first = api.log().read_stream(&stream, Version::NONE, 1).await?;
    let before_last = Version(loaded.tip.version.0 - 1);
    let last = api.log().read_stream(&stream, before_last, 1).await?;
    let (first, last) = first.first().zip(last.first()).ok_or_else(none)?;
    Ok(ModelView::of_log(model_id, model, loaded.tip.version, first, last))
}
