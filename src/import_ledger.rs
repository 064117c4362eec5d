//! A recorded account becomes a run of kind `imported`: its ledger is repeated line by line as it is, what does not fit
//! together is kept with it, and afterwards every line is compared with what the run holds.

use std::collections::BTreeSet;

use actors::{CommandEnvelope, CommandError};
use events::log::ReadError;
use events::market::Bars;
use events::model::{ModelCommand, ModelDraft, ModelError, ModelSettings, NAME_CHARS_MAX};
use events::policy::{FieldError, ImportFinding, PolicySpec, sentence};
use events::run::ledger::LedgerRecord;
use events::{CommandId, Metadata, ModelId, RunId, Symbol};
use jiff::SignedDuration;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use projections::QueryError;
use projections::ledger::{self, RecordCursor};
use projections::reader::Reader;
use serde::Serialize;

use crate::app::App;
use crate::market::import::positions::{RecordedLedger, RecordedState};
use crate::market::{MarketError, Range};
use crate::start_run::{CommandContext, StartRun, StartRunError, run_id_of};

/// What a ledger is imported as.
#[derive(Debug, Clone)]
pub struct ImportLedger<'a> {
    /// The ledger.
    pub ledger: &'a RecordedLedger,
    /// Who decided.
    pub agent: String,
    /// The model whose run it becomes; without one, one is made for the ledger.
    pub model: Option<ModelId>,
}

/// A run that repeats a ledger.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ImportedLedger {
    /// The run.
    pub run_id: RunId,
    /// Its model.
    pub model_id: ModelId,
    /// The same file was imported before; nothing changed.
    pub before: bool,
}

/// Why a ledger was not imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportLedgerError {
    /// Prices are missing.
    #[error(
        "the market store has no {interval} bars of {}; import them first",
        symbols.iter().map(Symbol::as_str).collect::<Vec<_>>().join(", ")
    )]
    NoPrices {
        /// Length of the bars.
        interval: events::Interval,
        /// Whose.
        symbols: Vec<Symbol>,
    },
    /// Something was traded or held before its first price.
    #[error("line {line} holds {symbol}, whose first bar is later; import earlier prices first")]
    NoPriceYet {
        /// The line.
        line: u64,
        /// What is held.
        symbol: Symbol,
    },
    /// The ledger does not make a model.
    #[error("the ledger cannot be a model: {}", sentence(.0))]
    Invalid(Vec<FieldError>),
    /// The bars could not be read.
    #[error("the bars of the ledger cannot be read")]
    Market(#[from] MarketError),
    /// The log could not be read.
    #[error("the event log cannot be read")]
    Read(#[from] ReadError),
    /// The models could not be read.
    #[error("the models cannot be read")]
    Query(#[from] QueryError),
    /// No connection in time.
    #[error("no connection to the database")]
    Pool(#[from] deadpool_postgres::PoolError),
    /// The model was not made.
    #[error("the model was not made")]
    Model(#[source] CommandError<ModelError>),
    /// The run was not started.
    #[error(transparent)]
    Start(#[from] StartRunError),
}

/// Starts the run that repeats a ledger; a worker drives it. The same file for the same owner and model is the same run.
pub async fn import_ledger(
    app: &App,
    wanted: ImportLedger<'_>,
    metadata: Metadata,
) -> Result<ImportedLedger, ImportLedgerError> {
    let ledger = wanted.ledger;
    let owner = metadata.principal.0.as_bytes();
    let identity = [b"imported".as_slice(), owner, wanted.agent.as_bytes(), ledger.sha256.as_bytes()];
    let model_id = wanted.model.unwrap_or_else(|| ModelId::derived(&identity));
    let command_id =
        CommandId::derived(&[b"import ledger", model_id.uuid().as_bytes(), ledger.sha256.as_bytes()]);
    if app.log.answer_to(command_id).await?.is_some() {
        return Ok(ImportedLedger { run_id: run_id_of(command_id), model_id, before: true });
    }
    let bars = bars_of(app, ledger).await?;
    let findings = ledger.findings(&bars);
    let policy = PolicySpec::Imported(Box::new(ledger.account(&wanted.agent, findings)));
    let request = request_for(ledger, model_id, &policy, &bars);
    if wanted.model.is_none() {
        let draft = draft_for(ledger, &wanted.agent, policy, request.symbols.clone());
        let settings = ModelSettings::of(draft.clone()).map_err(ImportLedgerError::Invalid)?;
        // A run that is refused leaves no model behind.
        app.starter.check(&settings, request.clone()).await?;
        make_model(app, model_id, draft, metadata.clone()).await?;
    }
    let context = CommandContext { command_id, request_hash: None, metadata };
    let started = app.starter.start(request, context).await?;
    Ok(ImportedLedger { run_id: started.run_id, model_id, before: started.duplicate })
}

/// What does not fit together in a ledger, given the prices that there are; nothing is written.
pub async fn findings_of(
    app: &App,
    ledger: &RecordedLedger,
) -> Result<Vec<ImportFinding>, ImportLedgerError> {
    Ok(ledger.findings(&*bars_of(app, ledger).await?))
}

/// The bars of the ledger's symbols up to its last line; whatever it holds must have a price by then.
async fn bars_of(app: &App, ledger: &RecordedLedger) -> Result<std::sync::Arc<Bars>, ImportLedgerError> {
    let vintage = app.market.latest_vintage().await?;
    let known = app.market.symbols(ledger.interval, vintage).await?;
    let needed: BTreeSet<&Symbol> = held(ledger).map(|(_, symbol)| symbol).collect();
    let missing: Vec<Symbol> =
        needed.iter().filter(|symbol| !known.contains(**symbol)).map(|symbol| (*symbol).clone()).collect();
    if !missing.is_empty() {
        return Err(ImportLedgerError::NoPrices { interval: ledger.interval, symbols: missing });
    }
    let symbols: Vec<Symbol> = ledger.universe.intersection(&known).cloned().collect();
    let last = last_stamp(ledger);
    let until = last.checked_add(SignedDuration::from_micros(1)).unwrap_or(Timestamp::MAX);
    let range = Range { symbols, interval: ledger.interval, from: ledger.opened.bar_start, until, vintage };
    let bars = app.market.bars_with_warmup(&range).await?;
    for (line, symbol) in held(ledger) {
        let at = ledger.records.iter().find(|record| record.line == line).map(|it| it.stamp.bar_start);
        let begun = bars.starts().partition_point(|start| at.is_none_or(|at| *start <= at)).max(1);
        let column = bars.column_of(symbol).and_then(|column| bars.columns().get(column));
        let priced = column.is_some_and(|column| (0..begun).any(|index| column.open_at(index).is_some()));
        if !priced {
            return Err(ImportLedgerError::NoPriceYet { line, symbol: symbol.clone() });
        }
    }
    Ok(bars)
}

/// Each symbol that is ever held, with the first line that holds it.
fn held(ledger: &RecordedLedger) -> impl Iterator<Item = (u64, &Symbol)> {
    let mut seen = BTreeSet::new();
    let opening = ledger.opening.positions.keys().map(|symbol| (ledger.opened_line, symbol));
    let later = ledger
        .records
        .iter()
        .flat_map(|record| record.after.positions.keys().map(|symbol| (record.line, symbol)));
    opening.chain(later).filter(move |(_, symbol)| seen.insert(*symbol))
}

fn last_stamp(ledger: &RecordedLedger) -> Timestamp {
    ledger.records.last().map_or(ledger.opened.bar_start, |record| record.stamp.bar_start)
}

/// The dates are for those who read the request; the bars follow from the ledger's own stamps.
fn request_for(ledger: &RecordedLedger, model_id: ModelId, policy: &PolicySpec, bars: &Bars) -> StartRun {
    let date = |at: Timestamp| at.to_zoned(TimeZone::UTC).date();
    StartRun {
        model_id,
        start_date: date(ledger.opened.bar_start),
        end_date: date(last_stamp(ledger)).max(date(ledger.opened.bar_start)),
        interval: Some(ledger.interval),
        symbols: Some(bars.columns().iter().map(|column| column.symbol.clone()).collect()),
        policy: Some(policy.clone()),
        initial_cash: Some(ledger.opening.cash),
        fill_rule: None,
    }
}

fn draft_for(
    ledger: &RecordedLedger,
    agent: &str,
    policy: PolicySpec,
    symbols: Option<Vec<Symbol>>,
) -> ModelDraft {
    ModelDraft {
        name: agent.chars().take(NAME_CHARS_MAX).collect(),
        description: Some(format!("imported from {} (sha256 {})", ledger.file, ledger.sha256)),
        policy: Some(policy),
        symbols,
        initial_cash: Some(ledger.opening.cash),
        ..ModelDraft::default()
    }
}

async fn make_model(
    app: &App,
    model_id: ModelId,
    draft: ModelDraft,
    metadata: Metadata,
) -> Result<(), ImportLedgerError> {
    let client = app.reads.get().await?;
    let suffix = projections::models::free_suffix(&client, &metadata.principal, &draft.name).await?;
    let command = ModelCommand::Create { draft: Box::new(draft), signature_suffix: suffix };
    let command_id = CommandId::derived(&[b"create", model_id.uuid().as_bytes()]);
    let envelope = CommandEnvelope::new(command, command_id).with_metadata(metadata);
    match app.models.execute(model_id, envelope).await {
        Ok(_) | Err(CommandError::Refused(ModelError::AlreadyCreated)) => Ok(()),
        Err(error) => Err(ImportLedgerError::Model(error)),
    }
}

/// A line after which the run does not hold what the file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("line {line}: the run holds {held}, the file says {written}")]
pub struct LineDiffers {
    /// The line.
    pub line: u64,
    /// What the run holds.
    pub held: String,
    /// What the file says.
    pub written: String,
}

/// Compares the ledger of a run that is over with the file, line by line; tells how many lines agree, or the first that
/// does not.
pub async fn compare_with_file(
    client: &impl Reader,
    run: RunId,
    ledger: &RecordedLedger,
) -> Result<Result<u64, LineDiffers>, QueryError> {
    const PAGE: u16 = 1_000;
    let opening = std::iter::once((ledger.opened_line, &ledger.opening));
    let later = ledger.records.iter().map(|record| (record.line, &record.after));
    let mut written = opening.chain(later).peekable();
    let (mut agree, mut after): (u64, Option<RecordCursor>) = (0, None);
    loop {
        let page = ledger::records(client, run, after, PAGE).await?;
        for record in &page.items {
            let Some((line, state)) = written.next() else {
                let nothing = "nothing".to_owned();
                return Ok(Err(LineDiffers { line: 0, held: shown(record), written: nothing }));
            };
            // An account that opened with shares gets them with its first line.
            let opens = record.id == 0 && record.cash == state.cash;
            if !opens && (record.cash != state.cash || *record.positions != state.positions) {
                return Ok(Err(LineDiffers { line, held: shown(record), written: state.to_string() }));
            }
            agree += 1;
        }
        if page.next_cursor.is_none() {
            break;
        }
        after = page.next_cursor;
    }
    Ok(match written.next() {
        None => Ok(agree),
        Some((line, state)) => {
            Err(LineDiffers { line, held: "nothing".to_owned(), written: state.to_string() })
        }
    })
}

fn shown(record: &LedgerRecord) -> String {
    RecordedState { cash: record.cash, positions: record.positions.as_ref().clone() }.to_string()
}
