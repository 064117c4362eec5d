//! Daily closes of many symbols as aligned columns, from memory where they were read before.

mod cache;
mod series;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use deadpool_postgres::{Pool, PoolError};
use events::{Price, Symbol, calendar};
use jiff::Timestamp;
use jiff::civil::Date;

use crate::bars::{self, BarsStoreError, Vintage};
use cache::Cache;

pub use series::{Adjustment, Close, Series};

/// As of when the price history is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// Now.
    Newest,
    /// At a vintage.
    At(Vintage),
    /// At an instant: everything that was imported by then.
    AtInstant(Timestamp),
}

/// Which closes.
#[derive(Debug, Clone, Copy)]
pub struct PanelQuery<'a> {
    /// Whose, in the order of the columns.
    pub symbols: &'a [Symbol],
    /// The first day.
    pub first: Date,
    /// The last day, included.
    pub last: Date,
    /// As known at this vintage; see [`Closes::vintage`].
    pub vintage: Vintage,
}

/// Why there are no closes.
#[derive(Debug, thiserror::Error)]
pub enum ClosesError {
    /// The store could not answer.
    #[error(transparent)]
    Store(#[from] BarsStoreError),
    /// No connection in time.
    #[error("no connection to the market store")]
    Pool(#[from] PoolError),
}

/// Closes of several symbols on the sessions of the New York calendar.
#[derive(Debug, Clone)]
pub struct Panel {
    /// The vintage that was read.
    pub vintage: Vintage,
    /// The sessions, rising.
    pub sessions: Vec<Date>,
    /// A column for each symbol that has daily bars, in the order asked.
    pub columns: Vec<Column>,
    /// The symbols that have none, in the order asked.
    pub missing: Vec<Symbol>,
}

/// The closes of one symbol, one a session.
#[derive(Debug, Clone)]
pub struct Column {
    /// Whose.
    pub symbol: Symbol,
    /// What was traded last, for valuation; absent where the symbol has no bar of the session.
    pub closes: Vec<Option<Price>>,
    /// The closes for statistics, as [`Series::adjusted`] gives them.
    pub adjusted: Vec<Option<f64>>,
    /// The whole history, for what is before the first session.
    pub series: Arc<Series>,
}

impl Panel {
    /// The column of a symbol.
    pub fn column(&self, symbol: &Symbol) -> Option<&Column> {
        self.columns.iter().find(|column| column.symbol == *symbol)
    }
}

/// Reads closes and keeps them; cheap to clone, and all clones share what is kept.
///
/// Kept is one whole history by symbol and newest vintage that touched it. A new vintage makes only the symbols stale
/// that it touched; what is older stays true.
#[derive(Debug, Clone)]
pub struct Closes {
    pool: Pool,
    cache: Arc<Mutex<Cache>>,
}

impl Closes {
    /// Over the database of `pool`.
    pub fn new(pool: Pool) -> Self {
        Self { pool, cache: Arc::default() }
    }

    /// The vintage that `known` means; 0 where nothing was known.
    pub async fn vintage(&self, known: Known) -> Result<Vintage, ClosesError> {
        let found = match known {
            Known::At(vintage) => return Ok(vintage),
            Known::Newest => bars::latest_vintage(&**self.pool.get().await?).await?,
            Known::AtInstant(at) => bars::vintage_at(&**self.pool.get().await?, at).await?,
        };
        Ok(found.unwrap_or(Vintage::new(0)))
    }

    /// The newest vintage up to `vintage` that touched one of these symbols; 0 where none did. With it, whatever else
    /// was imported since, the closes are the same.
    pub async fn touched(&self, symbols: &[Symbol], vintage: Vintage) -> Result<Vintage, ClosesError> {
        let vintage = self.learn_until(vintage).await?;
        let cache = self.cache();
        let touched = symbols.iter().filter_map(|symbol| cache.newest(symbol, vintage)).max();
        Ok(touched.unwrap_or(Vintage::new(0)))
    }

    /// The closes that `query` asks for. Asks the database only for what is not in memory.
    pub async fn panel(&self, query: &PanelQuery<'_>) -> Result<Panel, ClosesError> {
        let vintage = self.learn_until(query.vintage).await?;
        let histories = self.histories(query.symbols, vintage).await?;
        let sessions: Vec<Date> = calendar::sessions(query.first, query.last).collect();
        let (mut columns, mut missing) = (Vec::with_capacity(query.symbols.len()), Vec::new());
        for (symbol, history) in query.symbols.iter().zip(histories) {
            match history {
                Some(series) => columns.push(Column::of(symbol.clone(), series, &sessions)),
                None => missing.push(symbol.clone()),
            }
        }
        Ok(Panel { vintage, sessions, columns, missing })
    }

    /// The whole history of each symbol that has daily bars, in the order asked, as known at a vintage.
    pub async fn histories(
        &self,
        symbols: &[Symbol],
        vintage: Vintage,
    ) -> Result<Vec<Option<Arc<Series>>>, ClosesError> {
        let vintage = self.learn_until(vintage).await?;
        let absent: Vec<Symbol> = {
            let cache = self.cache();
            symbols.iter().filter(|symbol| cache.lacks(symbol, vintage)).cloned().collect()
        };
        let mut read = match absent.as_slice() {
            [] => Vec::new(),
            absent => {
                let found = bars::daily_closes(&**self.pool.get().await?, absent, vintage).await?;
                found.into_iter().map(|(symbol, daily)| (symbol, Arc::new(Series::from(daily)))).collect()
            }
        };
        let mut cache = self.cache();
        for (symbol, series) in &read {
            cache.keep(symbol, vintage, series);
        }
        read.sort_by(|(left, _), (right, _)| left.cmp(right));
        // What was read just now is used even if it is too much to be kept.
        let just_read = |symbol: &Symbol| {
            let place = read.binary_search_by(|(known, _)| known.cmp(symbol)).ok()?;
            read.get(place).map(|(_, series)| series.clone())
        };
        Ok(symbols.iter().map(|symbol| just_read(symbol).or_else(|| cache.find(symbol, vintage))).collect())
    }

    /// Learns which vintages touched which series, up to `vintage` or the newest there is, and answers with that.
    async fn learn_until(&self, vintage: Vintage) -> Result<Vintage, ClosesError> {
        let learned = self.cache().learned();
        if vintage <= learned {
            return Ok(vintage);
        }
        let client = self.pool.get().await?;
        let newest = bars::latest_vintage(&**client).await?.unwrap_or(Vintage::new(0));
        if newest > learned {
            let touched = bars::touched_since(&**client, learned, newest).await?;
            self.cache().learn(learned, newest, touched);
        }
        Ok(vintage.min(newest))
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Column {
    fn of(symbol: Symbol, series: Arc<Series>, sessions: &[Date]) -> Self {
        let mut closes = Vec::with_capacity(sessions.len());
        let mut adjusted = Vec::with_capacity(sessions.len());
        let mut days = series.since(sessions.first().copied().unwrap_or(Date::MAX)).peekable();
        for session in sessions {
            while days.next_if(|day| day.date < *session).is_some() {}
            let day = days.next_if(|day| day.date == *session);
            closes.push(day.map(|day| day.close));
            adjusted.push(day.and_then(|day| day.adjusted));
        }
        drop(days);
        Self { symbol, closes, adjusted, series }
    }
}
