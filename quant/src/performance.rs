//! One pass over an equity series: everything a report needs, in constant memory.

use serde::{Deserialize, Serialize};

use crate::benchmark::BenchmarkAccumulator;
use crate::convention::{Annualisation, Convention, SortinoDenominator};
use crate::drawdown::DrawdownAccumulator;
use crate::exposure::ExposureAccumulator;
use crate::figure::{Because, Figure, Unavailable, finite, number, positive};
use crate::moments::{Moments, at_least};
use crate::ratios;
use crate::report::Performance;
use crate::returns::{annualised_by_days, compounded, simple_return};
use crate::sum::Sum;

/// One point of an equity series: the state after the last record of a bar, marked at its close. The first
/// point is the opening cash before the first bar.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EquityPoint {
    /// Day number in any calendar that counts every day, such as days since 1970. Never falls.
    pub day: i64,
    /// Value of the account, above zero.
    pub equity: f64,
    /// Sum of absolute position values; absent if exposure is not wanted.
    pub gross: Option<f64>,
    /// Sum of signed position values, shorts negative; absent if exposure is not wanted.
    pub net: Option<f64>,
    /// Value of the benchmark; absent repeats the last one.
    pub benchmark: Option<f64>,
}

impl EquityPoint {
    /// A point without positions or benchmark.
    pub fn new(day: i64, equity: f64) -> Self {
        Self { day, equity, gross: None, net: None, benchmark: None }
    }

    /// The same point with its position values.
    #[must_use]
    pub fn with_positions(self, gross: f64, net: f64) -> Self {
        Self { gross: Some(gross), net: Some(net), ..self }
    }

    /// The same point with the benchmark's value.
    #[must_use]
    pub fn with_benchmark(self, benchmark: f64) -> Self {
        Self { benchmark: Some(benchmark), ..self }
    }
}

/// Consumes an equity series point by point and reports its [`Performance`] at any time.
///
/// The state is of constant size and survives serialisation bit by bit (with a JSON reader that parses
/// floats exactly), so it can be snapshotted and resumed. An equity that is not finite or not above zero
/// spoils the series: from then on every figure says so.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PerformanceAccumulator {
    convention: Convention,
    /// Of the convention, kept because it takes a logarithm and every point needs it.
    risk_free_per_period: Figure,
    points: u64,
    first: Option<Mark>,
    last: Option<Mark>,
    trading_days: u64,
    last_trading_day: Option<i64>,
    equity: Sum,
    returns: Moments,
    positive_returns: u64,
    downside_squares: Sum,
    negative_excess: Moments,
    drawdown: DrawdownAccumulator,
    exposure: ExposureAccumulator,
    benchmark: BenchmarkAccumulator,
    spoiled: Option<Unavailable>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Mark {
    day: i64,
    equity: f64,
}

impl PerformanceAccumulator {
    /// An empty series. The convention cannot change later: the Sortino sums depend on it.
    pub fn new(convention: Convention) -> Self {
        Self {
            convention,
            risk_free_per_period: convention.risk_free_per_period(),
            points: 0,
            first: None,
            last: None,
            trading_days: 0,
            last_trading_day: None,
            equity: Sum::default(),
            returns: Moments::default(),
            positive_returns: 0,
            downside_squares: Sum::default(),
            negative_excess: Moments::default(),
            drawdown: DrawdownAccumulator::default(),
            exposure: ExposureAccumulator::default(),
            benchmark: BenchmarkAccumulator::default(),
            spoiled: None,
        }
    }

    /// Takes the next point. Total: an unusable one is remembered, not refused.
    pub fn push(&mut self, point: EquityPoint) {
        self.points += 1;
        if self.spoiled.is_none()
            && let Err(unavailable) = self.take(point)
        {
            self.spoiled = Some(unavailable);
        }
    }

    /// The convention that every figure of this series follows.
    pub fn convention(&self) -> &Convention {
        &self.convention
    }

    /// How many points were pushed.
    pub fn points(&self) -> u64 {
        self.points
    }

    /// Drawdown of the last point, for charts: 1 - value / highest so far, a fraction from 0 to 1.
    pub fn current_drawdown(&self) -> Figure {
        self.usable()?;
        self.drawdown.current()
    }

    /// Every figure of the series so far.
    pub fn report(&self) -> Performance {
        Performance {
            convention: self.convention,
            points: self.points,
            returns: self.returns.count(),
            calendar_days: self.calendar_days(),
            trading_days: self.trading_days,
            drawdown: self.drawdown.deepest().filter(|_| self.spoiled.is_none()),
            initial_equity: self.mark(self.first),
            final_equity: self.mark(self.last),
            mean_equity: self.mean_equity(),
            cumulative_return: self.cumulative_return(),
            annualised_return: self.annualised_return(),
            volatility: self.volatility(),
            sharpe: self.sharpe(),
            sortino: self.sortino(),
            max_drawdown: self.if_usable(|| self.drawdown.maximum()),
            current_drawdown: self.current_drawdown(),
            calmar: self.calmar(),
            positive_period_rate: self.positive_period_rate(),
            exposure: self.if_usable(|| self.exposure.gross_mean()),
            net_exposure: self.if_usable(|| self.exposure.net_mean()),
            max_exposure: self.if_usable(|| self.exposure.gross_maximum()),
            invested_share: self.if_usable(|| self.exposure.invested_share()),
            benchmark_return: self.if_usable(|| self.benchmark.total_return()),
            excess_return: self.excess_return(),
            tracking_error: self.tracking_error(),
            information_ratio: self.information_ratio(),
            beta: self.if_usable(|| self.benchmark.beta()),
            alpha: self.alpha(),
            correlation: self.if_usable(|| self.benchmark.correlation()),
        }
    }

    /// Mean of all points, the opening one included, in the account's currency.
    pub fn mean_equity(&self) -> Figure {
        self.usable()?;
        finite(self.equity.total()? / number(self.points))
    }

    /// P / n: what a figure that grows with time is multiplied with to get one per year.
    pub(crate) fn years_inverse(&self) -> Figure {
        let periods = self.periods()?;
        at_least(1, self.returns.count())?;
        finite(periods / number(self.returns.count()))
    }

    fn take(&mut self, point: EquityPoint) -> Result<(), Unavailable> {
        let equity = positive(point.equity, Because::EquityNotPositive)?;
        match self.last {
            None => self.benchmark.open(point.benchmark),
            Some(last) => {
                let period_return = simple_return(last.equity, equity)?;
                self.take_return(period_return);
                self.benchmark.push(period_return, point.benchmark);
                self.trading_days += u64::from(self.last_trading_day != Some(point.day));
                self.last_trading_day = Some(point.day);
            }
        }
        let mark = Mark { day: point.day, equity };
        self.first.get_or_insert(mark);
        self.last = Some(mark);
        self.equity.add(equity);
        self.exposure.push(equity, point.gross, point.net);
        self.drawdown.push(equity).map(|_| ())
    }

    fn take_return(&mut self, period_return: f64) {
        self.returns.push(period_return);
        self.positive_returns += u64::from(period_return > 0.0);
        let Ok(risk_free) = self.risk_free_per_period else { return };
        let excess = period_return - risk_free;
        if excess < 0.0 {
            self.downside_squares.add_product(excess, excess);
            self.negative_excess.push(excess);
        }
    }

    fn cumulative_return(&self) -> Figure {
        self.usable()?;
        at_least(1, self.returns.count())?;
        simple_return(self.mark(self.first)?, self.mark(self.last)?)
    }

    fn annualised_return(&self) -> Figure {
        let total = self.cumulative_return()?;
        let periods = self.periods()?;
        match self.convention.annualisation {
            Annualisation::CalendarDays { minimum } => {
                annualised_by_days(total, self.calendar_days(), minimum)
            }
            Annualisation::Periods => compounded(total, periods / number(self.returns.count())),
        }
    }

    fn volatility(&self) -> Figure {
        self.usable()?;
        let deviation = self.returns.deviation(self.convention.deviation)?;
        ratios::per_year(deviation, self.periods()?)
    }

    fn sharpe(&self) -> Figure {
        self.usable()?;
        at_least(2, self.returns.count())?;
        let deviation = self.returns.deviation_to_divide_by(self.convention.deviation)?;
        ratios::sharpe_of(self.mean_excess()?, deviation, self.periods()?)
    }

    fn sortino(&self) -> Figure {
        self.usable()?;
        at_least(2, self.returns.count())?;
        let mean_excess = self.mean_excess()?;
        if self.negative_excess.count() == 0 {
            return Err(Because::NoLosingPeriods.into());
        }
        let downside = match self.convention.sortino {
            SortinoDenominator::AllPeriods => self.downside_deviation()?,
            SortinoDenominator::NegativesOnly => {
                self.negative_excess.deviation_to_divide_by(self.convention.deviation)?
            }
        };
        ratios::sharpe_of(mean_excess, downside, self.periods()?)
    }

    fn downside_deviation(&self) -> Figure {
        let downside = ratios::downside_of(self.downside_squares.total()?, self.returns.count())?;
        ratios::downside_to_divide_by(downside)
    }

    fn mean_excess(&self) -> Figure {
        Ok(self.returns.mean()? - self.risk_free_per_period?)
    }

    fn calmar(&self) -> Figure {
        ratios::calmar(self.annualised_return()?, self.drawdown.maximum()?)
    }

    fn positive_period_rate(&self) -> Figure {
        self.usable()?;
        at_least(1, self.returns.count())?;
        Ok(number(self.positive_returns) / number(self.returns.count()))
    }

    fn excess_return(&self) -> Figure {
        Ok(self.cumulative_return()? - self.benchmark.total_return()?)
    }

    fn tracking_error(&self) -> Figure {
        self.usable()?;
        let deviation = self.benchmark.active_deviation(self.convention.deviation)?;
        ratios::per_year(deviation, self.periods()?)
    }

    fn information_ratio(&self) -> Figure {
        self.usable()?;
        let ratio = self.benchmark.active_ratio(self.convention.deviation)?;
        ratios::per_year(ratio, self.periods()?)
    }

    fn alpha(&self) -> Figure {
        self.usable()?;
        let alpha = self.benchmark.alpha_per_period(self.risk_free_per_period?)?;
        finite(alpha * self.periods()?)
    }

    /// Periods per year, if the convention lets a series of so many trading days be annualised.
    fn periods(&self) -> Figure {
        self.convention.periods_of(self.trading_days)
    }

    fn calendar_days(&self) -> i64 {
        match (self.first, self.last) {
            (Some(first), Some(last)) => last.day.saturating_sub(first.day),
            _ => 0,
        }
    }

    fn mark(&self, mark: Option<Mark>) -> Figure {
        self.usable()?;
        mark.map(|mark| mark.equity).ok_or_else(|| Because::NoPoints.into())
    }

    fn if_usable(&self, figure: impl FnOnce() -> Figure) -> Figure {
        self.usable()?;
        figure()
    }

    fn usable(&self) -> Result<(), Unavailable> {
        match self.spoiled {
            Some(unavailable) => Err(unavailable),
            None if self.points == 0 => Err(Because::NoPoints.into()),
            None => Ok(()),
        }
    }
}
