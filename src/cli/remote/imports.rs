//! `tapedeck import` at a server.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use futures_util::TryStreamExt;
use futures_util::stream::try_unfold;
use reqwest::{Body, Method};
use serde::Deserialize;
use tokio::fs::File;
use tokio::io::AsyncReadExt;

use super::{Answered, Remote};
use crate::cli::Output;
use crate::cli::import::{Prices, Records};
use crate::market::import::ImportReport;
use crate::market::import::reference::{RecordKind, RecordsReport};

/// What is sent at once, in bytes.
const PIECE: usize = 64 * 1024;
/// After that an upload without an answer has failed.
const PATIENCE: Duration = Duration::from_secs(3_600);

#[derive(Debug, Deserialize)]
struct Imported {
    outcome: String,
    imported_at: String,
    bars_added: u64,
    bars_changed: u64,
    bars_unchanged: Option<u64>,
    report: ImportReport,
}

/// Sends each file, one after another.
pub async fn prices(remote: &Remote, prices: &Prices, output: &Output) -> anyhow::Result<ExitCode> {
    for path in &prices.files {
        let sent = upload(remote, path, "prices", of_prices(prices), output).await;
        let answered = sent.with_context(|| format!("importing {} failed", path.display()))?;
        let Imported { outcome, imported_at, bars_added, bars_changed, bars_unchanged, report } =
            answered.read()?;
        if outcome == "imported_before" {
            output.show_line(&answered.data, |_| {
                format!("{}: imported before, at {imported_at}; nothing changed", path.display())
            })?;
            continue;
        }
        output.show_line(&answered.data, |_| report.to_string())?;
        let known = bars_unchanged.unwrap_or_default();
        output.say(format_args!("  stored: {bars_added} new, {bars_changed} changed, {known} known before"));
    }
    Ok(ExitCode::SUCCESS)
}

#[derive(Debug, Deserialize)]
struct RecordsImported {
    outcome: String,
    imported_at: String,
    records_added: u64,
    records_changed: u64,
    records_unchanged: Option<u64>,
    report: RecordsReport,
}

/// Sends each file of reference data, one after another.
pub async fn reference(
    remote: &Remote,
    kind: RecordKind,
    records: &Records,
    output: &Output,
) -> anyhow::Result<ExitCode> {
    for path in &records.files {
        let query = vec![
            ("kind", kind.key().to_owned()),
            ("strict", records.strict.to_string()),
            ("reason", records.why.reason.clone()),
        ];
        let sent = upload(remote, path, "reference", query, output).await;
        let answered = sent.with_context(|| format!("importing {} failed", path.display()))?;
        let RecordsImported {
            outcome,
            imported_at,
            records_added,
            records_changed,
            records_unchanged,
            report,
        } = answered.read()?;
        if outcome == "imported_before" {
            output.show_line(&answered.data, |_| {
                format!("{}: imported before, at {imported_at}; nothing changed", path.display())
            })?;
            continue;
        }
        output.show_line(&answered.data, |_| report.to_string())?;
        let known = records_unchanged.unwrap_or_default();
        output.say(format_args!(
            "  stored: {records_added} new, {records_changed} changed, {known} known before"
        ));
    }
    Ok(ExitCode::SUCCESS)
}

fn of_prices(prices: &Prices) -> Vec<(&'static str, String)> {
    let optional = [
        ("symbol", prices.symbol.as_ref().map(ToString::to_string)),
        ("interval", prices.interval.map(|interval| interval.name().to_owned())),
        ("zone", prices.zone.clone()),
    ];
    let told = optional.into_iter().filter_map(|(key, value)| Some((key, value?)));
    [("strict", prices.strict.to_string()), ("reason", prices.why.reason.clone())]
        .into_iter()
        .chain(told)
        .collect()
}

async fn upload(
    remote: &Remote,
    path: &Path,
    kind: &str,
    mut query: Vec<(&'static str, String)>,
    output: &Output,
) -> anyhow::Result<Answered> {
    let file = File::open(path).await?;
    let name = path.file_name().context("it has no name")?.to_string_lossy().into_owned();
    let progress = output.progress(file.metadata().await?.len(), "bytes");
    progress.set_message(name.clone());
    let bar = progress.clone();
    let pieces = try_unfold(file, async |mut file| {
        let mut piece = vec![0; PIECE];
        let read = file.read(&mut piece).await?;
        piece.truncate(read);
        Ok::<_, std::io::Error>((read > 0).then_some((piece, file)))
    });
    let pieces = pieces.inspect_ok(move |piece| bar.inc(piece.len() as u64));
    query.push(("file", name));
    let path = ["imports", kind];
    let answered = remote.ask(Method::POST, &path, |request| {
        let request = request.query(&query).timeout(PATIENCE);
        request.header("content-type", "application/octet-stream").body(Body::wrap_stream(pieces))
    });
    let answered = answered.await;
    progress.finish_and_clear();
    answered
}
