//! The rules that an order must keep before it may wait or fill, in their order; the first broken one refuses it.

use jiff::civil::DateTime;

use super::clock::Clock;
use super::gates::Marks;
use super::limits::Stage;
use super::quote::Quote;
use super::{Book, PriceRule, RunSnapshot, Session};
use crate::instrument::Market;
use crate::market::{Bars, Columns};
use crate::policy::{FillRule, Order, OrderKind, OrderSide, Refusal, Side, Trail};
use crate::time::TradingDay;
use crate::{Quantity, Rate};

/// Orders that may wait at a time.
pub const RESTING_ORDERS_MAX: usize = 1_000;

/// An order that kept every rule. Only the checks of [`Rules`] make one, and only one of
/// these waits or fills.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cleared<T> {
    order: T,
    side: Side,
    column: usize,
    settlement: Settlement,
    trading_date: TradingDay,
}

/// When and at which price a cleared order executes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Settlement {
    /// In this bar.
    Now(Quote),
    /// In a later bar; the quote is what it was checked against.
    Later(Quote),
}

impl<T> Cleared<T> {
    /// The order.
    pub fn order(&self) -> &T {
        &self.order
    }

    /// Bought or sold.
    pub fn side(&self) -> Side {
        self.side
    }

    pub(super) fn column(&self) -> usize {
        self.column
    }

    pub(super) fn settlement(&self) -> Settlement {
        self.settlement
    }

    pub(super) fn trading_date(&self) -> TradingDay {
        self.trading_date
    }
}

/// What an order is checked against: the terms of the run, its bars at one bar, and the account.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules<'a> {
    pub snapshot: &'a RunSnapshot,
    pub bars: &'a Bars,
    /// Whether each column may be traded.
    pub tradable: &'a [bool],
    /// The bar in the calendar of `bars`.
    pub index: usize,
    pub book: &'a Book,
    pub clock: &'a Clock,
    /// Whether the terms have margin, gates or rules beyond what is held.
    pub guarded: bool,
    pub marks: Marks<'a>,
    pub session: Option<Session>,
}

impl<'a> Rules<'a> {
    /// Checks a proposed order.
    pub fn validate<'o>(&self, order: &'o Order) -> Result<Cleared<&'o Order>, Refusal> {
        let market = order.symbol.market();
        check_amount(order.quantity, market)?;
        self.check_type(order)?;
        let (column, columns) = self.column_of(order)?;
        let no_price = || Refusal::NoPrice { symbol: order.symbol.clone(), market };
        let side = order.side.side();
        let settlement = self.settlement(order.kind, side, columns).ok_or_else(no_price)?;
        check_lot(order.quantity, market)?;
        let trading_date = self.trading_date(market);
        if order.side == OrderSide::Sell && matches!(settlement, Settlement::Now(_)) {
            self.check_settled(order, market, trading_date)?;
        }
        self.check_shorting(order)?;
        let (Settlement::Now(quote) | Settlement::Later(quote)) = settlement;
        self.check_opposite(order)?;
        self.check_risk(order, quote, Stage::Proposed)?;
        self.check_funds(order, quote)?;
        Ok(Cleared { order, side, column, settlement, trading_date })
    }

    /// Checks a waiting order whose price is reached: what may have changed since it was accepted.
    pub fn validate_waiting<'o>(
        &self,
        order: &'o Order,
        quote: Quote,
    ) -> Result<Cleared<&'o Order>, Refusal> {
        let (column, _) = self.column_of(order)?;
        let market = order.symbol.market();
        let trading_date = self.trading_date(market);
        if order.side == OrderSide::Sell {
            self.check_settled(order, market, trading_date)?;
        }
        self.check_opposite(order)?;
        self.check_risk(order, quote, Stage::Waited)?;
        self.check_funds(order, quote)?;
        let (side, settlement) = (order.side.side(), Settlement::Now(quote));
        Ok(Cleared { order, side, column, settlement, trading_date })
    }

    /// Clears what the run closes by itself at the open of the bar; `None` where it cannot be closed there.
    pub fn clear_forced<'o>(&self, order: &'o Order) -> Option<(Cleared<&'o Order>, Quote)> {
        let (column, columns) = self.column_of(order).ok()?;
        let market = order.symbol.market();
        let trading_date = self.trading_date(market);
        if order.side == OrderSide::Sell {
            self.check_settled(order, market, trading_date).ok()?;
        }
        let side = order.side.side();
        let quote = Quote::slipped(PriceRule::Open, columns.open_at(self.index)?, side, self.snapshot);
        Some((Cleared { order, side, column, settlement: Settlement::Now(quote), trading_date }, quote))
    }

    /// Date and time of day at the exchange when the bar starts.
    pub fn local(&self) -> DateTime {
        let start = self.bars.starts().get(self.index).copied().unwrap_or_default();
        self.clock.local(self.snapshot.market(), start)
    }

    /// Margin and gates for what opens or enlarges a position, then the model's rules.
    fn check_risk(&self, order: &Order, quote: Quote, stage: Stage) -> Result<(), Refusal> {
        if !self.guarded {
            return Ok(());
        }
        if order.side.opens() {
            self.check_opening(order, quote)?;
        }
        self.check_rules(order, quote, stage)
    }

    fn check_shorting(&self, order: &Order) -> Result<(), Refusal> {
        let allowed = self.snapshot.risk.margin_account && self.snapshot.risk.allow_shorting;
        match order.side {
            OrderSide::Short | OrderSide::Cover if !allowed => {
                Err(Refusal::ShortingNotAllowed { symbol: order.symbol.clone() })
            }
            OrderSide::Buy | OrderSide::Sell | OrderSide::Short | OrderSide::Cover => Ok(()),
        }
    }

    fn column_of(&self, order: &Order) -> Result<(usize, &'a Columns), Refusal> {
        let allowed = |column: &usize| self.tradable.get(*column).copied().unwrap_or(false);
        self.bars
            .column_of(&order.symbol)
            .filter(allowed)
            .and_then(|column| Some((column, self.bars.columns().get(column)?)))
            .ok_or_else(|| Refusal::SymbolNotAllowed { symbol: order.symbol.clone() })
    }

    fn check_type(&self, order: &Order) -> Result<(), Refusal> {
        let order_type = order.kind.order_type();
        if !self.snapshot.allowed_order_types.contains(&order_type) {
            return Err(Refusal::OrderTypeNotAllowed { order_type });
        }
        if let Some(price) = order.kind.prices().find(|price| !price.is_positive()) {
            return Err(Refusal::PriceNotPositive { price });
        }
        if matches!(order.kind, OrderKind::Recorded { .. }) && !self.snapshot.policy.names_prices() {
            return Err(Refusal::RecordedPriceNotAllowed);
        }
        check_shape(order)?;
        let waits = match order.kind {
            OrderKind::Market => self.snapshot.fill_rule.fills_later(),
            OrderKind::Limit { .. }
            | OrderKind::Stop { .. }
            | OrderKind::StopLimit { .. }
            | OrderKind::TrailingStop { .. }
            | OrderKind::Bracket { .. }
            | OrderKind::Oco { .. } => true,
            OrderKind::Recorded { .. } => false,
        };
        if waits && self.book.resting().len() >= RESTING_ORDERS_MAX {
            let limit = u32::try_from(RESTING_ORDERS_MAX).unwrap_or(u32::MAX);
            return Err(Refusal::TooManyResting { limit });
        }
        Ok(())
    }

    /// At which price the order executes or is checked; `None` where the symbol has no price at this bar.
    fn settlement(&self, kind: OrderKind, side: Side, columns: &Columns) -> Option<Settlement> {
        let open = columns.open_at(self.index)?;
        let slipped = |rule, price| Quote::slipped(rule, price, side, self.snapshot);
        let close_or_open = || columns.close_at(self.index).unwrap_or(open);
        Some(match (kind, self.snapshot.fill_rule) {
            (OrderKind::Market | OrderKind::Bracket { entry_limit_price: None, .. }, FillRule::Open) => {
                Settlement::Now(slipped(PriceRule::Open, open))
            }
            (OrderKind::Market | OrderKind::Bracket { entry_limit_price: None, .. }, FillRule::SameClose) => {
                Settlement::Now(slipped(PriceRule::Close, columns.close_at(self.index)?))
            }
            (
                OrderKind::Market | OrderKind::Bracket { entry_limit_price: None, .. },
                FillRule::NextOpen | FillRule::NextClose,
            ) => Settlement::Later(slipped(PriceRule::Close, close_or_open())),
            (
                OrderKind::Limit { limit_price, .. }
                | OrderKind::StopLimit { limit_price, .. }
                | OrderKind::Bracket { entry_limit_price: Some(limit_price), .. },
                _,
            ) => Settlement::Later(slipped(PriceRule::LimitReached, limit_price)),
            (OrderKind::Stop { stop_price, .. } | OrderKind::Oco { stop_price, .. }, _) => {
                Settlement::Later(slipped(PriceRule::StopReached, stop_price))
            }
            (OrderKind::TrailingStop { trail, .. }, rule) => {
                let known = if rule.sees_complete_bar() { close_or_open() } else { open };
                Settlement::Later(slipped(PriceRule::StopReached, trail.stop(known, side)))
            }
            (OrderKind::Recorded { price }, _) => Settlement::Now(Quote::recorded(open, price)),
        })
    }

    /// What was bought today is sold from the next trading date on, where the market says so.
    fn check_settled(&self, order: &Order, market: Market, today: TradingDay) -> Result<(), Refusal> {
        let Some(holding) = self.book.holdings().get(&order.symbol).filter(|_| market.settles_next_day())
        else {
            return Ok(());
        };
        let bought_today = holding.bought_on(today);
        let sellable_today = holding.quantity - bought_today;
        if bought_today.is_positive() && order.quantity > sellable_today {
            return Err(Refusal::BoughtToday {
                total_position: holding.quantity,
                bought_today,
                sellable_today,
                want_to_sell: order.quantity,
            });
        }
        Ok(())
    }

    /// A position is either long or short.
    fn check_opposite(&self, order: &Order) -> Result<(), Refusal> {
        let have = self.book.position(&order.symbol);
        match order.side {
            OrderSide::Buy if have.is_negative() => {}
            OrderSide::Short if have.is_positive() => {}
            OrderSide::Buy | OrderSide::Short | OrderSide::Sell | OrderSide::Cover => return Ok(()),
        }
        Err(Refusal::OppositePosition { symbol: order.symbol.clone(), have })
    }

    fn check_funds(&self, order: &Order, quote: Quote) -> Result<(), Refusal> {
        let have = self.book.position(&order.symbol);
        let wanted = order.quantity;
        let no_position = || Refusal::NoPosition { symbol: order.symbol.clone() };
        match order.side {
            OrderSide::Buy => {
                let (value, fee) = quote.value_and_fee(wanted, self.snapshot);
                if value + fee > self.book.cash() && !self.snapshot.risk.margin_account {
                    return Err(Refusal::InsufficientCash {
                        required_cash: value + fee,
                        cash_available: self.book.cash(),
                        price: quote.executed,
                    });
                }
                check_range(have, wanted)
            }
            OrderSide::Short => check_range(-have, wanted),
            OrderSide::Sell if !have.is_positive() => Err(no_position()),
            OrderSide::Cover if !have.is_negative() => Err(no_position()),
            OrderSide::Sell | OrderSide::Cover if have.abs() < wanted => {
                Err(Refusal::InsufficientShares { have: have.abs(), want_to_sell: wanted })
            }
            OrderSide::Sell | OrderSide::Cover => Ok(()),
        }
    }

    fn trading_date(&self, market: Market) -> TradingDay {
        self.clock.trading_date(market, self.bars.starts().get(self.index).copied().unwrap_or_default())
    }
}

/// One share; coins have their own step.
const SHARE: Quantity = Market::UnitedStates.lot();

fn check_amount(amount: Quantity, market: Market) -> Result<(), Refusal> {
    if !amount.is_positive() {
        return Err(Refusal::AmountNotPositive { amount });
    }
    let step = match market {
        Market::UnitedStates | Market::China => SHARE,
        Market::Crypto => market.lot(),
    };
    if amount.units() % step.units() != 0 {
        return Err(Refusal::AmountNotWhole { amount, step });
    }
    Ok(())
}

/// A position stays within the range of quantities.
fn check_range(have: Quantity, amount: Quantity) -> Result<(), Refusal> {
    match have.units().checked_add(amount.units()) {
        Some(_) => Ok(()),
        None => Err(Refusal::PositionTooLarge { have, amount }),
    }
}

fn check_lot(amount: Quantity, market: Market) -> Result<(), Refusal> {
    let lot = market.lot();
    let excess = amount.units() % lot.units();
    if excess == 0 {
        return Ok(());
    }
    let below = Quantity::from_units(amount.units() - excess);
    Err(Refusal::LotSize { amount, lot, below, above: below + lot })
}

/// What an order of several prices must keep to make sense.
fn check_shape(order: &Order) -> Result<(), Refusal> {
    if let OrderKind::TrailingStop { trail: Trail::Rate(rate), .. } = order.kind
        && (!rate.is_positive() || rate >= Rate::WHOLE)
    {
        return Err(Refusal::TrailOutOfRange { rate });
    }
    if matches!(order.kind, OrderKind::Bracket { .. }) && !order.side.opens() {
        return Err(Refusal::BracketCloses { side: order.side });
    }
    let Some((limit_price, stop_price)) = order.kind.legs() else { return Ok(()) };
    let exit_side = order.exits().map_or(order.side, |exits| exits.side).side();
    let apart = match exit_side {
        Side::Sell => stop_price < limit_price,
        Side::Buy => limit_price < stop_price,
    };
    if apart { Ok(()) } else { Err(Refusal::LegsCrossed { limit_price, stop_price }) }
}
