//! How every analytic is asked and answered: whose it is first, then what is kept, then the computation, aside.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::sync::Arc;

use events::time::TradingDay;
use events::{PortfolioId, Position, TagId, calendar};
use projections::bars::Vintage;
use projections::portfolios::{self, Book, Portfolios};
use projections::risk::{Aggregated, Analytic, RiskInputs, RiskSources};
use projections::snapshots::{self, Lots, SnapshotRow, Snapshots};
use projections::tags::{self, Archived, Tags};
use projections::{Projection, View};
use serde::{Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};
use utoipa::IntoParams;

use super::kept::KeptAnswer;
use crate::http::answer::Answer;
use crate::http::aside::aside;
use crate::http::books::AsOf;
use crate::http::caller::Caller;
use crate::http::data::terms::Terms;
use crate::http::error::ApiError;
use crate::http::page::LIMIT_MAX;
use crate::http::position::AtLeast;
use crate::http::query::{FromParameters, Parameters};
use crate::http::state::Api;

/// Most portfolios that are named in one question.
const PORTFOLIOS_MAX: usize = 50;

/// Which portfolios are asked about.
#[derive(Debug, Clone)]
pub enum Whose {
    /// One.
    One(PortfolioId),
    /// Several, seen as one.
    These(Vec<PortfolioId>),
    /// All that the caller uses, seen as one.
    All,
}

/// An answer as it is sent.
#[derive(Debug)]
pub struct Answered(Arc<RawValue>);

impl Serialize for Answered {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// A parameter within its range, or `otherwise`; what is beyond is reported.
pub fn within<T: FromStr<Err: Display> + PartialOrd + Display + Copy>(
    parameters: &mut Parameters,
    name: &'static str,
    otherwise: T,
    range: RangeInclusive<T>,
) -> T {
    let value = parameters.optional(name).unwrap_or(otherwise);
    if !range.contains(&value) {
        let message = format!("must be from {} to {}", range.start(), range.end());
        parameters.report(name, "out_of_range", message);
    }
    value
}

/// Portfolios of the caller's as they were known, and the session that is told of. Holding one means that they are
/// the caller's.
pub struct Subject<'a> {
    api: &'a Api,
    caller: &'a Caller,
    position: Position,
    is_aggregate: bool,
    as_of: AsOf,
    session: TradingDay,
    vintage: Vintage,
    books: Vec<Book>,
    tag_names: BTreeMap<TagId, String>,
    /// How many tags are shown, and when one of them was last changed: together they say which.
    tagged: (usize, Option<Position>),
}

/// What is computed, with where it stands in its list, if it is a page of one.
#[derive(Debug)]
pub struct Listed<T> {
    /// The page.
    pub page: T,
    /// Items in all.
    pub total: usize,
    /// The cursor of the next page.
    pub next: Option<String>,
}

/// What is asked about several portfolios: which, and the question itself.
#[derive(Debug)]
pub struct Several<W> {
    whose: Whose,
    /// The question, as one portfolio is asked.
    pub which: W,
}

/// The parameters of [`Several`], for the documentation.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what Several reads")]
pub struct SeveralParameters {
    /// The portfolios, named again and again, 50 at most; by default all that the caller uses.
    #[param(style = Form, explode, value_type = Option<Vec<uuid::Uuid>>, max_items = 50)]
    portfolio_ids: Option<Vec<PortfolioId>>,
}

impl<W: FromParameters> FromParameters for Several<W> {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        let named: Option<Vec<PortfolioId>> = parameters.repeated("portfolio_ids");
        if named.as_ref().is_some_and(|named| named.len() > PORTFOLIOS_MAX) {
            let message = format!("must be at most {PORTFOLIOS_MAX} portfolios");
            parameters.report("portfolio_ids", "too_many", message);
        }
        let whose = named.map_or(Whose::All, Whose::These);
        Some(Self { whose, which: W::read(parameters)? })
    }
}

impl<W> Several<W> {
    /// The portfolios, and the question.
    pub async fn find<'a>(
        self,
        api: &'a Api,
        caller: &'a Caller,
        at_least: AtLeast,
        as_of: impl FnOnce(&W) -> AsOf,
    ) -> Result<(Subject<'a>, W), ApiError> {
        let as_of = as_of(&self.which);
        Ok((Subject::find(api, caller, at_least, self.whose, as_of).await?, self.which))
    }
}

impl<'a> Subject<'a> {
    /// Finds the portfolios. One that the caller does not see answers 404, before anything else is looked at.
    pub async fn find(
        api: &'a Api,
        caller: &'a Caller,
        at_least: AtLeast,
        whose: Whose,
        as_of: AsOf,
    ) -> Result<Self, ApiError> {
        let position = at_least.shown_by(api, &[Portfolios::NAME, Snapshots::NAME, Tags::NAME]).await?;
        let view = api.view(caller).await?;
        let is_aggregate = !matches!(whose, Whose::One(_));
        let books = books(api, caller, &view, whose, as_of).await?;
        let rows = tags::list(&view, Some(&caller.principal), Archived::LeftOut).await?;
        // The market store has connections of its own to ask for.
        drop(view);
        let vintage = api.vintage(as_of.known_at()).await?;
        let completed = Terms::known(None).session();
        let session = calendar::session_on_or_before(as_of.date()).min(completed);
        let tagged = (rows.len(), rows.iter().map(|row| row.changed_position).max());
        let tag_names = rows.into_iter().map(|row| (row.tag_id, row.tag.name)).collect();
        Ok(Self { api, caller, position, is_aggregate, as_of, session, vintage, books, tag_names, tagged })
    }

    /// The session that is told of.
    pub fn session(&self) -> TradingDay {
        self.session
    }

    /// The state of the market store.
    pub fn vintage(&self) -> Vintage {
        self.vintage
    }

    /// Everything up to here is shown.
    pub fn position(&self) -> Position {
        self.position
    }

    /// The API that was asked.
    pub fn api(&self) -> &'a Api {
        self.api
    }

    /// The snapshots of one of the portfolios since its beginning, as they were known, without their lots.
    pub async fn all_snapshots(&self, portfolio_id: PortfolioId) -> Result<Vec<SnapshotRow>, ApiError> {
        let book = self.books.iter().find(|book| book.portfolio_id == portfolio_id);
        match book.and_then(|book| book.portfolio.roll_start()) {
            Some(first) => self.snapshots(portfolio_id, first, Lots::LeftOut).await,
            None => Ok(Vec::new()),
        }
    }

    /// The snapshots of one of the portfolios from a session on, as they were known.
    pub async fn snapshots(
        &self,
        portfolio_id: PortfolioId,
        first: TradingDay,
        lots: Lots,
    ) -> Result<Vec<SnapshotRow>, ApiError> {
        let view = self.api.view(self.caller).await?;
        let known_at = self.as_of.known_at();
        Ok(snapshots::range(&view, portfolio_id, (first, self.session), known_at, lots).await?)
    }

    /// Answers from what is kept, or computes. `kind` says what, with all parameters and all that it follows from
    /// beside portfolios and market.
    pub async fn answer<T: Serialize + Default + Send + 'static>(
        self,
        kind: &str,
        compute: impl FnOnce(&RiskInputs) -> Analytic<T> + Send + 'static,
    ) -> Result<Answer<Answered>, ApiError> {
        let is_aggregate = self.is_aggregate;
        self.answer_with(kind, move |inputs| {
            let analytic = compute(inputs);
            let data = match is_aggregate {
                true => to_raw_value(&Aggregated::of(inputs, analytic)),
                false => to_raw_value(&analytic),
            };
            Ok(KeptAnswer { data: Arc::from(data?), listed: None })
        })
        .await
    }

    /// The same for what has a shape of its own.
    pub async fn answer_as<T: Serialize + Send + 'static>(
        self,
        kind: &str,
        compute: impl FnOnce(&RiskInputs) -> T + Send + 'static,
    ) -> Result<Answer<Answered>, ApiError> {
        self.answer_with(kind, move |inputs| {
            Ok(KeptAnswer { data: Arc::from(to_raw_value(&compute(inputs))?), listed: None })
        })
        .await
    }

    /// The same for a page of a list.
    pub async fn answer_page<T: Serialize + Send + 'static>(
        self,
        kind: &str,
        compute: impl FnOnce(&RiskInputs) -> Listed<T> + Send + 'static,
    ) -> Result<Answer<Answered>, ApiError> {
        self.answer_with(kind, move |inputs| {
            let Listed { page, total, next } = compute(inputs);
            let total = i64::try_from(total).unwrap_or(i64::MAX);
            Ok(KeptAnswer { data: Arc::from(to_raw_value(&page)?), listed: Some((total, next)) })
        })
        .await
    }

    async fn answer_with(
        self,
        kind: &str,
        compute: impl FnOnce(&RiskInputs) -> serde_json::Result<KeptAnswer> + Send + 'static,
    ) -> Result<Answer<Answered>, ApiError> {
        let (api, caller, position, session) = (self.api, self.caller, self.position, self.session);
        let key = self.key(kind);
        let answer = match api.analytics().find(&key) {
            Some(answer) => answer,
            None => {
                let operation = "writing an analytic as JSON";
                let written = self.computed(compute).await?;
                let answer =
                    written.map_err(|source| ApiError::Internal { operation, source: source.into() })?;
                api.analytics().keep(key, &answer);
                answer
            }
        };
        let KeptAnswer { data, listed } = answer;
        let answer = Answer::ok(caller, Answered(data)).at(position).as_of(session);
        Ok(match listed {
            Some((total, next)) => answer.total(total).next(next),
            None => answer,
        })
    }

    /// What is computed of the portfolios, aside.
    pub async fn computed<T: Send + 'static>(
        self,
        compute: impl FnOnce(&RiskInputs) -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        let api = self.api;
        let sources = self.sources().await?;
        aside(api, "computing an analytic", move || async move { compute(&RiskInputs::of(sources)) }).await
    }

    /// All that an answer follows from. The same portfolios asked for as one and as several are answered in other shapes.
    fn key(&self, kind: &str) -> String {
        let versions: Vec<String> =
            self.books.iter().map(|book| format!("{}@{}", book.portfolio_id, book.version)).collect();
        // Clusters are called by tags, which are no part of a portfolio's version.
        let Self { vintage, session, tagged, is_aggregate, .. } = self;
        format!("{};{vintage};{session};{tagged:?};{is_aggregate};{kind}", versions.join(","))
    }

    async fn sources(self) -> Result<RiskSources, ApiError> {
        let client = self.api.shared().await?;
        let closes = &self.api.app().closes;
        let loaded = RiskSources::load(&**client, closes, self.books, self.session, self.vintage).await?;
        let rolls = self.api.app().rolls.clone();
        Ok(RiskSources { tag_names: self.tag_names, rolls, ..loaded })
    }
}

async fn books(
    api: &Api,
    caller: &Caller,
    view: &View,
    whose: Whose,
    as_of: AsOf,
) -> Result<Vec<Book>, ApiError> {
    let named = match whose {
        Whose::One(portfolio_id) => vec![portfolio_id],
        Whose::These(portfolio_ids) => portfolio_ids,
        Whose::All => return all_books(api, caller, view, as_of).await,
    };
    let mut books = Vec::with_capacity(named.len());
    for portfolio_id in named {
        books.push(api.book(view, portfolio_id, as_of.known_at()).await?);
    }
    Ok(books)
}

/// Those that were open and in use.
async fn all_books(api: &Api, caller: &Caller, view: &View, as_of: AsOf) -> Result<Vec<Book>, ApiError> {
    let (mut books, mut cursor) = (Vec::new(), None);
    loop {
        let page = portfolios::list(view, Some(&caller.principal), cursor, LIMIT_MAX).await?;
        for row in &page.items {
            let book = api.reading_of(view, row, as_of).await?;
            books.extend(book.filter(|it| it.portfolio.active().is_some_and(|settings| settings.is_active)));
        }
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(books);
        }
    }
}
