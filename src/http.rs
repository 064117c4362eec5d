//! The HTTP API: routes in one table, grouped by resource; a folder per resource, a file per endpoint.

mod accept;
pub mod access;
pub mod actors;
pub mod admin;
pub mod ai_models;
pub mod analytics;
pub mod answer;
mod aside;
pub mod auth;
pub mod bars;
pub mod body;
pub mod books;
pub mod caller;
pub mod client_address;
mod conditional;
mod cors;
pub mod credential;
pub mod data;
pub mod entering;
pub mod equity_changes;
pub mod error;
pub mod events;
mod form;
pub mod health;
pub mod idempotency;
pub mod imports;
mod index;
pub mod leaderboard;
mod limits;
pub mod log;
mod metrics;
mod middleware;
pub mod models;
pub mod onboarding;
mod openapi;
pub mod page;
pub mod parked_commands;
pub mod parked_events;
pub mod path;
pub mod portfolios;
pub mod position;
pub mod positions;
pub mod problem;
pub mod projections;
pub mod query;
pub mod quotes;
pub mod rate;
pub mod request_id;
pub mod runs;
mod serve;
pub mod sse;
mod state;
pub mod streams;
pub mod symbols;
mod table;
pub mod tags;
pub mod target_prices;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use tower::util::option_layer;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use caller::AtTheMachine;
pub use openapi::document;
pub use quotes::NoQuotes;
pub use serve::{serve, serve_router};
pub use state::{Api, Parts, STREAMS_MAX};

/// Every route of the API, with its documentation.
fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::with_openapi(openapi::frame())
        .routes(routes!(health::live::live))
        .routes(routes!(health::ready::ready))
        .routes(routes!(health::version::version))
        .routes(routes!(auth::sign_up::sign_up))
        .routes(routes!(auth::login::log_in))
        .routes(routes!(auth::refresh::refresh))
        .routes(routes!(auth::logout::log_out))
        .routes(routes!(auth::claim::claim))
        .routes(routes!(auth::me::show))
        .routes(routes!(auth::password::change))
        .routes(routes!(auth::stream_ticket::make))
        .routes(routes!(auth::sessions::list, auth::sessions::end_others))
        .routes(routes!(auth::sessions::end))
        .routes(routes!(auth::api_keys::list, auth::api_keys::create))
        .routes(routes!(auth::api_keys::revoke))
        .routes(routes!(admin::impersonation::stop))
        .routes(routes!(admin::impersonation::start))
        .routes(routes!(admin::users::list))
        .routes(routes!(admin::users::find))
        .routes(routes!(admin::users::change_role))
        .routes(routes!(admin::users::deactivate))
        .routes(routes!(admin::users::reactivate))
        .routes(routes!(admin::sessions::list, admin::sessions::end))
        .routes(routes!(admin::invitations::list))
        .routes(routes!(admin::invitations::invite, admin::invitations::uninvite))
        .routes(routes!(admin::acts::list))
        .routes(routes!(admin::stats::show))
        .routes(routes!(models::create::create, models::list::list))
        .routes(routes!(models::find::find, models::change::change, models::delete::delete))
        .routes(routes!(runs::start::start))
        .routes(routes!(runs::list::list))
        .routes(routes!(runs::compare::show))
        .routes(routes!(runs::find::find, runs::delete::delete))
        .routes(routes!(runs::cancel::cancel))
        .routes(routes!(runs::audit::audit))
        .routes(routes!(runs::replay::show))
        .routes(routes!(runs::progress::follow))
        .routes(routes!(runs::ledger::list))
        .routes(routes!(runs::equity::list))
        .routes(routes!(runs::performance::show))
        .routes(routes!(portfolios::create::create, portfolios::list::list))
        .routes(routes!(portfolios::find::find, portfolios::change::change, portfolios::delete::delete))
        .routes(routes!(portfolios::restore::restore))
        .routes(routes!(portfolios::calculate::calculate))
        .routes(routes!(portfolios::calculate::calculate_analytics))
        .routes(routes!(portfolios::batch_status::show))
        .routes(routes!(portfolios::batch_status::show_analytics))
        .routes(routes!(portfolios::history::list))
        .routes(routes!(portfolios::import_csv::import))
        .routes(routes!(onboarding::create_portfolio::create))
        .routes(routes!(onboarding::csv_template::show))
        .routes(routes!(tags::create::create, tags::list::list))
        .routes(routes!(tags::defaults::create))
        .routes(routes!(tags::find::find, tags::change::change, tags::delete::delete))
        .routes(routes!(tags::archive::archive))
        .routes(routes!(tags::restore::restore))
        .routes(routes!(tags::positions::list))
        .routes(routes!(
            positions::tagging::list::list,
            positions::tagging::assign::assign,
            positions::tagging::replace::replace,
            positions::tagging::remove::remove
        ))
        .routes(routes!(positions::tagging::bulk_assign::assign))
        .routes(routes!(equity_changes::list::list, equity_changes::create::create))
        .routes(routes!(equity_changes::summary::show))
        .routes(routes!(equity_changes::export::export))
        .routes(routes!(
            equity_changes::find::find,
            equity_changes::change::change,
            equity_changes::delete::delete
        ))
        .routes(routes!(equity_changes::adjust::adjust))
        .routes(routes!(positions::list::list, positions::create::create))
        .routes(routes!(positions::bulk::create, positions::bulk_delete::delete))
        .routes(routes!(positions::validate_symbol::validate))
        .routes(routes!(positions::check_duplicate::check))
        .routes(routes!(positions::tags_for_symbol::list))
        .routes(routes!(positions::find::find, positions::change::change, positions::delete::delete))
        .routes(routes!(positions::history::list))
        .routes(routes!(positions::marks::list, positions::marks::create))
        .routes(routes!(target_prices::list::list, target_prices::create::create))
        .routes(routes!(target_prices::summary::show))
        .routes(routes!(
            target_prices::find::find,
            target_prices::change::change,
            target_prices::delete::delete
        ))
        .routes(routes!(target_prices::bulk::create))
        .routes(routes!(target_prices::bulk_update::change))
        .routes(routes!(target_prices::import_csv::import))
        .routes(routes!(target_prices::export::export))
        .routes(routes!(target_prices::aggregate::show))
        .routes(routes!(target_prices::history::list))
        .routes(routes!(ai_models::available::list))
        .routes(routes!(ai_models::parameters::show))
        .routes(routes!(leaderboard::list::list))
        .routes(routes!(bars::list::list))
        .routes(routes!(symbols::list::list))
        .routes(routes!(data::portfolios::list))
        .routes(routes!(data::complete::show))
        .routes(routes!(data::position_details::show))
        .routes(routes!(data::top_positions::show))
        .routes(routes!(data::snapshot::show))
        .routes(routes!(data::snapshots::list))
        .routes(routes!(data::historical_prices::show))
        .routes(routes!(data::portfolio_prices::show))
        .routes(routes!(data::data_quality::show))
        .routes(routes!(data::benchmark_prices::show))
        .routes(routes!(data::etf_prices::show))
        .routes(routes!(data::company_profiles::show))
        .routes(routes!(data::coverage::list))
        .routes(routes!(data::coverage::find))
        .routes(routes!(analytics::factor_definitions::show))
        .routes(routes!(analytics::stress_scenarios::show))
        .routes(routes!(analytics::portfolio::overview::show))
        .routes(routes!(analytics::portfolio::concentration::show))
        .routes(routes!(analytics::portfolio::sector_exposure::show))
        .routes(routes!(analytics::portfolio::correlation_matrix::show))
        .routes(routes!(analytics::portfolio::correlation_metrics::show))
        .routes(routes!(analytics::portfolio::diversification_score::show))
        .routes(routes!(analytics::portfolio::volatility::show))
        .routes(routes!(analytics::portfolio::risk_metrics::show))
        .routes(routes!(analytics::portfolio::var::show))
        .routes(routes!(analytics::portfolio::factor_exposures::show))
        .routes(routes!(analytics::portfolio::position_factor_exposures::list))
        .routes(routes!(analytics::portfolio::spread_factors::show))
        .routes(routes!(analytics::portfolio::rate_sensitivity::show))
        .routes(routes!(analytics::portfolio::beta_comparison::show))
        .routes(routes!(analytics::portfolio::beta_calculated::show))
        .routes(routes!(analytics::portfolio::beta_provider::show))
        .routes(routes!(analytics::portfolio::stress_test::show))
        .routes(routes!(analytics::portfolio::custom_stress_test::suppose))
        .routes(routes!(analytics::portfolio::performance::show))
        .routes(routes!(analytics::positions::attribution::show))
        .routes(routes!(analytics::risk::greeks::show))
        .routes(routes!(analytics::risk::greeks::calculate::calculate))
        .routes(routes!(analytics::aggregate::overview::show))
        .routes(routes!(analytics::aggregate::breakdown::show))
        .routes(routes!(analytics::aggregate::beta::show))
        .routes(routes!(analytics::aggregate::volatility::show))
        .routes(routes!(analytics::aggregate::factor_exposures::show))
        .routes(routes!(analytics::aggregate::sector_exposure::show))
        .routes(routes!(analytics::aggregate::concentration::show))
        .routes(routes!(analytics::aggregate::correlation_matrix::show))
        .routes(routes!(analytics::aggregate::stress_test::show))
        .routes(routes!(imports::prices::import))
        .routes(routes!(imports::reference::import))
        .routes(routes!(quotes::list::list))
        .routes(routes!(quotes::stream::stream))
        .routes(routes!(quotes::find::find))
        .routes(routes!(streams::list::list))
        .routes(routes!(streams::find::find))
        .routes(routes!(streams::events::list))
        .routes(routes!(streams::audit::audit))
        .routes(routes!(events::list::list))
        .routes(routes!(events::tail::tail))
        .routes(routes!(events::find::find))
        .routes(routes!(log::show::show))
        .routes(routes!(log::audit::audit))
        .routes(routes!(projections::list::list))
        .routes(routes!(projections::rebuild::rebuild))
        .routes(routes!(parked_events::list::list))
        .routes(routes!(parked_events::retry::retry))
        .routes(routes!(parked_events::discard::discard))
        .routes(routes!(parked_commands::list::list))
        .routes(routes!(parked_commands::retry::retry))
        .routes(routes!(parked_commands::discard::discard))
        .routes(routes!(actors::list::list))
}

/// The whole service: routes, documentation pages, and what surrounds every request.
pub fn router(api: Api) -> Router {
    let (routes, _) = routes().split_for_parts();
    let rules = access::AccessRules::of(&document());
    let guarded = routes
        .route("/", get(index::index))
        .route(openapi::PATH, get(openapi::serve))
        .route("/metrics", get(metrics::show))
        .merge(openapi::pages())
        .layer(from_fn_with_state((api.clone(), rules), access::guard));
    surrounded(guarded, api)
}

/// Routes with what surrounds every request.
pub fn surrounded(routes: Router<Api>, api: Api) -> Router {
    let router = routes
        // The body extractor has its own limit, which answers with a problem.
        .layer(DefaultBodyLimit::disable())
        // From here outwards: who may not call an operation is turned away; a panic is answered like any failure; what
        // takes too long is given up; what the caller has already is not sent again; who asks too much, or in too large
        // a form, is turned away; failures become problems; answers shrink; pages of other origins are let in or not;
        // browsers are told to be careful; each request is one line in the log; and all of it knows the request's id
        // and where it comes from.
        .layer(CatchPanicLayer::custom(middleware::panicked))
        .layer(from_fn_with_state(api.clone(), middleware::time_limit))
        .layer(from_fn(conditional::answer))
        .layer(from_fn_with_state(api.clone(), rate::limit))
        .layer(from_fn_with_state(api.clone(), limits::check))
        .layer(from_fn(problem::write))
        .layer(CompressionLayer::new())
        // Without origins it would still answer every OPTIONS.
        .layer(option_layer(cors::layer(&api.config().cors_origins)))
        .layer(from_fn_with_state(api.clone(), middleware::security_headers))
        .layer(from_fn_with_state(api.clone(), middleware::trace))
        .layer(from_fn_with_state(api.clone(), client_address::note))
        .layer(from_fn(request_id::assign));
    router.with_state(api)
}
