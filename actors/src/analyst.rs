//! Keeps the snapshots of portfolios what their facts and prices say.
//!
//! A portfolio is valued a moment after its events fall silent, at once when somebody asks for it, and when looking finds
//! that its valuation is behind: because prices came, a session ended, or a node died. What is recorded is what differs
//! ([`events::Valuation`]), so valuing anything twice does no harm.

mod due;
mod valuing;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use events::log::{Filter, ReadError};
use events::portfolio::PortfolioEvent;
use events::{Aggregate, Decider, Portfolio, PortfolioId, Recorded, Valuation};
use tokio::task::{Id, JoinError, JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::directory::Directory;
use crate::leases::Leases;
use crate::ports::{StalePortfolios, ValuationPrices};
use due::Due;
use valuing::{Valued, Valuer};

/// All valuations.
pub type Valuations = Directory<Aggregate<Valuation>>;

/// How often the rest of a portfolio that cannot be valued is doubled: what stays wrong is tried every few minutes.
const DOUBLINGS_MAX: u32 = 6;
/// The event that asks for a calculation.
const REQUESTED: &str = "CalculationRequested";

/// How portfolios are valued.
#[derive(Debug, Clone, Copy)]
pub struct AnalystOptions {
    /// Portfolios valued at once in this process; each keeps a core busy.
    pub active_max: usize,
    /// How long a portfolio's events must be silent.
    pub quiet: Duration,
    /// How long they are waited for at most.
    pub patience: Duration,
    /// How often the node looks for valuations that are behind.
    pub look_every: Duration,
    /// How long looking leaves a portfolio alone after it was valued; twice as long with every failure that follows.
    pub rest: Duration,
}

impl Default for AnalystOptions {
    fn default() -> Self {
        Self {
            active_max: 2,
            quiet: Duration::from_millis(300),
            patience: Duration::from_secs(3),
            look_every: Duration::from_secs(3),
            rest: Duration::from_secs(5),
        }
    }
}

/// An analyst at work.
#[derive(Debug)]
pub struct Analyst {
    leaving: CancellationToken,
    task: JoinHandle<()>,
}

impl Analyst {
    /// Starts to follow portfolios and to value them.
    pub fn start<P: ValuationPrices, S: StalePortfolios>(
        portfolios: &Directory<Aggregate<Portfolio>>,
        valuations: Valuations,
        prices: P,
        stale: S,
        options: AnalystOptions,
    ) -> Self {
        let leaving = CancellationToken::new();
        let leases = Leases::new(valuations.log().connector().clone());
        let valuer =
            Valuer { portfolios: portfolios.clone(), valuations, prices, leases, leaving: leaving.clone() };
        let desk = Desk {
            valuer: Arc::new(valuer),
            stale,
            options,
            leaving: leaving.clone(),
            due: Due::new(options.quiet, options.patience),
            active: HashMap::new(),
            valuing: JoinSet::new(),
            resting: HashMap::new(),
        };
        Self { task: tokio::spawn(desk.run()), leaving }
    }

    /// Finishes the record that is being written and leaves. The rest is found by another node, or when this one is back.
    pub async fn stop(self) {
        self.leaving.cancel();
        // An analyst that panicked has nothing left to finish.
        let _ = self.task.await;
    }
}

struct Desk<P, S> {
    valuer: Arc<Valuer<P>>,
    stale: S,
    options: AnalystOptions,
    leaving: CancellationToken,
    due: Due,
    /// What is being valued by which task.
    active: HashMap<Id, PortfolioId>,
    valuing: JoinSet<Valued>,
    resting: HashMap<PortfolioId, Rest>,
}

/// Looking leaves it alone: the read model needs a moment to show what was recorded, and what is away needs one to return.
#[derive(Debug, Clone, Copy)]
struct Rest {
    until: Instant,
    /// How often it could not be valued since it last could.
    failures: u32,
}

impl<P: ValuationPrices, S: StalePortfolios> Desk<P, S> {
    async fn run(mut self) {
        let log = self.valuer.valuations.log().clone();
        let mut changes = log.subscribe(log.known_head(), Filter::category(Portfolio::CATEGORY), 1_000);
        let asked = Filter {
            categories: vec![Valuation::CATEGORY.to_owned()],
            event_types: vec![REQUESTED.to_owned()],
            stream: None,
        };
        let mut requests = log.subscribe(log.known_head(), asked, 1_000);
        let mut look = tokio::time::interval(self.options.look_every);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let leaving = self.leaving.clone();
        loop {
            let next = self.next().unwrap_or_else(|| Instant::now() + self.options.look_every);
            tokio::select! {
                () = leaving.cancelled() => break,
                page = changes.next() => match page {
                    Ok(page) => page.events.iter().for_each(|event| self.changed(event)),
                    Err(error) => self.stumbled(&error).await,
                },
                page = requests.next() => match page {
                    Ok(page) => page.events.iter().for_each(|event| self.requested(event)),
                    Err(error) => self.stumbled(&error).await,
                },
                _ = look.tick() => self.look().await,
                Some(done) = self.valuing.join_next_with_id() => self.valued(done),
                () = tokio::time::sleep_until(next.into()), if self.has_room() => {}
            }
            self.fill();
        }
        while let Some(done) = self.valuing.join_next_with_id().await {
            self.valued(done);
        }
    }

    /// When one may be valued that is not being valued.
    fn next(&self) -> Option<Instant> {
        self.due.next(|portfolio| self.is_active(portfolio))
    }

    fn is_active(&self, portfolio: PortfolioId) -> bool {
        self.active.values().any(|active| *active == portfolio)
    }

    fn has_room(&self) -> bool {
        self.valuing.len() < self.options.active_max.max(1)
    }

    fn changed(&mut self, event: &Recorded) {
        let revalues = match event.decode::<PortfolioEvent>() {
            Ok(events) => events.iter().any(|event| event.revalues_from().is_some()),
            // Valuing it will say what is wrong.
            Err(_) => true,
        };
        if revalues && let Ok(portfolio) = event.stream.key().parse() {
            self.due.changed(portfolio, Instant::now());
        }
    }

    fn requested(&mut self, event: &Recorded) {
        // A pack may hold any event, but a request stands alone.
        if &*event.event_type == REQUESTED
            && let Ok(portfolio) = event.stream.key().parse()
        {
            self.due.at_once(portfolio, Instant::now());
        }
    }

    async fn look(&mut self) {
        let stale = tokio::select! {
            () = self.leaving.cancelled() => return,
            stale = self.stale.stale() => stale,
        };
        let now = Instant::now();
        self.resting.retain(|_, rest| now < rest.until || rest.failures > 0);
        match stale {
            Ok(stale) => {
                for portfolio in stale {
                    let rests = self.resting.get(&portfolio).is_some_and(|rest| now < rest.until);
                    if !rests && !self.is_active(portfolio) {
                        self.due.at_once(portfolio, now);
                    }
                }
            }
            Err(error) => tracing::warn!(error = %error, "Stale portfolios cannot be listed: {error}"),
        }
    }

    async fn stumbled(&self, error: &ReadError) {
        tracing::warn!(error = %error, "Changes of portfolios cannot be read: {error}");
        let _ = tokio::time::timeout(Duration::from_secs(1), self.leaving.cancelled()).await;
    }

    fn fill(&mut self) {
        while self.has_room() {
            let active: Vec<PortfolioId> = self.active.values().copied().collect();
            let taken = self.due.take(Instant::now(), |portfolio| active.contains(&portfolio));
            let Some(portfolio) = taken else { return };
            let task = self.valuing.spawn(self.valuer.clone().value(portfolio));
            self.active.insert(task.id(), portfolio);
        }
    }

    fn valued(&mut self, done: Result<(Id, Valued), JoinError>) {
        let (task, failure) = match done {
            Ok((task, Valued::Done)) => (task, None),
            Ok((task, Valued::Later { reason })) => (task, Some(reason)),
            Err(error) => (error.id(), Some(error.to_string())),
        };
        let Some(portfolio) = self.active.remove(&task) else { return };
        let before = self.resting.get(&portfolio).map_or(0, |rest| rest.failures);
        let (failures, doublings) = match failure {
            None => (0, 0),
            Some(reason) => {
                tracing::warn!(portfolio.id = %portfolio, reason, "Portfolio {portfolio} is not valued yet: {reason}");
                (before.saturating_add(1), before.min(DOUBLINGS_MAX))
            }
        };
        let until = Instant::now() + self.options.rest * 2_u32.pow(doublings);
        self.resting.insert(portfolio, Rest { until, failures });
    }
}
