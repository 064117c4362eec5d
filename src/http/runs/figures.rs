//! Statistics as the API shows them: numbers, or null and in `unavailable` the reason why.

use std::collections::BTreeMap;

use quant::{Figure, Performance, TradeStatistics};
use serde::Serialize;
use utoipa::ToSchema;

/// Why figures are null, by their names.
pub type Reasons = BTreeMap<&'static str, String>;

/// The number, or null with its reason noted.
pub fn shown(name: &'static str, figure: Figure, reasons: &mut Reasons) -> Option<f64> {
    figure.map_err(|unavailable| reasons.insert(name, unavailable.to_string())).ok()
}

macro_rules! figures {
    (
        $(#[$doc:meta])* $view:ident of $source:ty {
            counts { $( $(#[$count_doc:meta])* $count:ident: $kind:ty, )* }
            $( $(#[$figure_doc:meta])* $figure:ident, )*
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Serialize, ToSchema)]
        pub struct $view {
            $( $(#[$count_doc])* pub $count: $kind, )*
            $( $(#[$figure_doc])* pub $figure: Option<f64>, )*
            /// Why figures are null, by their names.
            #[schema(value_type = BTreeMap<String, String>, example = json!({"sharpe": "fewer than 2 returns"}))]
            pub unavailable: Reasons,
        }

        impl From<&$source> for $view {
            fn from(source: &$source) -> Self {
                let mut unavailable = Reasons::new();
                $( let $figure = shown(stringify!($figure), source.$figure, &mut unavailable); )*
                Self { $( $count: source.$count, )* $( $figure, )* unavailable }
            }
        }
    };
}

figures! {
    /// The figures of an equity series. Ratios are fractions.
    EquityFigures of Performance {
        counts {
            /// Points, the opening value included.
            points: u64,
            /// Returns between them.
            returns: u64,
            /// Calendar days from the first point to the last.
            calendar_days: i64,
            /// Distinct days with a return.
            trading_days: u64,
        }
        /// Value at the start, in the account's currency.
        initial_equity,
        /// Value at the end, in the account's currency.
        final_equity,
        /// Mean value, in the account's currency.
        mean_equity,
        /// Value at the end over value at the start, less one.
        cumulative_return,
        /// The same a year, by calendar days; refused below 30 days.
        annualised_return,
        /// Deviation of the returns, a year.
        volatility,
        /// Mean excess return over its deviation, a year.
        sharpe,
        /// Mean excess return over its downside deviation, a year.
        sortino,
        /// The deepest fall from a peak, 0 to 1.
        max_drawdown,
        /// The fall from the last peak at the end, 0 to 1.
        current_drawdown,
        /// Annualised return over maximum drawdown.
        calmar,
        /// Share of the returns above zero.
        positive_period_rate,
        /// Mean of gross position value over value.
        exposure,
        /// Mean of net position value over value.
        net_exposure,
        /// Largest gross position value over value.
        max_exposure,
        /// Share of the points with a position.
        invested_share,
        /// The benchmark's value at the end over that at the start, less one.
        benchmark_return,
        /// Cumulative return less the benchmark's.
        excess_return,
        /// Deviation of the returns less the benchmark's, a year.
        tracking_error,
        /// Mean of the returns less the benchmark's over their deviation, a year.
        information_ratio,
        /// Covariance with the benchmark over its variance.
        beta,
        /// Return that beta does not explain, a year.
        alpha,
        /// Correlation with the benchmark, -1 to 1.
        correlation,
    }
}

figures! {
    /// The figures of the trades.
    TradeFigures of TradeStatistics {
        counts {
            /// Executions.
            trades: u64,
            /// Executed purchases.
            buys: u64,
            /// Executed sales.
            sells: u64,
            /// Executions that closed all or part of a position.
            closing_trades: u64,
            /// Closing trades with a result above zero.
            winning_trades: u64,
            /// Closing trades with a result below zero.
            losing_trades: u64,
        }
        /// Sum of the results of closing trades, in the account's currency.
        realised,
        /// Sum of the gains.
        gross_gain,
        /// Sum of the losses, a positive number.
        gross_loss,
        /// Winning over closing trades, 0 to 1.
        win_rate,
        /// Mean gain of the winning trades.
        average_gain,
        /// Mean loss of the losing trades, a positive number.
        average_loss,
        /// Largest gain.
        largest_gain,
        /// Largest loss, a positive number.
        largest_loss,
        /// Mean gain over mean loss.
        profit_loss_ratio,
        /// Sum of gains over sum of losses.
        profit_factor,
        /// Sum of quantity times price of all executions.
        traded_notional,
        /// Traded notional over mean value.
        turnover,
        /// Turnover a year.
        turnover_annual,
    }
}
