//! What always adds up, whatever happened.

use jiff::civil::{Date, date};
use proptest::prelude::*;

use super::{Quoted, rolled};
use crate::portfolio::tests::facts::histories;
use crate::portfolio::tests::support::*;
use crate::portfolio::valuation::*;
use crate::portfolio::{Portfolio, PortfolioEvent};
use crate::{Cash, Decider, Price, calendar};

fn last() -> Date {
    date(2025, 7, 18)
}

/// Closes of all symbols on some sessions of July 2025.
fn closes() -> impl Strategy<Value = Quoted> {
    proptest::collection::vec((1_i64..1_000, 1_i64..1_000, any::<bool>()), 14).prop_map(|days| {
        let sessions = calendar::sessions(date(2025, 7, 1), last());
        sessions.zip(days).fold(Quoted::default(), |quoted, (session, (shares, option, is_quoted))| {
            if !is_quoted {
                return quoted;
            }
            let whole = |units| Price::whole(units).unwrap().to_string();
            quoted.with("AAPL", session, &whole(shares)).with("SPY", session, &whole(shares + 100)).with(
                "SPY250919C00460000",
                session,
                &whole(option),
            )
        })
    })
}

fn state_of(history: &[PortfolioEvent]) -> Portfolio {
    let mut state = Portfolio::default();
    history.iter().for_each(|event| state.evolve(event));
    state
}

proptest! {
    #[test]
    fn equity_is_what_was_before_and_earned_and_came(history in histories(), prices in closes()) {
        let portfolio = state_of(&history);
        let days = rolled(&portfolio, &prices, last());
        let mut before = Some(cash("100000"));
        let mut flows = Cash::ZERO;
        for day in &days {
            prop_assert!(calendar::is_session(day.snapshot_date));
            let moved = day.daily_pnl + day.daily_flow + day.adjustment;
            prop_assert_eq!(day.standing.equity, before.map(|equity| equity + moved));
            let market = day.standing.at_market;
            let identity = day.standing.equity.map(|equity| equity - market.long + market.short_abs());
            prop_assert_eq!(day.standing.cash(), identity);
            prop_assert_eq!(day.lots.iter().map(|lot| lot.pnl).sum::<Cash>(), day.daily_pnl);
            flows += day.daily_flow;
            prop_assert_eq!(day.cumulative_flow, flows);
            before = day.standing.equity;
        }
        prop_assert_eq!(portfolio.equity_on(last(), None, &prices), before);
    }

    #[test]
    fn what_was_earned_is_what_is_realised_and_what_is_not(history in histories(), prices in closes()) {
        let portfolio = state_of(&history);
        let days = rolled(&portfolio, &prices, last());
        let end = days.last().unwrap();
        // Every lot was entered in the roll: all that it is worth and brought is counted, once, up to its last price.
        prop_assume!(end.is_complete && !days.iter().any(|day| day.baseline));
        let open: Cash = portfolio.value_on(last(), &prices).iter().map(|value| value.worth.unwrap().unrealized).sum();
        prop_assert_eq!(end.cumulative_pnl, portfolio.realized_until(last()) + open);
        prop_assert_eq!(end.cumulative_realized, portfolio.realized_until(last()));
    }

    #[test]
    fn a_roll_that_is_resumed_is_the_whole_roll(history in histories(), prices in closes(), day in 1_i8..18) {
        let portfolio = state_of(&history);
        let whole = rolled(&portfolio, &prices, last());
        let mut first = Roll::new(&portfolio, &prices, date(2025, 7, day));
        let mut days: Vec<_> = first.by_ref().collect();
        let stored = serde_json::to_string(first.state()).unwrap();
        let state = serde_json::from_str(&stored).unwrap();
        days.extend(Roll::resumed(&portfolio, &prices, last(), state));
        prop_assert_eq!(days, whole);
    }

    #[test]
    fn a_kept_roll_follows_facts_and_prices(history in histories(), known in 0_usize..20, prices in closes(), day in 1_i8..18) {
        let before = state_of(history.get(..known.min(history.len())).unwrap_or_default());
        let after = state_of(&history);
        let mut kept = Rolled::default();
        kept.extend(&before, &prices, date(2025, 7, day));
        if let Some(differs) = before.rolls_differ_from(&after) {
            kept.forget_from(differs);
        }
        kept.extend(&after, &prices, last());
        let whole: Vec<Snapshot> = rolled(&after, &prices, last())
            .into_iter()
            .map(|snapshot| Snapshot { lots: vec![], target_returns: None, ..snapshot })
            .collect();
        prop_assert_eq!(kept.snapshots(), &whole[..]);
        for day in 1..19 {
            let date = date(2025, 7, day);
            prop_assert_eq!(kept.equity_on(&after, date), after.equity_on(date, None, &prices));
        }
    }

    #[test]
    fn nothing_later_changes_a_day(history in histories(), prices in closes(), day in 1_i8..14) {
        let portfolio = state_of(&history);
        let early = date(2025, 7, day);
        let whole = rolled(&portfolio, &prices, last());
        let cut: Vec<_> = whole.into_iter().filter(|snapshot| snapshot.snapshot_date <= early).collect();
        prop_assert_eq!(rolled(&portfolio, &prices, early), cut);
    }
}
