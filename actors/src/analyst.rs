//! Keeps the snapshots of portfolios what their facts and prices say.
//!
//! A portfolio is valued a moment after its events fall silent, at once when somebody asks for it, and when looking finds
//! that its valuation is behind: because prices came, a session ended, or a node died. What is recorded is what differs
//! ([`events::Valuation`]), so valuing anything twice does no harm.

mod due;
mod valuing;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use events::log::{Filter, ReadError};
use events::portfolio::PortfolioEvent;
use events::{Aggregate, Decider, Portfolio, PortfolioId, Recorded, Valuation};
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::directory::Directory;
use crate::leases::Leases;
use crate::ports::{StalePortfolios, ValuationPrices};
use due::Due;
use valuing::{Valued, Valuer};

/// All valuations.
pub type Valuations = Directory<Aggregate<Valuation>>;

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
    /// How long a portfolio rests after looking found it.
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
        let valuer = Valuer { portfolios: portfolios.clone(), valuations, prices, leases };
        let desk = Desk {
            valuer: Arc::new(valuer),
            stale,
            options,
            leaving: leaving.clone(),
            due: Due::new(options.quiet, options.patience),
            active: HashSet::new(),
            valuing: JoinSet::new(),
            resting: HashMap::new(),
        };
        Self { task: tokio::spawn(desk.run()), leaving }
    }

    /// Finishes what is being valued and leaves. The rest is found by another node, or when this one is back.
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
    active: HashSet<PortfolioId>,
    valuing: JoinSet<(PortfolioId, Valued)>,
    /// Until when looking does not find them again: the read model needs a moment to show what was recorded.
    resting: HashMap<PortfolioId, Instant>,
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
            let next = self.due.next().unwrap_or_else(|| Instant::now() + self.options.look_every);
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
                Some(done) = self.valuing.join_next() => self.valued(done),
                () = tokio::time::sleep_until(next.into()), if self.has_room() => {}
            }
            self.fill();
        }
        while let Some(done) = self.valuing.join_next().await {
            self.valued(done);
        }
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
        let now = Instant::now();
        self.resting.retain(|_, until| now < *until);
        match self.stale.stale().await {
            Ok(stale) => {
                for portfolio in stale {
                    if !self.resting.contains_key(&portfolio) && !self.active.contains(&portfolio) {
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
            let Some(portfolio) = self.due.take(Instant::now(), &self.active) else { return };
            self.active.insert(portfolio);
            self.resting.insert(portfolio, Instant::now() + self.options.rest);
            let valuer = self.valuer.clone();
            self.valuing.spawn(async move { (portfolio, valuer.value(portfolio).await) });
        }
    }

    fn valued(&mut self, done: Result<(PortfolioId, Valued), tokio::task::JoinError>) {
        match done {
            Ok((portfolio, Valued::Done)) => {
                self.active.remove(&portfolio);
            }
            Ok((portfolio, Valued::Later { reason })) => {
                tracing::warn!(portfolio.id = %portfolio, reason, "Portfolio {portfolio} is not valued yet: {reason}");
                self.active.remove(&portfolio);
                self.resting.insert(portfolio, Instant::now() + self.options.rest);
            }
            Err(error) => {
                // Which one it was is not known; what is behind is found again by looking.
                tracing::error!(error = %error, "Valuing a portfolio failed: {error}");
                if self.valuing.is_empty() {
                    self.active.clear();
                }
            }
        }
    }
}
