//! Equity rolled forward session by session: P&L, flows and adjustments, as one snapshot each.
//!
//! Each lot has a price up to which its P&L is counted: that of its entry, then that of each session that valued it. A
//! session adds what moved since, so that a session without a price loses nothing and closing adds only the increment.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{LotValue, Prices, Standing, TargetReturns, Worth};
use crate::portfolio::{Lot, Portfolio, worth};
use crate::{Cash, EquityChangeId, PositionId, Price, calendar};

/// What one lot earned in one session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LotDay {
    /// The lot.
    pub position_id: PositionId,
    /// What it earned, also by what was closed.
    pub pnl: Cash,
    /// What is open of it at the close; none without a price.
    pub market_value: Option<Cash>,
}

/// A portfolio at the close of a session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The session.
    pub snapshot_date: Date,
    /// Exposures, counts and equity at the close.
    pub standing: Standing,
    /// What returns are measured against: the equity before the session.
    pub opening_equity: Option<Cash>,
    /// What all lots earned since the session before.
    pub daily_pnl: Cash,
    /// All that was earned since the roll began.
    pub cumulative_pnl: Cash,
    /// Lifetime P&L of what ended in the session: most of it was earned before.
    pub daily_realized: Cash,
    /// Lifetime P&L of all that ended since the roll began.
    pub cumulative_realized: Cash,
    /// Capital that came, less what went.
    pub daily_flow: Cash,
    /// All capital that came since the roll began, less what went.
    pub cumulative_flow: Cash,
    /// How far equity that was set by hand is from what it had become.
    pub adjustment: Cash,
    /// Lots that were there before the roll began, or had no price then, are counted from this session's price on.
    pub baseline: bool,
    /// Every open lot has a price.
    pub is_complete: bool,
    /// What the lots would earn by the target prices of the session; none where there are no target prices. Options are
    /// at their intrinsic value: closes say nothing of what they will be worth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_returns: Option<Box<TargetReturns>>,
    /// What each lot earned.
    pub lots: Vec<LotDay>,
}

impl Snapshot {
    /// P&L as a fraction of the equity before; none where that is unknown, zero or negative.
    pub fn daily_return(&self) -> Option<f64> {
        let opening = self.opening_equity.filter(|equity| equity.is_positive())?;
        Some(self.daily_pnl.to_f64() / opening.to_f64())
    }
}

/// Where a roll stands: what the next session needs to know of all before.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RollState {
    /// The last session that was rolled over; none before the first.
    pub session: Option<Date>,
    /// Equity at its close.
    pub equity: Option<Cash>,
    /// All that was earned.
    pub cumulative_pnl: Cash,
    /// Lifetime P&L of all that ended.
    pub cumulative_realized: Cash,
    /// Capital that came, less what went.
    pub cumulative_flow: Cash,
    /// Up to which price the P&L of each open lot is counted.
    pub counted_to: BTreeMap<PositionId, Price>,
}

/// The snapshots of a portfolio, session by session: an iterator that ends with the last session wanted.
#[derive(Debug)]
pub struct Roll<'a, P> {
    portfolio: &'a Portfolio,
    prices: &'a P,
    flows: BTreeMap<Date, Cash>,
    through: Date,
    state: RollState,
    only_equity: bool,
}

impl Portfolio {
    /// The session with which the roll-forward begins: that of the inception or of the first flow, or the next one.
    pub fn roll_start(&self) -> Option<Date> {
        let inception = self.settings.as_ref()?.inception_date;
        let flows = self.equity_changes.values().filter(|change| change.deleted_at.is_none());
        let first = flows.map(|change| change.change_date).fold(inception, Date::min);
        Some(calendar::session_on_or_after(first))
    }

    /// Equity at the end of `date` as the roll-forward knows it: what a withdrawal of that date may not exceed. It is as
    /// it were without the flow `except`, where one is to be described otherwise.
    pub fn equity_on(
        &self,
        date: Date,
        except: Option<EquityChangeId>,
        prices: &impl Prices,
    ) -> Option<Cash> {
        let mut roll = Roll::new(self, prices, date).only_equity();
        roll.flows = flows_of(self, except);
        let last = roll.last().map(|snapshot| (snapshot.snapshot_date, snapshot.standing.equity));
        self.equity_after(last, except, date)
    }

    /// The same where the last session until `date` is known with the equity at its close; none before the first.
    pub(super) fn equity_after(
        &self,
        last: Option<(Date, Option<Cash>)>,
        except: Option<EquityChangeId>,
        date: Date,
    ) -> Option<Cash> {
        let opening = self.settings.as_ref()?.opening_equity;
        let (session, rolled) = last.map_or((None, opening), |(session, equity)| (Some(session), equity));
        // What happened since counts at the next session, but it is there already.
        let set = self.equity_adjustments.range(..=date).next_back();
        let set = set.filter(|(set_on, _)| session.is_none_or(|session| **set_on > session));
        let (equity, since) = match set {
            Some((set_on, set)) => (Some(set.equity), Some(*set_on)),
            None => (rolled, session),
        };
        let waiting = flow_between(&flows_of(self, except), since, date);
        if equity.is_none() && waiting.is_zero() { None } else { Some(equity.unwrap_or_default() + waiting) }
    }
}

impl<'a, P: Prices> Roll<'a, P> {
    /// From the beginning to the session of `through` or the one before it.
    pub fn new(portfolio: &'a Portfolio, prices: &'a P, through: Date) -> Self {
        let equity = portfolio.settings.as_ref().and_then(|settings| settings.opening_equity);
        Self::resumed(portfolio, prices, through, RollState { equity, ..RollState::default() })
    }

    /// From where a roll of the same facts and prices stood.
    pub fn resumed(portfolio: &'a Portfolio, prices: &'a P, through: Date, state: RollState) -> Self {
        let flows = flows_of(portfolio, None);
        Self { portfolio, prices, flows, through, state, only_equity: false }
    }

    /// Where it stands.
    pub fn state(&self) -> &RollState {
        &self.state
    }

    /// Without what each lot earned, and what targets say.
    #[must_use]
    pub(super) fn only_equity(self) -> Self {
        Self { only_equity: true, ..self }
    }

    fn flow_between(&self, after: Option<Date>, until: Date) -> Cash {
        flow_between(&self.flows, after, until)
    }

    fn next_session(&self) -> Option<Date> {
        let session = match self.state.session {
            Some(last) => calendar::next_session(last),
            None => self.portfolio.roll_start()?,
        };
        let is_later = self.state.session.is_none_or(|last| session > last);
        (session <= self.through && is_later).then_some(session)
    }

    fn roll_over(&mut self, session: Date) -> Snapshot {
        let before = self.state.session.unwrap_or_else(|| calendar::previous_session(session));
        let mut day = Day { before, session, baseline: false, realized: Cash::ZERO };
        let values = self.portfolio.value_on(session, self.prices);
        let worth: BTreeMap<_, _> =
            values.iter().filter_map(|value| Some((value.position_id, value.worth.ok()?))).collect();
        let mut lots = Vec::new();
        for (position_id, lot) in self.portfolio.existing_lots() {
            lots.extend(self.roll_lot(position_id, lot, worth.get(&position_id), &mut day));
        }
        let daily_pnl: Cash = lots.iter().map(|lot| lot.pnl).sum();
        let capital = self.capital(before, session, daily_pnl);
        let standing = Standing::of(&values, capital.closing);
        let state = &mut self.state;
        state.session = Some(session);
        state.equity = capital.closing;
        state.cumulative_pnl += daily_pnl;
        state.cumulative_realized += day.realized;
        state.cumulative_flow += capital.flow;
        Snapshot {
            snapshot_date: session,
            standing,
            opening_equity: capital.opening,
            daily_pnl,
            cumulative_pnl: state.cumulative_pnl,
            daily_realized: day.realized,
            cumulative_realized: state.cumulative_realized,
            daily_flow: capital.flow,
            cumulative_flow: state.cumulative_flow,
            adjustment: capital.adjustment,
            baseline: day.baseline,
            is_complete: standing.unpriced_count == 0,
            target_returns: self.target_returns(&values, session, capital.closing),
            lots: if self.only_equity { Vec::new() } else { lots },
        }
    }

    fn target_returns(
        &self,
        values: &[LotValue<'_>],
        session: Date,
        equity: Option<Cash>,
    ) -> Option<Box<TargetReturns>> {
        let mut targets = self.portfolio.targets.values();
        let has_some = !self.only_equity && targets.any(|target| target.prices_on(session).is_some());
        has_some.then(|| Box::new(self.portfolio.target_returns(values, session, equity, &|_, _, _| None)))
    }

    /// What a lot earned; none for one that is not there yet, or not any more.
    fn roll_lot(
        &mut self,
        position_id: PositionId,
        lot: &Lot,
        worth_now: Option<&Worth>,
        day: &mut Day,
    ) -> Option<LotDay> {
        let terms = &lot.terms;
        let is_new = terms.entry_date > day.before && terms.entry_date <= day.session;
        if !is_new && lot.open_quantity_on(day.before).is_zero() {
            return None;
        }
        let open = lot.open_quantity_on(day.session);
        let price = worth_now.map(|worth| worth.price.price);
        let known = self.state.counted_to.get(&position_id).copied();
        let counted_to = known.or(is_new.then_some(terms.entry_price));
        let mut pnl = Cash::ZERO;
        let ended =
            lot.reductions_until(day.session).filter(|reduction| is_new || reduction.date > day.before);
        for reduction in ended {
            day.realized += lot.realized_by(reduction);
            if let Some(counted_to) = counted_to {
                pnl +=
                    worth(terms.signed(reduction.quantity), reduction.price - counted_to, terms.multiplier);
            }
        }
        match (counted_to, price) {
            (Some(counted_to), Some(price)) => pnl += worth(open, price - counted_to, terms.multiplier),
            // It was there before the roll began: what it earned until now is in the equity that it began with.
            (None, _) => day.baseline = true,
            (Some(_), None) => {}
        }
        match price.or(counted_to).filter(|_| !open.is_zero()) {
            Some(counted_to) => self.state.counted_to.insert(position_id, counted_to),
            None => self.state.counted_to.remove(&position_id),
        };
        let market_value =
            if open.is_zero() { Some(Cash::ZERO) } else { worth_now.map(|worth| worth.market_value) };
        Some(LotDay { position_id, pnl, market_value })
    }

    /// Equity over a session. What is set by hand between sessions counts before the P&L; flows between sessions count
    /// at the end of this one, as those of the session itself; what is set by hand for the session has the last word.
    fn capital(&self, before: Date, session: Date, pnl: Cash) -> Capital {
        let set =
            |date: &Date| self.portfolio.equity_adjustments.get(date).map(|adjustment| adjustment.equity);
        let between = self.portfolio.equity_adjustments.range(..session).rev().map(|(date, _)| *date);
        let first = self.state.session.is_none();
        let set_between = between.take_while(|date| first || *date > before).next();
        let mut capital = Capital { opening: self.state.equity, ..Capital::default() };
        let mut flow_counted = Cash::ZERO;
        if let Some((date, equity)) = set_between.and_then(|date| Some((date, set(&date)?))) {
            // Flows up to that date are in what was set.
            flow_counted = self.flow_between(self.state.session, date);
            let was = capital.opening.unwrap_or(Cash::ZERO) + flow_counted;
            capital.adjustment += equity - was;
            capital.opening = Some(equity);
        }
        capital.flow = self.flow_between(self.state.session, session);
        let flow_after = capital.flow - flow_counted;
        capital.closing = match capital.opening {
            Some(opening) => Some(opening + pnl + flow_after),
            // Capital that comes is the first that is known.
            None if !flow_after.is_zero() => Some(flow_after),
            None => None,
        };
        if let Some(equity) = set(&session) {
            capital.adjustment += equity - capital.closing.unwrap_or(Cash::ZERO);
            capital.closing = Some(equity);
        }
        capital
    }
}

/// Flows after `after` until `until`, that date included.
fn flow_between(flows: &BTreeMap<Date, Cash>, after: Option<Date>, until: Date) -> Cash {
    let is_after = |date: &Date| after.is_none_or(|after| *date > after);
    flows.range(..=until).filter(|(date, _)| is_after(date)).map(|(_, flow)| *flow).sum()
}

/// What came and went by date, but for one flow.
fn flows_of(portfolio: &Portfolio, except: Option<EquityChangeId>) -> BTreeMap<Date, Cash> {
    let mut flows: BTreeMap<Date, Cash> = BTreeMap::new();
    for (id, change) in &portfolio.equity_changes {
        if change.deleted_at.is_none() && Some(*id) != except {
            *flows.entry(change.change_date).or_default() += change.flow();
        }
    }
    flows
}

/// A session that is rolled over.
struct Day {
    before: Date,
    session: Date,
    baseline: bool,
    realized: Cash,
}

/// Equity before and after a session.
#[derive(Default)]
struct Capital {
    opening: Option<Cash>,
    flow: Cash,
    adjustment: Cash,
    closing: Option<Cash>,
}

impl<P: Prices> Iterator for Roll<'_, P> {
    type Item = Snapshot;

    fn next(&mut self) -> Option<Snapshot> {
        let session = self.next_session()?;
        Some(self.roll_over(session))
    }
}
