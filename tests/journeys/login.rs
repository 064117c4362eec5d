//! Accounts on the command line: an administrator is made at the machine, logs in to a server, and makes an API key.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::{Value, json};
use tapedeck::config::SecretUrl;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};

use crate::support::folders::fresh_folder;
use crate::support::program::{Ended, tapedeck};
use crate::support::services::{fresh_database, nats_url};
use crate::support::waiting::until;

pub(super) const PASSWORD: &str = "Correct-Horse-7";

/// A server, and the home folder of whoever asks it.
pub(super) struct Scene {
    database: SecretUrl,
    data: PathBuf,
    pub(super) server: String,
    home: PathBuf,
    _child: Child,
}

impl Scene {
    pub(super) async fn open() -> Self {
        let database = fresh_database("login").await;
        let (data, home) = (fresh_folder("login-data"), fresh_folder("login-home"));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let mut serve = tapedeck(["serve", "--roles", "api,projector", "--listen", &address.to_string()]);
        let serve = installed(&mut serve, &database, &data).stdout(Stdio::null()).stderr(Stdio::null());
        let child = serve.spawn().unwrap();
        until("the server listens", || std::net::TcpStream::connect(address).is_ok()).await;
        Self { database, data, server: format!("http://{address}"), home, _child: child }
    }

    /// A command at the machine of the installation.
    pub(super) async fn here(&self, arguments: &[&str], typed: &str) -> Ended {
        end(installed(&mut tapedeck(arguments.iter().copied()), &self.database, &self.data), typed).await
    }

    /// A command of somebody who knows the server only.
    pub(super) async fn there(&self, arguments: &[&str], typed: &str) -> Ended {
        let arguments = ["--server", &self.server].into_iter().chain(arguments.iter().copied());
        end(tapedeck(arguments).env("HOME", &self.home), typed).await
    }

    async fn with_key(&self, key: &str, arguments: &[&str]) -> Ended {
        let mut command = tapedeck(arguments.iter().copied());
        end(command.env("TAPEDECK_SERVER", &self.server).env("TAPEDECK_API_KEY", key), "").await
    }

    fn credentials(&self) -> PathBuf {
        self.home.join(".config/tapedeck/credentials.toml")
    }
}

fn installed<'a>(command: &'a mut Command, database: &SecretUrl, data: &Path) -> &'a mut Command {
    command
        .env("DATABASE_URL", database.expose())
        .env("NATS_URL", nats_url().expose())
        .env("TAPEDECK_DATA_DIR", data)
}

async fn end(command: &mut Command, typed: &str) -> Ended {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A program that reads nothing may have gone before.
    let _ = child.stdin.take().unwrap().write_all(typed.as_bytes()).await;
    let output = child.wait_with_output().await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ended { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_made_at_the_machine_logs_in_and_makes_a_key() {
    let scene = Scene::open().await;
    let typed = format!("{PASSWORD}\n");
    let made =
        ["account", "create-admin", "--email", "ann@example.com", "--full-name", "Ann", "--password-stdin"];
    let made = scene.here(&made, &typed).await;
    assert_eq!(made.code, Some(0), "{made:?}");
    let claim = scene.here(&["account", "claim-token"], "").await;
    assert!(claim.err.contains("has an administrator already"), "{claim:?}");

    let login = ["login", "--email", "ann@example.com", "--password-stdin"];
    let wrong = scene.there(&login, "Wrong-Horse-7\n").await;
    assert!(wrong.code == Some(1) && wrong.err.contains("invalid_credentials"), "{wrong:?}");
    assert!(!scene.credentials().exists(), "nothing is kept of a failure");
    let right = scene.there(&login, &typed).await;
    assert_eq!(right.code, Some(0), "{right:?}");
    let mode = scene.credentials().metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let me = scene.there(&["--json", "whoami"], "").await.json();
    assert_eq!((&me["email"], &me["principal"]), (&json!("ann@example.com"), &json!("local")));
    an_access_token_that_ended_is_exchanged_once(&scene).await;
    a_key_may_what_it_was_made_for(&scene).await;
    commands_work_where_the_server_is(&scene, me["account_id"].as_str().unwrap()).await;

    assert_eq!(scene.there(&["logout"], "").await.code, Some(0));
    let nobody = scene.there(&["whoami"], "").await;
    assert!(nobody.err.contains("nobody is logged in"), "{nobody:?}");
    let demo = scene.there(&["demo"], "").await;
    assert!(demo.err.contains("works on this machine only"), "{demo:?}");
}

async fn commands_work_where_the_server_is(scene: &Scene, account: &str) {
    let file = fresh_folder("closes").join("closes.csv");
    std::fs::write(&file, "date,GLD,TLT\n2024-01-02,190.72,98.19\n2024-01-03,188.90,98.80\n").unwrap();
    let file = file.to_str().unwrap();
    let imported = scene.there(&["--json", "import", "prices", file], "").await.json();
    assert_eq!((&imported["outcome"], &imported["bars_added"]), (&json!("imported"), &json!(4)));
    let again = scene.there(&["import", "prices", file], "").await;
    assert!(again.code == Some(0) && again.out.contains("imported before"), "{again:?}");
    let rates = fresh_folder("rates").join("rates.csv");
    std::fs::write(&rates, "rate_date,annual_rate\n2024-01-02,0.05\n").unwrap();
    let imported = scene.there(&["--json", "import", "rates", rates.to_str().unwrap()], "").await.json();
    assert_eq!((&imported["outcome"], &imported["records_added"]), (&json!("imported"), &json!(1)));
    let rebuilt = scene.there(&["projections", "rebuild", "accounts"], "").await;
    assert!(rebuilt.code == Some(0) && rebuilt.out.contains("was folded anew"), "{rebuilt:?}");
    let audit = scene.there(&["audit", "stream", &format!("account-{account}")], "").await;
    assert!(audit.code == Some(0) && audit.out.contains("every check passed"), "{audit:?}");
    let log = scene.there(&["audit", "log"], "").await;
    assert!(log.code == Some(0) && log.out.contains("nothing was changed"), "{log:?}");
    for list in [["projections", "parked"], ["commands", "parked"]] {
        let none = scene.there(&list, "").await;
        assert!(none.code == Some(0) && none.out == "none\n", "{none:?}");
        assert_eq!(scene.here(&list, "").await.out, none.out);
    }
    let retried = scene.there(&["projections", "retry", "runs", "--first", "3"], "").await;
    assert!(retried.code == Some(0) && retried.out.starts_with("0 applied"), "{retried:?}");
    let command = "0198c5a2-0000-7000-8000-000000000000";
    let unknown = scene.there(&["commands", "discard", command, "--reason", "too late"], "").await;
    assert!(unknown.code == Some(1) && unknown.err.contains("not_found"), "{unknown:?}");
    accounts_are_administered(scene).await;
    let doctor = scene.there(&["doctor"], "").await;
    assert!(doctor.code == Some(0) && doctor.out.contains("serves the log"), "{doctor:?}");
    let nothing = scene.there(&["replay", "0198c5a2-0000-7000-8000-000000000000"], "").await;
    assert!(nothing.code == Some(1) && nothing.err.contains("not_found"), "{nothing:?}");
}

async fn accounts_are_administered(scene: &Scene) {
    let invited = scene.there(&["account", "invite", "bob@example.com", "--role", "auditor"], "").await;
    assert!(invited.code == Some(0) && invited.out.contains("may sign up"), "{invited:?}");
    let last = scene.there(&["account", "role", "ann@example.com", "user"], "").await;
    assert!(last.code == Some(1) && last.err.contains("last_admin"), "{last:?}");
    let listed = scene.there(&["--json", "account", "list"], "").await.json();
    assert_eq!(
        (&listed[0]["email"], &listed[0]["entry"]),
        (&json!("ann@example.com"), &json!("command_line"))
    );
    let here = scene.here(&["account", "list"], "").await;
    assert_eq!(scene.there(&["account", "list"], "").await.out, here.out);
    let unknown = scene.there(&["account", "deactivate", "bob@example.com"], "").await;
    assert!(unknown.code == Some(1) && unknown.err.contains("not_found"), "{unknown:?}");
    let token = scene.there(&["account", "claim-token"], "").await;
    assert!(token.err.contains("works on this machine only"), "{token:?}");
}

async fn an_access_token_that_ended_is_exchanged_once(scene: &Scene) {
    let kept = std::fs::read_to_string(scene.credentials()).unwrap();
    let ended = kept.lines().map(|line| match line.split_once(" = ") {
        Some(("access_expires_at", _)) => "access_expires_at = \"2020-01-01T00:00:00Z\"".to_owned(),
        Some(_) | None => line.to_owned(),
    });
    std::fs::write(scene.credentials(), ended.collect::<Vec<_>>().join("\n")).unwrap();
    // A token that was exchanged twice would end the session.
    let both = tokio::join!(scene.there(&["whoami"], ""), scene.there(&["whoami"], ""));
    let third = scene.there(&["whoami"], "").await;
    assert_eq!((both.0.code, both.1.code, third.code), (Some(0), Some(0), Some(0)), "{both:?} {third:?}");
    assert_ne!(std::fs::read_to_string(scene.credentials()).unwrap(), kept);
}

async fn a_key_may_what_it_was_made_for(scene: &Scene) {
    let made = scene.there(&["--json", "apikey", "create", "--name", "nightly"], "").await.json();
    let (key, id) = (made["key"].as_str().unwrap(), made["key_id"].as_str().unwrap());
    assert_eq!(scene.with_key(key, &["--json", "run", "list"]).await.json(), json!([]));
    let start =
        ["run", "start", "--policy", "builtin/momentum", "--from", "2020-01-02", "--to", "2020-01-03"];
    let refused = scene.with_key(key, &start).await;
    assert!(refused.code == Some(1) && refused.err.contains("scope_needed"), "{refused:?}");

    let keys = scene.there(&["--json", "apikey", "list"], "").await;
    assert!(!keys.out.contains(key), "a key is shown once");
    let listed: Vec<Value> = keys.json().as_array().unwrap().clone();
    assert_eq!((listed.len(), &listed[0]["key_id"]), (1, &json!(id)));
    assert_eq!(scene.there(&["apikey", "revoke", id], "").await.code, Some(0));
    let revoked = scene.with_key(key, &["run", "list"]).await;
    assert!(revoked.code == Some(1) && revoked.err.contains("token_revoked"), "{revoked:?}");
}
