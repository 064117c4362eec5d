//! Values one portfolio: facts from the log, closes from the port, snapshots to its stream.

use std::collections::BTreeSet;
use std::sync::Arc;

use events::causes::whole_chain;
use events::log::Lane;
use events::portfolio::valuation::{Prices, Roll};
use events::time::now;
use events::valuation::{
    ComputedFrom, Digested, METHOD_VERSION, Part, RecordSnapshots, ValuationAct, ValuationCommand,
};
use events::{
    Aggregate, CalculationId, CommandId, Metadata, Portfolio, PortfolioId, Principal, TradingDay, Valuation,
    calendar,
};
use jiff::SignedDuration;
use jiff::civil::Date;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Valuations;
use crate::aggregate::CommandEnvelope;
use crate::directory::Directory;
use crate::leases::Leases;
use crate::ports::{PortError, ValuationPrices};

/// Sessions of one record at most.
const SESSIONS_MAX: usize = 250;
/// Lots of all sessions of one record at most, each about a hundred bytes: a payload has sixteen megabytes.
const LOT_DAYS_MAX: usize = 20_000;
/// How long after its close a session is complete.
const SETTLING: SignedDuration = SignedDuration::from_mins(15);

/// What valuing any portfolio needs.
pub(super) struct Valuer<P> {
    pub(super) portfolios: Directory<Aggregate<Portfolio>>,
    pub(super) valuations: Valuations,
    pub(super) prices: P,
    pub(super) leases: Leases,
    /// Once cancelled, no further record is written.
    pub(super) leaving: CancellationToken,
}

/// How valuing ended.
pub(super) enum Valued {
    /// Its snapshots follow from its facts, or there is nothing to value.
    Done,
    /// Something is away or wrong, or another node values it: looking finds it again.
    Later {
        /// What.
        reason: String,
    },
}

impl<P: ValuationPrices> Valuer<P> {
    /// Values a portfolio through the last completed session. Never panics.
    pub(super) async fn value(self: Arc<Self>, portfolio: PortfolioId) -> Valued {
        let later = |reason: String| Valued::Later { reason };
        let lease = match self.leases.take(portfolio.uuid()).await {
            Ok(Some(lease)) => lease,
            Ok(None) => return later("another node values it".to_owned()),
            Err(error) => return later(whole_chain(&error)),
        };
        // A task of its own, because the lease is to be given back even if it panics.
        let valuing = tokio::spawn(async move { self.value_leased(portfolio).await });
        let valued = match valuing.await {
            Ok(Ok(())) => Valued::Done,
            Ok(Err(reason)) => later(reason),
            Err(error) => later(error.to_string()),
        };
        lease.release().await;
        valued
    }

    async fn value_leased(&self, id: PortfolioId) -> Result<(), String> {
        let because = |error: &(dyn std::error::Error + 'static)| whole_chain(error);
        // Before the facts are read: what is asked for later may want newer ones.
        let asked = self.valuations.log().load::<Aggregate<Valuation>>(&self.valuations.stream(id)).await;
        let asked = asked.map_err(|error| because(&error))?.state.into_inner();
        let calculations: BTreeSet<CalculationId> = asked.running().keys().copied().collect();
        let stream = self.portfolios.stream(id);
        let loaded = self.portfolios.log().load::<Aggregate<Portfolio>>(&stream).await;
        let loaded = loaded.map_err(|error| because(&error))?;
        let portfolio_version = loaded.tip.version;
        let portfolio = Arc::new(loaded.state.into_inner());
        if portfolio.settings.is_none() {
            return self.fail(id, "there is no such portfolio".to_owned()).await;
        }
        let priced = match self.prices.prices(&portfolio).await {
            Ok(priced) => priced,
            Err(PortError::Transient { reason }) => return Err(reason),
            Err(PortError::Permanent { reason }) => return self.fail(id, reason).await,
        };
        let vintage = priced.vintage;
        let computed_from = ComputedFrom { method_version: METHOD_VERSION, portfolio_version, vintage };
        let through = calendar::last_completed(now(), SETTLING);
        let basis = Basis { computed_from, through, calculations };
        let (sender, mut records) = mpsc::channel(2);
        // Rolling and digesting keep a core busy; a record waits until the one before the last is durable.
        let rolling = tokio::task::spawn_blocking(move || roll(&portfolio, &priced.prices, &basis, &sender));
        while let Some(record) = records.recv().await {
            if self.leaving.is_cancelled() {
                return Err("this node leaves".to_owned());
            }
            self.send(id, ValuationAct::Record(record)).await?;
        }
        let rolled = rolling.await.map_err(|error| because(&error))?;
        rolled.map_err(|error| because(&error))
    }

    async fn fail(&self, id: PortfolioId, reason: String) -> Result<(), String> {
        self.send(id, ValuationAct::Fail { reason: reason.clone() }).await?;
        Err(reason)
    }

    async fn send(&self, id: PortfolioId, act: ValuationAct) -> Result<(), String> {
        let command = ValuationCommand { at: now(), act };
        let envelope = CommandEnvelope::new(command, CommandId::generate())
            .in_lane(Lane::Batch)
            .with_metadata(Metadata::new(Principal::system(), None));
        match self.valuations.execute(id, envelope).await {
            Ok(_) => Ok(()),
            Err(error) => Err(whole_chain(&error)),
        }
    }
}

/// What a roll follows from, how far it goes, and what is done with it.
struct Basis {
    computed_from: ComputedFrom,
    through: TradingDay,
    calculations: BTreeSet<CalculationId>,
}

/// Sends all snapshots through a session in records of bounded size; stops when nobody listens any more.
fn roll(
    portfolio: &Portfolio,
    prices: &impl Prices,
    basis: &Basis,
    sender: &mpsc::Sender<RecordSnapshots>,
) -> Result<(), serde_json::Error> {
    let record = |from, through, snapshots: Vec<Digested>, part| {
        let (computed_from, calculations) = (basis.computed_from, basis.calculations.clone());
        RecordSnapshots { computed_from, from, through, snapshots: snapshots.into(), part, calculations }
    };
    let mut from = Date::MIN;
    let (mut snapshots, mut lot_days) = (Vec::new(), 0);
    for snapshot in Roll::new(portfolio, prices, basis.through) {
        let session = snapshot.snapshot_date;
        lot_days += snapshot.lots.len();
        snapshots.push(Digested::of(snapshot)?);
        if snapshots.len() >= SESSIONS_MAX || lot_days >= LOT_DAYS_MAX {
            lot_days = 0;
            let part = record(from, session, std::mem::take(&mut snapshots), Part::More);
            if sender.blocking_send(part).is_err() {
                return Ok(());
            }
            from = session.tomorrow().unwrap_or(session);
        }
    }
    // Without a listener there is nobody to tell.
    let _ = sender.blocking_send(record(from, basis.through, snapshots, Part::Last));
    Ok(())
}
