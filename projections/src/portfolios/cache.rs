//! Books that were read lately. A version of a portfolio never changes, so that a book is kept until there is no room.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::reader::Reader;
use events::portfolio::Portfolio;
use events::{PortfolioId, Version};

use super::book::{Book, KnownAt, load, place};
use super::query::{PortfolioRow, find};
use crate::database::QueryError;

/// Most facts of all books that are kept: a lot takes about a kilobyte.
pub const BOOK_FACTS_MAX: usize = 200_000;

/// Reads portfolios with their facts; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Books {
    kept: Arc<Mutex<Kept>>,
}

impl Books {
    /// A portfolio as it was known then, closed or not; none where the viewer sees no such portfolio, or none was known.
    ///
    /// The owner's row is asked for first, through `client` and its row security; only then a kept book is given away.
    pub async fn find(
        &self,
        client: &impl Reader,
        portfolio_id: PortfolioId,
        known_at: KnownAt,
    ) -> Result<Option<Book>, QueryError> {
        match find(client, portfolio_id).await? {
            Some(row) => self.of_row(client, &row, known_at).await,
            None => Ok(None),
        }
    }

    /// The same for a row that the viewer has seen.
    pub async fn of_row(
        &self,
        client: &impl Reader,
        row: &PortfolioRow,
        known_at: KnownAt,
    ) -> Result<Option<Book>, QueryError> {
        let Some((version, position)) = place(client, row, known_at).await? else { return Ok(None) };
        let key = (row.portfolio_id, version);
        let kept = self.lock().take(key);
        let portfolio = match kept {
            Some(portfolio) => portfolio,
            None => {
                let portfolio = Arc::new(load(client, row.portfolio_id, position).await?);
                self.lock().keep(key, &portfolio);
                portfolio
            }
        };
        let (portfolio_id, owner) = (row.portfolio_id, row.owner.clone());
        Ok(Some(Book { portfolio_id, owner, version, position, portfolio }))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Key = (PortfolioId, Version);

#[derive(Debug, Default)]
struct Kept {
    books: HashMap<Key, KeptBook>,
    facts: usize,
    uses: u64,
}

#[derive(Debug)]
struct KeptBook {
    portfolio: Arc<Portfolio>,
    facts: usize,
    used: u64,
}

impl Kept {
    fn take(&mut self, key: Key) -> Option<Arc<Portfolio>> {
        self.uses += 1;
        let book = self.books.get_mut(&key)?;
        book.used = self.uses;
        Some(Arc::clone(&book.portfolio))
    }

    fn keep(&mut self, key: Key, portfolio: &Arc<Portfolio>) {
        let facts = size_of(portfolio);
        if facts > BOOK_FACTS_MAX {
            return;
        }
        self.uses += 1;
        let book = KeptBook { portfolio: Arc::clone(portfolio), facts, used: self.uses };
        self.facts += facts;
        if let Some(before) = self.books.insert(key, book) {
            self.facts -= before.facts;
        }
        while self.facts > BOOK_FACTS_MAX
            && let Some(oldest) = self.books.iter().min_by_key(|(_, book)| book.used).map(|(key, _)| *key)
            && let Some(gone) = self.books.remove(&oldest)
        {
            self.facts -= gone.facts;
        }
    }
}

/// How many facts a portfolio has; an empty one takes room, too.
pub(super) fn size_of(portfolio: &Portfolio) -> usize {
    let marks: usize = portfolio.marks.values().map(std::collections::BTreeMap::len).sum();
    let equity = portfolio.equity_changes.len() + portfolio.equity_adjustments.len();
    1 + portfolio.lots.len() + equity + marks + portfolio.targets.len()
}

#[cfg(test)]
mod tests {
    use events::TargetId;
    use events::portfolio::Target;
    use events::position::PositionType;
    use jiff::Timestamp;

    use super::*;

    fn of_size(facts: usize) -> Arc<Portfolio> {
        let target = Target {
            symbol: "AAPL".parse().unwrap(),
            position_type: PositionType::Long,
            position_id: None,
            revisions: std::collections::BTreeMap::new(),
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
            removed_date: None,
        };
        let targets = (1..facts).map(|_| (TargetId::generate(), target.clone())).collect();
        Arc::new(Portfolio { targets, ..Portfolio::default() })
    }

    #[test]
    fn what_was_not_asked_for_longest_makes_room() {
        let mut kept = Kept::default();
        let half = of_size(BOOK_FACTS_MAX / 2);
        let keys: Vec<Key> = (1..=3).map(|version| (PortfolioId::generate(), Version(version))).collect();
        kept.keep(keys[0], &half);
        kept.keep(keys[1], &half);
        assert!(kept.take(keys[0]).is_some());
        kept.keep(keys[2], &half);
        assert!(kept.take(keys[1]).is_none());
        assert!(kept.take(keys[0]).is_some() && kept.take(keys[2]).is_some());
        assert_eq!(kept.facts, BOOK_FACTS_MAX);
        kept.keep(keys[2], &half);
        assert_eq!((kept.facts, kept.books.len()), (BOOK_FACTS_MAX, 2));
        kept.keep(keys[1], &of_size(BOOK_FACTS_MAX + 1));
        assert!(kept.take(keys[1]).is_none());
    }
}
