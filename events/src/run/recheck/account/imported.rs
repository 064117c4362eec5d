//! The account of an imported run against the lines of its ledger: what was executed is what they say, every change
//! without a decision is one of theirs, and prices are those of the bars.

use super::{Account, Checked, Made, Move, check_order_id};
use crate::policy::{ImportedLine, ImportedParameters, Side};
use crate::run::ledger::Action;
use crate::run::recheck::difference::{Discrepancy, holds, same};
use crate::run::{AccountAdjusted, AdjustedHolding, LineImported, OrderFilled, PriceRule, Trading};
use crate::{Cash, Price, Quantity, Symbol};

impl Account<'_> {
    pub(super) fn check_executed_line(
        &mut self,
        run: &Trading,
        imported: &ImportedParameters,
        filled: &OrderFilled,
    ) -> Checked {
        let index = self.check_imported_bar(run, filled.bar, filled.bar_start_s)?;
        self.check_next_record(filled.record)?;
        let line = line_of(imported, filled.record)?;
        let (order, price) = line.executed().ok_or_else(|| otherwise("it executes something"))?;
        let as_written =
            (filled.side, &filled.symbol, filled.quantity) == (order.side, &order.symbol, order.quantity);
        holds(as_written, "what is executed is what the line says")?;
        same("price", filled.price, price)?;
        holds(filled.price_rule == PriceRule::Recorded, "an imported execution has its own price")?;
        let known = self.price_at(&filled.symbol, index);
        same("reference_price", filled.reference_price, known.unwrap_or(price))?;
        same("fee", filled.fee, Cash::ZERO)?;
        let start = self.bars.starts().get(index).copied().unwrap_or_default();
        let trading_date = self.clock.trading_date(filled.symbol.market(), start);
        same("trading_date", filled.trading_date, trading_date)?;
        check_order_id(run, filled.order_id)?;
        let (held, value) = (run.book.position(&filled.symbol), Cash::of(filled.quantity, filled.price));
        let (position, cash, profit) = match filled.side {
            Side::Buy => (held + filled.quantity, run.book.cash() - value, Cash::ZERO),
            Side::Sell => {
                let holding = run.book.holdings().get(&filled.symbol);
                let cost = holding.map(|holding| holding.cost_of(filled.quantity)).unwrap_or_default();
                (held - filled.quantity, run.book.cash() + value, value - cost)
            }
        };
        same("position", filled.position, position)?;
        same("cash", filled.cash, cash)?;
        same("realised_pnl", filled.realised_pnl, profit)?;
        let held = [(&filled.symbol, filled.position)];
        self.moved(filled.bar, 1, filled.cash, &held, index)
    }

    pub(super) fn check_adjusted(&mut self, run: &Trading, adjusted: &AccountAdjusted) -> Checked {
        let imported = run.snapshot.policy.imported().ok_or_else(|| otherwise("the run is imported"))?;
        let index = self.check_imported_bar(run, adjusted.bar, adjusted.bar_start_s)?;
        same("record", adjusted.record, self.cursor.record)?;
        let line = line_of(imported, adjusted.record)?;
        let written =
            line.adjusted.as_ref().ok_or_else(|| otherwise("the line goes on from another state"))?;
        same("line", adjusted.line, line.line)?;
        same("cause", adjusted.cause, written.cause)?;
        same("cash", adjusted.cash, written.cash)?;
        let changed = adjusted.holdings.iter().map(|holding| (&holding.symbol, holding.position));
        let as_written = written.positions.iter().map(|(symbol, position)| (symbol, *position));
        holds(changed.clone().eq(as_written), "the holdings become what the line goes on from")?;
        for AdjustedHolding { symbol, position, cost } in &adjusted.holdings {
            let before = run.book.holdings().get(symbol);
            let (held, cost_before) =
                before.map(|holding| (holding.quantity, holding.cost)).unwrap_or_default();
            let expected = if *position < held {
                let left = before.map(|holding| holding.cost_of(held - *position)).unwrap_or_default();
                cost_before - left
            } else {
                let price = self.price_at(symbol, index).unwrap_or_default();
                cost_before + Cash::of(*position - held, price)
            };
            same("cost", *cost, expected)?;
        }
        self.moved(adjusted.bar, 0, adjusted.cash, &changed.collect::<Vec<_>>(), index)
    }

    pub(super) fn check_line(&mut self, run: &Trading, line: &LineImported) -> Checked {
        let imported = run.snapshot.policy.imported().ok_or_else(|| otherwise("the run is imported"))?;
        let index = self.check_imported_bar(run, line.bar, line.bar_start_s)?;
        self.check_next_record(line.record)?;
        same("cash", line.cash, run.book.cash())?;
        if line.record == 0 {
            same("line", line.line, imported.opened.line)?;
            holds(line.action == Action::Opened, "the first record opens the account")?;
        } else {
            let written = line_of(imported, line.record)?;
            same("line", line.line, written.line)?;
            holds(written.executed().is_none(), "a line that executes something is an execution")?;
            let action = written.order.as_ref().map_or(Action::NoTrade, |order| match order.side {
                Side::Buy => Action::Buy,
                Side::Sell => Action::Sell,
            });
            let symbol = written.order.as_ref().map(|order| &order.symbol);
            let quantity = written.order.as_ref().map(|order| order.quantity).unwrap_or_default();
            let as_written = (line.action, line.symbol.as_ref(), line.quantity) == (action, symbol, quantity);
            holds(as_written, "what is recorded is what the line says")?;
        }
        self.moved(line.bar, 1, line.cash, &[], index)
    }

    fn check_imported_bar(
        &mut self,
        run: &Trading,
        bar: u32,
        bar_start_s: i64,
    ) -> Result<usize, Discrepancy> {
        holds(bar >= self.cursor.bar && bar < run.snapshot.run_bars(), "the bar is not closed yet")?;
        let index = (run.snapshot.bars.warmup as usize) + (bar as usize);
        let start = self.bars.starts().get(index).map(|start| start.as_second()).unwrap_or_default();
        same("bar_start_s", bar_start_s, start)?;
        self.cursor.bar = bar;
        Ok(index)
    }

    fn check_next_record(&mut self, record: u64) -> Checked {
        same("record", record, self.cursor.record)?;
        self.cursor.record += 1;
        Ok(())
    }

    fn moved(
        &mut self,
        bar: u32,
        records: u32,
        cash: Cash,
        positions: &[(&Symbol, Quantity)],
        index: usize,
    ) -> Checked {
        let mut held = Vec::new();
        for (symbol, position) in positions {
            let column = self.bars.column_of(symbol);
            let column = column.ok_or_else(|| Discrepancy::rule("the symbol has prices"))?;
            held.push((column, *position, self.price_at(symbol, index).unwrap_or_default()));
        }
        self.moves.push(Move { bar, records, cash, held, made_by: Made::Line });
        Ok(())
    }

    fn price_at(&self, symbol: &Symbol, index: usize) -> Option<Price> {
        let columns = self.bars.columns().get(self.bars.column_of(symbol)?)?;
        columns.open_at(index).or_else(|| columns.newest_before(index))
    }
}

fn line_of(imported: &ImportedParameters, record: u64) -> Result<&ImportedLine, Discrepancy> {
    imported.line_of(record).ok_or_else(|| otherwise("the ledger has such a line"))
}

fn otherwise(rule: &str) -> Discrepancy {
    Discrepancy::rule(rule)
}
