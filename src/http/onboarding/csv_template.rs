//! `GET /onboarding/csv-template`

use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::http::caller::Caller;
use crate::portfolio_import::TEMPLATE;

/// Gives a file to begin with: the columns that an import reads, and an example of each kind of position. The import takes
/// it as it is.
#[utoipa::path(get, path = "/api/v1/onboarding/csv-template", tag = "portfolios",
    operation_id = "show_csv_template", extensions(("x-access" = json!("signed-in"))),
    responses((status = 200, description = "A table", body = String, content_type = "text/csv")))]
pub async fn show(_caller: Caller) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"positions.csv\""),
        (header::CACHE_CONTROL, "private, max-age=3600"),
    ];
    (headers, TEMPLATE).into_response()
}
