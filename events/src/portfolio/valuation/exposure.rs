//! Exposures at market and at entry, cash and leverage.

use serde::{Deserialize, Serialize};

use super::LotValue;
use crate::Cash;
use crate::position::InvestmentClass;

/// Values of lots by their sign.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exposure {
    /// Of what is held; not negative.
    pub long: Cash,
    /// Of what is owed; not positive.
    pub short: Cash,
}

impl Exposure {
    /// The exposure of these signed values.
    pub fn of(values: impl IntoIterator<Item = Cash>) -> Self {
        values.into_iter().fold(Self::default(), |mut sum, value| {
            if value.is_negative() {
                sum.short += value;
            } else {
                sum.long += value;
            }
            sum
        })
    }

    /// The size of what is owed; not negative.
    pub fn short_abs(&self) -> Cash {
        self.short.abs()
    }

    /// Held and owed together.
    pub fn gross(&self) -> Cash {
        self.long + self.short_abs()
    }

    /// Held less owed.
    pub fn net(&self) -> Cash {
        self.long + self.short
    }
}

/// Why a ratio to equity cannot be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum NoRatio {
    /// The equity is unknown, zero or negative.
    #[error("no positive equity balance")]
    NoEquityBalance,
}

/// How a portfolio stands on a date: exposures, counts and equity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Capital: cash and all that is held or owed; none where nobody said what it began with.
    pub equity: Option<Cash>,
    /// Exposure at the prices of the date, of the lots that have one.
    pub at_market: Exposure,
    /// Exposure at the prices of entry, of all lots.
    pub at_entry: Exposure,
    /// Open lots.
    pub position_count: usize,
    /// Of them held, options too.
    pub long_count: usize,
    /// Of them owed, options too.
    pub short_count: usize,
    /// Of them options.
    pub option_count: usize,
    /// Of them PRIVATE.
    pub private_count: usize,
    /// Of them without a price: what is at market does not count them.
    pub unpriced_count: usize,
}

impl Standing {
    /// How a portfolio of these lots and this equity stands.
    pub fn of(values: &[LotValue<'_>], equity: Option<Cash>) -> Self {
        let count =
            |is_one: &dyn Fn(&LotValue<'_>) -> bool| values.iter().filter(|value| is_one(value)).count();
        let class = |value: &LotValue<'_>| value.lot.terms.investment_class;
        Self {
            equity,
            at_market: Exposure::of(values.iter().filter_map(LotValue::market_value)),
            at_entry: Exposure::of(values.iter().map(|value| value.cost)),
            position_count: values.len(),
            long_count: count(&|value| value.quantity.is_positive()),
            short_count: count(&|value| value.quantity.is_negative()),
            option_count: count(&|value| class(value) == InvestmentClass::Options),
            private_count: count(&|value| class(value) == InvestmentClass::Private),
            unpriced_count: count(&|value| value.worth.is_err()),
        }
    }

    /// What is not invested: equity less all signed market values; negative where it is owed.
    pub fn cash(&self) -> Option<Cash> {
        self.equity.map(|equity| equity - self.at_market.net())
    }

    /// Cash at the prices of entry.
    pub fn cash_at_entry(&self) -> Option<Cash> {
        self.equity.map(|equity| equity - self.at_entry.net())
    }

    /// An amount as a fraction of equity.
    pub fn of_equity(&self, amount: Cash) -> Result<f64, NoRatio> {
        match self.equity {
            Some(equity) if equity.is_positive() => Ok(amount.to_f64() / equity.to_f64()),
            Some(_) | None => Err(NoRatio::NoEquityBalance),
        }
    }

    /// Gross exposure at market as a multiple of equity.
    pub fn leverage(&self) -> Result<f64, NoRatio> {
        self.of_equity(self.at_market.gross())
    }

    /// Gross exposure at entry as a multiple of equity.
    pub fn leverage_at_entry(&self) -> Result<f64, NoRatio> {
        self.of_equity(self.at_entry.gross())
    }
}
