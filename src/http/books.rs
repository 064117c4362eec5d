//! Portfolios as handlers read them: whose they are, as of when, and at which prices.

use std::sync::Arc;

use actors::Receipt;
use events::portfolio::valuation::{LotValue, Standing};
use events::portfolio::{Portfolio, PortfolioAct, PortfolioCommand, Siblings};
use events::time::{TradingDay, now};
use events::{Aggregate, Cash, EquityChangeId, PortfolioId, Position, PositionId, TargetId, calendar};
use jiff::Timestamp;
use projections::bars::Vintage;
use projections::closes::Known;
use projections::portfolios::{self, Book, BookPrices, KnownAt, PortfolioRow, Portfolios, Rolls};
use projections::{Projection, View};
use utoipa::IntoParams;

use super::access::owns;
use super::caller::Caller;
use super::error::ApiError;
use super::position::PATIENCE;
use super::query::{FromParameters, Parameters};
use super::state::Api;

/// As of when a read answers: what was true on a date, as known at a time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AsOf {
    date: Option<TradingDay>,
    known_at: KnownAt,
}

/// The same for the documentation.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what AsOf reads")]
pub struct AsOfParameters {
    /// What was true at the end of this New York date; by default today, at the latest prices.
    #[param(value_type = Option<String>, format = Date, example = "2025-11-03")]
    as_of_date: Option<String>,
    /// What was known then: a log position, or an instant (RFC 3339); by default now.
    #[param(example = "2025-11-03T21:00:00Z")]
    known_at: Option<String>,
}

/// A log position or an instant.
struct Moment(KnownAt);

impl std::str::FromStr for Moment {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(position) = text.parse::<u32>() {
            return Ok(Self(KnownAt::Position(Position(position.into()))));
        }
        let instant: Result<Timestamp, _> = text.parse();
        let known = instant.map(|instant| Self(KnownAt::Instant(instant)));
        known.map_err(|_| "must be a log position or an instant such as 2025-11-03T21:00:00Z")
    }
}

impl AsOf {
    /// Reads `as_of_date` and `known_at`.
    pub fn read(parameters: &mut Parameters) -> Self {
        let date: Option<TradingDay> = parameters.optional("as_of_date");
        let known: Option<Moment> = parameters.optional("known_at");
        if date.is_some_and(|date| date > today()) {
            parameters.report("as_of_date", "future_date", "must not lie in the future");
        }
        Self { date, known_at: known.map_or(KnownAt::Now, |moment| moment.0) }
    }

    /// What was known then.
    pub const fn known_at(self) -> KnownAt {
        self.known_at
    }

    /// The same at the end of `date`, where that is earlier.
    #[must_use]
    pub fn until(self, date: TradingDay) -> Self {
        Self { date: Some(self.date().min(date)), ..self }
    }

    /// What was true at the end of this date.
    pub fn date(self) -> TradingDay {
        self.date.unwrap_or_else(today)
    }
}

impl FromParameters for AsOf {
    fn read(parameters: &mut Parameters) -> Option<Self> {
        Some(Self::read(parameters))
    }
}

/// Today in New York.
pub fn today() -> TradingDay {
    calendar::new_york_date(now())
}

/// A command to a portfolio, decided now.
pub fn command(act: PortfolioAct) -> PortfolioCommand {
    let at = now();
    PortfolioCommand { at, today: calendar::new_york_date(at), act }
}

/// A portfolio with all that its valuation needs.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The portfolio as it was known.
    pub book: Book,
    /// The date that is asked about.
    pub date: TradingDay,
    /// Closes as they were known.
    pub prices: BookPrices,
    rolls: Rolls,
}

impl Reading {
    /// Its facts.
    pub fn portfolio(&self) -> &Portfolio {
        &self.book.portfolio
    }

    /// The open lots of the date with what they are worth.
    pub fn values(&self) -> Vec<LotValue<'_>> {
        self.portfolio().value_on(self.date, &self.prices)
    }

    /// Equity at the end of the date; none where nobody said what it began with.
    pub async fn equity(&self) -> Result<Option<Cash>, ApiError> {
        let (date, portfolio) = (self.date, &self.book.portfolio);
        if let Some(rolled) = self.rolls.kept(&self.book, &self.prices, date) {
            return Ok(rolled.equity_on(portfolio, date));
        }
        let (rolls, book, prices) = (self.rolls.clone(), self.book.clone(), self.prices.clone());
        let rolled = tokio::task::spawn_blocking(move || rolls.roll(&book, &prices, date)).await;
        let failed =
            |source: tokio::task::JoinError| ApiError::Internal { operation: ROLLING, source: source.into() };
        Ok(rolled.map_err(failed)?.equity_on(portfolio, date))
    }

    /// How it stands on the date.
    pub async fn standing(&self) -> Result<Standing, ApiError> {
        Ok(Standing::of(&self.values(), self.equity().await?))
    }
}

/// What is done when equity cannot be looked up.
const ROLLING: &str = "rolling equity forward";

/// Equity at the end of a date, as it were without the flow `without`. It is rolled over every session since the
/// inception: not beside other requests on one thread.
pub async fn equity_on(
    portfolio: Arc<Portfolio>,
    prices: BookPrices,
    date: TradingDay,
    without: Option<EquityChangeId>,
) -> Result<Option<Cash>, ApiError> {
    let rolled = tokio::task::spawn_blocking(move || portfolio.equity_on(date, without, &prices)).await;
    rolled.map_err(|source| ApiError::Internal { operation: ROLLING, source: source.into() })
}

impl Api {
    /// A portfolio of the caller's as it was known, unless it was closed then.
    pub(super) async fn book(
        &self,
        view: &View,
        portfolio_id: PortfolioId,
        known_at: KnownAt,
    ) -> Result<Book, ApiError> {
        let book = self.app().books.find(view, portfolio_id, known_at).await?;
        let open = book.filter(|book| book.portfolio.active().is_some());
        open.ok_or_else(|| ApiError::not_found("portfolio", portfolio_id))
    }

    /// The same with its prices.
    pub(super) async fn reading(
        &self,
        caller: &Caller,
        portfolio_id: PortfolioId,
        as_of: AsOf,
    ) -> Result<Reading, ApiError> {
        let view = self.view(caller).await?;
        let book = self.book(&view, portfolio_id, as_of.known_at()).await?;
        // The market store has connections of its own to ask for.
        drop(view);
        self.priced(book, as_of).await
    }

    /// The same for a row that the caller has seen.
    pub(super) async fn reading_of(
        &self,
        view: &View,
        row: &PortfolioRow,
        as_of: AsOf,
    ) -> Result<Option<Book>, ApiError> {
        let book = self.app().books.of_row(view, row, as_of.known_at()).await?;
        Ok(book.filter(|book| book.portfolio.active().is_some()))
    }

    /// A portfolio with its closes as they were known.
    pub(super) async fn priced(&self, book: Book, as_of: AsOf) -> Result<Reading, ApiError> {
        let vintage = self.vintage(as_of.known_at()).await?;
        let prices = BookPrices::load(&self.app().closes, &book.portfolio, vintage).await?;
        Ok(Reading { book, date: as_of.date(), prices, rolls: self.app().rolls.clone() })
    }

    /// The state of the market store that was known then.
    pub(super) async fn vintage(&self, known_at: KnownAt) -> Result<Vintage, ApiError> {
        let known = match known_at {
            KnownAt::Now => Known::Newest,
            KnownAt::Instant(instant) => Known::AtInstant(instant),
            KnownAt::Position(position) => self.known_with(position).await?,
        };
        Ok(self.app().closes.vintage(known).await?)
    }

    /// Prices have no place in the log: those count that were there when the event was recorded.
    async fn known_with(&self, position: Position) -> Result<Known, ApiError> {
        let head = self.log().head().await?;
        if position >= head {
            return Ok(Known::Newest);
        }
        let event = self.log().read_event(position).await?;
        Ok(event.map_or(Known::Newest, |event| Known::AtInstant(event.recorded_at)))
    }

    /// What was just written is shown from the log, because the read model may be behind.
    pub(super) async fn written_book(
        &self,
        caller: &Caller,
        portfolio_id: PortfolioId,
        receipt: &Receipt,
    ) -> Result<Reading, ApiError> {
        let portfolio = self.portfolio_in_log(portfolio_id).await?;
        let book = Book {
            portfolio_id,
            owner: caller.principal.clone(),
            version: receipt.version,
            position: receipt.position,
            portfolio: Arc::new(portfolio),
        };
        self.priced(book, AsOf::default()).await
    }

    /// A portfolio as the log has it now.
    pub(super) async fn portfolio_in_log(&self, portfolio_id: PortfolioId) -> Result<Portfolio, ApiError> {
        let stream = self.app().portfolios.stream(portfolio_id);
        Ok(self.log().load::<Aggregate<Portfolio>>(&stream).await?.state.into_inner())
    }

    /// What a command may know of the caller's other portfolios, once the read model shows everything that was written
    /// before this request.
    pub(super) async fn siblings(
        &self,
        caller: &Caller,
        of: Option<PortfolioId>,
    ) -> Result<Siblings, ApiError> {
        self.caught_up().await?;
        let view = self.view(caller).await?;
        let siblings = portfolios::siblings(&view, &caller.principal, of).await?;
        Ok(Siblings { limit: Some(self.app().config.portfolios.per_owner_max), ..siblings })
    }

    /// Waits until the read model of portfolios shows everything that was written before this request.
    pub(super) async fn caught_up(&self) -> Result<(), ApiError> {
        let head = self.log().head().await?;
        self.app().watermarks.wait_for(Portfolios::NAME, head, PATIENCE).await?;
        Ok(())
    }

    /// Refuses a portfolio that is not the caller's, before anybody wakes its actor.
    pub(super) async fn own_portfolio(
        &self,
        caller: &Caller,
        portfolio_id: PortfolioId,
    ) -> Result<(), ApiError> {
        owns(self, caller, "portfolio", Some(&portfolio_id.to_string())).await
    }

    /// The portfolios of positions of the caller's. A single one that is not the caller's is the end of it; what was
    /// written a moment ago is waited for.
    pub(super) async fn portfolios_of(
        &self,
        caller: &Caller,
        positions: &[PositionId],
    ) -> Result<std::collections::BTreeMap<PositionId, PortfolioId>, ApiError> {
        let wanted = positions.iter().copied().collect();
        let found = portfolios::of_positions(&self.view(caller).await?, &wanted).await?;
        let found = if found.len() == wanted.len() {
            found
        } else {
            self.caught_up().await?;
            portfolios::of_positions(&self.view(caller).await?, &wanted).await?
        };
        match wanted.iter().find(|position| !found.contains_key(*position)) {
            Some(missing) => Err(ApiError::not_found("position", missing)),
            None => Ok(found),
        }
    }

    /// The portfolio of target prices of the caller's; what was written a moment ago is waited for.
    pub(super) async fn portfolio_of_target(
        &self,
        caller: &Caller,
        target_id: TargetId,
    ) -> Result<PortfolioId, ApiError> {
        if let Some(found) = portfolios::of_target(&self.view(caller).await?, target_id).await? {
            return Ok(found);
        }
        self.caught_up().await?;
        let found = portfolios::of_target(&self.view(caller).await?, target_id).await?;
        found.ok_or_else(|| ApiError::not_found("target price", target_id))
    }

    /// The portfolio of a position of the caller's.
    pub(super) async fn portfolio_of(
        &self,
        caller: &Caller,
        position_id: PositionId,
    ) -> Result<PortfolioId, ApiError> {
        let found = self.portfolios_of(caller, &[position_id]).await?;
        found.get(&position_id).copied().ok_or_else(|| ApiError::not_found("position", position_id))
    }
}
