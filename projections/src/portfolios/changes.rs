//! What a page of events changes in one portfolio: only the facts that they touch are read and written.

use std::collections::{BTreeMap, BTreeSet};

use events::causes::whole_chain;
use events::portfolio::{FactKey, Portfolio, PortfolioEvent, PortfolioFact};
use events::{Decider, Event, Metadata, PortfolioId, Recorded};
use jiff::civil::Date;
use tokio_postgres::Transaction;
use tokio_postgres::types::Json;
use uuid::Uuid;

use super::stored::{columns, document, fact};
use crate::ProjectionError;
use crate::projection::expect_row;

/// A version of a fact that is to be stored.
struct Version {
    key: FactKey,
    known_from: i64,
    known_until: Option<i64>,
    effective_date: Option<Date>,
    document: String,
}

/// The version of a fact that counts now.
enum Open {
    /// It is a row already.
    Stored { known_from: i64 },
    /// It is not yet.
    New(Version),
}

pub(super) struct Changes<'e> {
    portfolio_id: PortfolioId,
    /// The facts that the page touches; nothing else of the portfolio.
    touched: Portfolio,
    open: BTreeMap<FactKey, Open>,
    /// Rows that end: their keys, since when they were known, and until when.
    closed: Vec<(FactKey, i64, i64)>,
    /// New versions that ended within the page.
    passed: Vec<Version>,
    history: Vec<Told<'e>>,
    last: Option<&'e Recorded>,
}

/// An event for the history.
struct Told<'e> {
    recorded: &'e Recorded,
    place: i32,
    name: &'static str,
    key: FactKey,
    document: String,
}

impl<'e> Changes<'e> {
    /// Reads the facts that the events of `page` touch.
    pub(super) async fn load(
        transaction: &Transaction<'_>,
        portfolio_id: PortfolioId,
        page: &[(&Recorded, Vec<PortfolioEvent>)],
    ) -> Result<Self, ProjectionError> {
        let events = page.iter().flat_map(|(_, events)| events);
        let keys: BTreeSet<FactKey> = events.map(PortfolioEvent::touched).collect();
        let (kinds, texts) = columns(&keys);
        let rows = transaction
            .query(include_str!("../sql/portfolios/open_facts.sql"), &[&portfolio_id.uuid(), &kinds, &texts])
            .await
            .map_err(ProjectionError::during("reading facts of a portfolio"))?;
        let mut open = BTreeMap::new();
        let mut facts = Vec::with_capacity(rows.len());
        for row in &rows {
            let (kind, key, stored): (&str, &str, &str) = (row.get(0), row.get(1), row.get(3));
            let fact = fact(kind, key, stored).map_err(odd)?;
            open.insert(fact.key(), Open::Stored { known_from: row.get(2) });
            facts.push(fact);
        }
        Ok(Self {
            portfolio_id,
            touched: Portfolio::from_facts(facts),
            open,
            closed: Vec::new(),
            passed: Vec::new(),
            history: Vec::new(),
            last: None,
        })
    }

    /// Folds the events that one stored event is.
    pub(super) fn fold(
        &mut self,
        recorded: &'e Recorded,
        events: &[PortfolioEvent],
    ) -> Result<(), ProjectionError> {
        let mut keys = BTreeSet::new();
        for (place, event) in (0..).zip(events) {
            let key = event.touched();
            self.touched.evolve(event);
            keys.insert(key);
            let document = String::from_utf8(event.to_json().map_err(odd)?).map_err(odd)?;
            self.history.push(Told { recorded, place, name: event.name(), key, document });
        }
        // What one command caused became known at once: of several changes of a fact only the last was ever true.
        for key in keys {
            self.change(recorded.position.0, key)?;
        }
        self.last = Some(recorded);
        Ok(())
    }

    fn change(&mut self, position: i64, key: FactKey) -> Result<(), ProjectionError> {
        match self.open.remove(&key) {
            Some(Open::Stored { known_from }) => self.closed.push((key, known_from, position)),
            Some(Open::New(version)) => {
                self.passed.push(Version { known_until: Some(position), ..version });
            }
            None => {}
        }
        if let Some(fact) = self.touched.fact(key) {
            let version = Version {
                key,
                known_from: position,
                known_until: None,
                effective_date: fact.effective_date(),
                document: document(&fact).map_err(odd)?,
            };
            self.open.insert(key, Open::New(version));
        }
        Ok(())
    }

    /// Writes what changed.
    pub(super) async fn write(self, transaction: &Transaction<'_>) -> Result<(), ProjectionError> {
        let Some(last) = self.last else { return Ok(()) };
        self.write_portfolio(transaction, last).await?;
        self.close(transaction).await?;
        self.write_history(transaction).await?;
        let new = self.open.into_values().filter_map(|open| match open {
            Open::New(version) => Some(version),
            Open::Stored { .. } => None,
        });
        let versions: Vec<Version> = self.passed.into_iter().chain(new).collect();
        insert(transaction, self.portfolio_id, &versions).await
    }

    async fn write_portfolio(
        &self,
        transaction: &Transaction<'_>,
        last: &Recorded,
    ) -> Result<(), ProjectionError> {
        let settings = self.touched.fact(FactKey::Settings);
        let settings = settings.and_then(|fact| match fact {
            PortfolioFact::Settings(settings) => Some(settings),
            _ => None,
        });
        let closed_at = settings.as_ref().and_then(|settings| settings.closed_at);
        let opened = self.history.iter().find(|told| told.name == "PortfolioOpened");
        let (id, settings) = (self.portfolio_id.uuid(), settings.map(Json));
        let (version, position) = (last.version.0, last.position.0);
        if let Some(Told { recorded, .. }) = opened {
            let (owner, created) = (recorded.sender().0, recorded.position.0);
            transaction
                .execute(
                    include_str!("../sql/portfolios/create.sql"),
                    &[&id, &owner, &settings, &closed_at, &version, &position, &created],
                )
                .await
                .map(drop)
                .map_err(ProjectionError::during("creating a portfolio"))
        } else {
            let statement = include_str!("../sql/portfolios/update.sql");
            let changed =
                transaction.execute(statement, &[&id, &settings, &closed_at, &version, &position]).await;
            expect_row(changed.map_err(ProjectionError::during("changing a portfolio"))?, last)
        }
    }

    async fn close(&self, transaction: &Transaction<'_>) -> Result<(), ProjectionError> {
        if self.closed.is_empty() {
            return Ok(());
        }
        let (kinds, keys) = columns(self.closed.iter().map(|(key, _, _)| key));
        let from: Vec<i64> = self.closed.iter().map(|(_, from, _)| *from).collect();
        let until: Vec<i64> = self.closed.iter().map(|(_, _, until)| *until).collect();
        transaction
            .execute(
                include_str!("../sql/portfolios/close_facts.sql"),
                &[&self.portfolio_id.uuid(), &kinds, &keys, &from, &until],
            )
            .await
            .map(drop)
            .map_err(ProjectionError::during("closing facts of a portfolio"))
    }

    async fn write_history(&self, transaction: &Transaction<'_>) -> Result<(), ProjectionError> {
        let history = &self.history;
        let metadata: Vec<Option<Metadata>> = history
            .iter()
            .map(|told| told.recorded.meta.as_ref().and_then(|meta| serde_json::from_slice(meta).ok()))
            .collect();
        let (kinds, keys) = columns(history.iter().map(|told| &told.key));
        let versions: Vec<i64> = history.iter().map(|told| told.recorded.version.0).collect();
        let places: Vec<i32> = history.iter().map(|told| told.place).collect();
        let positions: Vec<i64> = history.iter().map(|told| told.recorded.position.0).collect();
        let names: Vec<&str> = history.iter().map(|told| told.name).collect();
        let senders: Vec<String> = history.iter().map(|told| told.recorded.sender().0).collect();
        let impersonators: Vec<Option<&str>> =
            metadata.iter().map(|meta| Some(meta.as_ref()?.impersonated_by.as_ref()?.0.as_str())).collect();
        let requests: Vec<Option<String>> =
            metadata.iter().map(|meta| Some(meta.as_ref()?.request_id?.to_string())).collect();
        let commands: Vec<Uuid> = history.iter().map(|told| told.recorded.command_id.uuid()).collect();
        let documents: Vec<&str> = history.iter().map(|told| told.document.as_str()).collect();
        let times: Vec<jiff::Timestamp> = history.iter().map(|told| told.recorded.recorded_at).collect();
        transaction
            .execute(
                include_str!("../sql/portfolios/add_history.sql"),
                &[
                    &self.portfolio_id.uuid(),
                    &versions,
                    &places,
                    &positions,
                    &names,
                    &kinds,
                    &keys,
                    &senders,
                    &impersonators,
                    &requests,
                    &commands,
                    &documents,
                    &times,
                ],
            )
            .await
            .map(drop)
            .map_err(ProjectionError::during("writing the history of a portfolio"))
    }
}

async fn insert(
    transaction: &Transaction<'_>,
    portfolio_id: PortfolioId,
    versions: &[Version],
) -> Result<(), ProjectionError> {
    let (kinds, keys) = columns(versions.iter().map(|version| &version.key));
    let from: Vec<i64> = versions.iter().map(|version| version.known_from).collect();
    let until: Vec<Option<i64>> = versions.iter().map(|version| version.known_until).collect();
    let effective: Vec<Option<Date>> = versions.iter().map(|version| version.effective_date).collect();
    let documents: Vec<&str> = versions.iter().map(|version| version.document.as_str()).collect();
    transaction
        .execute(
            include_str!("../sql/portfolios/add_facts.sql"),
            &[&portfolio_id.uuid(), &kinds, &keys, &from, &until, &effective, &documents],
        )
        .await
        .map(drop)
        .map_err(ProjectionError::during("writing facts of a portfolio"))
}

/// Facts that were written before can be read, and all can be written as text.
fn odd(error: impl std::error::Error + 'static) -> ProjectionError {
    ProjectionError::contradiction(whole_chain(&error))
}
