//! `GET /health/live`

use serde::Serialize;
use utoipa::ToSchema;

use crate::http::answer::{Answer, Envelope};
use crate::http::caller::Asked;

/// The process answers.
#[derive(Debug, Serialize, ToSchema)]
pub struct Alive {
    /// Always `alive`; a process that is not does not answer.
    #[schema(example = "alive")]
    status: &'static str,
}

/// Whether the process answers; asks nothing of anybody else.
#[utoipa::path(get, path = "/api/v1/health/live", tag = "health", operation_id = "health_live",
    extensions(("x-access" = json!("public"))),
    responses((status = 200, description = "The process answers", body = Envelope<Alive>)))]
pub async fn live(asked: Asked) -> Answer<Alive> {
    Answer::ok(&asked, Alive { status: "alive" })
}
