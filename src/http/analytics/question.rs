//! How every analytic is asked and answered: whose it is first, then what is kept, then the computation, aside.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::sync::Arc;

use events::PortfolioId;
use projections::portfolios::{Book, KnownAt, Portfolios};
use projections::risk::{Analytic, RiskInputs, RiskSources};
use projections::tags::{self, Archived};
use projections::{Projection, View};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::http::answer::Answer;
use crate::http::aside::aside;
use crate::http::caller::Caller;
use crate::http::data::Terms;
use crate::http::error::ApiError;
use crate::http::position::AtLeast;
use crate::http::query::{FromParameters, Parameters};
use crate::http::state::Api;

/// What every analytic is asked: as of when, and as known when.
#[derive(Debug, Clone, Copy)]
pub struct Question {
    /// As of when, and as known when.
    pub terms: Terms,
}

impl FromParameters for Question {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        Some(Self { terms: Terms::read(parameters) })
    }
}

impl Question {
    /// About one portfolio. `kind` says what is computed, with its parameters.
    pub fn of(self, portfolio_id: PortfolioId, kind: impl Into<String>) -> Asked {
        Asked { portfolio_ids: vec![portfolio_id], terms: self.terms, kind: kind.into() }
    }
}

/// A question about portfolios.
#[derive(Debug)]
pub struct Asked {
    /// Which.
    pub portfolio_ids: Vec<PortfolioId>,
    /// As of when.
    pub terms: Terms,
    /// What, with all parameters: answers are kept by it.
    pub kind: String,
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

/// Answers from what is kept, or computes. A portfolio that the caller does not see answers 404 before anything else.
pub async fn answered<T: Serialize + Send + 'static>(
    api: &Api,
    caller: &Caller,
    at_least: AtLeast,
    asked: Asked,
    compute: impl FnOnce(&RiskInputs) -> Analytic<T> + Send + 'static,
) -> Result<Answer<Answered>, ApiError> {
    let position = at_least.shown_by(api, &[Portfolios::NAME]).await?;
    let view = api.view(caller).await?;
    let books = books(api, &view, &asked).await?;
    let rows = tags::list(&view, Some(&caller.principal), Archived::LeftOut).await?;
    // The market store has connections of its own to ask for.
    drop(view);
    let (vintage, date) = (asked.terms.vintage(api).await?, asked.terms.session());
    let versions: Vec<String> =
        books.iter().map(|book| format!("{}@{}", book.portfolio_id, book.version)).collect();
    // Clusters are called by tags, which are no part of a portfolio's version.
    let tagged = rows.iter().map(|row| row.changed_position).max();
    let key = format!("{};{vintage};{date};{tagged:?};{}", versions.join(","), asked.kind);
    let answer = match api.analytics().find(&key) {
        Some(answer) => answer,
        None => {
            let client = api.shared().await?;
            let loaded = RiskSources::load(&**client, &api.app().closes, books, date, vintage).await?;
            drop(client);
            let tag_names: BTreeMap<_, _> = rows.into_iter().map(|row| (row.tag_id, row.tag.name)).collect();
            let sources = RiskSources { tag_names, rolls: api.app().rolls.clone(), ..loaded };
            let computed = aside(api, "computing an analytic", move || async move {
                let inputs = RiskInputs::of(sources, &BTreeMap::new());
                serde_json::value::to_raw_value(&compute(&inputs))
            });
            let operation = "writing an analytic as JSON";
            let written = computed.await?;
            let written =
                written.map_err(|source| ApiError::Internal { operation, source: source.into() })?;
            let answer = Arc::<RawValue>::from(written);
            api.analytics().keep(key, &answer);
            answer
        }
    };
    Ok(Answer::ok(caller, Answered(answer)).at(position))
}

async fn books(api: &Api, view: &View, asked: &Asked) -> Result<Vec<Book>, ApiError> {
    let known_at = asked.terms.known_at().map_or(KnownAt::Now, KnownAt::Instant);
    let mut books = Vec::with_capacity(asked.portfolio_ids.len());
    for portfolio_id in &asked.portfolio_ids {
        books.push(api.book(view, *portfolio_id, known_at).await?);
    }
    Ok(books)
}
