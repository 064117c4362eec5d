//! The audit of a run: its chain of hashes, its fold, every fill against the bars, every decision made again.

mod read_models;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use events::causes::whole_chain;
use events::log::{LoadError, Log, ReadError};
use events::policy::{ImportedParameters, SharedIndicators};
use events::run::recheck::{Difference, Recheck, Redecide};
use events::run::{Run, RunEvent, RunSnapshot};
use events::{Aggregate, RunId, StreamName, Tenant, Version};
use serde::{Deserialize, Deserializer, Serialize};

use crate::market::{Market, MarketError};

/// What an audit looked at and what it found.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AuditReport {
    /// The stream.
    #[serde(deserialize_with = "stream_name")]
    pub stream: StreamName,
    /// Each check in the order it was made.
    pub checks: Vec<AuditCheck>,
    /// Whether every check passed.
    pub passed: bool,
}

/// One check.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AuditCheck {
    /// What was checked.
    pub name: Cow<'static, str>,
    /// How much was looked at.
    pub looked_at: String,
    /// The first difference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub difference: Option<String>,
    /// The event at which it shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_bad_version: Option<Version>,
    /// Why it was not made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skipped_because: Option<String>,
}

/// Why an audit could not be made.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// There is no such run.
    #[error("there is no run {0}")]
    NoRun(RunId),
    /// The log could not be read.
    #[error("the event log cannot be read")]
    Read(#[from] ReadError),
    /// The bars could not be read.
    #[error("the bars of the run cannot be read")]
    Market(#[from] MarketError),
    /// The read models could not be read.
    #[error("the read models cannot be read")]
    ReadModels(#[from] projections::QueryError),
    /// The run could not be folded anew beside its rows.
    #[error("the rows of the run cannot be compared")]
    Refold(#[from] projections::refold::RefoldError),
    /// No connection in time.
    #[error("no connection to the database")]
    Pool(#[from] deadpool_postgres::PoolError),
}

impl AuditCheck {
    fn passed(name: &'static str, looked_at: String) -> Self {
        let name = Cow::Borrowed(name);
        Self { name, looked_at, difference: None, first_bad_version: None, skipped_because: None }
    }

    fn failed(name: &'static str, looked_at: String, difference: String, version: Option<Version>) -> Self {
        Self { difference: Some(difference), first_bad_version: version, ..Self::passed(name, looked_at) }
    }

    fn skipped(name: &'static str, because: String) -> Self {
        Self { skipped_because: Some(because), ..Self::passed(name, String::new()) }
    }

    /// Whether nothing was found wrong.
    pub const fn is_fine(&self) -> bool {
        self.difference.is_none()
    }
}

fn stream_name<'de, D: Deserializer<'de>>(from: D) -> Result<StreamName, D::Error> {
    String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
}

impl AuditReport {
    /// Of one check.
    pub fn of(stream: StreamName, check: AuditCheck) -> Self {
        Self { stream, passed: check.is_fine(), checks: vec![check] }
    }
}

/// The stream of a run.
pub fn stream_of(run: RunId) -> StreamName {
    StreamName::new(Tenant::LOCAL, "run", run)
}

/// Audits one run.
pub async fn audit_run(log: &Log, market: &Market, run: RunId) -> Result<AuditReport, AuditError> {
    let stream = stream_of(run);
    let mut checks = vec![chain(log, &stream).await?];
    let (folded, loaded) = fold(log, &stream).await?;
    checks.push(folded);
    match loaded {
        Some(Run::Unrequested) => return Err(AuditError::NoRun(run)),
        Some(state) => {
            checks.extend(read_models::checks(log, &stream, run, &state).await?);
            if let Some(trading) = state.trading() {
                checks.extend(trading.snapshot.policy.imported().map(imported));
                checks.extend(bars_and_decisions(log, market, &stream, &trading.snapshot).await?);
            } else {
                checks.push(AuditCheck::skipped("fills and decisions", "the run is deleted".to_owned()));
            }
        }
        None => {
            checks.push(AuditCheck::skipped("fills and decisions", "the stream cannot be folded".to_owned()))
        }
    }
    let passed = checks.iter().all(AuditCheck::is_fine);
    Ok(AuditReport { stream, checks, passed })
}

/// Recomputes the chain of hashes of a stream.
pub async fn chain(log: &Log, stream: &StreamName) -> Result<AuditCheck, ReadError> {
    let verified = log.verify_stream(stream).await?;
    let looked_at = format!("{} events", verified.events);
    Ok(match verified.fault {
        None => AuditCheck::passed("hash chain", looked_at),
        Some(fault) => AuditCheck::failed("hash chain", looked_at, fault.to_string(), Some(fault.version())),
    })
}

async fn fold(log: &Log, stream: &StreamName) -> Result<(AuditCheck, Option<Run>), ReadError> {
    const NAME: &str = "fold";
    let afresh = match log.load_afresh::<Aggregate<Run>>(stream).await {
        Ok(afresh) => afresh,
        Err(LoadError::Read(error)) => return Err(error),
        Err(error) => {
            let text = whole_chain(&error);
            return Ok((AuditCheck::failed(NAME, String::new(), text, None), None));
        }
    };
    let quick = match log.load::<Aggregate<Run>>(stream).await {
        Ok(quick) => quick,
        Err(LoadError::Read(error)) => return Err(error),
        Err(error) => {
            let text = whole_chain(&error);
            return Ok((AuditCheck::failed(NAME, String::new(), text, None), None));
        }
    };
    let looked_at = format!("{} events from the first, {} after the snapshot", afresh.folded, quick.folded);
    let check = if quick.state == afresh.state {
        AuditCheck::passed(NAME, looked_at)
    } else {
        let text =
            format!("the snapshot at event {} does not agree with the events before it", quick.snapshot);
        AuditCheck::failed(NAME, looked_at, text, Some(quick.snapshot))
    };
    Ok((check, Some(afresh.state.into_inner())))
}

/// One pass over the events: fills and sums against the bars, and every decision made again.
async fn bars_and_decisions(
    log: &Log,
    market: &Market,
    stream: &StreamName,
    snapshot: &RunSnapshot,
) -> Result<Vec<AuditCheck>, AuditError> {
    const PAGE: usize = 2_000;
    let bars = market.bars_of(snapshot).await?;
    let policy = snapshot.policy.build(&bars, &SharedIndicators::default());
    let mut recheck = Recheck::new(&bars);
    let mut redecide = Redecide::new(Arc::clone(&bars), policy);
    let (mut wrong, mut otherwise): (Option<Difference>, Option<Difference>) = (None, None);
    let mut read = Version::NONE;
    loop {
        let events = log.read_stream(stream, read, PAGE).await?;
        for recorded in &events {
            read = recorded.version;
            let Ok(decoded) = recorded.decode::<RunEvent>() else { continue };
            for event in &decoded {
                wrong = wrong.or_else(|| recheck.observe(read, event).err());
                otherwise = otherwise.or_else(|| redecide.observe(read, event).err());
            }
        }
        if events.len() < PAGE {
            break;
        }
    }
    let done = recheck.done();
    let looked_at = format!("{} fills and {} bars", done.fills, done.bars);
    Ok(vec![
        check_of("fills and sums", looked_at, wrong),
        check_of(
            "decisions",
            format!("{} events decided again by {}", redecide.done().events, snapshot.policy.name()),
            otherwise,
        ),
    ])
}

/// What is known not to fit together in an imported ledger: taken as it is, and no fault of the run.
fn imported(ledger: &ImportedParameters) -> AuditCheck {
    let mut known: BTreeMap<&str, u64> = BTreeMap::new();
    for finding in &ledger.findings {
        *known.entry(finding.rule.name()).or_default() += 1;
    }
    let known: Vec<String> = known.iter().map(|(rule, count)| format!("{count} {rule}")).collect();
    let known =
        if known.is_empty() { "nothing odd".to_owned() } else { format!("known: {}", known.join(", ")) };
    AuditCheck::passed("imported ledger", format!("{} lines; {known}", ledger.lines.len() + 1))
}

fn check_of(name: &'static str, looked_at: String, difference: Option<Difference>) -> AuditCheck {
    match difference {
        None => AuditCheck::passed(name, looked_at),
        Some(difference) => {
            let version = Some(difference.version);
            AuditCheck::failed(name, looked_at, difference.to_string(), version)
        }
    }
}
