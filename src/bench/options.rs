//! Values, Greeks and implied volatilities of a hundred thousand options, against numpy and a pricing library.

use std::hint::black_box;
use std::time::Instant;

use anyhow::ensure;
use quant::monte_carlo::Generator;
use quant::options::OptionKind;
use quant::options::batch::{OptionColumns, PricedColumns};
use quant::options::implied_volatility::{QuoteColumns, implied_volatilities};
use serde_json::json;

use super::peer::{Figures, Peer};
use super::report::{BenchReport, Machine, median};

const OPTIONS: usize = 100_000;
/// Every so many options are compared one by one.
const COMPARED: usize = 97;
const REPEATS: usize = 10;
const SEED: u64 = 7;

#[derive(Default)]
struct Book {
    kind: Vec<OptionKind>,
    spot: Vec<f64>,
    strike: Vec<f64>,
    years: Vec<f64>,
    rate: Vec<f64>,
    dividend_yield: Vec<f64>,
    volatility: Vec<f64>,
}

impl Book {
    fn made_up() -> Self {
        let mut generator = Generator::seeded(SEED);
        let mut between = |low: f64, high: f64| low + (high - low) * generator.uniform();
        let mut book = Self::default();
        for _ in 0..OPTIONS {
            book.kind.push(if between(0.0, 1.0) < 0.5 { OptionKind::Call } else { OptionKind::Put });
            let spot = between(20.0, 400.0);
            book.spot.push(spot);
            book.strike.push(spot * between(0.75, 1.3));
            book.years.push(between(0.05, 2.0));
            book.rate.push(between(0.0, 0.06));
            book.dividend_yield.push(between(0.0, 0.04));
            book.volatility.push(between(0.12, 0.7));
        }
        book
    }

    fn columns(&self) -> OptionColumns<'_> {
        OptionColumns {
            kind: &self.kind,
            spot: &self.spot,
            strike: &self.strike,
            years: &self.years,
            rate: &self.rate,
            dividend_yield: &self.dividend_yield,
            volatility: &self.volatility,
        }
    }

    /// How many prices have an implied volatility.
    fn implied(&self, prices: &[f64]) -> anyhow::Result<usize> {
        let found = implied_volatilities(black_box(&QuoteColumns {
            kind: &self.kind,
            spot: &self.spot,
            strike: &self.strike,
            years: &self.years,
            rate: &self.rate,
            dividend_yield: &self.dividend_yield,
            price: prices,
        }))?;
        Ok(black_box(found).iter().filter(|volatility| volatility.is_ok()).count())
    }
}

/// Measures both, each beside what it is compared with.
pub fn options(rounds: usize) -> anyhow::Result<BenchReport> {
    let mut report = BenchReport::new("options", Machine::examine());
    let book = Book::made_up();
    let mut priced = PricedColumns::default();
    priced.evaluate(&book.columns())?;
    ensure!(priced.refused().is_empty(), "an option was refused");
    let Ok(values) = priced.complete().cloned() else { anyhow::bail!("an option was refused") };
    let columns = [&values.price, &values.delta, &values.gamma, &values.theta, &values.vega, &values.rho];
    let sample = columns.iter().flat_map(|column| column.iter().step_by(COMPARED)).copied().collect();
    let inputs = json!({ "options": {
        "sign": book.kind.iter().map(|kind| kind.sign()).collect::<Vec<_>>(),
        "spot": book.spot,
        "strike": book.strike,
        "years": book.years,
        "rate": book.rate,
        "dividend_yield": book.dividend_yield,
        "volatility": book.volatility,
        "price": values.price,
    }});
    let mut peer = Peer::start(&inputs, &Figures::from([("options", sample)]));
    let (mut ours, mut implied, mut numpy, mut library) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut solved = 0;
    for round in 0..rounds.max(1) * REPEATS {
        let started = Instant::now();
        priced.evaluate(black_box(&book.columns()))?;
        ours.push(started.elapsed().as_secs_f64());
        if let Ok(peer) = &mut peer {
            numpy.push(peer.seconds("options")?);
        }
        if round % REPEATS >= 3 {
            continue;
        }
        let started = Instant::now();
        solved = book.implied(&values.price)?;
        implied.push(started.elapsed().as_secs_f64() / OPTIONS as f64);
        if let Ok(peer) = &mut peer
            && peer.implied_library.is_some()
        {
            library.push(peer.seconds("implied")?);
        }
    }
    let (ours, implied) = (median(&mut ours), median(&mut implied));
    report.figure("price_and_greeks_ms", ours * 1e3);
    report.figure("implied_volatility_ns", implied * 1e9);
    report.figure("implied_volatilities_found", solved as f64);
    match &peer {
        Ok(peer) => {
            let numpy = median(&mut numpy);
            report.figure("numpy_price_and_greeks_ms", numpy * 1e3);
            report.ratio("vs_numpy", numpy / ours);
            if let Some(name) = &peer.implied_library {
                let library = median(&mut library);
                report.figure("library_implied_volatility_ns", library * 1e9);
                report.ratio("implied_vs_library", library / implied);
                report.note(format!("the implied volatilities are compared with {name}"));
            } else {
                report.note("implied_vs_library is unavailable: neither QuantLib nor py_vollib is there");
            }
        }
        Err(reason) => {
            report.note(format!("vs_numpy and implied_vs_library are unavailable: {reason:#}"));
        }
    }
    Ok(report)
}
