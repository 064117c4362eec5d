//! Portfolios for people.

use serde_json::Value;

use super::figures::{at, money, percent, statistic, text};
use crate::cli::output::table;

/// Warnings and faults of an import that are shown.
const SHOWN_MAX: usize = 20;

fn items<'a>(value: &'a Value, place: &str) -> impl Iterator<Item = &'a Value> {
    value.pointer(place).and_then(Value::as_array).into_iter().flatten()
}

/// Two columns: what, and how much.
fn pairs(rows: impl IntoIterator<Item = (&'static str, String)>) -> String {
    table(&["", "value"], 1, rows.into_iter().map(|(what, value)| vec![what.to_owned(), value]))
}

/// Why there are no figures, where there are none.
fn unavailable(analytic: &Value) -> Option<String> {
    let available = at(analytic, "/available").as_bool().unwrap_or(true);
    (!available)
        .then(|| format!("not available: {} ({})", text(analytic, "/message"), text(analytic, "/reason")))
}

/// Portfolios.
pub fn list(portfolios: &[Value]) -> String {
    let header = ["portfolio", "name", "account", "type", "since", "positions", "equity"];
    let rows = portfolios.iter().map(|portfolio| {
        let mut row: Vec<String> = ["/id", "/name", "/account_name", "/account_type", "/inception_date"]
            .into_iter()
            .map(|place| text(portfolio, place))
            .collect();
        row.extend([text(portfolio, "/position_count"), money(portfolio, "/equity_balance")]);
        row
    });
    table(&header, 5, rows)
}

/// What became of a file.
pub fn imported(answer: &Value) -> String {
    let report = answer.get("import").unwrap_or(answer);
    let mut lines = Vec::new();
    if let Some(id) = at(answer, "/portfolio_id").as_str() {
        lines.push(format!("portfolio {id}"));
    }
    lines.push(format!(
        "  {} rows, {} valid, {} positions entered; at entry: long {}, short {}, net {}",
        text(report, "/rows_total"),
        text(report, "/rows_valid"),
        text(report, "/positions_created"),
        money(report, "/long_at_entry"),
        money(report, "/short_at_entry"),
        money(report, "/net_at_entry"),
    ));
    for (what, place) in [("error", "/errors"), ("warning", "/warnings")] {
        let all = items(report, place).count();
        for remark in items(report, place).take(SHOWN_MAX) {
            lines.push(format!(
                "  {what} in row {}: {} ({})",
                text(remark, "/row"),
                text(remark, "/message"),
                text(remark, "/code")
            ));
        }
        if all > SHOWN_MAX {
            lines.push(format!("  and {} more of these", all - SHOWN_MAX));
        }
    }
    lines.join("\n")
}

/// What a portfolio holds and earned.
pub fn holdings(shown: &Value) -> String {
    let portfolio = at(shown, "/portfolio");
    let overview = at(shown, "/overview");
    let head = format!(
        "{} ({}), {} since {}, as of {}",
        text(portfolio, "/name"),
        text(portfolio, "/id"),
        text(portfolio, "/account_type"),
        text(portfolio, "/inception_date"),
        text(overview, "/provenance/as_of_date")
    );
    let figures = unavailable(overview).unwrap_or_else(|| {
        pairs([
            ("equity", money(overview, "/equity_balance")),
            ("cash", money(overview, "/cash_balance")),
            ("long", money(overview, "/exposures/long_exposure")),
            ("short", money(overview, "/exposures/short_exposure")),
            ("gross", money(overview, "/exposures/gross_exposure")),
            ("net", money(overview, "/exposures/net_exposure")),
            ("leverage", statistic(overview, "/leverage", 4)),
            ("P&L of all", money(overview, "/pnl/total_pnl")),
            ("P&L realized", money(overview, "/pnl/realized_pnl")),
            ("positions", text(overview, "/position_count/total_positions")),
            ("without a price", text(overview, "/position_count/unpriced_count")),
        ])
    });
    let header = ["symbol", "type", "entered", "quantity", "cost", "market value", "P&L"];
    let rows = items(shown, "/holdings/positions").map(|position| {
        vec![
            text(position, "/symbol"),
            text(position, "/position_type"),
            text(position, "/entry_date"),
            text(position, "/quantity"),
            money(position, "/cost_basis"),
            money(position, "/market_value"),
            money(position, "/unrealized_pnl"),
        ]
    });
    format!("{head}\n{figures}\n{}", table(&header, 3, rows))
}

/// What a portfolio risks.
pub fn risk(shown: &Value) -> String {
    let (metrics, volatility) = (at(shown, "/risk_metrics"), at(shown, "/volatility"));
    let (concentration, beta) = (at(shown, "/concentration"), at(shown, "/beta_calculated_90d"));
    let mut rows = vec![
        ("equity", money(at(shown, "/overview"), "/equity_balance")),
        ("gross exposure", money(at(shown, "/overview"), "/exposures/gross_exposure")),
        ("volatility a year", percent(metrics, "/annualized_volatility")),
        ("volatility of the last 21 sessions", percent(volatility, "/realized_volatility_21d")),
        ("expected of the next 21", percent(volatility, "/expected_volatility_21d")),
        ("loss of a day, 95 %", money(metrics, "/var_1d_95/loss")),
        ("loss of a day, 99 %", money(metrics, "/var_1d_99/loss")),
        ("mean of the worst 5 %", money(metrics, "/es_1d_95/loss")),
        ("deepest fall", percent(metrics, "/max_drawdown")),
        ("beta", statistic(metrics, "/portfolio_beta", 3)),
        ("beta of 90 sessions", statistic(beta, "/beta_calculated_90d", 3)),
        ("concentration (HHI)", statistic(concentration, "/hhi", 1)),
        ("as many equal positions", statistic(concentration, "/effective_num_positions", 2)),
        ("top three", percent(concentration, "/top_3_concentration")),
    ];
    rows.push(("returns", text(metrics, "/observations")));
    rows.push(("exposure that is covered", percent(metrics, "/data_quality/exposure_coverage")));
    let mut lines = vec![format!("as of {}", text(metrics, "/provenance/as_of_date")), pairs(rows)];
    for (what, analytic) in
        [("risk", metrics), ("volatility", volatility), ("beta", beta), ("concentration", concentration)]
    {
        lines.extend(unavailable(analytic).map(|why| format!("{what}: {why}")));
    }
    lines.join("\n")
}

/// What scenarios would do to a portfolio.
pub fn stress(shown: &Value) -> String {
    if let Some(why) = unavailable(shown) {
        return why;
    }
    let header = ["scenario", "severity", "P&L", "of equity %", "why not"];
    let rows = items(shown, "/scenarios").map(|scenario| {
        vec![
            text(scenario, "/name"),
            text(scenario, "/impact_severity"),
            money(scenario, "/impact/dollar_impact"),
            statistic(scenario, "/impact/percentage_impact", 2),
            at(scenario, "/reason").as_str().unwrap_or_default().to_owned(),
        ]
    });
    let mut lines = vec![table(&header, 2, rows)];
    let missing: Vec<&str> = items(shown, "/factors_missing").filter_map(Value::as_str).collect();
    if !missing.is_empty() {
        lines.push(format!("factors without data: {}", missing.join(", ")));
    }
    lines.join("\n")
}

/// What a portfolio was worth at the close of a session.
pub fn snapshot(shown: &Value) -> String {
    let snapshot = at(shown, "/snapshot");
    if snapshot.is_null() {
        return format!("not available: {}", text(shown, "/reason"));
    }
    pairs([
        ("session", text(snapshot, "/snapshot_date")),
        ("equity", money(snapshot, "/equity_balance")),
        ("cash", money(snapshot, "/cash_balance")),
        ("long", money(snapshot, "/long_exposure")),
        ("gross", money(snapshot, "/gross_exposure")),
        ("net", money(snapshot, "/net_exposure")),
        ("P&L of the day", money(snapshot, "/daily_pnl")),
        ("return of the day", percent(snapshot, "/daily_return")),
        ("P&L so far", money(snapshot, "/cumulative_pnl")),
        ("capital flow so far", money(snapshot, "/cumulative_capital_flow")),
        ("every position has a price", text(snapshot, "/is_complete")),
    ])
}

/// How a calculation ended.
pub fn calculation(ended: &Value) -> String {
    let failure = at(ended, "/failure").as_str().map(|why| format!(": {why}")).unwrap_or_default();
    format!(
        "calculation {} {} after {} s{failure}",
        text(ended, "/batch_run_id"),
        text(ended, "/status"),
        text(ended, "/elapsed_seconds")
    )
}
