//! Analytics of small synthetic books, against the worked numbers of the calculations: they were computed apart from
//! this code, with the series `a`, `b`, `v`, `m` and `s` below as daily returns.

use std::collections::BTreeMap;
use std::sync::Arc;

use events::portfolio::{Currency, Lot, LotTerms, Portfolio, Settings};
use events::position::{AccountType, InvestmentClass, PositionType};
use events::{
    Cash, PortfolioId, Position, PositionId, Price, Principal, Quantity, Symbol, Version, calendar,
};
use jiff::Timestamp;
use jiff::civil::{Date, date};
use quant::selection::Limits;

use super::*;
use crate::bars::{DailyCloses, Vintage};
use crate::closes::Series;
use crate::factors::{FactorRegistry, KnownRegistry};
use crate::portfolios::{Book, BookPrices, Rolls};

const LAST: Date = date(2025, 6, 30);

fn m(t: f64) -> f64 {
    0.010 * t.sin() + 0.005 * (3.0 * t).cos()
}

fn a(t: f64) -> f64 {
    0.0005 + 1.2 * m(t) + 0.004 * (2.1 * t).sin()
}

fn b(t: f64) -> f64 {
    0.8 * m(t) - 0.003 * (1.7 * t).cos()
}

fn v(t: f64) -> f64 {
    0.006 * (1.3 * t).sin() + 0.002 * t.cos()
}

fn s(t: f64) -> f64 {
    (1.0 + 0.5 * (t / 20.0).sin()) * m(t)
}

/// Closes with these returns, t = 1 .. `count`, the last on [`LAST`].
fn closes(count: i32, returns: fn(f64) -> f64) -> Arc<Series> {
    let first = calendar::nth_session(LAST, -count);
    let dates: Vec<Date> = calendar::sessions(first, LAST).collect();
    let mut value = 1_000.0;
    let mut closes = Vec::new();
    for t in 0..=count {
        value *= if t == 0 { 1.0 } else { 1.0 + returns(f64::from(t)) };
        closes.push(Price::from_units((value * 10_f64.powi(Price::SCALE as i32)).round() as i64));
    }
    let adjusted = vec![None; closes.len()];
    Arc::new(Series::from(DailyCloses { dates, closes, adjusted }))
}

fn symbol(name: &str) -> Symbol {
    name.parse().unwrap()
}

/// A lot worth `value` on the last day, of what the series prices; of `value` units at 1 where nothing does.
fn lot(name: &str, class: InvestmentClass, value: f64, series: Option<&Series>) -> Lot {
    let price = series.map_or(1.0, |series| series.last().unwrap().close.to_f64());
    let quantity = Quantity::from_units((value / price * 10_f64.powi(Quantity::SCALE as i32)).round() as i64);
    let position_type = if value < 0.0 { PositionType::Short } else { PositionType::Long };
    Lot {
        terms: LotTerms {
            symbol: name.parse().unwrap(),
            position_type,
            investment_class: class,
            investment_subtype: None,
            option: None,
            multiplier: 1,
            quantity,
            entry_price: Price::whole(1).unwrap(),
            entry_date: LAST,
        },
        notes: None,
        tags: [].into(),
        reductions: Vec::new(),
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
        deleted_at: None,
    }
}

struct Held {
    name: &'static str,
    class: InvestmentClass,
    value: f64,
    series: Option<Arc<Series>>,
}

fn public(name: &'static str, value: f64, series: Arc<Series>) -> Held {
    Held { name, class: InvestmentClass::Public, value, series: Some(series) }
}

/// Equity is set by hand at the end of the last day, so that weights are what the tests say.
fn inputs(equity: Option<i64>, held: &[Held]) -> RiskInputs {
    let at: Timestamp = "2025-07-14T16:00:00Z".parse().unwrap();
    let mut portfolio = Portfolio {
        settings: Some(Settings {
            name: "Core".to_owned(),
            account_name: "Main".to_owned(),
            account_type: AccountType::Taxable,
            description: None,
            currency: Currency::usd(),
            opening_equity: None,
            inception_date: LAST,
            is_active: true,
            created_at: at,
            updated_at: at,
            closed_at: None,
        }),
        ..Portfolio::default()
    };
    let mut series = BTreeMap::new();
    for (number, one) in held.iter().enumerate() {
        let id = PositionId::derived(&[&number.to_be_bytes()]);
        portfolio.lots.insert(id, lot(one.name, one.class, one.value, one.series.as_deref()));
        series.extend(one.series.clone().map(|series| (symbol(one.name), series)));
    }
    if let Some(equity) = equity {
        let adjustment = events::portfolio::EquityAdjustment {
            equity: Cash::whole(equity).unwrap(),
            notes: None,
            recorded_at: at,
        };
        portfolio.equity_adjustments.insert(LAST, adjustment);
    }
    let book = Book {
        portfolio_id: PortfolioId::derived(&[b"core"]),
        owner: Principal::local_owner(),
        version: Version(7),
        position: Position(9),
        portfolio: Arc::new(portfolio),
    };
    let sources = RiskSources {
        books: vec![book],
        as_of_date: LAST,
        prices: BookPrices::of_series(Vintage::new(3), series),
        registry: KnownRegistry { registry: FactorRegistry::standard(), vintage: None },
        profiles: BTreeMap::new(),
        rate: None,
        rolls: Rolls::default(),
        tag_names: BTreeMap::new(),
    };
    RiskInputs::of(sources)
}

fn three() -> RiskInputs {
    inputs(
        Some(100_000),
        &[
            public("AAA", 50_000.0, closes(90, a)),
            public("BBB", 30_000.0, closes(90, b)),
            public("VVV", 20_000.0, closes(90, v)),
        ],
    )
}

const TERMS: CorrelationTerms = CorrelationTerms {
    lookback_days: 90,
    min_overlap: 30,
    max_symbols: 25,
    min_position_value: 0.0,
    min_portfolio_weight: 0.0,
    filter: Limits::Both,
};

#[track_caller]
fn near(found: Option<f64>, expected: f64) {
    let found = found.expect("a figure");
    assert!((found - expected).abs() < 2e-8, "{found} is not {expected}");
}

#[test]
fn correlations_are_those_of_the_worked_example() {
    let found = correlations(&three(), &TERMS);
    assert!(found.available, "{found:?}");
    let matrix = found.figures.matrix.unwrap();
    let rho = |left: &str, right: &str| matrix[&left.parse().unwrap()][&right.parse().unwrap()];
    near(rho("AAA", "BBB"), 0.907_801_933_8);
    near(rho("AAA", "VVV"), 0.011_815_387_0);
    near(rho("VVV", "BBB"), 0.019_976_457_2);
    near(found.figures.mean_abs_correlation, 0.313_197_926_0);
    near(found.figures.effective_positions, 1.521_836_452_9);
    assert_eq!((found.data_quality.flag, found.data_quality.data_days), (QualityFlag::FullHistory, 90));
    let clusters = correlation_metrics(&three(), &TERMS, 0.7).figures.clusters.unwrap();
    assert_eq!((clusters.len(), clusters[0].nickname.as_str()), (1, "AAA lookalikes"));
    assert_eq!(clusters[0].positions.len(), 2);
    near(Some(clusters[0].portfolio_percentage / 100.0), 0.8);
}

#[test]
fn concentration_is_that_of_the_weights() {
    let found = concentration(&three()).figures;
    // 10,000 (0.25 + 0.09 + 0.04)
    assert!((found.hhi.unwrap() - 3_800.0).abs() < 0.01);
    near(found.top_3_concentration, 1.0);
}

#[test]
fn volatility_is_that_of_the_worked_example() {
    let found = volatility(&inputs(Some(100_000), &[public("SSS", 100_000.0, closes(252, s))]));
    let figures = found.figures;
    assert!((figures.realized_volatility_21d.unwrap() - 0.100_298_096_6).abs() < 1e-7);
    assert!((figures.realized_volatility_63d.unwrap() - 0.088_743_754_8).abs() < 1e-7);
    assert!((figures.expected_volatility_21d.unwrap() - 0.110_173_624_9).abs() < 1e-6);
    near(figures.volatility_percentile, 0.376_623_376_6);
    assert_eq!(figures.volatility_trend, Some(quant::volatility::Direction::Increasing));
}

#[test]
fn losses_are_those_of_the_worked_example() {
    let book = inputs(Some(100_000), &[public("SSS", 100_000.0, closes(252, s))]);
    let terms =
        VarTerms { confidence: 0.95, horizon_days: 1, method: VarMethod::Historical, lookback_days: 100 };
    let found = value_at_risk(&book, &terms).figures;
    near(found.var.map(|loss| loss.fraction), 0.012_636_131_9);
    near(found.es.map(|loss| loss.fraction), 0.017_027_091_6);
    assert_eq!(found.var.unwrap().value.unwrap().to_string(), "-1263.61");
    near(found.components.map(|parts| parts[0].share), 1.0);
    let terms = VarTerms { method: VarMethod::Parametric, ..terms };
    let found = value_at_risk(&book, &terms).figures;
    near(found.var.map(|loss| loss.fraction), 0.013_096_845_6);
    near(found.es.map(|loss| loss.fraction), 0.016_414_915_2);
}

#[test]
fn what_cannot_be_computed_has_a_reason_and_no_figure() {
    let reasons = |inputs: &RiskInputs| {
        [
            correlations(inputs, &TERMS).reason,
            volatility(inputs).reason,
            risk_metrics(inputs, 90).reason,
            concentration(inputs).reason,
        ]
    };
    assert_eq!(reasons(&inputs(Some(1), &[])), [Some(Reason::NoPositions); 4]);
    let art = Held { name: "ART", class: InvestmentClass::Private, value: 10.0, series: None };
    let [correlated, moved, metrics, held] = reasons(&inputs(Some(1), &[art]));
    assert_eq!([correlated, moved, metrics], [Some(Reason::NoPublicPositions); 3]);
    assert_eq!(held, None, "what is PRIVATE weighs");
    let one_day = inputs(Some(10), &[public("NEW", 10.0, closes(1, a))]);
    assert_eq!(volatility(&one_day).reason, Some(Reason::InsufficientHistory));
    assert_eq!(volatility(&one_day).figures, Volatility::default());
    let no_equity = inputs(None, &[public("SSS", 10.0, closes(252, s))]);
    assert_eq!(volatility(&no_equity).reason, Some(Reason::NoEquityBalance));
    assert_eq!(concentration(&no_equity).reason, None);
    let flat =
        inputs(Some(10), &[public("FLAT", 10.0, closes(90, |_| 0.0)), public("AAA", 9.0, closes(90, a))]);
    let pair = correlations(&flat, &TERMS).figures;
    assert_eq!((pair.pairs_missing, pair.average_correlation), (Some(1), None));
    let metrics = risk_metrics(&flat, 90);
    assert_eq!(metrics.unavailable["portfolio_beta"].reason, Reason::NoBenchmarkData);
    assert_eq!(metrics.unavailable["var_1d_95"].reason, Reason::InsufficientHistory);
}

/// Snapshots with these returns of a portfolio of 100,000, the last on [`LAST`]; nothing is known of its lots.
fn track(returns: &[f64]) -> TrackRecord {
    use events::portfolio::valuation::{Snapshot, Standing};
    use events::valuation::ComputedFrom;
    let first = calendar::nth_session(LAST, 1 - i32::try_from(returns.len()).unwrap());
    let opening = Cash::whole(100_000).unwrap();
    let row = |(date, value): (Date, &f64)| crate::snapshots::SnapshotRow {
        snapshot: Snapshot {
            snapshot_date: date,
            standing: Standing { equity: Some(opening), ..Standing::default() },
            opening_equity: Some(opening),
            daily_pnl: dollars(value * 100_000.0).unwrap(),
            cumulative_pnl: Cash::ZERO,
            daily_realized: Cash::ZERO,
            cumulative_realized: Cash::ZERO,
            daily_flow: Cash::ZERO,
            cumulative_flow: Cash::ZERO,
            adjustment: Cash::ZERO,
            baseline: false,
            is_complete: true,
            target_returns: None,
            lots: Vec::new(),
        },
        computed_from: ComputedFrom { method_version: 1, portfolio_version: Version(7), vintage: 3 },
        position: Position(9),
        recorded_at: Timestamp::UNIX_EPOCH,
    };
    TrackRecord::of(calendar::sessions(first, LAST).zip(returns).map(row).collect())
}

const TEN: [f64; 10] = [0.010, -0.005, 0.002, -0.012, 0.008, 0.004, -0.003, 0.006, -0.001, 0.005];

#[test]
fn performance_is_that_of_the_worked_example() {
    let book = inputs(Some(100_000), &[]);
    let id = book.portfolios[0].portfolio_id;
    let found = performance(&book, id, &track(&TEN), SeriesPeriod::Weekly);
    let figures = found.figures;
    near(figures.returns.unwrap().inception, 0.013_883_498_1);
    near(figures.returns.unwrap().day, 0.005);
    let fall = figures.max_drawdown.unwrap();
    near(Some(fall.value), -0.014_973_88);
    let session = |number: i32| Some(calendar::nth_session(LAST, number - 10));
    assert_eq!((fall.peak_date, fall.trough_date), (session(1), session(4)));
    // Ten returns are too few for a ratio, and no year.
    assert_eq!(figures.sharpe_ratio, None);
    assert_eq!(found.unavailable["sharpe_ratio"].reason, Reason::InsufficientHistory);
    assert_eq!(found.unavailable["returns.1m"].reason, Reason::InsufficientHistory);
    let weeks = figures.series.unwrap();
    assert_eq!(weeks.last().unwrap().period_end_date, LAST);
    let linked: f64 = weeks.iter().map(|week| 1.0 + week.r#return.unwrap()).product();
    near(Some(linked - 1.0), 0.013_883_498_1);
    assert!(figures.freshness.unwrap().is_current && figures.risk_free_assumed == Some(true));
}

#[test]
fn ratios_are_those_of_the_worked_example_twice_over() {
    let book = inputs(Some(100_000), &[]);
    let (id, sources) = (book.portfolios[0].portfolio_id, book.sources().clone());
    let book = RiskInputs::of(RiskSources { rate: Some(0.04), ..sources });
    let twenty: Vec<f64> = TEN.iter().chain(&TEN).copied().collect();
    let figures = performance(&book, id, &track(&twenty), SeriesPeriod::Monthly).figures;
    // The mean and the downside deviation of ten returns are those of the ten twice over; the sample's deviation is not.
    near(figures.sortino_ratio, 4.571_741_5);
    let sample = 9.0_f64 * 2.0 / 19.0;
    let expected = 2.939_558_8 / sample.sqrt();
    assert!((figures.sharpe_ratio.unwrap() - expected).abs() < 1e-6);
    assert_eq!((figures.risk_free_rate, figures.limited_history), (Some(0.04), Some(true)));
}

#[test]
fn a_track_record_has_a_volatility_of_its_own() {
    let book = inputs(Some(100_000), &[]);
    let returns: Vec<f64> = (1..=252).map(|t| s(f64::from(t))).collect();
    let figures = track_record_volatility(&book, &track(&returns)).figures;
    // Snapshots are in money: a hundredth of a cent of 100,000.
    assert!((figures.realized_volatility_21d.unwrap() - 0.100_298_096_6).abs() < 1e-6);
    assert!((figures.realized_volatility_63d.unwrap() - 0.088_743_754_8).abs() < 1e-6);
    assert_eq!(track_record_volatility(&book, &TrackRecord::default()).reason, Some(Reason::NoSnapshots));
    let short = track_record_volatility(&book, &track(&returns[..62]));
    assert_eq!(short.reason, Some(Reason::InsufficientHistory));
}
