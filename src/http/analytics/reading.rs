//! What analytics of a portfolio are computed from, read as the caller may see it and as it was known.

use events::time::TradingDay;
use events::{PortfolioId, calendar};
use projections::bars::Vintage;
use projections::factors::FactorRegistry;
use projections::risk::{HeldOption, RiskInputs, RiskSources, dollar_deltas};

use crate::http::books::AsOf;
use crate::http::caller::Caller;
use crate::http::data::terms::Terms;
use crate::http::error::ApiError;
use crate::http::state::Api;

/// Portfolios and the market as they were known, before anything is computed.
#[derive(Debug)]
pub struct RiskReading {
    /// The session that is told of.
    pub session: TradingDay,
    sources: RiskSources,
}

impl Api {
    /// What analytics of one portfolio of the caller's are computed from: as of the session of the date asked for, or the
    /// last that is complete.
    pub(super) async fn risk_reading(
        &self,
        caller: &Caller,
        portfolio_id: PortfolioId,
        as_of: AsOf,
    ) -> Result<RiskReading, ApiError> {
        let reading = self.reading(caller, portfolio_id, as_of).await?;
        let completed = Terms::known(None).session();
        let session = calendar::session_on_or_before(reading.date).min(completed);
        let (vintage, books) = (reading.prices.vintage, vec![reading.book]);
        let client = self.shared().await?;
        let sources = RiskSources::load(&client, &self.app().closes, books, session, vintage).await?;
        let sources = RiskSources { rolls: self.app().rolls.clone(), ..sources };
        Ok(RiskReading { session, sources })
    }
}

impl RiskReading {
    /// The state of the market store.
    pub fn vintage(&self) -> Vintage {
        self.sources.prices.vintage
    }

    /// The factors.
    pub fn registry(&self) -> &FactorRegistry {
        &self.sources.registry.registry
    }

    /// Values everything and computes, not beside other requests on one thread.
    pub async fn compute<T: Send + 'static>(
        self,
        of: impl FnOnce(&RiskInputs, &[HeldOption]) -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        let computed = tokio::task::spawn_blocking(move || {
            let options = self.sources.options(self.sources.rate);
            let inputs = RiskInputs::of(self.sources, &dollar_deltas(&options));
            of(&inputs, &options)
        });
        let operation = "computing the risk of a portfolio";
        computed.await.map_err(|source| ApiError::Internal { operation, source: source.into() })
    }
}
