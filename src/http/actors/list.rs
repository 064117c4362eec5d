//! `GET /actors`

use actors::LiveActor;
use actors::directory::Phase;
use axum::extract::State;
use events::account::Account;
use events::{Decider, Invitations, Run, TradingModel, Version};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::http::answer::{Answer, Envelope};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::page::Limit;
use crate::http::query::{FromParameters, Parameters, Query};
use crate::http::state::Api;

/// Which actors.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Only actors of this category.
    #[param(example = "run")]
    category: Option<String>,
    /// How many at most; those that have most to do come first.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 200, default = 50)]
    limit: Limit,
}

impl FromParameters for Which {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        let category = parameters.optional("category");
        Some(Self { category, limit: parameters.optional("limit").unwrap_or_default() })
    }
}

/// A live actor.
#[derive(Debug, Serialize, ToSchema)]
pub struct ActorView {
    /// Its stream.
    #[schema(example = "run-01988d2f-6c3b-7f10-9d5e-3c1b6a1f0e77")]
    stream: String,
    /// The category of its stream.
    #[schema(example = "run")]
    category: &'static str,
    /// The last version known to be durable.
    #[schema(value_type = i64, example = 12)]
    version: Version,
    /// Commands without an answer.
    #[schema(example = 0)]
    unanswered: usize,
    /// Milliseconds since its last command.
    #[schema(example = 150)]
    idle_ms: u64,
    /// `serving`, `retiring`, `restarting` or `quarantined`.
    #[schema(example = "serving")]
    phase: &'static str,
    /// What it failed of.
    reason: Option<String>,
}

impl ActorView {
    fn of(category: &'static str, actor: LiveActor) -> Self {
        let (phase, reason) = match actor.phase {
            Phase::Serving => ("serving", None),
            Phase::Retiring => ("retiring", None),
            Phase::Restarting { reason } => ("restarting", Some(reason)),
            Phase::Quarantined { reason } => ("quarantined", Some(reason)),
        };
        Self {
            stream: format!("{category}-{}", actor.key),
            category,
            version: actor.version,
            unanswered: actor.unanswered,
            idle_ms: actor.idle_ms,
            phase,
            reason,
        }
    }
}

/// Lists the actors that live in this process, the busiest first.
#[utoipa::path(get, path = "/api/v1/actors", tag = "operations", operation_id = "list_actors",
    extensions(("x-access" = json!("oversight"))), params(Which),
    responses((status = 200, description = "Live actors; `meta.total` counts all", body = Envelope<Vec<ActorView>>)))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Query(Which { category, limit }): Query<Which>,
) -> Result<Answer<Vec<ActorView>>, ApiError> {
    let app = api.app();
    let (models, runs, accounts, invitations) =
        tokio::join!(app.models.live(), app.runs.live(), app.accounts.live(), app.invitations.live());
    let of = |category, live: Vec<_>| live.into_iter().map(move |actor| ActorView::of(category, actor));
    let all = of(TradingModel::CATEGORY, models)
        .chain(of(Run::CATEGORY, runs))
        .chain(of(Account::CATEGORY, accounts))
        .chain(of(Invitations::CATEGORY, invitations));
    let wanted = |actor: &ActorView| category.as_deref().is_none_or(|category| category == actor.category);
    let mut live: Vec<_> = all.filter(wanted).collect();
    let total = i64::try_from(live.len()).unwrap_or(i64::MAX);
    live.sort_by(|left, right| {
        (right.unanswered, left.idle_ms, &left.stream).cmp(&(left.unanswered, right.idle_ms, &right.stream))
    });
    live.truncate(usize::from(limit.0));
    Ok(Answer::ok(&caller, live).total(total))
}
