//! The frozen terms of a run as the API shows them.

use std::collections::BTreeSet;

use events::model::Risk;
use events::policy::{FillRule, OrderType, PolicySpec};
use events::run::{BarsUsed, RunSnapshot};
use events::{Cash, Rate, Symbol};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::models::PolicyView;

/// Everything that influences a run, frozen when it was requested.
#[derive(Debug, Serialize, ToSchema)]
pub struct SnapshotView {
    /// What decides.
    #[schema(value_type = PolicyView)]
    policy: PolicySpec,
    /// The symbols that may be traded, rising.
    #[schema(value_type = Vec<String>, example = json!(["AAPL", "MSFT"]))]
    symbols: Vec<Symbol>,
    /// Cash with which the account is opened.
    #[schema(value_type = String, example = "10000")]
    initial_cash: Cash,
    /// At which price market orders fill.
    #[schema(value_type = String, example = "open")]
    fill_rule: FillRule,
    /// Fee as a fraction of the executed value.
    #[schema(value_type = String, example = "0.001")]
    commission_rate: Rate,
    /// Price concession of market and stop orders, as a fraction.
    #[schema(value_type = String, example = "0.0005")]
    slippage_rate: Rate,
    /// The types of order that are not refused.
    #[schema(value_type = Vec<String>, example = json!(["market", "limit", "stop"]))]
    allowed_order_types: BTreeSet<OrderType>,
    /// The bars.
    bars: BarsUsedView,
    /// Bars per year, for annualised statistics.
    #[schema(example = 252)]
    periods_per_year: u32,
    /// Bars that are decided and recorded together.
    #[schema(example = 512)]
    chunk_bars: u32,
    /// The version of tapedeck that froze these terms.
    #[schema(example = "0.1.0")]
    code_version: String,
    /// What the run is compared with.
    #[schema(value_type = Option<String>, example = "QQQ")]
    benchmark: Option<Symbol>,
    /// What it may risk: the account, its gates, its rules.
    #[schema(value_type = Object)]
    risk: Risk,
}

/// Which bars a run saw.
#[derive(Debug, Serialize, ToSchema)]
pub struct BarsUsedView {
    /// SHA-256 of their content, as 64 hexadecimal digits.
    #[schema(example = "5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9")]
    fingerprint: String,
    /// How many, those before the run's first included.
    #[schema(example = 250)]
    count: u32,
    /// How many before the run's first; policies may look back at them.
    #[schema(example = 126)]
    warmup: u32,
    /// Vintage of the price history from which they were read.
    #[schema(example = 1)]
    vintage: i64,
}

impl From<RunSnapshot> for SnapshotView {
    fn from(snapshot: RunSnapshot) -> Self {
        let BarsUsed { fingerprint, count, warmup, vintage } = snapshot.bars;
        Self {
            policy: snapshot.policy,
            symbols: snapshot.symbols,
            initial_cash: snapshot.initial_cash,
            fill_rule: snapshot.fill_rule,
            commission_rate: snapshot.commission_rate,
            slippage_rate: snapshot.slippage_rate,
            allowed_order_types: snapshot.allowed_order_types,
            bars: BarsUsedView { fingerprint: fingerprint.to_string(), count, warmup, vintage },
            periods_per_year: snapshot.periods_per_year,
            chunk_bars: snapshot.chunk_bars,
            code_version: snapshot.code_version,
            benchmark: snapshot.benchmark,
            risk: snapshot.risk,
        }
    }
}
