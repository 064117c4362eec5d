//! `PATCH /models/{model}`

use axum::extract::State;
use events::ModelId;
use events::model::{ModelChange, ModelCommand, Risk};
use utoipa::ToSchema;

use super::view::PolicyView;
use super::{ModelView, written};
use crate::http::answer::{Answer, Envelope};
use crate::http::body::{Body, FromMembers, Members};
use crate::http::error::ApiError;
use crate::http::idempotency::{ConditionParameters, WriteParameters, Writing};
use crate::http::path::Path;
use crate::http::state::Api;

/// What is to change. What is left out stays; null clears what may be absent.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what FromMembers reads")]
pub struct ChangeModel {
    /// Name for people; the signature stays.
    #[schema(example = "Golden cross, faster")]
    name: Option<String>,
    /// What it is for.
    description: Option<String>,
    /// What decides.
    policy: Option<PolicyView>,
    /// The symbols that may be traded; null means all of the market store.
    symbols: Option<Vec<String>>,
    /// Cash with which a run opens its account.
    #[schema(example = "25000")]
    initial_cash: Option<String>,
    /// Fee as a fraction of the executed value.
    commission_rate: Option<String>,
    /// Price concession of market and stop orders, as a fraction.
    slippage_rate: Option<String>,
    /// The types of order that are not refused.
    allowed_order_types: Option<Vec<String>>,
    /// At which price market orders fill; null means as the interval of the run suggests.
    fill_rule: Option<String>,
    /// What runs are compared with; null means nothing.
    benchmark: Option<String>,
    /// What it may risk, as a whole.
    #[schema(value_type = Option<Object>)]
    risk: Option<Risk>,
}

impl FromMembers for ModelChange {
    fn read(members: &mut Members) -> Option<Self> {
        Some(Self {
            name: members.change("name"),
            description: members.clearable("description"),
            policy: members.change("policy"),
            symbols: members.clearable("symbols"),
            initial_cash: members.change("initial_cash"),
            commission_rate: members.change("commission_rate"),
            slippage_rate: members.change("slippage_rate"),
            allowed_order_types: members.change("allowed_order_types"),
            fill_rule: members.clearable("fill_rule"),
            benchmark: members.clearable("benchmark"),
            risk: members.change("risk"),
        })
    }
}

/// Changes the settings that are given. Runs that were started keep the settings they were started with.
#[utoipa::path(patch, path = "/api/v1/models/{model}", tag = "models", operation_id = "change_model",
    extensions(("x-access" = json!("own-model"))),
    params(("model" = Uuid, Path, description = "Its id"), WriteParameters, ConditionParameters),
    request_body = ChangeModel,
    responses((status = 200, description = "The model after the change", body = Envelope<ModelView>),
        (status = 412, description = "It has another version than `If-Match` says",
            body = crate::http::problem::Problem, content_type = "application/problem+json")))]
pub async fn change(
    State(api): State<Api>,
    Path(model_id): Path<ModelId>,
    writing: Writing,
    body: Body<ModelChange>,
) -> Result<Answer<ModelView>, ApiError> {
    let models = &api.app().models;
    let command = ModelCommand::Update(Box::new(body.value));
    let receipt = models.execute(model_id, writing.envelope(command, body.hash)).await?;
    Ok(Answer::written(&writing.caller, &receipt, written(&api, model_id).await?))
}
