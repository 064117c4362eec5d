//! `GET /data/company-profiles`

use std::str::FromStr;

use axum::extract::State;
use events::Symbol;
use jiff::Timestamp;
use projections::bars::Vintage;
use projections::instruments::{self, FIELDS, Field, KnownProfile};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use super::{Terms, distinct};
use crate::http::answer::{Answer, Envelope};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::query::{FromParameters, Parameters, Query};
use crate::http::state::Api;

/// Most symbols of a request for profiles.
const PROFILES_MAX: usize = 100;

/// Which profiles.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Whose, 1 to 100, separated by commas.
    #[param(value_type = String, example = "AAPL,MSFT")]
    symbols: Vec<Symbol>,
    /// Only these fields, separated by commas; all of them by default.
    #[param(value_type = Option<String>, example = "company_name,sector,beta")]
    fields: Option<Vec<FieldName>>,
    /// As the store was at this instant; now by default.
    #[param(value_type = Option<String>, format = DateTime)]
    known_at: Option<Timestamp>,
}

/// The name of a field of a profile.
#[derive(Debug, Clone, Copy)]
struct FieldName(&'static Field);

impl FromStr for FieldName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Field::named(text).map(Self).ok_or_else(|| format!("{text} is no field of a company profile"))
    }
}

impl FromParameters for Which {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        let symbols = parameters.required_list("symbols");
        let symbols = symbols.map(|symbols| distinct(parameters, symbols, PROFILES_MAX));
        let (fields, known_at) = (parameters.list("fields"), parameters.optional("known_at"));
        Some(Self { symbols: symbols?, fields, known_at })
    }
}

/// Company profiles.
#[derive(Debug, Serialize, ToSchema)]
pub struct CompanyProfiles {
    /// How they were asked for.
    #[schema(example = "symbols")]
    query_type: &'static str,
    /// The symbols asked for.
    #[schema(value_type = Vec<String>)]
    requested_symbols: Vec<Symbol>,
    /// How many have a profile.
    #[schema(example = 1)]
    returned_profiles: usize,
    /// Those that have none.
    #[schema(value_type = Vec<String>)]
    missing_profiles: Vec<Symbol>,
    /// The profiles, in the order asked.
    profiles: Vec<ProfileView>,
    /// The state of the store that was read.
    #[schema(value_type = i64, example = 1)]
    vintage: Vintage,
}

/// One company profile.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProfileView {
    /// Whose.
    #[schema(value_type = String, example = "AAPL")]
    symbol: Symbol,
    /// When it was imported.
    updated_at: Timestamp,
    /// The fields asked for; null where not known. Money and prices are decimal strings, counts and statistics numbers.
    #[schema(value_type = std::collections::BTreeMap<String, Value>)]
    fields: Map<String, Value>,
}

impl ProfileView {
    fn of(known: &KnownProfile, fields: Option<&[FieldName]>) -> Self {
        let value = |field: &Field| (field.name.to_owned(), known.profile.value(field));
        let fields = match fields {
            Some(fields) => fields.iter().map(|field| value(field.0)).collect(),
            None => FIELDS.iter().map(value).collect(),
        };
        Self { symbol: known.profile.symbol.clone(), updated_at: known.updated_at, fields }
    }
}

/// Shows company profiles.
#[utoipa::path(get, path = "/api/v1/data/company-profiles", tag = "market", operation_id = "company_profiles",
    extensions(("x-access" = json!("signed-in"))), params(Which),
    responses((status = 200, description = "The profiles that there are", body = Envelope<CompanyProfiles>)))]
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    Query(Which { symbols, fields, known_at }): Query<Which>,
) -> Result<Answer<CompanyProfiles>, ApiError> {
    let vintage = Terms::known(known_at).vintage(&api).await?;
    let known = instruments::profiles(&**api.shared().await?, &symbols, Some(vintage)).await?;
    let found = symbols.iter().filter_map(|symbol| known.get(symbol));
    let profiles: Vec<_> = found.map(|known| ProfileView::of(known, fields.as_deref())).collect();
    let missing_profiles = symbols.iter().filter(|symbol| !known.contains_key(symbol)).cloned().collect();
    Ok(Answer::ok(
        &caller,
        CompanyProfiles {
            query_type: "symbols",
            requested_symbols: symbols,
            returned_profiles: profiles.len(),
            missing_profiles,
            profiles,
            vintage,
        },
    ))
}
