//! One lot: what was entered at one time and price, and how it shrank since.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::money::value_units;
use crate::position::{InvestmentClass, InvestmentSubtype, PositionSymbol, PositionType, named};
use crate::{Cash, OptionContract, Price, Quantity, Symbol, TagId};

/// Shares of a contract, where nothing else is known.
pub const OPTION_MULTIPLIER: u32 = 100;
/// Most shares of an odd contract.
pub const OPTION_MULTIPLIER_MAX: u32 = 10_000;

/// What a lot is: what was entered, when and at which price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LotTerms {
    /// What it is called; the OCC symbol of options.
    pub symbol: PositionSymbol,
    /// Which way it looks; agrees with the sign of the quantity.
    pub position_type: PositionType,
    /// How it is priced.
    pub investment_class: InvestmentClass,
    /// What it is within its class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub investment_subtype: Option<InvestmentSubtype>,
    /// The contract of options.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub option: Option<OptionContract>,
    /// Shares that one unit of the quantity stands for: 1, and 100 for most options.
    pub multiplier: u32,
    /// Units that were entered: above zero if held, below if owed.
    pub quantity: Quantity,
    /// Price per share at which it was entered; zero where it cost nothing.
    pub entry_price: Price,
    /// The New York date on which it was entered.
    pub entry_date: Date,
}

named! {
    /// Why a lot shrank.
    pub enum ReductionReason {
        /// It was sold or bought back.
        Closed = "closed",
        /// Its option expired worthless.
        Expired = "expired",
        /// Its owner used the right of the option.
        Exercised = "exercised",
        /// The holder of the written option used the right.
        Assigned = "assigned",
    }
}

named! {
    /// How the lot that shrank was chosen.
    pub enum Matching {
        /// The trade named this lot.
        Named = "named",
        /// The first lots in were the first out.
        Fifo = "fifo",
    }
}

/// A part of a lot that ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reduction {
    /// The New York date on which it ended.
    pub date: Date,
    /// How many units, above zero for long and short lots alike.
    pub quantity: Quantity,
    /// The price per share; zero for options that expired or became shares, which then change hands at the strike.
    pub price: Price,
    /// Why.
    pub why: ReductionReason,
    /// How the lot was chosen.
    pub matching: Matching,
    /// When it was recorded (UTC).
    pub at: Timestamp,
}

/// What was entered at one time and price, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lot {
    /// What it is.
    pub terms: LotTerms,
    /// What its owner notes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    /// Its tags.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub tags: BTreeSet<TagId>,
    /// How it shrank: by date, of one date as recorded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reductions: Vec<Reduction>,
    /// When it was recorded (UTC).
    pub created_at: Timestamp,
    /// When it last changed (UTC).
    pub updated_at: Timestamp,
    /// When it was deleted (UTC), if it was: it then never existed on any date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Timestamp>,
}

/// What the owner of a PRIVATE lot says one unit is worth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The price per unit, not negative.
    pub price: Price,
    /// How it was found.
    pub note: Option<String>,
    /// When it was recorded (UTC).
    pub recorded_at: Timestamp,
}

/// What `quantity` units of `multiplier` shares are worth at `price`: exact, then rounded half to even once.
pub fn worth(quantity: Quantity, price: Price, multiplier: u32) -> Cash {
    Cash::from_value_units(value_units(quantity, price).saturating_mul(i128::from(multiplier)))
}

impl LotTerms {
    /// What it cost, signed: negative where a sale brought money in.
    pub fn cost(&self) -> Cash {
        worth(self.quantity, self.entry_price, self.multiplier)
    }

    /// The sign of the quantity applied to a number of units.
    pub(super) const fn signed(&self, units: Quantity) -> Quantity {
        Quantity::from_units(if self.quantity.is_negative() { -units.units() } else { units.units() })
    }

    /// The symbol whose closes price it: its own, or that of the option's underlying; none for PRIVATE lots.
    pub fn market_symbol(&self) -> Option<Symbol> {
        match self.investment_class {
            InvestmentClass::Public => self.symbol.traded(),
            InvestmentClass::Options => self.option.as_ref().map(|contract| contract.underlying.clone()),
            InvestmentClass::Private => None,
        }
    }
}

impl Lot {
    /// Units still open after all reductions, signed.
    pub fn open_quantity(&self) -> Quantity {
        self.terms.quantity - self.terms.signed(self.reduced_quantity())
    }

    /// Units that ended, without a sign.
    pub fn reduced_quantity(&self) -> Quantity {
        self.reductions.iter().map(|reduction| reduction.quantity).sum()
    }

    /// Units open at the end of `date`, signed: nothing before the entry, and nothing of a deleted lot.
    pub fn open_quantity_on(&self, date: Date) -> Quantity {
        if self.deleted_at.is_some() || date < self.terms.entry_date {
            return Quantity::ZERO;
        }
        let ended = self.reductions_until(date).map(|reduction| reduction.quantity).sum();
        self.terms.quantity - self.terms.signed(ended)
    }

    /// Reductions dated `date` or before.
    pub fn reductions_until(&self, date: Date) -> impl Iterator<Item = &Reduction> {
        self.reductions.iter().filter(move |reduction| reduction.date <= date)
    }

    /// Lifetime P&L of one reduction: `sign · (exit − entry) · quantity · multiplier`.
    pub fn realized_by(&self, reduction: &Reduction) -> Cash {
        let gain = reduction.price - self.terms.entry_price;
        worth(self.terms.signed(reduction.quantity), gain, self.terms.multiplier)
    }

    /// Lifetime P&L of all that ended by the end of `date`.
    pub fn realized_until(&self, date: Date) -> Cash {
        self.reductions_until(date).map(|reduction| self.realized_by(reduction)).sum()
    }

    /// The last reduction of a lot of which nothing is open.
    pub fn exit(&self) -> Option<&Reduction> {
        if self.open_quantity().is_zero() { self.reductions.last() } else { None }
    }
}
