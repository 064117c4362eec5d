//! Authenticated reads over HTTP, beside the same queries without identity and row-level security.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use axum::Router;
use axum::extract::State;
use axum::routing::get;
use events::account::Origin;
use events::model::ModelDraft;
use events::{CommandId, Interval, Metadata, Principal, RunId};
use projections::leaderboard::{self, LeaderboardQuery};
use projections::runs;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::load::{Load, Measured};
use super::report::{BenchReport, Machine, median};
use crate::app::{App, Role, RunningApp};
use crate::config::{Config, SecretText};
use crate::create_model::create_model;
use crate::http::answer::Answer;
use crate::http::caller::Asked;
use crate::http::error::ApiError;
use crate::http::leaderboard::list::EntryView;
use crate::http::position::AtLeast;
use crate::http::runs::find::RunDetailView;
use crate::http::{Api, NoQuotes, Parts, serve_router, surrounded};
use crate::identity::{Asked as Entering, SignUp};
use crate::market::import::{ImportOptions, Strictness, import_path};
use crate::start_run::{CommandContext, StartRun};

/// Connections that ask at once.
const CONNECTIONS: usize = 64;
/// Models, each with one run, so that the leaderboard has a page.
const MODELS: usize = 20;
const PATIENCE: Duration = Duration::from_secs(120);

/// Measures reads of one run and of one page of the leaderboard, in turns, with and without identity, interleaved;
/// then the latency of guarded ones at half their highest rate.
pub async fn http(
    mut config: Config,
    prices: &Path,
    seconds: f64,
    rounds: usize,
) -> anyhow::Result<BenchReport> {
    let rates = &mut config.http.rates;
    (rates.owner_per_minute, rates.owner_per_second) = (u32::MAX, u32::MAX);
    let running = RunningApp::start(config, &Role::all()).await?;
    let outcome = measure(&running.app, prices, Duration::from_secs_f64(seconds), rounds).await;
    running.stop().await?;
    outcome
}

async fn measure(app: &App, prices: &Path, time: Duration, rounds: usize) -> anyhow::Result<BenchReport> {
    let run = prepare(app, prices).await?;
    let token = owner(app).await?;
    let stopping = CancellationToken::new();
    let api =
        Api::new(Parts { app: app.clone(), nats: app.nats.clone(), quotes: Arc::<NoQuotes>::default() });
    let guarded = start(crate::http::router(api.clone()), &api, &stopping).await?;
    let bare = start(bare(api.clone()), &api, &stopping).await?;
    let paths = [format!("/api/v1/runs/{run}"), "/api/v1/leaderboard".to_owned()];
    let guarded = Load::new(guarded, &paths, Some(token.expose()));
    let bare = Load::new(bare, &paths, None);

    let (mut with, mut without) = (Vec::new(), Vec::new());
    for _ in 0..rounds.max(1) {
        without.push(bare.at_most(CONNECTIONS, time).await?);
        with.push(guarded.at_most(CONNECTIONS, time).await?);
    }
    let peak = |all: &[Measured]| median(&mut all.iter().map(|it| it.rate).collect::<Vec<_>>());
    let (with, without) = (peak(&with), peak(&without));
    let mut halves = Vec::new();
    for _ in 0..rounds.max(1) {
        halves.push(guarded.at_rate(with / 2.0, CONNECTIONS, time).await?);
    }
    stopping.cancel();
    let middle = |of: fn(&Measured) -> f64| median(&mut halves.iter().map(of).collect::<Vec<_>>());
    let mut report = BenchReport::new("http", Machine::examine());
    report.figure("peak_per_second", with);
    report.figure("peak_without_identity_per_second", without);
    report.figure("half_peak_p50_ms", middle(|it| it.p50_us) / 1_000.0);
    report.figure("half_peak_p99_ms", middle(|it| it.p99_us) / 1_000.0);
    report.ratio("peak_vs_without_identity", with / without);
    Ok(report)
}

/// Models and completed runs of the installation's owner; answers with one of the runs.
pub(super) async fn prepare(app: &App, prices: &Path) -> anyhow::Result<RunId> {
    let mut client = app.log.connector().connect().await?;
    import_path(&mut client, prices, ImportOptions::default(), Strictness::Strict, events::time::now())
        .await
        .with_context(|| format!("the bench needs {}; run it in the project's folder", prices.display()))?;
    let metadata = Metadata::new(Principal::local_owner(), None);
    let mut last = None;
    for number in 1..=MODELS {
        let draft = ModelDraft { name: format!("Bench {number}"), ..ModelDraft::default() };
        let request = StartRun {
            model_id: create_model(app, draft).await?,
            start_date: "2020-01-02".parse()?,
            end_date: "2020-06-30".parse()?,
            interval: Some(Interval::Day),
            symbols: None,
            policy: None,
            initial_cash: None,
            fill_rule: None,
        };
        let context = CommandContext {
            command_id: CommandId::generate(),
            request_hash: None,
            metadata: metadata.clone(),
        };
        last = Some(app.starter.start(request, context).await?);
    }
    let last = last.context("no run was started")?;
    let deadline = Instant::now() + PATIENCE;
    app.watermarks.wait_for(<runs::Runs as projections::Projection>::NAME, last.position, PATIENCE).await?;
    while !runs::unfinished(&app.reads.get().await?).await?.is_empty() {
        if Instant::now() > deadline {
            bail!("the runs of the bench did not end");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let head = app.log.head().await?;
    let names = app.projections.names();
    app.watermarks.wait_for_all(&names, head, PATIENCE).await?;
    Ok(last.run_id)
}

/// An access token of the installation's owner.
pub(super) async fn owner(app: &App) -> anyhow::Result<SecretText> {
    let asked = Entering::now(Origin::default());
    let password = SecretText::new("Bench-Password-1");
    let wish = SignUp {
        email: "bench@example.com".to_owned(),
        password: password.clone(),
        full_name: "Bench".to_owned(),
    };
    app.identity.create_admin(wish, &asked).await?;
    let login = crate::identity::LogIn { email: "bench@example.com".to_owned(), password };
    let signed_in = app.identity.login(login, &Entering::now(Origin::default())).await?;
    Ok(signed_in.tokens.access_token)
}

/// The same two queries and answers for anybody, with everything that surrounds requests but the guard.
fn bare(api: Api) -> Router {
    let run = async |State(api): State<Api>, asked: Asked, path: axum::extract::Path<RunId>, at: AtLeast| {
        let position = at.shown_by(&api, &["runs"]).await?;
        let found = runs::find(&api.shared().await?, path.0).await?;
        let detail = found.ok_or_else(|| ApiError::not_found("run", path.0))?;
        let version = detail.run.version;
        Ok::<_, ApiError>(Answer::ok(&asked, RunDetailView::from(detail)).at(position).version(version))
    };
    let ranking = async |State(api): State<Api>, asked: Asked, at: AtLeast| {
        let position = at.shown_by(&api, &["leaderboard"]).await?;
        let client = api.shared().await?;
        let page = leaderboard::list(&client, &LeaderboardQuery::default(), None, 50).await?;
        let views: Vec<EntryView> = page.items.into_iter().map(EntryView::from).collect();
        Ok::<_, ApiError>(Answer::ok(&asked, views).at(position).next(page.next_cursor))
    };
    let routes =
        Router::new().route("/api/v1/runs/{run}", get(run)).route("/api/v1/leaderboard", get(ranking));
    surrounded(routes, api)
}

pub(super) async fn start(
    router: Router,
    api: &Api,
    stopping: &CancellationToken,
) -> anyhow::Result<std::net::SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(serve_router(router, api.clone(), listener, stopping.clone()));
    Ok(address)
}
