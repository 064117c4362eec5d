//! The description of the API: made from the code, served as a document and as pages that work offline.

mod failures;
mod security;

use std::sync::LazyLock;

use axum::response::IntoResponse;
use axum::{Json, Router};
use serde_json::{Value, json};
use utoipa::OpenApi;
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::answer::Meta;
use super::problem::Problem;
use super::state::Api;

/// Where the document is.
pub const PATH: &str = "/api/v1/openapi.json";
/// Where the pages are.
const PAGES: &str = "/docs";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "tapedeck",
        description = "An event-sourced backend for portfolios and AI trading strategies: every number can be \
            replayed and explained.\n\nMoney, prices and quantities are decimal strings; statistics are numbers, and \
            null with a reason where they cannot be computed; ratios are fractions. Instants are RFC 3339 in UTC. \
            Every failure is a problem document (RFC 9457) with a stable `code`.",
        license(name = "MIT")
    ),
    tags(
        (name = "accounts", description = "Entering and leaving: the caller's own account, sessions, keys and tickets"),
        (name = "administration", description = "Accounts of others, invitations, and the record of administrators' acts"),
        (name = "models", description = "Trading models: what trades, with what, under which rules"),
        (name = "AI models", description = "Language models: which can be chosen, and what they can be told"),
        (name = "runs", description = "Runs: a model executed over a range of bars"),
        (name = "portfolios", description = "Portfolios: settings, figures and history"),
        (name = "positions", description = "Positions: the lots of portfolios, and what they are worth"),
        (name = "tags", description = "Tags: their owner's words for some of their positions"),
        (name = "equity changes", description = "Capital that comes and goes, and equity that is set by hand"),
        (name = "analytics", description = "What portfolios risk and return: exposures, correlations, losses, betas, factors, stress and Greeks"),
        (name = "target prices", description = "What owners expect of their symbols, and what they would earn by it"),
        (name = "market", description = "Prices"),
        (name = "events", description = "The event log"),
        (name = "streams", description = "The event log by what it is about"),
        (name = "operations", description = "Read models and actors"),
        (name = "health", description = "Whether the process lives and can serve"),
    ),
    components(schemas(Problem, Meta))
)]
struct Frame;

/// The document without its paths.
pub(super) fn frame() -> utoipa::openapi::OpenApi {
    Frame::openapi()
}

/// The whole document. What the conventions give every operation is added here, once, instead of beside every handler.
pub fn document() -> Value {
    let document = super::routes().into_openapi();
    // A document made of derived parts always serializes.
    let mut document = serde_json::to_value(document).unwrap_or_default();
    refer(&mut document);
    failures::add(&mut document);
    security::add(&mut document);
    if let Some(components) = document.get_mut("components").and_then(Value::as_object_mut) {
        components.insert("parameters".to_owned(), failures::parameters());
    }
    document
}

/// Lets envelopes refer to the schemas that they carry, which the derivation copies into each of them.
fn refer(document: &mut Value) {
    let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) else {
        return;
    };
    let known: Vec<String> = schemas.keys().cloned().collect();
    for (name, envelope) in schemas {
        let Some(carried) = name.strip_prefix("Envelope_") else { continue };
        let (carried, place) = match carried.strip_prefix("Vec_") {
            Some(item) => (item, "/properties/data/items"),
            None => (carried, "/properties/data"),
        };
        if known.iter().any(|name| name == carried)
            && let Some(copy) = envelope.pointer_mut(place)
        {
            *copy = json!({ "$ref": format!("#/components/schemas/{carried}") });
        }
    }
}

fn members(value: Option<&mut Value>) -> impl Iterator<Item = (&String, &mut Value)> {
    value.and_then(Value::as_object_mut).into_iter().flatten()
}

/// `GET /api/v1/openapi.json`
pub(super) async fn serve() -> impl IntoResponse {
    /// Made once: it never changes while the process lives.
    static DOCUMENT: LazyLock<Value> = LazyLock::new(document);
    Json(&*DOCUMENT)
}

/// `GET /docs`
pub(super) fn pages() -> Router<Api> {
    SwaggerUi::new(PAGES).config(Config::from(PATH)).into()
}
