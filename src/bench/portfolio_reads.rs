//! Reads of portfolios over HTTP: one of 20 stocks over 2,264 sessions, and one of 10,000 positions.

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use events::portfolio::valuation::Standing;
use events::portfolio::{LotDraft, NewLot, PortfolioAct, PortfolioCommand, SettingsDraft, Siblings};
use events::position::AccountType;
use events::time::now;
use events::{CommandId, Metadata, PortfolioId, PositionId, Price, Principal, Quantity, Version, calendar};
use jiff::civil::{Date, date};
use projections::Projection;
use projections::closes::Known;
use projections::portfolios::{Book, BookPrices, KnownAt, Portfolios, Rolls};
use tokio_util::sync::CancellationToken;

use super::http::{owner, start};
use super::load::{Load, Measured};
use super::report::{BenchReport, Machine, median};
use crate::app::{App, Role, RunningApp};
use crate::config::Config;
use crate::http::{Api, NoQuotes, Parts};
use crate::market::import::{ImportOptions, Strictness, import_path};
use crate::portfolio_import::Sheet;

/// Connections that ask at once.
const CONNECTIONS: usize = 64;
/// Sessions of the small portfolio.
const SESSIONS: i32 = 2_264;
/// Positions of the large one.
const POSITIONS: usize = 10_000;
/// Rows of the file that is looked at.
const ROWS: usize = 5_000;
/// The last session of the demo's prices.
const LAST: Date = date(2022, 12, 28);
const STOCKS: [&str; 20] = [
    "AAPL", "AMD", "BAC", "BBY", "CVX", "GE", "HD", "JNJ", "JPM", "KO", "LLY", "MRK", "MSFT", "PEP", "PFE",
    "PG", "RRC", "UNH", "WMT", "XOM",
];
const PATIENCE: Duration = Duration::from_secs(60);

/// Measures reads at 64 connections, at half their highest rate, and what keeping rolls spares each of them.
pub async fn portfolio_reads(
    mut config: Config,
    prices: &Path,
    seconds: f64,
    rounds: usize,
) -> anyhow::Result<BenchReport> {
    let rates = &mut config.http.rates;
    (rates.owner_per_minute, rates.owner_per_second) = (u32::MAX, u32::MAX);
    // Snapshots are somebody else's promise, and would be computed beside what is measured.
    let running = RunningApp::start(config, &[Role::Api, Role::Projector].into()).await?;
    let outcome = measure(&running.app, prices, Duration::from_secs_f64(seconds), rounds.max(1)).await;
    running.stop().await?;
    outcome
}

async fn measure(app: &App, prices: &Path, time: Duration, rounds: usize) -> anyhow::Result<BenchReport> {
    let mut client = app.log.connector().connect().await?;
    import_path(&mut client, prices, ImportOptions::default(), Strictness::Strict, now())
        .await
        .with_context(|| format!("the bench needs {}; run it in the project's folder", prices.display()))?;
    let token = owner(app).await?;
    let first = calendar::nth_session(LAST, 1 - SESSIONS);
    let small = opened(app, "Small", first, STOCKS.len(), first).await?;
    let large = opened(app, "Large", date(2022, 12, 1), POSITIONS, date(2022, 12, 1)).await?;
    let mut report = BenchReport::new("portfolio-reads", Machine::examine());
    rolls(app, "20_stocks_2264_sessions", small, rounds, &mut report).await?;
    rolls(app, "10000_positions", large, rounds, &mut report).await?;

    let stopping = CancellationToken::new();
    let parts = Parts { app: app.clone(), nats: app.nats.clone(), quotes: Arc::<NoQuotes>::default() };
    let api = Api::new(parts);
    let address = start(crate::http::router(api.clone()), &api, &stopping).await?;
    let asked = format!("as_of_date={LAST}");
    for (name, path) in [
        ("portfolio", format!("/api/v1/portfolios/{small}?{asked}")),
        ("overview", format!("/api/v1/analytics/portfolio/{small}/overview?{asked}")),
        ("volatility", format!("/api/v1/analytics/portfolio/{small}/volatility?{asked}")),
        ("list", format!("/api/v1/portfolios?{asked}")),
    ] {
        let load = Load::new(address, &[path], Some(token.expose()));
        let (mut peaks, mut halves) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            peaks.push(load.at_most(CONNECTIONS, time).await?);
            let peak = peaks.last().map_or(1.0, |peak| peak.rate);
            halves.push(load.at_rate(peak / 2.0, CONNECTIONS, time).await?);
        }
        let middle =
            |all: &[Measured], of: fn(&Measured) -> f64| median(&mut all.iter().map(of).collect::<Vec<_>>());
        report.figure(format!("{name}_peak_per_second"), middle(&peaks, |it| it.rate));
        report.figure(format!("{name}_half_peak_p50_ms"), middle(&halves, |it| it.p50_us) / 1e3);
        report.figure(format!("{name}_half_peak_p99_ms"), middle(&halves, |it| it.p99_us) / 1e3);
    }
    let path = format!("/api/v1/target-prices/{large}/aggregate?{asked}");
    let one = Load::new(address, &[path], Some(token.expose())).at_most(1, time).await?;
    report.figure("aggregate_10000_positions_http_p50_ms", one.p50_us / 1e3);
    stopping.cancel();
    report.figure(
        "csv_preview_5000_rows_ms",
        1e3 * timed(rounds, || Ok(Sheet::read(csv().as_bytes(), LAST)?))?,
    );
    Ok(report)
}

/// A portfolio with so many lots of the stocks, each entered on `entered`.
async fn opened(
    app: &App,
    name: &str,
    inception: Date,
    lots: usize,
    entered: Date,
) -> anyhow::Result<PortfolioId> {
    let id = PortfolioId::generate();
    let draft = SettingsDraft {
        name: name.to_owned(),
        account_name: name.to_owned(),
        account_type: AccountType::Taxable,
        description: None,
        currency: None,
        opening_equity: Some("10000000".parse()?),
        inception_date: Some(inception),
        is_active: None,
    };
    let lot = |stock: &&str| -> anyhow::Result<NewLot> {
        let draft = LotDraft {
            symbol: (*stock).to_owned(),
            quantity: Quantity::whole(10).context("ten units")?,
            entry_price: Price::whole(20).context("a price")?,
            entry_date: Some(entered),
            ..LotDraft::default()
        };
        Ok(NewLot { position_id: PositionId::generate(), draft })
    };
    let lots = STOCKS.iter().cycle().take(lots).map(lot).collect::<anyhow::Result<_>>()?;
    let act = PortfolioAct::OpenWithLots { draft: Box::new(draft), siblings: Siblings::default(), lots };
    let at = now();
    let command = PortfolioCommand { at, today: calendar::new_york_date(at), act };
    let metadata = Metadata::new(Principal::local_owner(), None);
    let envelope = actors::CommandEnvelope::new(command, CommandId::generate()).with_metadata(metadata);
    let receipt = app.portfolios.execute(id, envelope).await?;
    app.watermarks.wait_for(Portfolios::NAME, receipt.position, PATIENCE).await?;
    Ok(id)
}

/// What a read costs that rolls everything, and one that finds its roll; and a write of today between two reads.
async fn rolls(
    app: &App,
    name: &str,
    id: PortfolioId,
    rounds: usize,
    report: &mut BenchReport,
) -> anyhow::Result<()> {
    let client = app.reads.get().await?;
    let book = app.books.find(&**client, id, KnownAt::Now).await?.context("the portfolio is not there")?;
    drop(client);
    let vintage = app.closes.vintage(Known::Newest).await?;
    let prices = BookPrices::load(&app.closes, &book.portfolio, vintage).await?;
    let whole = timed(rounds, || Ok(book.portfolio.equity_on(LAST, None, &prices)))?;
    let kept = Rolls::default();
    kept.roll(&book, &prices, LAST);
    let read = || Ok(kept.roll(&book, &prices, LAST).equity_on(&book.portfolio, LAST));
    let found = timed(100 * rounds, read)?;
    let changed = later(&book)?;
    let mut writes = Vec::new();
    for _ in 0..rounds {
        let rolls = Rolls::default();
        rolls.roll(&book, &prices, LAST);
        let begun = Instant::now();
        black_box(rolls.roll(&changed, &prices, LAST));
        writes.push(begun.elapsed().as_secs_f64());
    }
    let valued = timed(rounds, || Ok(Standing::of(&book.portfolio.value_on(LAST, &prices), None)))?;
    report.figure(format!("{name}_roll_ms"), whole * 1e3);
    report.figure(format!("{name}_kept_roll_us"), found * 1e6);
    report.figure(format!("{name}_roll_after_write_ms"), median(&mut writes) * 1e3);
    report.figure(format!("{name}_valued_ms"), valued * 1e3);
    report.ratio(format!("{name}_kept_vs_rolled"), whole / found);
    Ok(())
}

/// The book with another lot of its last session.
fn later(book: &Book) -> anyhow::Result<Book> {
    let mut portfolio = (*book.portfolio).clone();
    let mut lot = portfolio.lots.values().next().context("no lots")?.clone();
    lot.terms.entry_date = LAST;
    portfolio.lots.insert(PositionId::generate(), lot);
    Ok(Book { version: Version(book.version.0 + 1), portfolio: Arc::new(portfolio), ..book.clone() })
}

fn csv() -> String {
    let mut text = "Symbol,Quantity,Entry Price Per Share,Entry Date\n".to_owned();
    for stock in STOCKS.iter().cycle().take(ROWS) {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{stock},10,150.25,2022-12-01");
    }
    text
}

/// The median time of some work, in seconds.
fn timed<T>(rounds: usize, mut work: impl FnMut() -> anyhow::Result<T>) -> anyhow::Result<f64> {
    let mut times = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let begun = Instant::now();
        black_box(work()?);
        times.push(begun.elapsed().as_secs_f64());
    }
    Ok(median(&mut times))
}
