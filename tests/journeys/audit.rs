//! The audit of a run: passes on what was recorded, and names the first event that is not.

use bytes::Bytes;
use events::chain::{Header, event_hash};
use events::codec::Codec;
use events::log::Connector;
use events::{Recorded, RunId, StreamTip, Version};
use tapedeck::app::App;
use tapedeck::audit::{AuditReport, audit_run, stream_of};
use tokio_postgres::Client;

use crate::support::app::{
    application, busy, caught_up, import, model, request, run_through, shared_config, small_prices,
};
use crate::support::program::ended;

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_changed_behind_the_log_the_audit_names_the_first_bad_event() {
    let mut config = shared_config("audit").await;
    // Few bars a chunk, so that fills are events of their own and not parts of a pack.
    config.runs.chunk_bars = 16;
    let database = config.database.url.as_ref().unwrap().expose().to_owned();
    let running = application(config).await;
    let app = &running.app;
    assert_eq!(import(app, &small_prices(400)).await, 1_200);
    let model_id = model(app, busy("audited", 3)).await;
    let run = run_through(app, request(model_id, "1990-01-01", "1991-12-31")).await;
    caught_up(app).await;
    let scene = Scene::keep(app, run).await;

    let untouched = scene.audit(app).await;
    assert!(untouched.passed, "{untouched:?}");
    assert!(untouched.checks.iter().all(|check| check.skipped_because.is_none()), "{untouched:?}");
    assert_eq!(scene.tapedeck_audit(&database).await, (Some(0), "every check passed".to_owned()));

    a_broken_chain_is_named(app, &scene, &database).await;
    an_insider_is_found_by_the_bars(app, &scene).await;
    what_readers_are_shown_is_compared(app, &scene).await;
    every_row_of_equity_and_ledger_is_compared(app, &scene).await;

    assert!(scene.audit(app).await.passed, "restored");
    running.stop().await.unwrap();
}

/// Every change leaves hashes as they are: whoever made it did not know better.
async fn a_broken_chain_is_named(app: &App, scene: &Scene, database: &str) {
    let last = scene.events.len();
    let (fourth, seventh) = (scene.event(4), scene.event(7));
    let seq = |event: &Recorded| event.position.0;
    let cases: [(&str, Vec<String>, i64, &str); 5] = [
        (
            "a changed byte",
            vec![format!(
                "update events set payload = set_byte(payload, 5, get_byte(payload, 5) # 1) where global_seq = {}",
                seq(fourth)
            )],
            4,
            "its content does not give its hash",
        ),
        (
            "a deleted event",
            vec![format!("delete from events where global_seq = {}", seq(fourth))],
            4,
            "event 4 is missing; the next one found is 5",
        ),
        (
            "a deleted end",
            vec![format!("delete from events where global_seq = {}", seq(scene.event(last)))],
            last as i64,
            "the stream ends at event",
        ),
        (
            "swapped events",
            vec![
                format!("update events set version = 99999 where global_seq = {}", seq(fourth)),
                format!("update events set version = 4 where global_seq = {}", seq(seventh)),
                format!("update events set version = 7 where global_seq = {}", seq(fourth)),
            ],
            4,
            "its content does not give its hash",
        ),
        (
            "an inserted event",
            vec![
                format!("{OF_THE_RUN_SET} version = version + 100000 where {} and version > 4", scene.mine()),
                format!("{OF_THE_RUN_SET} version = version - 99999 where {} and version > 4", scene.mine()),
                format!(
                    "insert into events select 900000, stream_no, 5, recorded_at, occurred_at, gen_random_uuid(),
                     null, null, type_id, schema_version, codec, event_hash, meta, payload
                     from events where global_seq = {}",
                    seq(fourth)
                ),
            ],
            5,
            "its content does not give its hash",
        ),
    ];
    for (what, statements, version, sentence) in cases {
        scene.tamper(&statements).await;
        let report = scene.audit(app).await;
        let chain = &report.checks[0];
        assert!(!report.passed, "{what}: {report:?}");
        assert_eq!((&*chain.name, chain.first_bad_version), ("hash chain", Some(Version(version))), "{what}");
        let difference = chain.difference.as_ref().unwrap();
        assert!(difference.contains(sentence), "{what}: {difference}");
        if what == "a changed byte" {
            let told = format!("first bad event: 4 of {}", stream_of(scene.run));
            assert_eq!(scene.tapedeck_audit(database).await, (Some(1), told));
        }
        scene.restore().await;
    }
}

const OF_THE_RUN_SET: &str = "update events set";

/// Whoever may rewrite events may also know how hashes are made: the chain is whole, but the bars do not agree.
async fn an_insider_is_found_by_the_bars(app: &App, scene: &Scene) {
    let fill = scene.events.iter().filter(|event| &*event.event_type == "OrderFilled").nth(3).unwrap();
    assert_eq!(fill.codec, Codec::Json);
    let mut payload: serde_json::Value = serde_json::from_slice(&fill.payload).unwrap();
    payload["price"] = "77777".into();
    payload["reference_price"] = "77777".into();
    scene.rewrite(fill.version, Bytes::from(payload.to_string())).await;

    let report = scene.audit(app).await;
    assert!(!report.passed);
    assert_eq!((&*report.checks[0].name, report.checks[0].difference.as_ref()), ("hash chain", None));
    for name in ["fills and sums", "decisions"] {
        let check = report.checks.iter().find(|check| check.name == name).unwrap();
        assert_eq!(check.first_bad_version, Some(fill.version), "{report:?}");
        let difference = check.difference.as_ref().unwrap();
        assert!(difference.starts_with(&format!("event {} (OrderFilled): ", fill.version)), "{difference}");
        assert!(difference.contains("77777"), "{difference}");
    }
    scene.restore().await;
}

async fn what_readers_are_shown_is_compared(app: &App, scene: &Scene) {
    for change in [
        "status = 'failed'",
        "value = value + 0.01",
        "cash = cash - 0.01",
        "bars_done = bars_done - 1",
        "records = records + 1",
        "run_number = run_number + 1",
        "initial_cash = initial_cash + 1",
        "model_id = gen_random_uuid()",
        "figures = null",
        "figures = jsonb_set(figures, '{return}', '\"9\"')",
        "snapshot = jsonb_set(snapshot, '{model_name}', '\"other\"')",
    ] {
        scene.tamper(&[format!("update runs set {change}")]).await;
        let report = scene.audit(app).await;
        let failed: Vec<_> = report.checks.iter().filter(|check| !check.is_fine()).collect();
        let [check] = &failed[..] else { panic!("{change}: {report:?}") };
        assert_eq!(check.name, "read models", "{change}");
        let difference = check.difference.as_ref().unwrap();
        assert!(difference.contains("shown") && difference.contains("follow"), "{change}: {difference}");
        scene.restore().await;
    }
}

async fn every_row_of_equity_and_ledger_is_compared(app: &App, scene: &Scene) {
    for (table, change, undo, named) in [
        ("equity_chunks", "value[3] = value[3] + 1", "value[3] = value[3] - 1", "value[2] "),
        ("equity_chunks", "provisional = not provisional", "provisional = not provisional", "provisional "),
        ("ledger_chunks", "cash[1] = cash[1] - 0.01", "cash[1] = cash[1] + 0.01", "cash[0] "),
        ("ledger_fills", "price = price + 1", "price = price - 1", "price "),
        ("ledger_fills", "record = -record", "record = -record", "is shown, but does not follow"),
    ] {
        scene.tamper(&[format!("update {table} set {change}")]).await;
        let report = scene.audit(app).await;
        let failed: Vec<_> = report.checks.iter().filter(|check| !check.is_fine()).collect();
        let [check] = &failed[..] else { panic!("{change}: {report:?}") };
        assert_eq!(check.name, table.split('_').next().unwrap(), "{change}");
        let difference = check.difference.as_ref().unwrap();
        assert!(difference.starts_with(table) && difference.contains(named), "{change}: {difference}");
        scene.tamper(&[format!("update {table} set {undo}")]).await;
    }
    scene
        .tamper(
            &["delete from ledger_fills where record = (select min(record) from ledger_fills)".to_owned()],
        )
        .await;
    let report = scene.audit(app).await;
    let lacking = report.checks.iter().find(|check| !check.is_fine()).unwrap();
    assert!(lacking.difference.as_ref().unwrap().contains("is not shown"), "{lacking:?}");
    scene
        .client
        .batch_execute("delete from ledger_fills; insert into ledger_fills select * from kept_fills")
        .await
        .unwrap();
}

/// A run, and a copy of everything that a test tampers with.
struct Scene {
    run: RunId,
    events: Vec<Recorded>,
    client: Client,
}

impl Scene {
    async fn keep(app: &App, run: RunId) -> Self {
        let events = app.log.read_stream(&stream_of(run), Version::NONE, 100_000).await.unwrap();
        let connector: &Connector = app.log.connector();
        let client = connector.connect().await.unwrap();
        client
            .batch_execute(
                "set session_replication_role = replica;
                 create table kept_events as select * from events;
                 create table kept_streams as select * from streams;
                 create table kept_fills as select * from ledger_fills;
                 create table kept_runs as select * from runs",
            )
            .await
            .unwrap();
        Self { run, events, client }
    }

    async fn audit(&self, app: &App) -> AuditReport {
        audit_run(&app.log, &app.market, self.run).await.unwrap()
    }

    /// Exit code and last line of the program.
    async fn tapedeck_audit(&self, database: &str) -> (Option<i32>, String) {
        let nats = crate::support::services::nats_url();
        let run = self.run.to_string();
        let ended =
            ended(["--database-url", database, "--nats-url", nats.expose(), "audit", "run", &run]).await;
        assert_eq!(ended.err, "", "{ended:?}");
        (ended.code, ended.out.lines().last().unwrap_or_default().to_owned())
    }

    fn event(&self, version: usize) -> &Recorded {
        &self.events[version - 1]
    }

    fn mine(&self) -> String {
        format!("stream_no = (select stream_no from streams where stream_id = '{}')", self.run)
    }

    async fn tamper(&self, statements: &[String]) {
        for statement in statements {
            assert!(self.client.execute(statement, &[]).await.unwrap() > 0, "{statement} changed nothing");
        }
    }

    /// Replaces a payload and makes every hash from there on right again.
    async fn rewrite(&self, version: Version, payload: Bytes) {
        let before = usize::try_from(version.0).unwrap() - 1;
        let mut tip = StreamTip { version: Version(version.0 - 1), hash: self.events[before - 1].hash };
        for event in &self.events[before..] {
            let payload = if event.version == version { &payload } else { &event.payload };
            let header = Header {
                stream: &event.stream,
                version: event.version,
                event_type: &event.event_type,
                schema_version: event.schema_version,
                codec: event.codec,
                command_id: event.command_id,
                occurred_at: event.occurred_at,
                meta: event.meta.as_deref(),
            };
            tip = StreamTip { version: event.version, hash: event_hash(tip.hash, &header, payload) };
            let changed = self
                .client
                .execute(
                    "update events set payload = $1, event_hash = $2 where global_seq = $3",
                    &[&&payload[..], &&tip.hash.0[..], &event.position.0],
                )
                .await
                .unwrap();
            assert_eq!(changed, 1);
        }
        let changed = self
            .client
            .execute(
                "update streams set chain_hash = $1 where stream_id = $2",
                &[&&tip.hash.0[..], &self.run.to_string()],
            )
            .await
            .unwrap();
        assert_eq!(changed, 1);
    }

    async fn restore(&self) {
        self.client
            .batch_execute(
                "delete from events; insert into events select * from kept_events;
                 update streams s set chain_hash = k.chain_hash from kept_streams k where k.stream_no = s.stream_no;
                 delete from runs; insert into runs select * from kept_runs",
            )
            .await
            .unwrap();
    }
}
