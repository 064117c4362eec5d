//! What the target prices of a portfolio are worth: with its lots, its equity and its options as they are.

use std::collections::BTreeMap;

use events::portfolio::PortfolioError;
use events::portfolio::valuation::{GroupReturns, TargetReturns};
use events::{Cash, TargetId, calendar};
use projections::risk::{OptionOutlook, RiskSources};

use super::TargetPriceView;
use crate::http::books::Reading;
use crate::http::error::{ApiError, Refusal};
use crate::http::state::Api;

/// A portfolio with all that its target prices are measured by.
#[derive(Debug)]
pub(super) struct Outlook {
    pub reading: Reading,
    pub equity: Option<Cash>,
    options: OptionOutlook,
}

impl Outlook {
    /// The outlook of a portfolio on the date of the reading. Reference data is read only where options are held.
    pub async fn of(api: &Api, reading: Reading) -> Result<Self, ApiError> {
        let equity = reading.equity().await?;
        let session = calendar::session_on_or_before(reading.date);
        let holds_options =
            reading.portfolio().holdings_on(reading.date).iter().any(|held| held.lot.terms.option.is_some());
        let options = if holds_options {
            let client = api.shared().await?;
            let (books, vintage) = (vec![reading.book.clone()], reading.prices.vintage);
            let sources = RiskSources::load(&**client, &api.app().closes, books, session, vintage).await?;
            sources.options()
        } else {
            Vec::new()
        };
        Ok(Self { reading, equity, options: OptionOutlook::of(&options, session) })
    }

    /// What the lots of each target would earn.
    pub fn by_target(&self) -> BTreeMap<TargetId, GroupReturns> {
        let (values, date) = (self.reading.values(), self.reading.date);
        self.reading.portfolio().returns_by_target(&values, date, &|contract, target, horizon| {
            self.options.value(contract, target, horizon)
        })
    }

    /// What the portfolio would earn.
    pub fn returns(&self) -> TargetReturns {
        let (values, date) = (self.reading.values(), self.reading.date);
        self.reading.portfolio().target_returns(&values, date, self.equity, &|contract, target, horizon| {
            self.options.value(contract, target, horizon)
        })
    }

    /// All targets of the date, by symbol and type.
    pub fn all(&self) -> Vec<TargetPriceView> {
        let returns = self.by_target();
        let mut all: Vec<_> = returns.keys().filter_map(|id| self.find(*id, &returns).ok()).collect();
        all.sort_by_key(TargetPriceView::key);
        all
    }

    /// One of the targets of the date, with what all of them would earn.
    pub fn find(
        &self,
        id: TargetId,
        returns: &BTreeMap<TargetId, GroupReturns>,
    ) -> Result<TargetPriceView, ApiError> {
        let target = self.reading.portfolio().targets.get(&id);
        let shown = target.zip(returns.get(&id)).and_then(|(target, gains)| {
            let prices = target.prices_on(self.reading.date)?;
            Some(TargetPriceView::of(self, id, (target, prices), gains))
        });
        shown.ok_or_else(|| Refusal::from(PortfolioError::NoTarget(id)).into())
    }
}
