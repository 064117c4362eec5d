//! Applications of their own for journeys: a database each, real parts, and a test that drives the runs.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::time::Duration;

use actors::{RunLoop, RunLoopOptions, until_over};
use events::account::Origin;
use events::model::ModelDraft;
use events::run::RunStatus;
use events::time::now;
use events::{CommandId, Metadata, ModelId, Principal, RunId};
use projections::RunnerOptions;
use reqwest::Client;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use tapedeck::app::{App, Role, RunningApp};
use tapedeck::config::{Config, SecretText};
use tapedeck::create_model::create_model;
use tapedeck::identity::{Asked, Claim, SignUp};
use tapedeck::market::import::{ImportOptions, Imported, Strictness, import_path};
use tapedeck::start_run::{CommandContext, StartRun};
use tokio_util::sync::CancellationToken;

use super::folders::fresh_folder;
use super::services::{fresh_database, nats_url, test_config};

/// A configuration over a new database of the shared servers.
pub async fn shared_config(hint: &str) -> Config {
    let mut config = test_config(hint);
    config.database.url = Some(fresh_database(hint).await);
    config.nats.url = Some(nats_url());
    config
}

/// An application that keeps its read models; its runs are driven by the test, because a worker would take commands of
/// other tests from the shared queue.
pub async fn application(config: Config) -> RunningApp {
    RunningApp::start(config, &[Role::Projector].into()).await.unwrap()
}

/// The address of every installation's owner.
pub const OWNER: &str = "owner@example.com";
/// Everybody's password.
pub const PASSWORD: &str = "Correct-Horse-7";

/// Claims an installation; answers with the access token of its owner.
pub async fn claim(app: &App) -> String {
    let token = app.identity.claim_token().await.unwrap().unwrap();
    let sign_up = SignUp {
        email: OWNER.to_owned(),
        password: SecretText::new(PASSWORD),
        full_name: "Owner of the Deck".to_owned(),
    };
    let claim = Claim { token, sign_up };
    let signed_in = app.identity.claim(claim, &Asked::now(Origin::default())).await.unwrap();
    signed_in.tokens.access_token.expose().to_owned()
}

/// The same where nobody keeps the read models that a claim waits for.
pub async fn claim_alone(app: &App) -> String {
    let projecting = app.projections.start(&app.log, &app.watermarks, &RunnerOptions::default());
    let token = claim(app).await;
    projecting.stop().await;
    token
}

/// A client that sends this access token.
pub fn client_of(token: &str) -> Client {
    let mut value = HeaderValue::from_str(&format!("Bearer {token}")).unwrap();
    value.set_sensitive(true);
    let headers = [(AUTHORIZATION, value)].into_iter().collect();
    Client::builder().timeout(Duration::from_secs(30)).default_headers(headers).build().unwrap()
}

/// A file of the project.
pub fn project_file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Imports a price file and says how many bars it brought.
pub async fn import(app: &App, path: &Path) -> u64 {
    let mut client = app.log.connector().connect().await.unwrap();
    let imported = import_path(&mut client, path, ImportOptions::default(), Strictness::Strict, now()).await;
    let Imported::Now { stored, .. } = imported.unwrap() else { panic!("{path:?} was imported before") };
    stored.added
}

/// The identity under which a test sends a command.
pub fn context(command_id: CommandId) -> CommandContext {
    let metadata = Metadata::new(Principal::local_owner(), None);
    CommandContext { command_id, request_hash: None, metadata }
}

/// A run of every symbol from one day to another, with the model's settings.
pub fn request(model_id: ModelId, from: &str, to: &str) -> StartRun {
    StartRun {
        model_id,
        start_date: from.parse().unwrap(),
        end_date: to.parse().unwrap(),
        interval: None,
        symbols: None,
        policy: None,
        initial_cash: None,
        fill_rule: None,
    }
}

/// A model with these settings.
pub async fn model(app: &App, draft: ModelDraft) -> ModelId {
    create_model(app, draft).await.unwrap()
}

/// Starts a run and drives it to its last bar.
pub async fn run_through(app: &App, request: StartRun) -> RunId {
    let started = app.starter.start(request, context(CommandId::generate())).await.unwrap();
    drive(app, started.run_id).await;
    started.run_id
}

/// Drives a run to its last bar.
pub async fn drive(app: &App, run: RunId) {
    let run_loop = RunLoop::new(app.runs.clone(), app.market.clone(), RunLoopOptions::default());
    run_loop.drive(run, &CancellationToken::new()).await;
    assert_eq!(until_over(&app.runs, run).await.unwrap(), Some(RunStatus::Completed));
}

/// Waits until every read model shows all that is in the log.
pub async fn caught_up(app: &App) {
    let head = app.log.head().await.unwrap();
    app.watermarks.wait_for_all(&app.projections.names(), head, Duration::from_secs(60)).await.unwrap();
}

/// A small price file: the first three stocks of the demo, so many days from 1990 on.
pub fn small_prices(days: usize) -> PathBuf {
    let source = std::fs::File::open(project_file("data/prices/sp500_20.csv.gz")).unwrap();
    let lines = BufReader::new(flate2::read::GzDecoder::new(source)).lines();
    let narrow: Vec<String> = lines
        .take(days + 1)
        .map(|line| line.unwrap().splitn(5, ',').take(4).collect::<Vec<_>>().join(","))
        .collect();
    let path = fresh_folder("prices").join("three.csv");
    std::fs::write(&path, narrow.join("\n")).unwrap();
    path
}

/// A model that trades often.
pub fn busy(name: &str, fast: u32) -> ModelDraft {
    let policy =
        serde_json::json!({ "name": "builtin/sma-cross", "parameters": { "fast": fast, "slow": fast * 4 } });
    ModelDraft {
        name: name.to_owned(),
        policy: Some(serde_json::from_value(policy).unwrap()),
        ..ModelDraft::default()
    }
}
