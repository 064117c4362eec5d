//! Rolls that were asked for lately: a read looks its date up, and a change costs the sessions that it touches.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use events::portfolio::Portfolio;
use events::portfolio::valuation::Rolled;
use events::{PortfolioId, Symbol, Version};
use jiff::civil::Date;

use super::cache::size_of;
use super::{Book, BookPrices, priced_by};
use crate::closes::Series;

/// Most of all rolls that is kept, in facts, snapshots and lots of their places: some sixty megabytes.
const SIZE_MAX: usize = 200_000;
/// Rolls that are made at the same time, of different portfolios.
const TURNS: usize = 16;

/// Rolls portfolios forward; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Rolls {
    kept: Arc<Mutex<Kept>>,
    turns: Arc<[Mutex<()>; TURNS]>,
}

type Key = (PortfolioId, Version);

/// A roll with what it follows from.
#[derive(Debug, Clone)]
struct KeptRoll {
    portfolio: Arc<Portfolio>,
    /// The closes that price the portfolio, by symbol; none where there are no closes.
    series: BTreeMap<Symbol, Option<Arc<Series>>>,
    rolled: Arc<Rolled>,
}

#[derive(Debug, Default)]
struct Kept {
    rolls: HashMap<Key, (KeptRoll, u64)>,
    size: usize,
    uses: u64,
}

impl Rolls {
    /// The roll of a book at these prices, if it is kept and reaches `date`: at once.
    pub fn kept(&self, book: &Book, prices: &BookPrices, date: Date) -> Option<Arc<Rolled>> {
        let mut kept = self.lock();
        let roll = kept.find((book.portfolio_id, book.version))?;
        let is_same =
            |(symbol, series): (&Symbol, &Option<Arc<Series>>)| match (series, prices.series(symbol)) {
                (Some(one), Some(two)) => Arc::ptr_eq(one, two),
                (None, None) => true,
                (Some(_), None) | (None, Some(_)) => false,
            };
        let is_current = roll.rolled.reaches(date) && roll.series.iter().all(is_same);
        is_current.then(|| Arc::clone(&roll.rolled))
    }

    /// The roll of a book at these prices, at least to the last session until `date`. Where another version or other
    /// prices were rolled before, only what differs is rolled again; else everything is: not beside other requests on one
    /// thread.
    pub fn roll(&self, book: &Book, prices: &BookPrices, date: Date) -> Arc<Rolled> {
        if let Some(rolled) = self.kept(book, prices, date) {
            return rolled;
        }
        let turn = book.portfolio_id.uuid().as_u128() % TURNS as u128;
        let turn = usize::try_from(turn).ok().and_then(|turn| self.turns.get(turn));
        // Whoever waited finds what the other one rolled.
        let _turn = turn.map(|turn| turn.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some(rolled) = self.kept(book, prices, date) {
            return rolled;
        }
        let portfolio = Arc::clone(&book.portfolio);
        let priced = priced_by(&portfolio).into_iter();
        let series = priced.map(|symbol| (symbol.clone(), prices.series(&symbol).cloned())).collect();
        let before = self.lock().nearest(book.portfolio_id, book.version);
        let mut rolled =
            before.map_or_else(Rolled::default, |before| before.until_differs(&portfolio, &series));
        rolled.extend(&portfolio, prices, date);
        let rolled = Arc::new(rolled);
        let roll = KeptRoll { portfolio, series, rolled: Arc::clone(&rolled) };
        self.lock().keep((book.portfolio_id, book.version), roll);
        rolled
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl KeptRoll {
    /// The room it takes; one without snapshots takes some, too.
    fn size(&self) -> usize {
        1 + size_of(&self.portfolio) + self.series.len() + self.rolled.size()
    }

    /// What of it is also true of other facts and prices.
    fn until_differs(&self, portfolio: &Portfolio, series: &BTreeMap<Symbol, Option<Arc<Series>>>) -> Rolled {
        let mut rolled = Rolled::clone(&self.rolled);
        // What only the new facts are priced by differs from its facts on.
        let prices = self.series.iter().filter_map(|(symbol, before)| {
            let now = series.get(symbol)?;
            match (before, now) {
                (Some(before), Some(now)) if Arc::ptr_eq(before, now) => None,
                (Some(before), Some(now)) => before.differs_from(now),
                (None, None) => None,
                (Some(only), None) | (None, Some(only)) => only.first().map(|close| close.date),
            }
        });
        let facts = self.portfolio.rolls_differ_from(portfolio);
        if let Some(date) = prices.chain(facts).min() {
            rolled.forget_from(date);
        }
        rolled
    }
}

impl Kept {
    fn find(&mut self, key: Key) -> Option<&KeptRoll> {
        self.uses += 1;
        let (roll, used) = self.rolls.get_mut(&key)?;
        *used = self.uses;
        Some(roll)
    }

    /// The roll of the same portfolio whose version is nearest.
    fn nearest(&self, portfolio_id: PortfolioId, version: Version) -> Option<KeptRoll> {
        let of_it = self.rolls.iter().filter(|((id, _), _)| *id == portfolio_id);
        let nearest = of_it.min_by_key(|((_, other), _)| (other.0.abs_diff(version.0), other.0))?;
        Some(nearest.1.0.clone())
    }

    fn keep(&mut self, key: Key, roll: KeptRoll) {
        let size = roll.size();
        if size > SIZE_MAX {
            return;
        }
        self.uses += 1;
        self.size += size;
        if let Some((before, _)) = self.rolls.insert(key, (roll, self.uses)) {
            self.size -= before.size();
        }
        while self.size > SIZE_MAX
            && let Some(oldest) = self.rolls.iter().min_by_key(|(_, (_, used))| *used).map(|(key, _)| *key)
            && let Some((gone, _)) = self.rolls.remove(&oldest)
        {
            self.size -= gone.size();
        }
    }
}

#[cfg(test)]
mod tests {
    use events::portfolio::PortfolioFact;
    use events::{Position, Principal};
    use jiff::civil::date;
    use serde_json::{from_value, json};

    use super::*;
    use crate::bars::{DailyCloses, Vintage};

    const LAST: Date = date(2025, 2, 28);

    fn closes(change: Option<(Date, i64)>) -> BookPrices {
        let mut daily = DailyCloses::default();
        for (session, close) in events::calendar::sessions(date(2025, 1, 2), LAST).zip(100..) {
            let changed = change.filter(|(date, _)| *date == session).map(|(_, close)| close);
            daily.dates.push(session);
            daily.closes.push(events::Price::whole(changed.unwrap_or(close)).unwrap());
            daily.adjusted.push(None);
        }
        let series = BTreeMap::from([("AAPL".parse().unwrap(), Arc::new(Series::from(daily)))]);
        BookPrices::of_series(Vintage::new(1), series)
    }

    /// Began with 50,000 in January; bought 100 AAPL on each of the days.
    fn book(version: i64, days: &[Date]) -> Book {
        let settings = json!({"name": "G", "account_name": "G", "account_type": "taxable", "description": null,
            "currency": "USD", "opening_equity": "50000", "inception_date": "2025-01-02", "is_active": true,
            "created_at": "2025-01-02T00:00:00Z", "updated_at": "2025-01-02T00:00:00Z", "closed_at": null});
        let lot = |day: &Date| {
            let lot = json!({"terms": {"symbol": "AAPL", "position_type": "LONG", "investment_class": "PUBLIC",
                "multiplier": 1, "quantity": "100", "entry_price": "90", "entry_date": day},
                "created_at": "2025-01-02T00:00:00Z", "updated_at": "2025-01-02T00:00:00Z"});
            let id = events::PositionId::derived(&[day.to_string().as_bytes()]);
            PortfolioFact::Lot(id, from_value(lot).unwrap())
        };
        let facts = [PortfolioFact::Settings(from_value(settings).unwrap())];
        let portfolio = Portfolio::from_facts(facts.into_iter().chain(days.iter().map(lot)));
        Book {
            portfolio_id: PortfolioId::from_uuid(uuid::Uuid::from_u128(7)),
            owner: Principal("ann".to_owned()),
            version: Version(version),
            position: Position(version),
            portfolio: Arc::new(portfolio),
        }
    }

    #[track_caller]
    fn agrees(rolls: &Rolls, book: &Book, prices: &BookPrices, on: Date) {
        let rolled = rolls.roll(book, prices, on);
        assert_eq!(rolled.equity_on(&book.portfolio, on), book.portfolio.equity_on(on, None, prices));
        assert!(rolls.kept(book, prices, on).is_some(), "it is kept");
    }

    #[test]
    fn a_kept_roll_is_that_of_its_facts_and_prices() {
        let (rolls, prices) = (Rolls::default(), closes(None));
        let first = book(1, &[date(2025, 1, 6)]);
        agrees(&rolls, &first, &prices, date(2025, 1, 31));
        assert!(rolls.kept(&first, &prices, LAST).is_none(), "it does not reach so far");
        agrees(&rolls, &first, &prices, LAST);
        assert!(rolls.kept(&first, &prices, date(2025, 1, 10)).is_some());
        let back_dated = book(2, &[date(2025, 1, 6), date(2025, 1, 3)]);
        assert!(rolls.kept(&back_dated, &prices, LAST).is_none());
        agrees(&rolls, &back_dated, &prices, LAST);
        for corrected in [closes(Some((LAST, 7))), closes(Some((date(2025, 1, 7), 7)))] {
            assert!(rolls.kept(&back_dated, &corrected, LAST).is_none());
            agrees(&rolls, &back_dated, &corrected, LAST);
        }
        agrees(&rolls, &first, &prices, LAST);
    }
}
