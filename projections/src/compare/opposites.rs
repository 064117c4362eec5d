//! Bars in which runs took opposite actions.

use std::collections::BTreeMap;
use std::vec::IntoIter;

use events::policy::Side;
use events::{Quantity, RunId, Symbol};
use jiff::Timestamp;
use serde::Serialize;

use crate::QueryError;
use crate::ledger::{Execution, RecordCursor, executions};
use crate::reader::Reader;

/// Most bars listed; the total counts them all.
pub const OPPOSITES_MAX: usize = 200;

/// Bars in which one run bought what another sold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Opposites {
    /// The first of them, by time and symbol.
    pub bars: Vec<Opposite>,
    /// How many there are.
    pub total: u64,
}

/// One symbol in one bar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Opposite {
    /// When the bar starts (UTC).
    pub bar_start_at: Timestamp,
    /// What was traded.
    pub symbol: Symbol,
    /// Runs that ended the bar with more of it, and how much more.
    pub bought: BTreeMap<RunId, Quantity>,
    /// Runs that ended the bar with less of it, and how much less.
    pub sold: BTreeMap<RunId, Quantity>,
}

/// Reads the executions of `runs` once, in parallel by time.
pub(super) async fn read(client: &impl Reader, runs: &[RunId]) -> Result<Opposites, QueryError> {
    let mut lanes = Vec::with_capacity(runs.len());
    for run in runs {
        let mut lane =
            Lane { client, run: *run, page: Vec::new().into_iter(), after: None, head: None, ended: false };
        lane.advance().await?;
        lanes.push(lane);
    }
    let mut opposites = Opposites::default();
    while let Some(at) =
        lanes.iter().filter_map(|lane| lane.head.as_ref().map(|head| head.bar_start_at)).min()
    {
        let mut changes: BTreeMap<Symbol, BTreeMap<RunId, Quantity>> = BTreeMap::new();
        for lane in &mut lanes {
            while let Some(execution) = lane.next_at(at).await? {
                let change = match execution.side {
                    Side::Buy => execution.quantity,
                    Side::Sell => -execution.quantity,
                };
                *changes.entry(execution.symbol).or_default().entry(lane.run).or_default() += change;
            }
        }
        opposites.add(at, changes);
    }
    Ok(opposites)
}

impl Opposites {
    fn add(&mut self, at: Timestamp, changes: BTreeMap<Symbol, BTreeMap<RunId, Quantity>>) {
        for (symbol, runs) in changes {
            let bought: BTreeMap<RunId, Quantity> = runs
                .iter()
                .filter(|(_, change)| change.is_positive())
                .map(|(run, change)| (*run, *change))
                .collect();
            let sold: BTreeMap<RunId, Quantity> = runs
                .iter()
                .filter(|(_, change)| change.is_negative())
                .map(|(run, change)| (*run, -*change))
                .collect();
            if bought.is_empty() || sold.is_empty() {
                continue;
            }
            self.total += 1;
            if self.bars.len() < OPPOSITES_MAX {
                self.bars.push(Opposite { bar_start_at: at, symbol, bought, sold });
            }
        }
    }
}

/// The executions of one run and how far they were read.
struct Lane<'c, C> {
    client: &'c C,
    run: RunId,
    page: IntoIter<Execution>,
    after: Option<RecordCursor>,
    head: Option<Execution>,
    ended: bool,
}

impl<C: Reader> Lane<'_, C> {
    async fn advance(&mut self) -> Result<(), QueryError> {
        const PAGE: u16 = 1_000;
        self.head = self.page.next();
        if self.head.is_none() && !self.ended {
            let page = executions(self.client, self.run, self.after, PAGE).await?;
            self.ended = page.next_cursor.is_none();
            self.after = page.next_cursor;
            self.page = page.items.into_iter();
            self.head = self.page.next();
        }
        Ok(())
    }

    async fn next_at(&mut self, at: Timestamp) -> Result<Option<Execution>, QueryError> {
        if self.head.as_ref().is_none_or(|head| head.bar_start_at != at) {
            return Ok(None);
        }
        let execution = self.head.take();
        self.advance().await?;
        Ok(execution)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_opposite_net_changes_count() {
        let (one, two) = (RunId::derived(&[b"one"]), RunId::derived(&[b"two"]));
        let shares = |number: i64| Quantity::whole(number).unwrap();
        let symbol = |text: &str| text.parse::<Symbol>().unwrap();
        let changes = BTreeMap::from([
            (symbol("AAPL"), BTreeMap::from([(one, shares(5)), (two, shares(-3))])),
            (symbol("MSFT"), BTreeMap::from([(one, shares(5)), (two, shares(3))])),
            (symbol("NVDA"), BTreeMap::from([(one, shares(0)), (two, shares(-3))])),
        ]);
        let mut opposites = Opposites::default();
        opposites.add(Timestamp::UNIX_EPOCH, changes);
        assert_eq!(opposites.total, 1);
        assert_eq!(opposites.bars[0].symbol, symbol("AAPL"));
        assert_eq!(opposites.bars[0].sold, BTreeMap::from([(two, shares(3))]));
    }
}
