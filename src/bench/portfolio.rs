//! The risk of one book, of a thousand books and of five hundred symbols, against the same figures by numpy.

use std::hint::black_box;
use std::io::Read;
use std::num::NonZero;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, ensure};
use flate2::read::GzDecoder;
use quant::book::{BookAnalysis, BookHistory, analyse};
use quant::book_batch::{BookRisk, Holdings, Universe};
use quant::convention::PERIODS_DAILY;
use quant::monte_carlo::Generator;
use quant::normal;
use quant::panel::{Panel, last};
use quant::regression::Line;
use quant::stress::Shock;
use quant::{Convention, CorrelationMatrix, Unavailable, correlation_matrix};
use serde_json::{Value, json};

use super::peer::{Figures, Peer};
use super::report::{BenchReport, Machine, median};

/// Sessions for which stocks, index and funds all have closes.
const SESSIONS: usize = 2_264;
/// Computations of one book in a round; the fastest things need many to be timed.
const REPEATS: usize = 20;
const BOOKS: usize = 1_000;
const POSITIONS: usize = 30;
const UNIVERSE: usize = 500;
/// A year of returns needs a close more.
const BATCH_SESSIONS: usize = 253;
const SEED: u64 = 4;
const FACTORS: [&str; 6] = ["market", "momentum", "quality", "size", "low_volatility", "value"];

/// Measures all three; `prices` is the folder of the demo's prices.
pub fn portfolio(prices: &Path, scenarios: &Path, rounds: usize) -> anyhow::Result<BenchReport> {
    let mut report = BenchReport::new("portfolio", Machine::examine());
    let one = OneBook::read(prices, scenarios)?;
    let many = ManyBooks::made_up()?;
    let one_thread = NonZero::<usize>::MIN;
    let all_threads = std::thread::available_parallelism().unwrap_or(one_thread);
    let mut risks = Vec::new();
    let ours = Figures::from([
        ("portfolio", flat(&one.analysis()?)?),
        ("batch", flat_batch(many.risks(one_thread, &mut risks)?)?),
    ]);
    let inputs = json!({ "portfolio": one.inputs(), "batch": many.inputs() });
    let mut peer = Peer::start(&inputs, &ours);
    let panel = Panel::new(&many.closes, BATCH_SESSIONS)?;
    let (mut single, mut alone, mut spread, mut matrix) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut numpy_single, mut numpy_batch) = (Vec::new(), Vec::new());
    for round in 0..rounds.max(1) * REPEATS {
        single.push(seconds(|| one.analysis())?);
        if let Ok(peer) = &mut peer {
            numpy_single.push(peer.seconds("portfolio")?);
        }
        if round % REPEATS >= 5 {
            continue;
        }
        alone.push(seconds(|| many.risks(one_thread, &mut risks).map(<[_]>::len))?);
        spread.push(seconds(|| many.risks(all_threads, &mut risks).map(<[_]>::len))?);
        matrix.push(seconds(|| Ok(correlation_matrix(&panel, 30)))?);
        if let Ok(peer) = &mut peer {
            numpy_batch.push(peer.seconds("batch")?);
        }
    }
    let (single, alone, spread) = (median(&mut single), median(&mut alone), median(&mut spread));
    report.figure("one_portfolio_us", single * 1e6);
    report.figure("thousand_portfolios_one_core_ms", alone * 1e3);
    report.figure("thousand_portfolios_all_cores_ms", spread * 1e3);
    report.figure("correlation_500_symbols_ms", median(&mut matrix) * 1e3);
    report.ratio("batch_all_cores_vs_one", alone / spread);
    match peer {
        Ok(_) => {
            let (of_one, of_batch) = (median(&mut numpy_single), median(&mut numpy_batch));
            report.figure("numpy_one_portfolio_us", of_one * 1e6);
            report.figure("numpy_thousand_portfolios_ms", of_batch * 1e3);
            report.ratio("vs_numpy", of_one / single);
            report.ratio("vs_numpy_batched", of_batch / alone);
        }
        Err(reason) => report.note(format!("vs_numpy and vs_numpy_batched are unavailable: {reason:#}")),
    }
    Ok(report)
}

fn seconds<T>(work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<f64> {
    let started = Instant::now();
    black_box(work()?);
    Ok(started.elapsed().as_secs_f64())
}

/// The demo's twenty stocks, half of them sold short, and its market and funds.
struct OneBook {
    closes: Vec<f64>,
    exposures: Vec<f64>,
    market: Vec<f64>,
    styles: Vec<Vec<f64>>,
    scenarios: Vec<Vec<Shock>>,
}

impl OneBook {
    const EQUITY: f64 = 1_000_000.0;

    fn read(prices: &Path, scenarios: &Path) -> anyhow::Result<Self> {
        let stocks = closes_of(&prices.join("sp500_20.csv.gz"))?;
        let market = closes_of(&prices.join("sp500_index.csv.gz"))?;
        let exposure = |place: usize| {
            let size = 20_000.0 + 4_000.0 * place as f64;
            if place % 3 == 2 { -size } else { size }
        };
        Ok(Self {
            exposures: (0..stocks.len()).map(exposure).collect(),
            closes: stocks.concat(),
            market: market.into_iter().next().context("no index")?,
            styles: closes_of(&prices.join("factor_etfs.csv.gz"))?,
            scenarios: shocks_of(scenarios)?,
        })
    }

    fn analysis(&self) -> anyhow::Result<BookAnalysis> {
        let styles: Vec<&[f64]> = self.styles.iter().map(Vec::as_slice).collect();
        Ok(analyse(&BookHistory {
            closes: Panel::new(&self.closes, SESSIONS)?,
            exposures: &self.exposures,
            equity: Self::EQUITY,
            market: &self.market,
            styles: &styles,
            scenarios: &self.scenarios,
            convention: Convention::standard(PERIODS_DAILY),
        })?)
    }

    fn inputs(&self) -> Value {
        let pairs =
            |given: &Vec<Shock>| given.iter().map(|shock| (shock.factor, shock.size)).collect::<Vec<_>>();
        json!({
            "closes": self.closes.chunks(SESSIONS).collect::<Vec<_>>(),
            "exposures": self.exposures,
            "equity": Self::EQUITY,
            "market": self.market,
            "styles": self.styles,
            "scenarios": self.scenarios.iter().map(pairs).collect::<Vec<_>>(),
            "normal_quantiles": [normal::quantile(0.95), normal::quantile(0.99)],
        })
    }
}

/// The last closes of every symbol of a wide file.
fn closes_of(path: &Path) -> anyhow::Result<Vec<Vec<f64>>> {
    let context = || format!("the bench needs {}; run it in the project's folder", path.display());
    let mut text = String::new();
    GzDecoder::new(std::fs::File::open(path).with_context(context)?)
        .read_to_string(&mut text)
        .with_context(context)?;
    let mut columns: Vec<Vec<f64>> = Vec::new();
    for line in text.lines().skip(1) {
        let cells = line.split(',').skip(1).map(str::parse).collect::<Result<Vec<f64>, _>>()?;
        columns.resize(cells.len(), Vec::new());
        columns.iter_mut().zip(cells).for_each(|(column, cell)| column.push(cell));
    }
    let recent: Vec<Vec<f64>> = columns.iter().map(|column| last(column, SESSIONS).to_vec()).collect();
    ensure!(recent.iter().all(|column| column.len() == SESSIONS), "{} is too short", path.display());
    Ok(recent)
}

/// The shocks of the scenarios whose factors all have a proxy here.
fn shocks_of(path: &Path) -> anyhow::Result<Vec<Vec<Shock>>> {
    let document: Value = serde_json::from_str(&std::fs::read_to_string(path)?)?;
    let scenarios = document.get("scenarios").and_then(Value::as_array).context("no scenarios")?;
    let shock = |shock: &Value| {
        let factor = shock.get("factor").and_then(Value::as_str)?;
        let size = shock.get("size").and_then(Value::as_f64)?;
        Some(Shock { factor: FACTORS.iter().position(|name| *name == factor)?, size })
    };
    let shocks = |scenario: &Value| scenario.get("shocks")?.as_array()?.iter().map(shock).collect();
    Ok(scenarios.iter().filter_map(shocks).collect())
}

/// A thousand books over five hundred symbols that share a market.
struct ManyBooks {
    closes: Vec<f64>,
    market: Vec<f64>,
    books: Vec<Holdings>,
}

impl ManyBooks {
    fn made_up() -> anyhow::Result<Self> {
        let mut generator = Generator::seeded(SEED);
        let common: Vec<f64> = (0..BATCH_SESSIONS).map(|_| 0.008 * generator.normal()).collect();
        let mut path = |own: f64| -> Vec<f64> {
            let grow = |price: &mut f64, common: &f64| {
                *price *= 1.0 + common + own * generator.normal();
                Some(*price)
            };
            common.iter().scan(100.0, grow).collect()
        };
        let market = path(0.0);
        let closes = (0..UNIVERSE).flat_map(|_| path(0.012)).collect();
        // Five hundred is no multiple of seven: the thirty symbols of a book differ.
        let symbols =
            |book: usize| (0..POSITIONS).map(|position| (13 * book + 7 * position) % UNIVERSE).collect();
        let weight = |position: usize| if position % 4 == 3 { -0.02 } else { 0.03 + 0.001 * position as f64 };
        let books = (0..BOOKS)
            .map(|book| Holdings { symbols: symbols(book), weights: (0..POSITIONS).map(weight).collect() })
            .collect();
        Ok(Self { closes, market, books })
    }

    /// All risks, in the memory of those of the round before.
    fn risks<'a>(
        &self,
        threads: NonZero<usize>,
        risks: &'a mut Vec<Result<BookRisk, Unavailable>>,
    ) -> anyhow::Result<&'a [Result<BookRisk, Unavailable>]> {
        let universe = Universe::of(&Panel::new(&self.closes, BATCH_SESSIONS)?, &self.market)?;
        universe.evaluate(&self.books, threads, risks);
        Ok(risks)
    }

    fn inputs(&self) -> Value {
        json!({
            "closes": self.closes.chunks(BATCH_SESSIONS).collect::<Vec<_>>(),
            "market": self.market,
            "symbols": self.books.iter().map(|book| &book.symbols).collect::<Vec<_>>(),
            "weights": self.books.iter().map(|book| &book.weights).collect::<Vec<_>>(),
            "normal_quantiles": [normal::quantile(0.95)],
        })
    }
}

/// The figures in the order in which the script writes them.
fn flat(book: &BookAnalysis) -> anyhow::Result<Vec<f64>> {
    let mut out = last(&book.returns, 5).to_vec();
    let volatility = &book.volatility;
    for figure in volatility.realised {
        out.push(figure?);
    }
    let trend = volatility.trend?;
    out.extend([trend.slope, trend.r_squared?, volatility.ewma?]);
    for har in [volatility.month_ahead].iter().chain(&volatility.corsi) {
        let har = (*har)?;
        out.extend(har.coefficients);
        for t in har.t_statistics {
            out.push(t?);
        }
        out.extend([har.r_squared, har.forecast]);
    }
    let wealth = book.reward.wealth?;
    out.extend([book.reward.sharpe?, book.reward.sortino?, wealth.cumulative_return, wealth.max_drawdown]);
    out.extend([wealth.current_drawdown, wealth.ulcer_index]);
    let tails = &book.tails;
    for (historical, parametric) in tails.historical.iter().zip(&tails.parametric) {
        for tail in [(*historical)?, (*parametric)?] {
            out.extend([tail.value_at_risk, tail.expected_shortfall]);
        }
    }
    out.extend([tails.skewness?, tails.excess_kurtosis?, tails.tail_ratio?, tails.worst, tails.best]);
    let dependence = book.dependence.as_ref().map_err(|unavailable| *unavailable)?;
    out.extend(cells(&dependence.correlation)?);
    let (weighted, parts) = (dependence.weighted?, dependence.contributions.clone()?);
    out.extend([weighted.absolute, weighted.signed, dependence.effective_positions?]);
    out.extend([dependence.diversification_ratio?, parts.volatility]);
    out.extend(parts.contributions);
    out.extend(dependence.component_var.clone()?);
    let concentration = book.concentration?;
    out.extend([concentration.hhi, concentration.effective_positions, concentration.entropy_positions]);
    out.extend([concentration.top_3, concentration.top_10]);
    flat_factors(book, &mut out)?;
    Ok(out)
}

fn flat_factors(book: &BookAnalysis, out: &mut Vec<f64>) -> anyhow::Result<()> {
    let lines = book.market_lines.iter().copied().collect::<Result<Vec<Line>, _>>()?;
    out.extend(lines.iter().map(|line| line.beta.value));
    out.extend(lines.iter().map(|line| line.alpha.value));
    out.extend(lines.iter().map(|line| line.beta.standard_error));
    out.extend(lines.iter().map(|line| line.alpha.standard_error));
    for line in &lines {
        out.push(line.r_squared?);
    }
    out.extend(lines.iter().map(|line| line.residual_deviation));
    let factors = book.factors.as_ref().map_err(|unavailable| *unavailable)?;
    out.extend(factors.betas.iter().flat_map(|joint| &joint.betas));
    for joint in &factors.betas {
        let coefficients = joint.estimate.coefficients().context("the factors are collinear")?;
        out.extend(coefficients.iter().map(|coefficient| coefficient.standard_error));
        if let quant::factors::JointEstimate::Ols(fit) = &joint.estimate {
            out.push(fit.intercept.standard_error);
        }
    }
    for joint in &factors.betas {
        out.push(joint.estimate.r_squared()?);
    }
    out.extend(factors.ridge.iter().flat_map(|ridge| &ridge.slopes));
    let mut outcomes = Vec::new();
    for stress in &factors.stress {
        let stress = stress.as_ref().map_err(|unavailable| *unavailable)?;
        outcomes.extend([&stress.direct, &stress.correlated]);
    }
    out.extend(outcomes.iter().flat_map(|outcome| &outcome.positions));
    out.extend(outcomes.iter().map(|outcome| outcome.total));
    out.extend(outcomes.iter().flat_map(|outcome| &outcome.factors));
    out.extend(outcomes.iter().flat_map(|outcome| &outcome.shocks));
    Ok(())
}

fn cells(matrix: &CorrelationMatrix) -> Result<Vec<f64>, Unavailable> {
    matrix.rows().flatten().copied().collect()
}

fn flat_batch(risks: &[Result<BookRisk, Unavailable>]) -> anyhow::Result<Vec<f64>> {
    let mut out = Vec::new();
    for risk in risks {
        let risk = risk.as_ref().map_err(|unavailable| *unavailable)?;
        out.extend([risk.beta, risk.volatility?, risk.sharpe?]);
        for tail in [risk.historical?, risk.parametric?] {
            out.extend([tail.value_at_risk, tail.expected_shortfall]);
        }
        out.push(risk.max_drawdown?);
    }
    for risk in risks.first().into_iter().chain(risks.last()).flatten() {
        out.extend(&risk.correlation);
    }
    Ok(out)
}
