//! The command line with bad input: it fails, and says what is wrong in one sentence; and with `--json`: it is JSON.

use std::sync::LazyLock;

use futures_util::StreamExt;
use tapedeck::config::SecretUrl;
use tapedeck::embedded::{Nats, NatsOptions};

use crate::support::app::{project_file, small_prices};
use crate::support::program::{Ended, ended};
use crate::support::services::{fresh_database, test_config};

/// A message server of its own: the workers of `run start` would take commands of other tests from the shared one.
static NATS: LazyLock<Nats> = LazyLock::new(|| {
    let thread = std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(Nats::start(&NatsOptions::of(&test_config("cli")))).unwrap()
    });
    thread.join().unwrap()
});

/// Programs that run at the same time.
const AT_ONCE: usize = 3;

/// A database with prices of three stocks in 1990.
struct Shell {
    database: SecretUrl,
    nats: SecretUrl,
}

impl Shell {
    async fn open() -> Self {
        let nats = tokio::task::spawn_blocking(|| NATS.url()).await.unwrap();
        let shell = Self { database: fresh_database("cli").await, nats };
        let prices = small_prices(250);
        let imported = shell.run(&["import", "prices", prices.to_str().unwrap()]).await;
        assert_eq!(imported.code, Some(0), "{imported:?}");
        shell
    }

    async fn run(&self, arguments: &[&str]) -> Ended {
        let servers = ["--database-url", self.database.expose(), "--nats-url", self.nats.expose()];
        ended(servers.into_iter().chain(arguments.iter().copied())).await
    }

    /// A run of the imported prices with more, or other, arguments.
    async fn start(&self, arguments: &[&str]) -> Ended {
        let usual =
            ["run", "start", "--policy", "builtin/buy-and-hold", "--from=1990-01-02", "--to=1990-06-29"];
        let given = |flag: &&str| {
            let name = flag.split('=').next().unwrap();
            !arguments.iter().any(|argument| argument.split('=').next().unwrap() == name)
        };
        let kept: Vec<&str> = match arguments.contains(&"--policy") || arguments.contains(&"--model") {
            true => {
                usual.into_iter().filter(|it| *it != "--policy" && *it != "builtin/buy-and-hold").collect()
            }
            false => usual.to_vec(),
        };
        let all: Vec<&str> = kept.into_iter().filter(given).chain(arguments.iter().copied()).collect();
        self.run(&all).await
    }
}

const NOBODY: &str = "01890000-0000-7000-8000-000000000000";

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_is_answered_with_one_clear_sentence() {
    let shell = Shell::open().await;
    let starts: [(&[&str], &str); 8] = [
        (&["--symbols=NOPE"], "the market store has no 1d bars of NOPE"),
        (
            &["--from=2020-01-01", "--to=2020-02-01"],
            "there are no 1d bars of these symbols from 2020-01-01 to 2020-02-01",
        ),
        (&["--from=1990-06-29", "--to=1990-01-02"], "end_date: must not be before start_date"),
        (&["--to=2999-01-01"], "end_date: must not be after today"),
        (&["--cash=-5"], "initial_cash: must be"),
        (&["--parameters={"], "--parameters is not valid JSON"),
        (&["--policy", "builtin/guess"], "no policy is named builtin/guess; there are builtin/buy-and-hold,"),
        (&["--policy", "builtin/sma-cross", "--parameters={\"fats\":3}"], "unknown field `fats`"),
    ];
    let others: [(&[&str], &str); 8] = [
        (&["run", "start", "--model", NOBODY, "--from=1990-01-02", "--to=1990-06-29"], "there is no model"),
        (&["run", "show", NOBODY], "there is no run"),
        (&["run", "cancel", NOBODY], "the run"),
        (&["run", "show", "seven"], "invalid value 'seven'"),
        (&["audit", "run", NOBODY], "there is no run"),
        (&["audit", "stream", "run"], "a stream name is a category, a hyphen and a key"),
        (&["events", "show", "123456789"], "there is no event 123456789; the log ends at"),
        (&["projections", "rebuild", "guesses"], "guesses"),
    ];
    let started = starts.iter().map(|(arguments, _)| shell.start(arguments));
    let started: Vec<Ended> = futures_util::stream::iter(started).buffered(AT_ONCE).collect().await;
    let asked = others.iter().map(|(arguments, _)| shell.run(arguments));
    let asked: Vec<Ended> = futures_util::stream::iter(asked).buffered(AT_ONCE).collect().await;

    let wanted = starts.iter().chain(&others);
    for ((arguments, sentence), ended) in wanted.zip(started.iter().chain(&asked)) {
        assert!(matches!(ended.code, Some(1 | 2)), "{arguments:?}: {ended:?}");
        let lines: Vec<&str> = ended.err.lines().collect();
        assert!(lines[0].starts_with("error: "), "{arguments:?}: {}", ended.err);
        assert!(ended.err.contains(sentence), "{arguments:?}: {}", ended.err);
        assert!(!ended.err.contains("panicked") && !ended.err.contains("Error {"), "{}", ended.err);
        assert!(!ended.err.contains(shell.nats.expose()), "no password: {}", ended.err);
    }
    let list = shell.run(&["--json", "run", "list"]).await;
    assert_eq!(list.json(), serde_json::json!([]), "nothing was started by any of it");
    for nothing in [&["run", "list"][..], &["events", "ls", "--category", "model"]] {
        assert_eq!(shell.run(nothing).await.out, "none\n", "not even a model was made: {nothing:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_is_asked_for_as_json_is_json() {
    let shell = Shell::open().await;
    let started = shell.start(&["--json"]).await;
    assert_eq!((started.code, started.err.as_str()), (Some(0), ""), "{started:?}");
    let run = started.json();
    assert_eq!((run["status"].as_str(), run["bars_done"].as_u64()), (Some("completed"), Some(126)), "{run}");

    let events = shell.run(&["--json", "events", "ls", "--category", "run", "--limit", "2"]).await.json();
    let events = events.as_array().unwrap();
    assert_eq!(events.len(), 2);
    assert_eq!(events[0]["type"], "RunRequested");
    for key in ["position", "stream", "version", "schema_version", "recorded_at", "command_id", "hash"] {
        assert!(!events[0][key].is_null(), "{key} of {}", events[0]);
    }

    let list = shell.run(&["--json", "run", "list"]).await.json();
    assert_eq!(list[0]["run_id"], run["run_id"], "{list}");
    assert_eq!(list[0]["value"], run["value"]);

    let shards = shell.run(&["--json", "projections", "status"]).await.json();
    let names: Vec<&str> =
        shards.as_array().unwrap().iter().map(|shard| shard["projection"].as_str().unwrap()).collect();
    for name in ["runs", "ledger", "equity", "leaderboard"] {
        assert!(names.contains(&name), "{names:?}");
    }

    let doctor = shell.run(&["--json", "doctor"]).await.json();
    assert!(!doctor["checks"].as_array().unwrap().is_empty(), "{doctor}");

    let audit = shell.run(&["--json", "audit", "run", run["run_id"].as_str().unwrap()]).await.json();
    assert_eq!(audit["passed"], true, "{audit}");

    let refused = shell.start(&["--json", "--symbols=NOPE"]).await;
    let problem: serde_json::Value = serde_json::from_str(&refused.err).unwrap();
    assert!(problem["error"].as_str().unwrap().contains("NOPE"), "{problem}");
    assert_eq!((refused.code == Some(0), refused.out.as_str()), (false, ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_price_file_stores_nothing_and_is_named() {
    let shell = Shell::open().await;
    let ended = &["--json", "events", "ls", "--category", "operations", "--type", "OperationEnded"];
    for (file, sentence) in
        [(project_file("Cargo.toml"), "Cargo.toml"), (project_file("no-such-file.csv"), "no-such-file.csv")]
    {
        let refused = shell.run(&["import", "prices", file.to_str().unwrap()]).await;
        assert!(matches!(refused.code, Some(1 | 2)), "{refused:?}");
        assert!(refused.err.starts_with("error: ") && refused.err.contains(sentence), "{}", refused.err);

        let operations = shell.run(ended).await.json();
        let last = operations.as_array().unwrap().last().unwrap()["position"].to_string();
        let last = shell.run(&["--json", "events", "show", &last]).await.json();
        assert_eq!(last["payload"]["outcome"]["status"], "failed", "the attempt is noted: {last}");
    }
    let log = shell.run(&["--json", "audit", "log"]).await.json();
    assert_eq!(log["streams"], 1, "nothing but the journal of operations: {log}");
}
