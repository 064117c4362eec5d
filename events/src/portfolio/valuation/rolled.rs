//! A roll that is kept: when facts or prices change, only the sessions from the first difference on are rolled again.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::{Prices, Roll, RollState, Snapshot};
use crate::portfolio::{Lot, Portfolio, Reduction};
use crate::{Cash, calendar};

/// Most places of a roll that are kept to go on from.
const PLACES_MAX: usize = 24;

/// The snapshots of a portfolio without their lots and target returns, and places from which the roll can go on.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rolled {
    snapshots: Vec<Snapshot>,
    places: BTreeMap<Date, RollState>,
}

impl Rolled {
    /// The snapshots, by rising session.
    pub fn snapshots(&self) -> &[Snapshot] {
        &self.snapshots
    }

    /// The snapshots of the sessions until a date.
    pub fn until(&self, date: Date) -> &[Snapshot] {
        let after = self.snapshots.partition_point(|snapshot| snapshot.snapshot_date <= date);
        self.snapshots.get(..after).unwrap_or_default()
    }

    /// How much it holds: snapshots, and the lots of all places.
    pub fn size(&self) -> usize {
        self.snapshots.len() + self.places.values().map(|place| place.counted_to.len()).sum::<usize>()
    }

    /// Whether it reaches the last session until `date`.
    pub fn reaches(&self, date: Date) -> bool {
        self.snapshots.last().is_some_and(|last| calendar::next_session(last.snapshot_date) > date)
    }

    /// Forgets what facts or prices that differ from `date` on made of it.
    pub fn forget_from(&mut self, date: Date) {
        self.places.retain(|session, _| *session < date);
        let last = self.places.last_key_value().map(|(session, _)| *session);
        let kept = |snapshot: &Snapshot| last.is_some_and(|last| snapshot.snapshot_date <= last);
        self.snapshots.truncate(self.snapshots.partition_point(kept));
    }

    /// Rolls on to the last session until `through`. Everything before must follow from these facts and prices.
    pub fn extend(&mut self, portfolio: &Portfolio, prices: &impl Prices, through: Date) {
        let last = calendar::session_on_or_before(through);
        let mut roll = match self.places.last_key_value() {
            Some((_, place)) => Roll::resumed(portfolio, prices, through, place.clone()),
            None => Roll::new(portfolio, prices, through),
        }
        .only_equity();
        // Counting sessions takes as many steps as there are: once, not from each of them.
        let mut left = None;
        while let Some(snapshot) = roll.next() {
            let session = snapshot.snapshot_date;
            self.snapshots.push(snapshot);
            // Places lie the closer the later they are: most changes are of these days.
            let count = || calendar::sessions_between(session, last);
            let ahead = left.unwrap_or_else(count).saturating_sub(1);
            left = Some(ahead);
            if ahead == 0 || ahead.is_power_of_two() {
                self.places.insert(session, roll.state().clone());
            }
        }
        while self.places.len() > PLACES_MAX {
            let spared = self.places.keys().skip(1).step_by(2).copied().collect::<Vec<_>>();
            let newest = self.places.keys().next_back().copied();
            self.places.retain(|session, _| Some(*session) == newest || !spared.contains(session));
        }
    }

    /// Equity at the end of `date`, which it reaches; as [`Portfolio::equity_on`] knows it.
    pub fn equity_on(&self, portfolio: &Portfolio, date: Date) -> Option<Cash> {
        let last = self.until(date).last();
        portfolio.equity_after(last.map(|last| (last.snapshot_date, last.standing.equity)), None, date)
    }
}

impl Portfolio {
    /// The first date from which on a roll of `other` may differ from one of this; none where it does not.
    pub fn rolls_differ_from(&self, other: &Self) -> Option<Date> {
        let began = |portfolio: &Self| {
            let settings = portfolio.settings.as_ref().map(|settings| settings.opening_equity);
            (settings, portfolio.roll_start())
        };
        if began(self) != began(other) {
            return Some(Date::MIN);
        }
        let mut first = First(None);
        differing(&self.lots, &other.lots, |_, one, two| first.note(lots_differ(one, two)));
        differing(&self.equity_changes, &other.equity_changes, |_, one, two| {
            let counts = |change: &&crate::portfolio::EquityChange| change.deleted_at.is_none();
            let (one, two) = (one.filter(counts), two.filter(counts));
            let said = |change: &crate::portfolio::EquityChange| (change.change_date, change.flow());
            if one.map(said) != two.map(said) {
                first.note(one.map(|change| change.change_date));
                first.note(two.map(|change| change.change_date));
            }
        });
        differing(&self.equity_adjustments, &other.equity_adjustments, |date, _, _| first.note(Some(*date)));
        differing(&self.marks, &other.marks, |_, one, two| {
            let none = BTreeMap::new();
            let (one, two) = (one.unwrap_or(&none), two.unwrap_or(&none));
            differing(one, two, |date, _, _| first.note(Some(*date)));
        });
        first.0
    }
}

/// The first of some dates.
struct First(Option<Date>);

impl First {
    fn note(&mut self, date: Option<Date>) {
        self.0 = match (self.0, date) {
            (Some(known), Some(date)) => Some(known.min(date)),
            (known, date) => known.or(date),
        };
    }
}

/// Visits what is in one of the maps only, or not the same in both.
fn differing<K: Ord, V: PartialEq>(
    one: &BTreeMap<K, V>,
    two: &BTreeMap<K, V>,
    mut visit: impl FnMut(&K, Option<&V>, Option<&V>),
) {
    for (key, value) in one {
        let other = two.get(key);
        if other != Some(value) {
            visit(key, Some(value), other);
        }
    }
    for (key, value) in two.iter().filter(|(key, _)| !one.contains_key(key)) {
        visit(key, None, Some(value));
    }
}

/// From when on two lots are not worth the same; notes and tags are worth nothing.
fn lots_differ(one: Option<&Lot>, two: Option<&Lot>) -> Option<Date> {
    let exists = |lot: &&Lot| lot.deleted_at.is_none();
    match (one.filter(exists), two.filter(exists)) {
        (Some(one), Some(two)) if one.terms == two.terms => {
            let is_other = |(one, two): &(&Reduction, &Reduction)| one != two;
            let changed = one.reductions.iter().zip(&two.reductions).find(is_other);
            let longer = one.reductions.get(two.reductions.len()..).unwrap_or_default().first();
            let longer = longer.or(two.reductions.get(one.reductions.len()..).unwrap_or_default().first());
            changed.map(|(one, two)| one.date.min(two.date)).or(longer.map(|more| more.date))
        }
        (Some(one), Some(two)) => Some(one.terms.entry_date.min(two.terms.entry_date)),
        (one, two) => one.or(two).map(|lot| lot.terms.entry_date),
    }
}
