//! `kill -9` at random moments: nothing acknowledged is lost, nothing is doubled, and the result is the same bytes.
//!
//! A real `tapedeck serve` over a data folder of its own, with fsync, is killed again and again, sometimes together with
//! its Postgres, while runs are started through the work queue and through HTTP. The short way (6 runs, 4 kills) is part
//! of every test run; `TAPEDECK_LONG_TESTS=1 cargo test --test main journeys::crash` goes the long one (50 runs, 25
//! kills). The seed is printed; `TAPEDECK_SEED=7` takes another.

use std::collections::BTreeSet;
use std::fs::File;
use std::net::TcpListener;
use std::process::Stdio;
use std::time::{Duration, Instant};

use actors::work_queue::PublishError;
use bytes::Bytes;
use events::run::RunStatus;
use events::{Aggregate, CommandId, ModelId, Run, RunId};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use tapedeck::app::{App, RunningApp};
use tapedeck::audit::{audit_run, stream_of};
use tapedeck::config::Config;
use tapedeck::start_run::run_id_of;
use tapedeck::worker::RUN_COMMANDS;
use tokio::process::Child;

use crate::support::app::{
    busy, caught_up, claim_alone, client_of, context, import, model, request, run_through, small_prices,
};
use crate::support::program::tapedeck;
use crate::support::services::test_config;
use crate::support::story::{assert_same, story};

const FROM: &str = "1990-01-01";
const TO: &str = "1997-12-31";
const DAYS: usize = 2_000;
const CHUNK_BARS: usize = 16;
/// For everything that must happen in the end.
const PATIENCE: Duration = Duration::from_secs(120);

struct Size {
    runs: usize,
    kills: usize,
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_survive_a_server_that_is_killed_at_random_moments() {
    let long = std::env::var_os("TAPEDECK_LONG_TESTS").is_some();
    let size = if long { Size { runs: 50, kills: 25 } } else { Size { runs: 6, kills: 4 } };
    let seed =
        std::env::var_os("TAPEDECK_SEED").map_or(20_251_107, |seed| seed.to_str().unwrap().parse().unwrap());
    println!("seed {seed}, {} runs, {} kills", size.runs, size.kills);
    let mut dice = Dice(seed);

    let mut config = test_config("crash");
    config.runs.chunk_bars = CHUNK_BARS;
    // The test's own view of the tape: it serves nothing and drives nothing but the undisturbed runs.
    let running = RunningApp::start(config.clone(), &BTreeSet::new()).await.unwrap();
    let app = &running.app;
    assert_eq!(import(app, &small_prices(DAYS)).await, 3 * DAYS as u64);
    let models = [model(app, busy("fast", 3)).await, model(app, busy("slow", 5)).await];
    let mut undisturbed = Vec::new();
    for model_id in models {
        undisturbed.push(story(&app.log, run_through(app, request(model_id, FROM, TO)).await).await);
    }

    let before = app.log.head().await.unwrap().0;
    let per_run = undisturbed.iter().map(Vec::len).sum::<usize>() / undisturbed.len();
    let http = client_of(&claim_alone(app).await);
    let mut server = Server::spawn(config.clone());
    let starting = Starting {
        app: app.clone(),
        http: http.clone(),
        models,
        address: server.address.clone(),
        seed: dice.roll(u64::MAX),
    };

    let killing = async {
        let mut interrupted = 0;
        for number in 1..=size.kills {
            // Kills are spread over the way by what is written, so that a slow machine is killed in the middle as well.
            let share = (number as u64 * 1_000 - dice.roll(900)) * 85 / 100 / size.kills as u64;
            let wanted = before + i64::try_from((per_run * size.runs) as u64 * share / 1_000).unwrap();
            eventually("the server got on", async || {
                app.log.head().await.is_ok_and(|head| head.0 >= wanted).then_some(())
            })
            .await;
            tokio::time::sleep(Duration::from_millis(dice.roll(60))).await;
            server.kill_hard().await;
            let with_postgres = dice.roll(3) == 0;
            if with_postgres {
                let postgres =
                    tapedeck::embedded::postgres::running(&config.data_dir.join("postgres")).unwrap();
                kill(Pid::from_raw(postgres.cast_signed()), Signal::SIGKILL).unwrap();
                // Only the next server brings the database back.
                server.restart();
            }
            let unfinished = eventually("the log can be read", async || unfinished(app).await).await;
            if !with_postgres {
                server.restart();
            }
            println!(
                "kill {number} of the server{}: {unfinished} runs interrupted",
                if with_postgres { " and Postgres" } else { "" }
            );
            interrupted += unfinished;
        }
        interrupted
    };
    let (started, interrupted) = tokio::join!(starting.all(size.runs), killing);
    assert!(interrupted > 0, "no kill landed in a run: the test proved nothing");

    for run in &started {
        eventually("every run is over", async || {
            let state = app.log.load::<Aggregate<Run>>(&stream_of(run.run_id)).await.ok()?.state;
            (state.status() == Some(RunStatus::Completed)).then_some(())
        })
        .await;
    }
    for run in &started {
        let told = story(&app.log, run.run_id).await;
        assert_same(&undisturbed[run.model], &told, &format!("run {}", run.run_id));
    }
    everything_is_there_once(app, &models, &started).await;
    repetitions_get_the_first_answer(app, &http, &models, &server.address, &started).await;

    caught_up(app).await;
    let audit = audit_run(&app.log, &app.market, started[0].run_id).await.unwrap();
    assert!(audit.passed, "{audit:?}");
    server.kill_hard().await;
    running.stop().await.unwrap();
}

/// Runs that have closed bars and have bars to go.
async fn unfinished(app: &App) -> Option<usize> {
    let mut count = 0;
    for stream in app.log.streams().await.ok()?.iter().filter(|stream| stream.category() == "run") {
        let state = app.log.load::<Aggregate<Run>>(stream).await.ok()?.state;
        count += usize::from(state.next_bar().is_some_and(|bar| bar > 0));
    }
    Some(count)
}

async fn everything_is_there_once(app: &App, models: &[ModelId; 2], started: &[Started]) {
    let streams = app.log.streams().await.unwrap();
    let runs: BTreeSet<String> = streams
        .iter()
        .filter(|stream| stream.category() == "run")
        .map(|stream| stream.key().to_owned())
        .collect();
    // One undisturbed run of each model.
    assert_eq!(runs.len(), started.len() + models.len());
    assert!(started.iter().all(|run| runs.contains(&run.run_id.to_string())));
    let mut events = 0;
    for stream in &streams {
        let verified = app.log.verify_stream(stream).await.unwrap();
        assert_eq!(verified.fault, None, "{stream}");
        events += verified.events;
    }
    assert_eq!(
        app.log.head().await.unwrap().0,
        i64::try_from(events).unwrap(),
        "no gap in the order, nothing beside it"
    );
    let mut numbered = 0;
    for model_id in models {
        let stream = app.models.stream(*model_id);
        let model = app.log.load::<Aggregate<events::model::TradingModel>>(&stream).await.unwrap().state;
        let numbers: BTreeSet<u32> = model.active().unwrap().runs.values().copied().collect();
        assert_eq!(numbers, (1..=u32::try_from(numbers.len()).unwrap()).collect(), "numbers without gaps");
        assert_eq!(numbers.len(), model.active().unwrap().runs.len());
        numbered += numbers.len();
    }
    assert_eq!(numbered, runs.len());
}

async fn repetitions_get_the_first_answer(
    app: &App,
    http: &reqwest::Client,
    models: &[ModelId; 2],
    address: &str,
    started: &[Started],
) {
    let head = app.log.head().await.unwrap();
    for (index, run) in started.iter().enumerate() {
        let again = match run.command {
            Some(command) => {
                let request = request(models[run.model], FROM, TO);
                let answer = app.starter.start(request, context(command)).await.unwrap();
                (answer.run_id, answer.duplicate)
            }
            None => {
                let answer = eventually("the server answers", async || {
                    post(http, address, models[run.model], index).await
                })
                .await;
                (answer.run_id, answer.duplicate)
            }
        };
        assert_eq!(again, (run.run_id, true));
    }
    assert_eq!(app.log.head().await.unwrap(), head, "repetitions write nothing");
}

/// A start that was acknowledged.
#[derive(Debug, Clone, Copy)]
struct Started {
    run_id: RunId,
    model: usize,
    /// Of those that went through the work queue.
    command: Option<CommandId>,
}

struct Answered {
    run_id: RunId,
    duplicate: bool,
}

/// Starts runs while the server comes and goes, and insists until each start is acknowledged.
struct Starting {
    app: App,
    http: reqwest::Client,
    models: [ModelId; 2],
    address: String,
    seed: u64,
}

impl Starting {
    async fn all(self, runs: usize) -> Vec<Started> {
        let mut dice = Dice(self.seed);
        let mut started = Vec::new();
        for index in 0..runs {
            tokio::time::sleep(Duration::from_millis(dice.roll(250))).await;
            let model = index / 2 % 2;
            started.push(match index % 2 {
                0 => {
                    let command = CommandId::derived(&[b"crash", &index.to_be_bytes()]);
                    self.publish(command, model).await;
                    Started { run_id: run_id_of(command), model, command: Some(command) }
                }
                _ => {
                    let answer = eventually("a start is accepted", async || {
                        post(&self.http, &self.address, self.models[model], index).await
                    })
                    .await;
                    Started { run_id: answer.run_id, model, command: None }
                }
            });
        }
        started
    }

    async fn publish(&self, command: CommandId, model: usize) {
        let request = request(self.models[model], FROM, TO);
        let payload = Bytes::from(serde_json::to_vec(&request).unwrap());
        let key = self.models[model].to_string();
        eventually("the queue takes a command", async || {
            let published: Result<_, PublishError> =
                self.app.publisher().publish(RUN_COMMANDS, &key, command, payload.clone()).await;
            published.ok()
        })
        .await;
    }
}

/// Starts a run over HTTP; `None` while nobody answers.
async fn post(http: &reqwest::Client, address: &str, model_id: ModelId, index: usize) -> Option<Answered> {
    let answer = http
        .post(format!("http://{address}/api/v1/models/{model_id}/runs"))
        .header("Idempotency-Key", format!("crash-{index}"))
        .header("Content-Type", "application/json")
        .body(json!({ "start_date": FROM, "end_date": TO }).to_string())
        .send()
        .await
        .ok()?;
    let status = answer.status();
    let body = answer.text().await.ok()?;
    // An overloaded or recovering server says so; anything else would be wrong.
    assert!(status.as_u16() == 202 || status.is_server_error(), "{status}: {body}");
    let body: Value = serde_json::from_str(&body).ok().filter(|_| status.as_u16() == 202)?;
    let data = &body["data"];
    Some(Answered {
        run_id: data["run_id"].as_str().unwrap().parse().unwrap(),
        duplicate: data["duplicate"].as_bool().unwrap(),
    })
}

/// A server process.
struct Server {
    config: Config,
    address: String,
    child: Child,
}

impl Server {
    fn spawn(config: Config) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        drop(listener);
        let child = Self::launch(&config, &address);
        Self { config, address, child }
    }

    fn launch(config: &Config, address: &str) -> Child {
        let folder = config.data_dir.to_str().unwrap();
        let log = File::options().create(true).append(true).open(config.data_dir.join("serve.log")).unwrap();
        tapedeck(["--data-dir", folder, "serve", "--listen", address])
            .env("TAPEDECK_RUNS__CHUNK_BARS", CHUNK_BARS.to_string())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap()
    }

    async fn kill_hard(&mut self) {
        self.child.start_kill().unwrap();
        let status = self.child.wait().await.unwrap();
        assert_eq!(
            std::os::unix::process::ExitStatusExt::signal(&status),
            Some(9),
            "it ended by itself: {status}"
        );
    }

    fn restart(&mut self) {
        self.child = Self::launch(&self.config, &self.address);
    }
}

/// What the servers said last, for whoever reads why a test failed.
impl Drop for Server {
    fn drop(&mut self) {
        const TAIL_LINES: usize = 30;
        if !std::thread::panicking() {
            return;
        }
        for name in ["serve.log", "postgres/server.log"] {
            let text = std::fs::read_to_string(self.config.data_dir.join(name)).unwrap_or_default();
            let lines: Vec<&str> = text.lines().collect();
            println!("{name} ends:\n{}", lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n"));
        }
        println!("the server: {:?}", self.child.try_wait());
    }
}

/// Asks until there is an answer.
async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "still not so after {PATIENCE:?}: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The same throws for the same seed, everywhere (splitmix64).
struct Dice(u64);

impl Dice {
    /// From 0 to below `sides`.
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }
}
