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
use crate::cli::import::Prices;
use crate::market::import::ImportReport;

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
        let sent = upload(remote, path, prices, output).await;
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

async fn upload(remote: &Remote, path: &Path, prices: &Prices, output: &Output) -> anyhow::Result<Answered> {
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
    let optional = [
        ("symbol", prices.symbol.as_ref().map(ToString::to_string)),
        ("interval", prices.interval.map(|interval| interval.name().to_owned())),
        ("zone", prices.zone.clone()),
    ];
    let told = optional.into_iter().filter_map(|(key, value)| Some((key, value?)));
    let query: Vec<(&str, String)> =
        [("file", name), ("strict", prices.strict.to_string())].into_iter().chain(told).collect();
    let answered = remote.ask(Method::POST, &["imports", "prices"], |request| {
        let request = request.query(&query).timeout(PATIENCE);
        request.header("content-type", "application/octet-stream").body(Body::wrap_stream(pieces))
    });
    let answered = answered.await;
    progress.finish_and_clear();
    answered
}
