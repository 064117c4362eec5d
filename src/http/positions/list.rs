//! `GET /positions`

use std::collections::BTreeMap;

use axum::extract::State;
use events::portfolio::valuation::Exposure;
use events::{Cash, PortfolioId, TagId};
use projections::Projection;
use projections::portfolios::Portfolios;
use projections::tags::Tags;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::{PositionView, labels};
use crate::http::answer::{Answer, Envelope};
use crate::http::books::{AsOf, AsOfParameters};
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::page::{Direction, KeyCursor, PageParameters, Paging};
use crate::http::position::{AtLeast, PositionParameters};
use crate::http::query::{FromParameters, Parameters, Query};
use crate::http::state::Api;

/// Which positions.
#[derive(Debug)]
pub struct Which {
    portfolio_id: PortfolioId,
    group_by: Option<GroupBy>,
    tags: Vec<TagId>,
    tag_mode: TagMode,
    include_closed: bool,
    as_of: AsOf,
    paging: Paging<KeyCursor<'p'>>,
}

/// The same for the documentation.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what Which reads")]
pub struct WhichParameters {
    /// The portfolio.
    #[param(format = Uuid)]
    portfolio_id: String,
    /// `type` or `tag`: sums by group; a position counts in the group of each of its tags.
    #[param(example = "type")]
    group_by: Option<String>,
    /// Ids of tags, separated by commas: only positions that have them.
    tags: Option<String>,
    /// Whether positions must have `any` of the tags, which is the default, or `all`.
    #[param(example = "any")]
    tag_mode: Option<String>,
    /// Whether closed ones are shown, too; by default no.
    include_closed: Option<bool>,
}

/// How positions are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum GroupBy {
    Type,
    Tag,
}

/// How many of the tags a position must have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum TagMode {
    #[default]
    Any,
    All,
}

impl std::str::FromStr for GroupBy {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "type" => Ok(Self::Type),
            "tag" => Ok(Self::Tag),
            _ => Err("must be type or tag"),
        }
    }
}

impl std::str::FromStr for TagMode {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "any" => Ok(Self::Any),
            "all" => Ok(Self::All),
            _ => Err("must be any or all"),
        }
    }
}

impl FromParameters for Which {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        let portfolio_id = parameters.required("portfolio_id");
        let group_by = parameters.optional("group_by");
        let tags = parameters.list("tags").unwrap_or_default();
        let tag_mode = parameters.optional("tag_mode").unwrap_or_default();
        let include_closed = parameters.optional("include_closed").unwrap_or(false);
        let (as_of, paging) = (AsOf::read(parameters), parameters.paging());
        let portfolio_id = portfolio_id?;
        Some(Self { portfolio_id, group_by, tags, tag_mode, include_closed, as_of, paging })
    }
}

/// Positions that belong together.
#[derive(Debug, Serialize, ToSchema)]
pub struct PositionGroup {
    /// The type, or the id of the tag; `untagged` for positions without one.
    #[schema(example = "LONG")]
    key: String,
    /// The type, or the name of the tag.
    #[schema(example = "LONG")]
    name: String,
    #[serde(flatten)]
    sums: PositionSums,
}

/// Positions, added up.
#[derive(Debug, Serialize, ToSchema)]
pub struct PositionSums {
    /// How many.
    total_positions: usize,
    /// What is held and what is owed together, at market.
    #[schema(value_type = String, example = "34400")]
    gross_exposure: Cash,
    /// What is held less what is owed, at market.
    #[schema(value_type = String, example = "11600")]
    net_exposure: Cash,
    /// How many have no price: they count in no exposure.
    unpriced_positions: usize,
}

/// Positions of a portfolio.
#[derive(Debug, Serialize, ToSchema)]
pub struct PositionsView {
    /// One page of them, by symbol and date of entry.
    positions: Vec<PositionView>,
    /// All of them by group, where that was asked for.
    groups: Option<Vec<PositionGroup>>,
    /// All of them.
    summary: PositionSums,
}

impl PositionSums {
    fn of<'a>(positions: impl IntoIterator<Item = &'a PositionView>) -> Self {
        let positions: Vec<&PositionView> = positions.into_iter().collect();
        let exposure = Exposure::of(positions.iter().filter_map(|position| position.market_value));
        let unpriced = positions
            .iter()
            .filter(|position| !position.quantity.is_zero() && position.market_value.is_none());
        Self {
            total_positions: positions.len(),
            gross_exposure: exposure.gross(),
            net_exposure: exposure.net(),
            unpriced_positions: unpriced.count(),
        }
    }
}

fn groups(positions: &[PositionView], by: GroupBy) -> Vec<PositionGroup> {
    let mut groups: BTreeMap<(String, String), Vec<&PositionView>> = BTreeMap::new();
    for position in positions {
        let mut put = |name: &str, key: String| {
            groups.entry((name.to_owned(), key)).or_default().push(position);
        };
        match by {
            GroupBy::Type => put(position.position_type.name(), position.position_type.to_string()),
            GroupBy::Tag if position.tags.is_empty() => put("untagged", "untagged".to_owned()),
            GroupBy::Tag => position.tags.iter().for_each(|tag| put(&tag.name, tag.id.to_string())),
        }
    }
    let group = |((name, key), positions): ((String, String), Vec<&PositionView>)| PositionGroup {
        key,
        name,
        sums: PositionSums::of(positions),
    };
    groups.into_iter().map(group).collect()
}

/// Lists the positions of a portfolio on a date, with sums over all of them.
#[utoipa::path(get, path = "/api/v1/positions", tag = "positions", operation_id = "list_positions",
    extensions(("x-access" = json!("rows"))),
    params(WhichParameters, AsOfParameters, PageParameters, PositionParameters),
    responses((status = 200, description = "Positions", body = Envelope<PositionsView>),
        (status = 404, description = "The portfolio, or a tag, does not exist or is not the caller's",
            body = crate::http::problem::Problem, content_type = "application/problem+json")))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    Query(which): Query<Which>,
    at_least: AtLeast,
) -> Result<Answer<PositionsView>, ApiError> {
    let position = at_least.shown_by(&api, &[Portfolios::NAME, Tags::NAME]).await?;
    let reading = api.reading(&caller, which.portfolio_id, which.as_of).await?;
    let labels = labels(&api, &caller).await?;
    labels.check(&which.tags)?;
    let mut found = PositionView::all(&reading, which.include_closed, &labels);
    if !which.tags.is_empty() {
        found.retain(|position| {
            let mut wanted = which.tags.iter();
            let mut has = |tag: &TagId| position.tags.iter().any(|label| label.id == *tag);
            match which.tag_mode {
                TagMode::Any => wanted.any(&mut has),
                TagMode::All => wanted.all(&mut has),
            }
        });
    }
    let (summary, total) = (PositionSums::of(&found), i64::try_from(found.len()).unwrap_or(i64::MAX));
    let groups = which.group_by.map(|by| groups(&found, by));
    let keyed = found.into_iter().map(|position| (position.key(), position)).collect();
    let (positions, next) = which.paging.page_of(keyed, Direction::Rising);
    let data = PositionsView { positions, groups, summary };
    Ok(Answer::ok(&caller, data).at(position).as_of(reading.date).total(total).next(next))
}
