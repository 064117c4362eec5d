//! A tag as the API shows it.

use std::collections::{BTreeMap, BTreeSet};

use events::portfolio::Lot;
use events::tags::Tag;
use events::{PortfolioId, PositionId, Principal, TagId};
use jiff::Timestamp;
use projections::portfolios::{self, KnownAt};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::books::today;
use crate::http::caller::Caller;
use crate::http::error::ApiError;
use crate::http::state::Api;

/// A tag.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TagView {
    /// Its id.
    #[schema(value_type = String, format = Uuid)]
    id: TagId,
    /// Whose it is.
    #[schema(value_type = String)]
    user_id: Principal,
    /// Its name, unique among the tags that are not archived.
    #[schema(example = "income")]
    name: String,
    /// Its colour.
    #[schema(example = "#2E7D32")]
    color: String,
    /// What it is for.
    description: Option<String>,
    /// Its place in lists.
    display_order: i32,
    /// How many positions have it, closed ones too.
    usage_count: usize,
    /// How many open positions have it.
    position_count: usize,
    /// Whether it is hidden.
    is_archived: bool,
    /// Since when.
    archived_at: Option<Timestamp>,
    /// When it was created.
    created_at: Timestamp,
    /// When it was last changed.
    updated_at: Timestamp,
}

impl TagView {
    /// A tag with its uses.
    pub(super) fn of(id: TagId, owner: &Caller, tag: &Tag, uses: &Uses) -> Self {
        let (usage_count, position_count) = uses.0.get(&id).copied().unwrap_or_default();
        Self {
            id,
            user_id: owner.principal.clone(),
            name: tag.name.clone(),
            color: tag.color.clone(),
            description: tag.description.clone(),
            display_order: tag.display_order,
            usage_count,
            position_count,
            is_archived: tag.archived_at.is_some(),
            archived_at: tag.archived_at,
            created_at: tag.created_at,
            updated_at: tag.updated_at,
        }
    }
}

/// How many positions have each tag: all of them, and those that are open today.
#[derive(Debug, Default)]
pub(in crate::http) struct Uses(BTreeMap<TagId, (usize, usize)>);

impl Uses {
    /// Counts over all portfolios of the caller.
    pub(in crate::http) async fn of(api: &Api, caller: &Caller) -> Result<Self, ApiError> {
        let mut uses = Self::default();
        let today = today();
        each_lot(api, caller, None, |_, _, lot| {
            for tag in &lot.tags {
                let (all, open) = uses.0.entry(*tag).or_default();
                *all += 1;
                *open += usize::from(!lot.open_quantity_on(today).is_zero());
            }
        })
        .await?;
        Ok(uses)
    }
}

/// Portfolios that are asked for at once.
const PAGE: u16 = 200;

/// Looks at every lot of the caller's portfolios, or of one of them.
pub(super) async fn each_lot(
    api: &Api,
    caller: &Caller,
    only: Option<PortfolioId>,
    mut look: impl FnMut(PortfolioId, PositionId, &Lot),
) -> Result<(), ApiError> {
    let view = api.view(caller).await?;
    let mut found = BTreeSet::new();
    let mut after = None;
    loop {
        let page = portfolios::list(&view, Some(&caller.principal), after, PAGE).await?;
        for row in &page.items {
            if only.is_some_and(|only| only != row.portfolio_id) {
                continue;
            }
            found.insert(row.portfolio_id);
            let book = api.app().books.of_row(&view, row, KnownAt::Now).await?;
            for (id, lot) in book.iter().flat_map(|book| book.portfolio.existing_lots()) {
                look(row.portfolio_id, id, lot);
            }
        }
        after = page.next_cursor;
        if after.is_none() {
            break;
        }
    }
    match only {
        Some(only) if !found.contains(&only) => Err(ApiError::not_found("portfolio", only)),
        _ => Ok(()),
    }
}
