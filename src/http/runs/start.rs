//! `POST /models/{model}/runs`

use axum::extract::State;
use axum::http::StatusCode;
use events::policy::{FillRule, PolicySpec};
use events::time::TradingDay;
use events::{Cash, Interval, ModelId, RunId, Symbol};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::answer::{Answer, Envelope};
use crate::http::body::{Body, FromMembers, Members};
use crate::http::error::ApiError;
use crate::http::idempotency::{WriteParameters, Writing};
use crate::http::models::PolicyView;
use crate::http::path::Path;
use crate::http::state::Api;
use crate::start_run::{StartRun, StartedRun};

/// What a run is wanted for. Whatever is left out comes from the model.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes what FromMembers reads")]
pub struct StartRunBody {
    /// First day; its first bar opens the account.
    #[schema(value_type = String, format = Date, example = "2025-01-02")]
    start_date: TradingDay,
    /// Last day, inclusive; not after today.
    #[schema(value_type = String, format = Date, example = "2025-06-30")]
    end_date: TradingDay,
    /// Length of a bar: `1d`, `60min` or `1min`; default `1d`.
    #[schema(example = "1d")]
    interval: Option<String>,
    /// These symbols of the model's.
    #[schema(example = json!(["AAPL", "MSFT"]))]
    symbols: Option<Vec<String>>,
    /// Another policy or other parameters than the model's.
    policy: Option<PolicyView>,
    /// Other cash than the model's.
    #[schema(example = "10000")]
    initial_cash: Option<String>,
    /// Another fill rule than the model's: `open`, `next_open`, `same_close` or `next_close`.
    #[schema(example = "open")]
    fill_rule: Option<String>,
}

/// The body as read; the path names the model.
#[derive(Debug)]
pub struct Wishes {
    start_date: TradingDay,
    end_date: TradingDay,
    interval: Option<Interval>,
    symbols: Option<Vec<Symbol>>,
    policy: Option<PolicySpec>,
    initial_cash: Option<Cash>,
    fill_rule: Option<FillRule>,
}

impl FromMembers for Wishes {
    fn read(members: &mut Members) -> Option<Self> {
        let (start_date, end_date) = (members.required("start_date"), members.required("end_date"));
        let interval = members.optional("interval");
        let symbols = members.optional("symbols");
        let policy = members.optional("policy");
        let initial_cash = members.optional("initial_cash");
        let fill_rule = members.optional("fill_rule");
        let (start_date, end_date) = (start_date?, end_date?);
        Some(Self { start_date, end_date, interval, symbols, policy, initial_cash, fill_rule })
    }
}

impl Wishes {
    fn of_model(self, model_id: ModelId) -> StartRun {
        let Self { start_date, end_date, interval, symbols, policy, initial_cash, fill_rule } = self;
        StartRun { model_id, start_date, end_date, interval, symbols, policy, initial_cash, fill_rule }
    }
}

/// A run that was requested.
#[derive(Debug, Serialize, ToSchema)]
pub struct StartedRunView {
    /// The run.
    #[schema(value_type = String, format = Uuid)]
    run_id: RunId,
    /// Its number among the runs of its model.
    #[schema(example = 1)]
    run_number: u32,
    /// Its model.
    #[schema(value_type = String, format = Uuid)]
    model_id: ModelId,
    /// This request repeated an earlier one, whose answer this is.
    duplicate: bool,
}

impl From<StartedRun> for StartedRunView {
    fn from(started: StartedRun) -> Self {
        let StartedRun { run_id, run_number, model_id, position: _, duplicate } = started;
        Self { run_id, run_number, model_id, duplicate }
    }
}

/// Starts a run: freezes its terms and requests it. It trades once a worker takes it; follow its progress.
#[utoipa::path(post, path = "/api/v1/models/{model}/runs", tag = "runs", operation_id = "start_run",
    extensions(("x-access" = json!("own-model"))),
    params(("model" = Uuid, Path, description = "The model to execute"), WriteParameters),
    request_body = StartRunBody,
    responses((status = 202, description = "The run is requested", body = Envelope<StartedRunView>, headers(
        ("Location" = String, description = "Its address"),
        ("X-Tape-Position" = i64, description = "Where the log recorded it")))))]
pub async fn start(
    State(api): State<Api>,
    Path(model_id): Path<ModelId>,
    writing: Writing,
    Body { value, hash }: Body<Wishes>,
) -> Result<Answer<StartedRunView>, ApiError> {
    let started = api.app().starter.start(value.of_model(model_id), writing.context(hash)).await?;
    let (position, address) = (started.position, format!("/api/v1/runs/{}", started.run_id));
    Ok(Answer::ok(&writing.caller, started.into())
        .status(StatusCode::ACCEPTED)
        .at(position)
        .location(&address))
}
