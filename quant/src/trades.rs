//! Statistics of trades: counts, win rate, profit factor, turnover.

use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};

use crate::figure::{Because, Figure, finite, number, serialize_figures};
use crate::performance::PerformanceAccumulator;
use crate::sum::Sum;

/// Direction of an executed trade. A short sale is a sell, its cover a buy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Quantity rises.
    Buy,
    /// Quantity falls.
    Sell,
}

/// Consumes executed trades and the realised result of those that close a position. Constant size.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct TradeAccumulator {
    buys: u64,
    sells: u64,
    notional: Sum,
    wins: u64,
    losses: u64,
    even: u64,
    gains: Sum,
    losses_absolute: Sum,
    largest_gain: f64,
    largest_loss: f64,
}

impl TradeAccumulator {
    /// Takes one executed trade, opening or closing: quantity times price, of either sign.
    pub fn executed(&mut self, side: Side, notional: f64) {
        match side {
            Side::Buy => self.buys += 1,
            Side::Sell => self.sells += 1,
        }
        self.notional.add(notional.abs());
    }

    /// Takes the realised profit or loss of a trade that closed all or part of a position, fees included.
    /// The trade itself is also reported by [`executed`](Self::executed).
    pub fn closed(&mut self, realised: f64) {
        if realised > 0.0 {
            self.wins += 1;
            self.gains.add(realised);
            self.largest_gain = self.largest_gain.max(realised.min(f64::MAX));
        } else if realised < 0.0 {
            self.losses += 1;
            self.losses_absolute.add(-realised);
            self.largest_loss = self.largest_loss.max((-realised).min(f64::MAX));
        } else {
            self.even += 1;
            // Zero, or NaN, which makes the sums unavailable.
            self.gains.add(realised);
            self.losses_absolute.add(realised);
        }
    }

    /// Every figure so far. Turnover is relative to the equity series of the same run.
    pub fn report(&self, equity: &PerformanceAccumulator) -> TradeStatistics {
        let turnover = self.turnover(equity);
        TradeStatistics {
            trades: self.buys + self.sells,
            buys: self.buys,
            sells: self.sells,
            closing_trades: self.closing_trades(),
            winning_trades: self.wins,
            losing_trades: self.losses,
            realised: self.realised(),
            gross_gain: self.gains.total(),
            gross_loss: self.losses_absolute.total(),
            win_rate: self.win_rate(),
            average_gain: self.average_gain(),
            average_loss: self.average_loss(),
            largest_gain: self.average_gain().map(|_| self.largest_gain),
            largest_loss: self.average_loss().map(|_| self.largest_loss),
            profit_loss_ratio: self.profit_loss_ratio(),
            profit_factor: self.profit_factor(),
            traded_notional: self.notional.total(),
            turnover,
            turnover_annual: turnover.and_then(|turnover| finite(turnover * equity.years_inverse()?)),
        }
    }

    fn closing_trades(&self) -> u64 {
        self.wins + self.losses + self.even
    }

    fn realised(&self) -> Figure {
        finite(self.gains.total()? - self.losses_absolute.total()?)
    }

    fn win_rate(&self) -> Figure {
        // A result that is no number is neither won nor lost.
        self.realised()?;
        match self.closing_trades() {
            0 => Err(Because::NoClosingTrades.into()),
            closing => Ok(number(self.wins) / number(closing)),
        }
    }

    fn average_gain(&self) -> Figure {
        if self.wins == 0 { self.no_wins() } else { finite(self.gains.total()? / number(self.wins)) }
    }

    fn average_loss(&self) -> Figure {
        if self.losses == 0 {
            self.no_losses()
        } else {
            finite(self.losses_absolute.total()? / number(self.losses))
        }
    }

    fn profit_loss_ratio(&self) -> Figure {
        finite(self.average_gain()? / self.average_loss()?)
    }

    fn profit_factor(&self) -> Figure {
        if self.losses == 0 {
            self.no_losses()
        } else {
            finite(self.gains.total()? / self.losses_absolute.total()?)
        }
    }

    fn turnover(&self, equity: &PerformanceAccumulator) -> Figure {
        finite(self.notional.total()? / equity.mean_equity()?)
    }

    fn no_wins(&self) -> Figure {
        self.none_of(Because::NoWinningTrades)
    }

    fn no_losses(&self) -> Figure {
        self.none_of(Because::NoLosingTrades)
    }

    fn none_of(&self, because: Because) -> Figure {
        Err(if self.closing_trades() == 0 { Because::NoClosingTrades } else { because }.into())
    }
}

/// What a run's trades amounted to. Money is in the account's currency.
///
/// Serialises like [`Performance`](crate::Performance): numbers or nulls, and `"unavailable"`.
#[derive(Debug, Clone, PartialEq)]
pub struct TradeStatistics {
    /// Executed trades.
    pub trades: u64,
    /// Executed buys, covers included.
    pub buys: u64,
    /// Executed sells, short sales included.
    pub sells: u64,
    /// Trades that closed all or part of a position.
    pub closing_trades: u64,
    /// Closing trades with a result above zero.
    pub winning_trades: u64,
    /// Closing trades with a result below zero.
    pub losing_trades: u64,
    /// Sum of the results of closing trades.
    pub realised: Figure,
    /// Sum of the gains.
    pub gross_gain: Figure,
    /// Sum of the losses, a positive number.
    pub gross_loss: Figure,
    /// Winning / closing trades, 0 to 1; a result of zero is not a win.
    pub win_rate: Figure,
    /// Mean gain of the winning trades.
    pub average_gain: Figure,
    /// Mean loss of the losing trades, a positive number.
    pub average_loss: Figure,
    /// Largest gain.
    pub largest_gain: Figure,
    /// Largest loss, a positive number.
    pub largest_loss: Figure,
    /// Average gain / average loss.
    pub profit_loss_ratio: Figure,
    /// Gross gain / gross loss.
    pub profit_factor: Figure,
    /// Sum of absolute quantity times price of all executed trades.
    pub traded_notional: Figure,
    /// Traded notional / mean equity, a multiple, not annualised.
    pub turnover: Figure,
    /// Turnover times P / n, a multiple a year.
    pub turnover_annual: Figure,
}

impl TradeStatistics {
    /// Every figure by the name it has in JSON, in the order of the fields.
    pub fn figures(&self) -> [(&'static str, Figure); 13] {
        [
            ("realised", self.realised),
            ("gross_gain", self.gross_gain),
            ("gross_loss", self.gross_loss),
            ("win_rate", self.win_rate),
            ("average_gain", self.average_gain),
            ("average_loss", self.average_loss),
            ("largest_gain", self.largest_gain),
            ("largest_loss", self.largest_loss),
            ("profit_loss_ratio", self.profit_loss_ratio),
            ("profit_factor", self.profit_factor),
            ("traded_notional", self.traded_notional),
            ("turnover", self.turnover),
            ("turnover_annual", self.turnover_annual),
        ]
    }
}

impl Serialize for TradeStatistics {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("trades", &self.trades)?;
        map.serialize_entry("buys", &self.buys)?;
        map.serialize_entry("sells", &self.sells)?;
        map.serialize_entry("closing_trades", &self.closing_trades)?;
        map.serialize_entry("winning_trades", &self.winning_trades)?;
        map.serialize_entry("losing_trades", &self.losing_trades)?;
        serialize_figures(&mut map, &self.figures())?;
        map.end()
    }
}
