//! The portfolios of the demo: the five of `data/demo`, and one that has held the twenty stocks since their first price. They
//! are opened, valued and asked through the same requests that anybody makes.

use std::path::Path;

use ::events::Symbol;
use ::events::time::now;
use anyhow::{Context, bail, ensure};
use jiff::civil::{Date, date};
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::workers::WorkerProcess;
use crate::app::{App, RunningApp};
use crate::cli::Output;
use crate::cli::door::{Door, FileForm, Here};
use crate::cli::output::table;
use crate::cli::portfolio::figures::at;
use crate::cli::portfolio::{self, tables};
use crate::market::import::Strictness;
use crate::market::import::reference::{RecordKind, import_records};

/// The first session of the prices, and the last.
const SESSIONS: (Date, Date) = (date(1990, 1, 2), date(2022, 12, 28));
/// What is put into each stock on the first.
const STAKE: u32 = 50_000;
/// The name of the portfolio of stocks.
const STOCKS: &str = "Twenty stocks since 1990";
/// The measures of a portfolio at entry: in the expected table, and in the report of an import.
const MEASURES: [(&str, &str); 4] = [
    ("long", "/import/long_at_entry"),
    ("short", "/import/short_at_entry"),
    ("gross", "/import/gross_at_entry"),
    ("net", "/import/net_at_entry"),
];

/// What the portfolios show.
pub struct Shown {
    /// Each portfolio of `data/demo` at entry, and whether that is what is expected.
    entries: Value,
    risk: Value,
    stress: Value,
    calculation: Value,
}

impl Shown {
    /// For programs.
    pub fn json(&self) -> Value {
        json!({ "at_entry": self.entries, "risk": self.risk, "stress": self.stress, "calculation": self.calculation })
    }
}

/// Opens the portfolios, has the one with prices valued, and prints what it risks.
pub async fn show(
    data: &Path,
    running: &RunningApp,
    symbols: &[Symbol],
    output: &Output,
) -> anyhow::Result<Shown> {
    let app = &running.app;
    import_factors(data, app).await?;
    let door = Door::Here(Box::new(Here::within(app)));
    let known = portfolio::all(&door).await?;
    let entries = open_all(&door, &data.join("demo"), &known).await?;
    output.say(entry_table(&entries));
    let id = match named(&known, STOCKS) {
        Some(id) => id,
        None => open_stocks(&door, symbols).await?,
    };
    let worker = WorkerProcess::spawn(&running.tape().config, "worker-3")?;
    let calculation = portfolio::calculate(&door, &id, true).await;
    worker.stop().await?;
    let calculation = calculation?;
    output.say(format_args!("   {STOCKS}: {}", tables::calculation(&calculation)));
    ensure!(at(&calculation, "/status") == "completed", "the portfolio could not be valued");
    let last = Some(SESSIONS.1);
    let risk = portfolio::risk(&door, &id, last).await?;
    output.say(format_args!("   What it risks at the close of {}", SESSIONS.1));
    output.say(tables::risk(&risk));
    let stress = portfolio::stress(&door, &id, None, last).await?;
    output.say("   What stress scenarios would do to it");
    output.say(tables::stress(&stress));
    Ok(Shown { entries, risk, stress, calculation })
}

/// The version of the factor registry that names the series of the demo's prices.
async fn import_factors(data: &Path, app: &App) -> anyhow::Result<()> {
    let path = data.join("factors.json");
    let mut client = app.log.connector().connect().await?;
    let imported = import_records(&mut client, &path, RecordKind::Factors, Strictness::Strict, now()).await;
    imported.map(drop).with_context(|| format!("importing {} failed", path.display()))
}

fn named(known: &[Value], name: &str) -> Option<String> {
    let found = known.iter().find(|portfolio| at(portfolio, "/account_name") == name)?;
    Some(found["id"].as_str()?.to_owned())
}

/// The portfolios of the folder, each beside what is expected of it. One that was opened before is not opened twice.
async fn open_all(door: &Door, folder: &Path, known: &[Value]) -> anyhow::Result<Value> {
    let path = folder.join("expected_at_entry.json");
    let expected = std::fs::read(&path).with_context(|| format!("reading {} failed", path.display()))?;
    let expected: Value = serde_json::from_slice(&expected)?;
    let portfolios =
        at(&expected, "/portfolios").as_object().context("the expected table holds no portfolios")?;
    let mut entries = Vec::new();
    for (name, expected) in portfolios {
        let account = format!("Demo: {}", name.replace('_', " "));
        if let Some(id) = named(known, &account) {
            entries.push(json!({ "name": account, "portfolio_id": id, "opened": "before" }));
            continue;
        }
        let file = format!("{name}.csv");
        let bytes = std::fs::read(folder.join(&file)).with_context(|| format!("reading {file} failed"))?;
        let form = FileForm::of("csv_file", file, bytes)
            .with("portfolio_name", Some(&account))
            .with("account_name", Some(&account))
            .with("account_type", Some("taxable"))
            .with("equity_balance", at(expected, "/equity_balance").as_str());
        let opened = door.send_file(&["onboarding", "create-portfolio"], &form).await?.data;
        let mut entry = Map::from_iter([
            ("name".to_owned(), json!(account)),
            ("portfolio_id".to_owned(), at(&opened, "/portfolio_id").clone()),
            ("opened".to_owned(), json!("now")),
        ]);
        for (measure, place) in MEASURES {
            let amount = cents(opened.pointer(place))?;
            let wanted = cents(at(expected, "/from_csv").get(measure))?;
            if amount != wanted {
                bail!("{account}: {measure} at entry is {amount}, not {wanted}");
            }
            entry.insert(measure.to_owned(), json!(amount.to_string()));
        }
        entry.insert("equity".to_owned(), at(expected, "/equity_balance").clone());
        entry.insert("positions".to_owned(), at(&opened, "/import/positions_created").clone());
        entries.push(Value::Object(entry));
    }
    Ok(Value::Array(entries))
}

/// An amount without its sign, rounded half up to cents.
fn cents(amount: Option<&Value>) -> anyhow::Result<Decimal> {
    let amount: Decimal = amount.and_then(Value::as_str).context("an amount is missing")?.parse()?;
    let mut cents =
        amount.abs().round_dp_with_strategy(2, rust_decimal::RoundingStrategy::MidpointAwayFromZero);
    cents.rescale(2);
    Ok(cents)
}

fn entry_table(entries: &Value) -> String {
    let entries: Vec<&Value> = entries.as_array().into_iter().flatten().collect();
    let rows = entries.iter().map(|entry| {
        let text = |name: &str| match at(entry, &format!("/{name}")) {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => "–".to_owned(),
        };
        let mut row = vec![text("name"), text("positions"), text("equity")];
        row.extend(MEASURES.map(|(measure, _)| text(measure)));
        row
    });
    let header = ["at entry", "positions", "equity", "long", "short", "gross", "net"];
    let opened = entries.iter().filter(|entry| at(entry, "/opened") == "now").count();
    format!(
        "{}\n   {opened} of {} were opened now; each is to the cent what data/demo/README.md says.",
        table(&header, 1, rows),
        entries.len()
    )
}

/// Opens the portfolio of stocks: the same stake in each at the first close.
async fn open_stocks(door: &Door, symbols: &[Symbol]) -> anyhow::Result<String> {
    let (first, _) = SESSIONS;
    let mut csv = String::from("Symbol,Quantity,Entry Price Per Share,Entry Date\n");
    for symbol in symbols {
        let query = [
            ("symbol", symbol.to_string()),
            ("interval", "1d".to_owned()),
            ("from", first.to_string()),
            ("order", "oldest".to_owned()),
            ("limit", "1".to_owned()),
        ];
        let bars = door.get(&["bars"], &query).await?.data;
        let close = bars.pointer("/0/close").and_then(Value::as_str);
        let close: Decimal = close.with_context(|| format!("{symbol} has no first price"))?.parse()?;
        let quantity = (Decimal::from(STAKE) / close).round_dp(6);
        csv.push_str(&format!("{symbol},{quantity},{close},{first}\n"));
    }
    let stakes = u32::try_from(symbols.len())?;
    let form = FileForm::of("csv_file", "stocks.csv".to_owned(), csv.into_bytes())
        .with("portfolio_name", Some(STOCKS))
        .with("account_name", Some(STOCKS))
        .with("account_type", Some("taxable"))
        .with("equity_balance", Some(STAKE * stakes))
        .with("inception_date", Some(first));
    let opened = door.send_file(&["onboarding", "create-portfolio"], &form).await?.data;
    let id = at(&opened, "/portfolio_id").as_str().context("the portfolio has no id")?;
    Ok(id.to_owned())
}
