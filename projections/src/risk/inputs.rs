//! What every analytic begins with.

use events::portfolio::Currency;
use events::portfolio::valuation::{Exposure, LotValue, Snapshot, Standing};
use events::position::AccountType;
use events::{Cash, PortfolioId, Symbol, Version};
use jiff::civil::Date;

use super::exposures::merged;
use super::options::dollar_deltas;
use super::{Absent, HeldOption, LotExposure, MergedExposure, Reason, RiskSources};
use crate::bars::Vintage;
use crate::factors::FactorRegistry;
use crate::instruments::KnownProfile;
use crate::portfolios::{Book, BookPrices};

/// One of the portfolios that are seen as one.
#[derive(Debug, Clone)]
pub struct PortfolioPart {
    /// Which.
    pub portfolio_id: PortfolioId,
    /// As of which version of its stream.
    pub version: Version,
    /// Name for people.
    pub name: String,
    /// Name of the account.
    pub account_name: String,
    /// What kind of account.
    pub account_type: AccountType,
    /// What its amounts are in.
    pub currency: Currency,
    /// How it stands at the close of the session.
    pub standing: Standing,
    /// What ended, lifetime.
    pub realized: Cash,
}

/// Portfolios on a date, seen as one.
#[derive(Debug, Clone)]
pub struct RiskInputs {
    /// The session that is told of.
    pub as_of_date: Date,
    /// The portfolios, by their ids.
    pub portfolios: Vec<PortfolioPart>,
    /// How they stand together. Equity is none where that of one is not known.
    pub standing: Standing,
    /// Their open lots, by portfolio and id.
    pub lots: Vec<LotExposure>,
    /// Lots with an exposure, by what moves them: the largest first.
    pub merged: Vec<MergedExposure>,
    /// Their options that live on the session, priced at its close.
    pub options: Vec<HeldOption>,
    sources: RiskSources,
}

impl RiskInputs {
    /// Values the portfolios. Equity may have to be rolled over every session since the inception: not beside other
    /// requests on one thread. Options count by their deltas.
    pub fn of(sources: RiskSources) -> Self {
        let options = sources.options();
        let deltas = dollar_deltas(&options);
        let (date, prices) = (sources.as_of_date, &sources.prices);
        let mut portfolios = Vec::with_capacity(sources.books.len());
        let mut lots = Vec::new();
        for book in &sources.books {
            let values = book.portfolio.value_on(date, prices);
            portfolios.extend(part_of(book, &values, &sources));
            lots.extend(values.iter().map(|value| LotExposure::of(book.portfolio_id, value, &deltas)));
        }
        let standing = together(portfolios.iter().map(|part| &part.standing));
        let merged = merged(&lots);
        Self { as_of_date: date, portfolios, standing, lots, merged, options, sources }
    }

    /// What was read.
    pub fn sources(&self) -> &RiskSources {
        &self.sources
    }

    /// The closes.
    pub fn prices(&self) -> &BookPrices {
        &self.sources.prices
    }

    /// The state of the market store.
    pub fn vintage(&self) -> Vintage {
        self.sources.prices.vintage
    }

    /// The factors.
    pub fn registry(&self) -> &FactorRegistry {
        &self.sources.registry.registry
    }

    /// The proxy of the market.
    pub fn market(&self) -> Option<&Symbol> {
        self.registry().market().map(|factor| &factor.proxy)
    }

    /// What is known of a company.
    pub fn profile(&self, symbol: &Symbol) -> Option<&KnownProfile> {
        self.sources.profiles.get(symbol)
    }

    /// Exposures that returns move, with their places in [`Self::merged`]; those that cancel out are none.
    pub fn traded(&self) -> impl Iterator<Item = (usize, &Symbol)> {
        let moved = self.merged.iter().enumerate().filter(|(_, merged)| merged.exposure != 0.0);
        moved.filter_map(|(place, merged)| Some((place, merged.moved_by.as_ref()?)))
    }

    /// Equity, above zero, in money.
    ///
    /// # Errors
    /// `no_equity_balance`, `mixed_currencies`.
    pub fn positive_equity(&self) -> Result<f64, Absent> {
        self.one_currency()?;
        let equity = self.standing.equity.filter(|equity| equity.is_positive());
        let absent = || Absent::because(Reason::NoEquityBalance, "the equity is unknown, zero or negative");
        equity.map(Cash::to_f64).ok_or_else(absent)
    }

    /// Refuses a book without anything that a market prices.
    ///
    /// # Errors
    /// `no_positions`, `no_public_positions`, `mixed_currencies`.
    pub fn investable(&self) -> Result<(), Absent> {
        self.one_currency()?;
        if self.lots.is_empty() {
            return Err(Absent::because(Reason::NoPositions, "no position is open"));
        }
        if self.lots.iter().all(|lot| lot.moved_by.is_none()) {
            return Err(Absent::because(Reason::NoPublicPositions, "no open position is priced by a market"));
        }
        Ok(())
    }

    /// Refuses portfolios whose amounts cannot be added.
    ///
    /// # Errors
    /// `mixed_currencies`.
    pub fn one_currency(&self) -> Result<(), Absent> {
        let first = self.portfolios.first().map(|part| &part.currency);
        if self.portfolios.iter().all(|part| Some(&part.currency) == first) {
            return Ok(());
        }
        Err(Absent::because(Reason::MixedCurrencies, "the portfolios are in different currencies"))
    }

    /// The snapshots of one portfolio, session by session, without their lots.
    pub fn roll(&self, portfolio_id: PortfolioId) -> Vec<Snapshot> {
        let book = self.sources.books.iter().find(|book| book.portfolio_id == portfolio_id);
        let rolled = book.map(|book| self.sources.rolls.roll(book, self.prices(), self.as_of_date));
        rolled.map(|rolled| rolled.until(self.as_of_date).to_vec()).unwrap_or_default()
    }
}

fn part_of(book: &Book, values: &[LotValue<'_>], sources: &RiskSources) -> Option<PortfolioPart> {
    let settings = book.portfolio.settings.as_ref()?;
    let date = sources.as_of_date;
    let equity = sources.rolls.roll(book, &sources.prices, date).equity_on(&book.portfolio, date);
    Some(PortfolioPart {
        portfolio_id: book.portfolio_id,
        version: book.version,
        name: settings.name.clone(),
        account_name: settings.account_name.clone(),
        account_type: settings.account_type,
        currency: settings.currency.clone(),
        standing: Standing::of(values, equity),
        realized: book.portfolio.realized_until(date),
    })
}

/// Several standings added up.
fn together<'a>(standings: impl Iterator<Item = &'a Standing>) -> Standing {
    let added =
        |sum: Exposure, one: Exposure| Exposure { long: sum.long + one.long, short: sum.short + one.short };
    let nothing = Standing { equity: None, ..Standing::default() };
    let mut equities: Vec<Option<Cash>> = Vec::new();
    let sum = standings.fold(nothing, |sum, one| {
        equities.push(one.equity);
        Standing {
            equity: None,
            at_market: added(sum.at_market, one.at_market),
            at_entry: added(sum.at_entry, one.at_entry),
            position_count: sum.position_count + one.position_count,
            long_count: sum.long_count + one.long_count,
            short_count: sum.short_count + one.short_count,
            option_count: sum.option_count + one.option_count,
            private_count: sum.private_count + one.private_count,
            unpriced_count: sum.unpriced_count + one.unpriced_count,
        }
    });
    let known: Option<Vec<Cash>> = equities.into_iter().collect();
    let equity = known.filter(|known| !known.is_empty()).map(|known| known.into_iter().sum());
    Standing { equity, ..sum }
}
