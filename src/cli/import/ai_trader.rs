//! `tapedeck import ai-trader`

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use ::events::policy::ImportFinding;
use ::events::{Market, Metadata, ModelId, Principal, RunId};
use anyhow::Context;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use projections::runs::{self, RunSummary};
use serde_json::json;

use crate::app::{App, Role, RunningApp};
use crate::cli::Output;
use crate::cli::remote;
use crate::cli::run::{caught_up, follow};
use crate::config::Config;
use crate::import_ledger::{ImportLedger, ImportedLedger, compare_with_file, findings_of, import_ledger};
use crate::market::import::positions::RecordedLedger;
use crate::market::import::{ImportOptions, Imported, StampMeaning, Strictness, import_path};

/// Most lines shown of a rule that many lines do not keep; `--json` has them all.
const SHOWN_MAX: usize = 5;

/// Ledgers, their prices, and what to believe instead of them.
#[derive(Debug, Args)]
pub struct AiTrader {
    /// Ledgers: `position.jsonl` and the like, plain or gzip
    #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
    positions: Vec<PathBuf>,
    /// Price files that are imported first: merged.jsonl and the like
    #[arg(long, num_args = 1.., value_name = "FILE")]
    prices: Vec<PathBuf>,
    /// Who decided [default: as the file or its folders are named]
    #[arg(long)]
    agent: Option<String>,
    /// The model whose runs they become [default: one is made for each file]
    #[arg(long)]
    model: Option<ModelId>,
    /// us, cn or crypto, instead of what the symbols say
    #[arg(long, value_parser = PossibleValuesParser::new(["us", "cn", "crypto"]).map(|name| market_of(&name)))]
    market: Option<Market>,
    /// Time zone of stamps, such as Asia/Shanghai, instead of the market's
    #[arg(long)]
    zone: Option<String>,
    /// Whether a stamp names the start or the end of its bar, instead of what the market does
    #[arg(long, value_parser = PossibleValuesParser::new(["start", "end"]).map(|name| meaning_of(&name)))]
    stamps: Option<StampMeaning>,
    /// Import nothing of a ledger in which a line cannot be read
    #[arg(long)]
    strict: bool,
    /// Say what does not fit together and store nothing; the prices must be there
    #[arg(long, conflicts_with = "prices")]
    dry_run: bool,
}

fn market_of(name: &str) -> Market {
    match name {
        "cn" => Market::China,
        "crypto" => Market::Crypto,
        _ => Market::UnitedStates,
    }
}

fn meaning_of(name: &str) -> StampMeaning {
    if name == "end" { StampMeaning::End } else { StampMeaning::Start }
}

/// Imports prices, then each ledger as a run that is followed to its end.
pub(super) async fn run(wanted: AiTrader, config: Config, output: &Output) -> anyhow::Result<ExitCode> {
    remote::refuse_if_there(&config, "import of ledgers")?;
    let running = RunningApp::start(config, &[Role::Projector, Role::Worker].into()).await?;
    let outcome = import_all(&running.app, &wanted, output).await;
    running.stop().await?;
    outcome
}

async fn import_all(app: &App, wanted: &AiTrader, output: &Output) -> anyhow::Result<ExitCode> {
    let options = ImportOptions {
        market: wanted.market,
        stamps: wanted.stamps,
        zone: wanted.zone.clone(),
        ..Default::default()
    };
    for path in &wanted.prices {
        let mut client = app.log.connector().connect().await?;
        let imported =
            import_path(&mut client, path, options.clone(), Strictness::Lenient, ::events::time::now()).await;
        match imported.with_context(|| format!("importing {} failed", path.display()))? {
            Imported::Before(import) => super::show_before(path, &import, output)?,
            Imported::Now { stored, report } => {
                let value = json!({
                    "file": path, "outcome": "imported", "vintage": stored.vintage, "bars_added": stored.added,
                    "bars_changed": stored.changed, "bars_unchanged": stored.unchanged, "report": report,
                });
                output.show_line(&value, |_| report.to_string())?;
            }
        }
    }
    let mut all_agree = true;
    for path in &wanted.positions {
        let importing = || format!("importing {} failed", path.display());
        all_agree &= import_one(app, wanted, path, &options, output).await.with_context(importing)?;
    }
    Ok(if all_agree { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn import_one(
    app: &App,
    wanted: &AiTrader,
    path: &Path,
    options: &ImportOptions,
    output: &Output,
) -> anyhow::Result<bool> {
    let name = path.file_name().context("it has no name")?.to_string_lossy().into_owned();
    let ledger = RecordedLedger::read(&name, File::open(path)?, options)?;
    let agent = wanted.agent.clone().or_else(|| agent_of(path)).unwrap_or(name);
    let strict = wanted.strict && !ledger.rejected.is_empty();
    if wanted.dry_run || strict {
        let findings = findings_of(app, &ledger).await?;
        let outcome = if strict { "refused" } else { "dry_run" };
        let value = json!({ "file": path, "outcome": outcome, "agent": agent, "findings": findings });
        output.show_line(&value, |_| told(&ledger, &agent, &findings))?;
        output.say(if strict {
            "  nothing was stored, because --strict was given"
        } else {
            "  nothing was stored"
        });
        return Ok(!strict);
    }
    let asked = ImportLedger { ledger: &ledger, agent: agent.clone(), model: wanted.model };
    let metadata = Metadata::new(Principal::local_owner(), None);
    let imported = import_ledger(app, asked, metadata).await?;
    if !imported.before {
        follow(app, imported.run_id, output).await?;
    }
    show(app, path, &ledger, &agent, &imported, output).await
}

/// The folder of `<agent>/position/position.jsonl`, else the name of the file without its endings.
fn agent_of(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let stem = name.strip_suffix(".gz").unwrap_or(name);
    let stem = stem.strip_suffix(".jsonl").unwrap_or(stem);
    let stem = stem.strip_suffix("position").map_or(stem, |stem| stem.trim_end_matches(['.', '_', '-']));
    if !stem.is_empty() {
        return Some(stem.to_owned());
    }
    let folder = path.parent()?.parent()?.file_name()?;
    Some(folder.to_string_lossy().into_owned())
}

async fn show(
    app: &App,
    path: &Path,
    ledger: &RecordedLedger,
    agent: &str,
    imported: &ImportedLedger,
    output: &Output,
) -> anyhow::Result<bool> {
    caught_up(app).await?;
    let head = app.log.head().await?;
    app.watermarks.wait_for("ledger", head, std::time::Duration::from_secs(60)).await?;
    let client = app.reads.get().await?;
    let ImportedLedger { run_id, model_id, before } = imported;
    let Some(found) = runs::find(&client, *run_id).await? else {
        output.show_line(&json!({ "file": path, "outcome": "imported_before", "run_id": run_id }), |_| {
            format!("{}: imported before; its run is deleted", path.display())
        })?;
        return Ok(true);
    };
    let findings = found.snapshot.policy.imported().map(|it| it.findings.clone()).unwrap_or_default();
    let compared = compare_with_file(&client, *run_id, ledger).await?;
    let value = json!({
        "file": path, "outcome": if *before { "imported_before" } else { "imported" }, "agent": agent,
        "sha256": ledger.sha256, "zone": ledger.zone_used, "run_id": run_id, "model_id": model_id,
        "status": found.run.status, "figures": found.run.figures, "lines": ledger.records.len() + 1,
        "lines_compared": compared.as_ref().ok(), "difference": compared.as_ref().err(), "findings": findings,
    });
    let agrees = match &compared {
        Ok(lines) => format!("after each of {lines} lines the run holds what the file says"),
        Err(difference) => difference.to_string(),
    };
    output.show_line(&value, |_| {
        if *before {
            return format!("{}: imported before, as run {run_id}; nothing changed", path.display());
        }
        format!("{}\n{}\n  {agrees}", told(ledger, agent, &findings), figures(*run_id, &found.run))
    })?;
    Ok(compared.is_ok())
}

fn figures(run: RunId, summary: &RunSummary) -> String {
    let Some(figures) = &summary.figures else { return format!("  run {run}, {}", summary.status) };
    format!(
        "  run {run}, {}: value {}, cash {}, {} buys, {} sells, realised {}, adjusted {}",
        summary.status,
        figures.value,
        figures.cash,
        figures.counts.buys,
        figures.counts.sells,
        figures.realised_pnl,
        figures.adjustments,
    )
}

fn told(ledger: &RecordedLedger, agent: &str, findings: &[ImportFinding]) -> String {
    let mut text = format!(
        "{} (ledger of {agent}, sha256 {})\n  {} lines, {} symbols, {} bars, times in {}",
        ledger.file,
        ledger.sha256,
        ledger.records.len() + 1,
        ledger.universe.len(),
        ledger.interval,
        ledger.zone_used,
    );
    let mut by_rule: BTreeMap<&str, Vec<&ImportFinding>> = BTreeMap::new();
    for finding in findings {
        by_rule.entry(finding.rule.name()).or_default().push(finding);
    }
    for (rule, findings) in by_rule {
        let _infallible = write!(text, "\n  {rule}: {}", findings.len());
        for finding in findings.iter().take(SHOWN_MAX) {
            let _infallible = write!(text, "\n    {}", sentence(finding));
        }
        if findings.len() > SHOWN_MAX {
            let more = findings.iter().skip(SHOWN_MAX).map(|finding| finding.line.to_string());
            let _infallible = write!(text, "\n    and lines {}", more.collect::<Vec<_>>().join(", "));
        }
    }
    text
}

fn sentence(finding: &ImportFinding) -> String {
    let line = if finding.line == 0 { String::new() } else { format!("line {}: ", finding.line) };
    let expected = finding.expected.as_ref().map(|expected| format!("expected {expected}, "));
    let found = finding.found.as_deref().unwrap_or("nothing");
    let because = finding.explanation.as_ref().map(|why| format!(" ({why})"));
    format!("{line}{}found {found}{}", expected.unwrap_or_default(), because.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_is_called_as_its_file_or_its_folder() {
        for (path, agent) in [
            ("gpt-5.position.jsonl.gz", "gpt-5"),
            ("data/agent_data/gpt-5/position/position.jsonl", "gpt-5"),
            ("ledger.jsonl", "ledger"),
        ] {
            assert_eq!(agent_of(Path::new(path)).as_deref(), Some(agent), "{path}");
        }
        assert_eq!(agent_of(Path::new("position.jsonl")), None);
    }
}
