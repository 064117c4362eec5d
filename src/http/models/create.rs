//! `POST /models`

use std::collections::BTreeSet;

use axum::extract::State;
use axum::http::StatusCode;
use events::ModelId;
use events::model::{ModelCommand, ModelDraft, Risk};
use events::policy::OrderType;
use projections::models;
use utoipa::ToSchema;

use super::view::PolicyView;
use super::{ModelView, written};
use crate::http::answer::{Answer, Envelope};
use crate::http::body::{Body, FromMembers, Members};
use crate::http::error::ApiError;
use crate::http::idempotency::{WriteParameters, Writing};
use crate::http::state::Api;

/// A model to be created: only the name is required.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what FromMembers reads")]
pub struct CreateModel {
    /// Name for people, up to 100 characters.
    #[schema(example = "Golden cross")]
    name: String,
    /// What it is for, up to 2,000 characters.
    description: Option<String>,
    /// What decides; by default `builtin/buy-and-hold`.
    policy: Option<PolicyView>,
    /// The symbols that may be traded; by default all of the market store.
    #[schema(example = json!(["AAPL", "MSFT"]))]
    symbols: Option<Vec<String>>,
    /// Cash with which a run opens its account; by default 10,000.
    #[schema(example = "10000")]
    initial_cash: Option<String>,
    /// Fee as a fraction of the executed value; by default 0.
    #[schema(example = "0.001")]
    commission_rate: Option<String>,
    /// Price concession of market and stop orders, as a fraction; by default 0.
    #[schema(example = "0.0005")]
    slippage_rate: Option<String>,
    /// The types of order that are not refused, of `market`, `limit`, `stop`, `stop_limit`, `trailing_stop`, `bracket`
    /// and `oco`; by default `market`, `limit` and `stop`.
    allowed_order_types: Option<Vec<String>>,
    /// `open`, `next_open`, `same_close` or `next_close`; by default as the interval of the run suggests.
    #[schema(example = "open")]
    fill_rule: Option<String>,
    /// What runs are compared with; by default nothing.
    #[schema(example = "QQQ")]
    benchmark: Option<String>,
    /// What it may risk: `trading_style`, `margin_account`, `allow_shorting`, `gates` (`funds` or `all`),
    /// `max_position_size`, `max_daily_loss`, `borrow_rate`, `interest_rate`, `maintenance_rate` and `rules`, each with
    /// `name`, `priority`, `applies_to_symbols` and `limit`; by default only its cash.
    #[schema(value_type = Option<Object>, example = json!({"margin_account": true, "allow_shorting": true,
        "trading_style": "swing_trading", "rules": [{"name": "small positions",
        "limit": {"type": "max_position", "fraction": "0.2"}}]}))]
    risk: Option<Risk>,
}

impl FromMembers for ModelDraft {
    fn read(members: &mut Members) -> Option<Self> {
        let name = members.required("name");
        let draft = Self {
            name: String::new(),
            description: members.optional("description"),
            policy: members.optional("policy"),
            symbols: members.optional("symbols"),
            initial_cash: members.optional("initial_cash"),
            commission_rate: members.optional("commission_rate"),
            slippage_rate: members.optional("slippage_rate"),
            allowed_order_types: members.optional::<BTreeSet<OrderType>>("allowed_order_types"),
            fill_rule: members.optional("fill_rule"),
            benchmark: members.optional("benchmark"),
            risk: members.optional("risk"),
        };
        Some(Self { name: name?, ..draft })
    }
}

/// Creates a model.
#[utoipa::path(post, path = "/api/v1/models", tag = "models", operation_id = "create_model",
    extensions(("x-access" = json!("signed-in"))),
    params(WriteParameters), request_body = CreateModel,
    responses((status = 201, description = "The model", body = Envelope<ModelView>, headers(
        ("Location" = String, description = "Its address"),
        ("ETag" = String, description = "Its version"),
        ("X-Tape-Position" = i64, description = "Where the log recorded it")))))]
pub async fn create(
    State(api): State<Api>,
    writing: Writing,
    body: Body<ModelDraft>,
) -> Result<Answer<ModelView>, ApiError> {
    let owner = &writing.caller.principal;
    let signature_suffix =
        models::free_suffix(&api.view(&writing.caller).await?, owner, &body.value.name).await?;
    let model_id = ModelId::derived(&[b"create", writing.command_id.uuid().as_bytes()]);
    let command = ModelCommand::Create { draft: Box::new(body.value), signature_suffix };
    let receipt = api.app().models.execute(model_id, writing.envelope(command, body.hash)).await?;
    let view = written(&api, model_id).await?;
    Ok(Answer::written(&writing.caller, &receipt, view)
        .status(StatusCode::CREATED)
        .location(&format!("/api/v1/models/{model_id}")))
}
