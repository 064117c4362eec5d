//! A position as the API shows it.

use std::collections::BTreeMap;

use events::portfolio::valuation::{LotValue, PriceSource, Unpriced, Worth};
use events::portfolio::{Lot, worth};
use events::position::{InvestmentClass, InvestmentSubtype, OptionRight, PositionSymbol, PositionType};
use events::tags::Tag;
use events::{Cash, PortfolioId, PositionId, Price, Quantity, Symbol, TagId};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::books::Reading;
use crate::http::error::ApiError;

/// An owner's tags by their ids.
#[derive(Debug, Clone)]
pub(in crate::http) struct Labels(pub(super) BTreeMap<TagId, Tag>);

impl Labels {
    /// The labels of these tags.
    pub(in crate::http) fn of<'a>(&self, tags: impl IntoIterator<Item = &'a TagId>) -> Vec<TagLabel> {
        tags.into_iter()
            .filter_map(|id| {
                let tag = self.0.get(id)?;
                let (name, color) = (tag.name.clone(), tag.color.clone());
                Some(TagLabel { id: *id, name, color, description: tag.description.clone() })
            })
            .collect()
    }

    /// Refuses tags that are not the owner's.
    pub(super) fn check<'a>(&self, tags: impl IntoIterator<Item = &'a TagId>) -> Result<(), ApiError> {
        match tags.into_iter().find(|id| !self.0.contains_key(id)) {
            Some(foreign) => Err(ApiError::not_found("tag", foreign)),
            None => Ok(()),
        }
    }
}

/// A tag of a position.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TagLabel {
    /// Its id.
    #[schema(value_type = String, format = Uuid)]
    pub id: TagId,
    /// Its name.
    #[schema(example = "income")]
    pub name: String,
    /// Its colour, `#RRGGBB`.
    #[schema(example = "#2E7D32")]
    pub color: String,
    /// What it is for.
    pub description: Option<String>,
}

/// One lot of a portfolio on a date.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PositionView {
    /// Its id.
    #[schema(value_type = String, format = Uuid)]
    pub id: PositionId,
    /// The portfolio.
    #[schema(value_type = String, format = Uuid)]
    pub portfolio_id: PortfolioId,
    /// What it is called; the OCC symbol of options.
    #[schema(value_type = String, example = "AAPL")]
    pub symbol: PositionSymbol,
    /// Units open at the end of the date: above zero if held, below if owed, 0 once closed.
    #[schema(value_type = String, example = "60")]
    pub quantity: Quantity,
    /// Units that were entered.
    #[schema(value_type = String, example = "100")]
    pub entry_quantity: Quantity,
    /// Price per share at the entry.
    #[schema(value_type = String, example = "150")]
    pub entry_price: Price,
    /// The New York date of the entry.
    #[schema(value_type = String, format = Date)]
    pub entry_date: Date,
    /// `LONG`, `SHORT`, `LC`, `LP`, `SC` or `SP`.
    #[schema(value_type = String, example = "LONG")]
    pub position_type: PositionType,
    /// `PUBLIC`, `OPTIONS` or `PRIVATE`.
    #[schema(value_type = String, example = "PUBLIC")]
    pub investment_class: InvestmentClass,
    /// What it is within its class.
    #[schema(value_type = Option<String>, example = "STOCK")]
    pub investment_subtype: Option<InvestmentSubtype>,
    /// The underlying of options.
    #[schema(value_type = Option<String>)]
    pub underlying_symbol: Option<Symbol>,
    /// The strike of options.
    #[schema(value_type = Option<String>)]
    pub strike_price: Option<Price>,
    /// The last day of options.
    #[schema(value_type = Option<String>, format = Date)]
    pub expiration_date: Option<Date>,
    /// `CALL` or `PUT`.
    #[schema(value_type = Option<String>)]
    pub option_type: Option<OptionRight>,
    /// Shares that one unit stands for.
    #[schema(example = 1)]
    pub multiplier: u32,
    /// What its owner notes.
    pub notes: Option<String>,
    /// The price at which the last of it ended, once nothing is open.
    #[schema(value_type = Option<String>)]
    pub exit_price: Option<Price>,
    /// When the last of it ended.
    #[schema(value_type = Option<String>, format = Date)]
    pub exit_date: Option<Date>,
    /// What is open cost, signed.
    #[schema(value_type = String, example = "9000")]
    pub cost_basis: Cash,
    /// The latest price until the date; null where there is none, with the reason in `unpriced_because`.
    #[schema(value_type = Option<String>, example = "180")]
    pub last_price: Option<Price>,
    /// The date of that price.
    #[schema(value_type = Option<String>, format = Date)]
    pub price_date: Option<Date>,
    /// Where it comes from: `close`, `option`, `mark` or `priced_at_cost`.
    #[schema(value_type = Option<String>, example = "close")]
    pub price_source: Option<PriceSource>,
    /// Why there is no price: `no_close`, `no_option_price`, `option_expired` or `not_traded`.
    #[schema(value_type = Option<String>)]
    pub unpriced_because: Option<Unpriced>,
    /// Quantity times price times multiplier, signed.
    #[schema(value_type = Option<String>, example = "10800")]
    pub market_value: Option<Cash>,
    /// Market value less cost.
    #[schema(value_type = Option<String>, example = "1800")]
    pub unrealized_pnl: Option<Cash>,
    /// The same in percent of the size of the cost; null where it cost nothing.
    #[schema(example = 20.0)]
    pub unrealized_pnl_percent: Option<f64>,
    /// Lifetime P&L of what ended by the date.
    #[schema(value_type = String, example = "1200")]
    pub realized_pnl: Cash,
    /// Its tags.
    pub tags: Vec<TagLabel>,
    /// When it was recorded.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it was deleted, if it was.
    pub deleted_at: Option<Timestamp>,
}

impl PositionView {
    /// An open lot with its value.
    pub(in crate::http) fn of(reading: &Reading, value: &LotValue<'_>, labels: &Labels) -> Self {
        let (id, lot, date) = (value.position_id, value.lot, reading.date);
        let worth = value.worth.as_ref();
        let known = |of: fn(&Worth) -> Cash| worth.ok().map(of);
        let terms = &lot.terms;
        let option = terms.option.as_ref();
        let ended = lot.reductions_until(date).last();
        let exit = ended.filter(|_| value.quantity.is_zero() && date >= terms.entry_date);
        Self {
            id,
            portfolio_id: reading.book.portfolio_id,
            symbol: terms.symbol.clone(),
            quantity: value.quantity,
            entry_quantity: terms.quantity,
            entry_price: terms.entry_price,
            entry_date: terms.entry_date,
            position_type: terms.position_type,
            investment_class: terms.investment_class,
            investment_subtype: terms.investment_subtype,
            underlying_symbol: option.map(|contract| contract.underlying.clone()),
            strike_price: option.map(|contract| contract.strike),
            expiration_date: option.map(|contract| contract.expiry),
            option_type: option.map(|contract| contract.right),
            multiplier: terms.multiplier,
            notes: lot.notes.clone(),
            exit_price: exit.map(|reduction| reduction.price),
            exit_date: exit.map(|reduction| reduction.date),
            cost_basis: value.cost,
            last_price: worth.ok().map(|worth| worth.price.price),
            price_date: worth.ok().map(|worth| worth.price.price_date),
            price_source: worth.ok().map(|worth| worth.price.source),
            unpriced_because: worth.err().copied(),
            market_value: known(|worth| worth.market_value),
            unrealized_pnl: known(|worth| worth.unrealized),
            unrealized_pnl_percent: value.unrealized_fraction().map(|fraction| fraction * 100.0),
            realized_pnl: value.realized,
            tags: labels.of(&lot.tags),
            created_at: lot.created_at,
            updated_at: lot.updated_at,
            deleted_at: lot.deleted_at,
        }
    }

    /// A lot whether it is open on the date or not.
    pub(in crate::http) fn of_lot(
        reading: &Reading,
        position_id: PositionId,
        lot: &Lot,
        labels: &Labels,
    ) -> Self {
        let (date, multiplier) = (reading.date, lot.terms.multiplier);
        let quantity = lot.open_quantity_on(date);
        let cost = worth(quantity, lot.terms.entry_price, multiplier);
        let priced = reading.portfolio().price_of(position_id, lot, date, &reading.prices);
        let valued = priced.map(|price| {
            let market_value = worth(quantity, price.price, multiplier);
            Worth { price, market_value, unrealized: market_value - cost }
        });
        let realized = lot.realized_until(date);
        let value = LotValue { position_id, lot, quantity, cost, realized, worth: valued };
        Self::of(reading, &value, labels)
    }

    /// The lot of this id that exists.
    pub(in crate::http) fn find(
        reading: &Reading,
        position_id: PositionId,
        labels: &Labels,
    ) -> Result<Self, ApiError> {
        let lot = reading.portfolio().lot(position_id);
        let lot = lot.ok_or_else(|| ApiError::not_found("position", position_id))?;
        Ok(Self::of_lot(reading, position_id, lot, labels))
    }

    /// The lots that exist: those that are open on the date, and, if wanted, those that were closed by it.
    pub(in crate::http) fn all(reading: &Reading, include_closed: bool, labels: &Labels) -> Vec<Self> {
        let entered = reading.portfolio().existing_lots().filter(|(_, lot)| {
            let is_open = !lot.open_quantity_on(reading.date).is_zero();
            is_open || (include_closed && lot.terms.entry_date <= reading.date)
        });
        entered.map(|(id, lot)| Self::of_lot(reading, id, lot, labels)).collect()
    }

    /// What puts positions in order: symbol, date of entry, id.
    pub(in crate::http) fn key(&self) -> String {
        format!("{} {} {}", self.symbol, self.entry_date, self.id)
    }
}
