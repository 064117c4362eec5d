//! Whether readers are shown what the events say: the run itself, its equity and its ledger.

use events::causes::whole_chain;
use events::log::Log;
use events::run::{Run, RunFigures, Trading};
use events::{RunId, StreamName};
use projections::Projection;
use projections::equity::Equity;
use projections::ledger::Ledger;
use projections::refold::{RefoldError, Refolded, refold};
use projections::runs::RunDetail;
use serde::Serialize;

use super::{AuditCheck, AuditError};

/// Compares all of it.
pub(super) async fn checks(
    log: &Log,
    stream: &StreamName,
    run: RunId,
    state: &Run,
) -> Result<Vec<AuditCheck>, AuditError> {
    let summary = summary(log, run, state).await?;
    if state.trading().is_some() && !matches!(state, Run::Over(_)) {
        let because = || "the run is not over: readers are shown a bar of a moment ago".to_owned();
        return Ok(vec![
            summary,
            AuditCheck::skipped("equity", because()),
            AuditCheck::skipped("ledger", because()),
        ]);
    }
    let equity = rows("equity", &Equity, log, stream, run).await?;
    let ledger = rows("ledger", &Ledger, log, stream, run).await?;
    Ok(vec![summary, equity, ledger])
}

/// Folds the run anew and compares the rows.
async fn rows<P: Projection>(
    name: &'static str,
    projection: &P,
    log: &Log,
    stream: &StreamName,
    run: RunId,
) -> Result<AuditCheck, AuditError> {
    match refold(projection, log, stream, run).await {
        Ok(Refolded { rows, difference: None }) => Ok(AuditCheck::passed(name, format!("{rows} rows"))),
        Ok(Refolded { rows, difference: Some(difference) }) => {
            Ok(AuditCheck::failed(name, format!("{rows} rows"), difference, None))
        }
        // Events that were tampered with may not fold at all.
        Err(RefoldError::Fold(error)) if !error.is_transient() => {
            Ok(AuditCheck::failed(name, String::new(), whole_chain(&error), None))
        }
        Err(error) => Err(error.into()),
    }
}

/// Compares what readers are shown of the run itself.
async fn summary(log: &Log, run: RunId, state: &Run) -> Result<AuditCheck, AuditError> {
    const NAME: &str = "read models";
    let client = log.pool().get().await?;
    let shown = projections::runs::find(&client, run).await?;
    let Some(trading) = state.trading() else {
        return Ok(match shown {
            None => AuditCheck::passed(NAME, "a deleted run is not shown".to_owned()),
            Some(_) => AuditCheck::failed(NAME, String::new(), "a deleted run is shown".to_owned(), None),
        });
    };
    let Some(shown) = shown else {
        return Ok(AuditCheck::failed(
            NAME,
            String::new(),
            "the run is not shown; is its projection behind?".to_owned(),
            None,
        ));
    };
    let looked_at = "what is shown of the run".to_owned();
    Ok(match first_misshown(&shown, trading, state) {
        None => AuditCheck::passed(NAME, looked_at),
        Some(misshown) => AuditCheck::failed(NAME, looked_at, misshown, None),
    })
}

/// The first thing that is shown of a run and does not follow from its events. Progress is compared once the run is
/// over: until then readers are shown a bar of a moment ago.
fn first_misshown(shown: &RunDetail, trading: &Trading, state: &Run) -> Option<String> {
    fn differs<T: PartialEq + Serialize>(what: &str, shown: T, follows: T) -> Option<String> {
        let text = |value: &T| serde_json::to_string(value).unwrap_or_default();
        let (shown_text, follows_text) = (text(&shown), text(&follows));
        (shown != follows)
            .then(|| format!("{what} {shown_text} is shown, but {follows_text} follows from the events"))
    }
    let (run, terms) = (&shown.run, &trading.snapshot);
    let frozen = differs("status", Some(run.status), state.status())
        .or_else(|| differs("model", run.model_id, trading.model_id))
        .or_else(|| differs("run number", run.run_number, trading.run_number))
        .or_else(|| differs("initial cash", run.initial_cash, terms.initial_cash))
        .or_else(|| differs("symbols", &run.symbols, &terms.symbols))
        .or_else(|| differs("bars in all", run.bars_total, terms.run_bars()))
        .or_else(|| differs("snapshot", &shown.snapshot, terms));
    if frozen.is_some() || !matches!(state, Run::Over(_)) {
        return frozen;
    }
    let follows = trading.book.figures();
    let misshown = run.figures.as_ref() != Some(&follows);
    misshown
        .then(|| first_other_figure(run.figures.as_ref(), &follows))
        .or_else(|| differs("bars", run.bars_done, follows.bars))
        .or_else(|| differs("records", run.records, follows.records))
        .or_else(|| differs("cash", run.cash, follows.cash))
        .or_else(|| differs("value", run.value, follows.value))
}

/// The first figure that is shown otherwise than it follows from the events.
fn first_other_figure(shown: Option<&RunFigures>, follows: &RunFigures) -> String {
    let fields = |figures: &serde_json::Value| figures.as_object().cloned().unwrap_or_default();
    let shown = fields(&serde_json::to_value(shown).unwrap_or_default());
    let follows = fields(&serde_json::to_value(follows).unwrap_or_default());
    let other = follows.iter().find(|(name, value)| shown.get(*name) != Some(value));
    match other {
        Some((name, value)) => {
            let shown = shown.get(name).unwrap_or(&serde_json::Value::Null);
            format!("{name} {shown} is shown, but {value} follows from the events")
        }
        None => "the figures that are shown do not follow from the events".to_owned(),
    }
}
