//! Several portfolios seen as one: their positions are merged first, then everything is calculated. Beside the figures of
//! the whole stands what each portfolio is of it.

use events::position::AccountType;
use events::{Cash, PortfolioId};
use quant::portfolios::portfolio_weights;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Absent, Analytic, PortfolioPart, Reason, RiskInputs};

/// Figures of several portfolios seen as one.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Aggregated<T, P = Plain> {
    /// Figures of the whole.
    #[serde(flatten)]
    pub analytic: Analytic<T>,
    /// Equity of all; null where that of one is not known.
    #[schema(value_type = Option<String>, example = "800000")]
    pub net_asset_value: Option<Cash>,
    /// How many portfolios these are.
    #[schema(example = 2)]
    pub portfolio_count: usize,
    /// The portfolios, by their ids.
    pub portfolios: Vec<AggregatePart<P>>,
    /// How the whole comes about: `merged_positions`.
    #[schema(example = "merged_positions")]
    pub calculation_method: &'static str,
}

/// A portfolio among several.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct AggregatePart<P> {
    /// Which.
    #[schema(value_type = String, format = Uuid)]
    pub portfolio_id: PortfolioId,
    /// Name of the account.
    #[schema(example = "Main")]
    pub account_name: String,
    /// What kind of account.
    #[schema(value_type = String, example = "taxable")]
    pub account_type: AccountType,
    /// Its equity; null where it is not known.
    #[schema(value_type = Option<String>, example = "500000")]
    pub value: Option<Cash>,
    /// Its equity over that of all, a fraction; null where either is not known.
    #[schema(example = 0.625)]
    pub weight: Option<f64>,
    /// What else is told of it.
    #[serde(flatten)]
    pub more: P,
}

/// Nothing else is told of a portfolio.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Plain {}

impl<T: Default> Aggregated<T> {
    /// What `analytic` says of all portfolios of `inputs`.
    pub fn of(inputs: &RiskInputs, analytic: Analytic<T>) -> Self {
        Self::with(inputs, analytic, |_, _| Plain {})
    }
}

impl<T: Default, P> Aggregated<T, P> {
    /// The same, with more of each portfolio; it is told its weight.
    pub(super) fn with(
        inputs: &RiskInputs,
        analytic: Analytic<T>,
        more: impl Fn(&PortfolioPart, Option<f64>) -> P,
    ) -> Self {
        let analytic = match inputs.aggregable() {
            Ok(()) => analytic,
            Err(absent) => Analytic::of(Err(absent), analytic.data_quality, analytic.provenance),
        };
        let weights = inputs.portfolio_weights();
        let part = |(place, part): (usize, &PortfolioPart)| {
            let weight = weights.as_ref().and_then(|weights| weights.get(place).copied());
            AggregatePart {
                portfolio_id: part.portfolio_id,
                account_name: part.account_name.clone(),
                account_type: part.account_type,
                value: part.standing.equity,
                weight,
                more: more(part, weight),
            }
        };
        Self {
            analytic,
            net_asset_value: inputs.one_currency().ok().and(inputs.standing.equity),
            portfolio_count: inputs.portfolios.len(),
            portfolios: inputs.portfolios.iter().enumerate().map(part).collect(),
            calculation_method: "merged_positions",
        }
    }
}

impl RiskInputs {
    /// Refuses portfolios that are nothing together.
    ///
    /// # Errors
    /// `no_positions` without a portfolio, `mixed_currencies`, `no_equity_balance` where the equity of all is known and
    /// not above zero.
    pub(super) fn aggregable(&self) -> Result<(), Absent> {
        if self.portfolios.is_empty() {
            return Err(Absent::because(Reason::NoPositions, "there is no portfolio"));
        }
        self.one_currency()?;
        match self.standing.equity {
            Some(equity) if !equity.is_positive() => {
                Err(Absent::because(Reason::NoEquityBalance, "the equity of all is zero or negative"))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Equity of each portfolio over that of all; none where that of one is not known, or that of all is not above zero.
    pub(super) fn portfolio_weights(&self) -> Option<Vec<f64>> {
        self.one_currency().ok()?;
        let equities: Option<Vec<f64>> =
            self.portfolios.iter().map(|part| part.standing.equity.map(Cash::to_f64)).collect();
        portfolio_weights(&equities?).ok()
    }

    /// Exposures of one portfolio at places of [`Self::merged`], over its own equity.
    ///
    /// # Errors
    /// `no_equity_balance`.
    pub(super) fn weights_of(&self, part: &PortfolioPart, places: &[usize]) -> Result<Vec<f64>, Absent> {
        let equity = part.standing.equity.filter(|equity| equity.is_positive());
        let absent = || Absent::because(Reason::NoEquityBalance, "the equity is unknown, zero or negative");
        let equity = equity.ok_or_else(absent)?.to_f64();
        let exposure = |place: &usize| -> f64 {
            let lots = self.merged.get(*place).map(|merged| merged.lots.as_slice()).unwrap_or_default();
            let own = lots.iter().filter_map(|lot| self.lots.get(*lot));
            own.filter(|lot| lot.portfolio_id == part.portfolio_id).filter_map(|lot| lot.exposure.ok()).sum()
        };
        Ok(places.iter().map(|place| exposure(place) / equity).collect())
    }
}
