//! Postgres or NATS goes away while runs are driven, or the disk is full: whoever asks meanwhile is told, nothing that
//! was acknowledged is lost, and everything comes to the same end once they are back.

use std::time::{Duration, Instant};

use actors::work_queue::Published;
use bytes::Bytes;
use events::codec::Codec;
use events::log::{Append, AppendError, Committed, Expected, Lane, NewEvent};
use events::run::RunStatus;
use events::{Aggregate, CommandId, ModelId, Run, RunId, StreamName, Tenant, Version};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tapedeck::app::{App, Role, RunningApp};
use tapedeck::audit::stream_of;
use tapedeck::config::Config;
use tapedeck::embedded::{Services, nats, postgres};
use tapedeck::start_run::{StartRunError, run_id_of};
use tapedeck::worker::RUN_COMMANDS;

use crate::support::app::{busy, caught_up, context, import, model, request, run_through, small_prices};
use crate::support::services::test_config;
use crate::support::story::{Told, assert_same, story};

const FROM: &str = "1990-01-01";
const TO: &str = "1997-12-31";
const DAYS: usize = 2_000;
const PATIENCE: Duration = Duration::from_secs(60);

const ROOM: &str =
    "create or replace function room() returns trigger language plpgsql as $$ begin return new; end $$";
/// The lock waits for whoever is writing: once this has answered, nothing is written.
const NO_ROOM: &str = "begin;
     lock table events in share row exclusive mode;
     create or replace function room() returns trigger language plpgsql as $$
     begin raise exception 'could not extend file: No space left on device' using errcode = '53100'; end $$;
     commit";

#[tokio::test(flavor = "multi_thread")]
async fn runs_outlive_a_dead_database_a_dead_message_server_and_a_full_disk() {
    let mut config = test_config("outage");
    config.runs.chunk_bars = 8;
    let roles = [Role::Projector, Role::Worker].into();
    let running = RunningApp::start(config.clone(), &roles).await.unwrap();
    let app = &running.app;
    assert_eq!(import(app, &small_prices(DAYS)).await, 3 * DAYS as u64);
    let model_id = model(app, busy("outage", 3)).await;
    let undisturbed = story(&app.log, run_through(app, request(model_id, FROM, TO)).await).await;
    let scene = Scene { config, app, model_id, undisturbed };

    scene.the_database_dies().await;
    scene.the_message_server_dies().await;
    scene.the_disk_is_full().await;

    for stream in app.log.streams().await.unwrap() {
        assert_eq!(app.log.verify_stream(&stream).await.unwrap().fault, None, "{stream}");
    }
    caught_up(app).await;
    let client = app.reads.get().await.unwrap();
    assert_eq!(projections::runs::unfinished(&client).await.unwrap(), []);
    drop(client);
    running.stop().await.unwrap();
}

struct Scene<'a> {
    config: Config,
    app: &'a App,
    model_id: ModelId,
    undisturbed: Vec<Told>,
}

impl Scene<'_> {
    async fn the_database_dies(&self) {
        let runs = [self.start().await, self.start().await];
        let kept = note(self.app, "before", CommandId::generate()).await.unwrap();
        self.in_the_middle_of(&runs).await;
        kill_hard(postgres::running(&self.config.data_dir.join("postgres")).unwrap());

        let (accepted, refused_note) = self.note_until_refused().await;
        let refused =
            within(self.app.starter.start(request(self.model_id, FROM, TO), context(CommandId::generate())))
                .await
                .unwrap_err();
        assert!(
            matches!(
                refused,
                StartRunError::Pool(_)
                    | StartRunError::Read(_)
                    | StartRunError::Load(_)
                    | StartRunError::Market(_)
                    | StartRunError::Model(_)
                    | StartRunError::Run(_)
            ),
            "{refused:?}"
        );

        let again = Services::start(&self.config).await.unwrap();
        let after = self.note_again("during", refused_note).await;
        assert_eq!(after, Version(kept.tip.version.0 + accepted + 1), "what was refused is written once");
        self.all_ran_as_if_nothing_had_happened(&runs).await;
        again.stop().await.unwrap();
    }

    async fn the_message_server_dies(&self) {
        let known: Vec<CommandId> = (0..3).map(|_| CommandId::generate()).collect();
        assert!(!self.publish(known[0]).await.unwrap().duplicate);
        let driven = [run_id_of(known[0]), self.start().await];
        self.in_the_middle_of(&driven).await;
        kill_hard(nats::running(&self.config.data_dir.join("nats")).unwrap());
        assert_eq!(within(self.publish(known[1])).await, None, "nobody acknowledges");

        let again = Services::start(&self.config).await.unwrap();
        for command in &known {
            until("the queue takes a command", async || self.publish(*command).await.is_some()).await;
        }
        assert_eq!(self.publish(known[2]).await.map(|published| published.duplicate), Some(true));
        let all: Vec<RunId> = driven.into_iter().chain(known[1..].iter().map(|it| run_id_of(*it))).collect();
        self.all_ran_as_if_nothing_had_happened(&all).await;
        again.stop().await.unwrap();
    }

    async fn the_disk_is_full(&self) {
        // The trigger is there before anything runs and stays: to create or drop one locks the log against its users, while
        // a function can be replaced under them.
        let client = self.app.log.connector().connect().await.unwrap();
        client.batch_execute(ROOM).await.unwrap();
        client
            .batch_execute(
                "create trigger room before insert on events for each row execute function room();
                 alter table events enable always trigger room",
            )
            .await
            .unwrap();
        let runs = [self.start().await, self.start().await];
        let kept = note(self.app, "room", CommandId::generate()).await.unwrap();
        self.in_the_middle_of(&runs).await;
        client.batch_execute(NO_ROOM).await.unwrap();
        let head = self.app.log.head().await.unwrap();
        let refused = within(note(self.app, "no room", CommandId::generate())).await.unwrap_err();
        let AppendError::Unavailable { reason } = &refused else { panic!("{refused:?}") };
        assert!(reason.contains("No space left"), "{reason}");
        assert_eq!(self.app.log.head().await.unwrap(), head);
        assert!(self.are_in_the_middle(&runs).await, "nothing was written, nothing failed");

        client.batch_execute(ROOM).await.unwrap();
        let after = self.note_again("room again", CommandId::generate()).await;
        assert_eq!(after, Version(kept.tip.version.0 + 1));
        self.all_ran_as_if_nothing_had_happened(&runs).await;
    }

    async fn start(&self) -> RunId {
        let request = request(self.model_id, FROM, TO);
        self.app.starter.start(request, context(CommandId::generate())).await.unwrap().run_id
    }

    async fn publish(&self, command: CommandId) -> Option<Published> {
        let payload = Bytes::from(serde_json::to_vec(&request(self.model_id, FROM, TO)).unwrap());
        let key = self.model_id.to_string();
        self.app.publisher().publish(RUN_COMMANDS, &key, command, payload).await.ok()
    }

    /// How many notes were accepted, and the command that was not. Backends outlive a killed postmaster for a moment:
    /// what one of them commits meanwhile is committed.
    async fn note_until_refused(&self) -> (i64, CommandId) {
        let deadline = Instant::now() + PATIENCE;
        let mut accepted = 0;
        loop {
            let command = CommandId::generate();
            match within(note(self.app, "during", command)).await {
                Ok(_) => accepted += 1,
                Err(AppendError::Unavailable { .. } | AppendError::Unknown { .. }) => {
                    return (accepted, command);
                }
                Err(error) => panic!("{error:?}"),
            }
            assert!(Instant::now() < deadline, "a dead database goes on accepting");
        }
    }

    /// Sends a note until it is written, once; answers with its version.
    async fn note_again(&self, text: &str, command: CommandId) -> Version {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match within(note(self.app, text, command)).await {
                Ok(committed) => return committed.tip.version,
                Err(AppendError::Duplicate(first)) => return first.to_version,
                Err(AppendError::Unavailable { .. } | AppendError::Unknown { .. }) => {
                    assert!(Instant::now() < deadline);
                }
                Err(error) => panic!("{error:?}"),
            }
        }
    }

    async fn next_bar(&self, run: RunId) -> Option<u32> {
        self.app.log.load::<Aggregate<Run>>(&stream_of(run)).await.unwrap().state.next_bar()
    }

    async fn are_in_the_middle(&self, runs: &[RunId]) -> bool {
        for run in runs {
            if self.next_bar(*run).await.is_none_or(|bar| bar == 0) {
                return false;
            }
        }
        true
    }

    async fn in_the_middle_of(&self, runs: &[RunId]) {
        until("all runs are driven", async || self.are_in_the_middle(runs).await).await;
    }

    async fn all_ran_as_if_nothing_had_happened(&self, runs: &[RunId]) {
        for run in runs {
            until("the run is over", async || {
                let loaded = self.app.log.load::<Aggregate<Run>>(&stream_of(*run)).await;
                loaded.is_ok_and(|loaded| loaded.state.status() == Some(RunStatus::Completed))
            })
            .await;
            assert_same(&self.undisturbed, &story(&self.app.log, *run).await, &run.to_string());
        }
    }
}

/// One more event in a stream of its own.
async fn note(app: &App, text: &str, command: CommandId) -> Result<Committed, AppendError> {
    let stream = StreamName::new(Tenant::LOCAL, "bench", "notes");
    let event = NewEvent {
        event_type: "BenchNoted",
        schema_version: 1,
        codec: Codec::Json,
        payload: Bytes::from(serde_json::to_vec(text).unwrap()),
        occurred_at: None,
    };
    let append = Append::of_command(stream, Expected::Any, command, vec![event]);
    app.log.append(append, Lane::Orders).await
}

fn kill_hard(pid: u32) {
    kill(Pid::from_raw(pid.cast_signed()), Signal::SIGKILL).unwrap();
}

async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, work).await.expect("an answer in time")
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds().await {
        assert!(Instant::now() < deadline, "still not so after {PATIENCE:?}: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
