//! What is read before anything is computed.

use std::collections::{BTreeMap, BTreeSet};

use events::portfolio::Currency;
use events::{Symbol, TagId};
use jiff::civil::Date;

use crate::bars::Vintage;
use crate::closes::{Closes, ClosesError};
use crate::factors::{self, KnownRegistry};
use crate::instruments::{self, KnownProfile};
use crate::portfolios::{Book, BookPrices, Rolls, priced_by};
use crate::{QueryError, Reader, rates};

/// Why nothing could be read.
#[derive(Debug, thiserror::Error)]
pub enum RiskError {
    /// Closes could not be read.
    #[error(transparent)]
    Closes(#[from] ClosesError),
    /// Reference data could not be read.
    #[error(transparent)]
    Reference(#[from] QueryError),
}

/// Portfolios as they were known, and the market as it was known then.
#[derive(Debug, Clone)]
pub struct RiskSources {
    /// The portfolios, by their ids; seen as one.
    pub books: Vec<Book>,
    /// The session that is told of: nothing later is looked at.
    pub as_of_date: Date,
    /// Closes of all that prices the portfolios, and of the proxies of the factors.
    pub prices: BookPrices,
    /// The factors.
    pub registry: KnownRegistry,
    /// What is known of the companies.
    pub profiles: BTreeMap<Symbol, KnownProfile>,
    /// Rolls that were made before; the sharer of them rolls less.
    pub rolls: Rolls,
    /// What the tags of the owner are called.
    pub tag_names: BTreeMap<TagId, String>,
    /// Risk-free rate a year of the currency of all portfolios, where they have one in common and it is known.
    pub rate: Option<f64>,
}

impl RiskSources {
    /// Reads what the risk of `books` on a session needs, as known at a vintage.
    ///
    /// # Errors
    /// The market store could not answer.
    pub async fn load(
        client: &impl Reader,
        closes: &Closes,
        mut books: Vec<Book>,
        as_of_date: Date,
        vintage: Vintage,
    ) -> Result<Self, RiskError> {
        books.sort_by_key(|book| book.portfolio_id);
        books.dedup_by_key(|book| book.portfolio_id);
        let registry = factors::registry(client, Some(vintage)).await?;
        let lots = books.iter().flat_map(|book| book.portfolio.existing_lots());
        let held: BTreeSet<Symbol> = lots.filter_map(|(_, lot)| lot.terms.market_symbol()).collect();
        let names: Vec<Symbol> = held.iter().cloned().collect();
        let profiles = instruments::profiles(client, &names, Some(vintage)).await?;
        let proxies = registry.registry.active().map(|factor| factor.proxy.clone());
        let pricing = books.iter().flat_map(|book| priced_by(&book.portfolio));
        let symbols = held.into_iter().chain(proxies).chain(pricing).collect();
        let prices = BookPrices::of_symbols(closes, symbols, vintage).await?;
        let rate = match currency_of(&books) {
            Some(currency) => rates::rate_on(client, currency.as_str(), as_of_date, Some(vintage)).await?,
            None => None,
        };
        let rate = rate.map(|rate| rate.annual_rate);
        Ok(Self {
            books,
            as_of_date,
            prices,
            registry,
            profiles,
            rate,
            rolls: Rolls::default(),
            tag_names: BTreeMap::new(),
        })
    }
}

/// The currency that all have in common.
fn currency_of(books: &[Book]) -> Option<&Currency> {
    let mut currencies = books.iter().map(|book| Some(&book.portfolio.settings.as_ref()?.currency));
    let first = currencies.next()??;
    currencies.all(|other| other == Some(first)).then_some(first)
}
