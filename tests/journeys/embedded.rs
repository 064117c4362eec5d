//! Private servers: their data survives, crashes heal, neighbours do not meet, and the last to leave turns off the light.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tapedeck::config::SecretUrl;
use tapedeck::embedded::{
    EmbeddedError, Nats, NatsOptions, Origin, Postgres, PostgresOptions, Provided, Services,
};
use tokio_postgres::{Client, NoTls};

use crate::support::folders::fresh_folder;
use crate::support::services::{self, START_PATIENCE, test_config};
use crate::support::waiting::until;

fn postgres_in(folder: &Path) -> PostgresOptions {
    let options = PostgresOptions::of(&test_config("unused"));
    PostgresOptions { folder: folder.to_path_buf(), start_patience: START_PATIENCE, ..options }
}

fn nats_in(folder: &Path) -> NatsOptions {
    let options = NatsOptions::of(&test_config("unused"));
    NatsOptions { folder: folder.to_path_buf(), start_patience: START_PATIENCE, ..options }
}

async fn connected(postgres: &Postgres) -> Client {
    connected_to(&postgres.url()).await
}

async fn connected_to(url: &SecretUrl) -> Client {
    let (client, connection) = tokio_postgres::connect(url.expose(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn write_note(postgres: &Postgres, note: &str) {
    let client = connected(postgres).await;
    client.batch_execute("create table if not exists notes (note text)").await.unwrap();
    client.execute("insert into notes values ($1)", &[&note]).await.unwrap();
}

async fn notes(postgres: &Postgres) -> Vec<String> {
    let rows = connected(postgres).await.query("select note from notes order by note", &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

fn kill_hard(pid: u32) {
    kill(Pid::from_raw(pid.cast_signed()), Signal::SIGKILL).unwrap();
}

fn is_gone(pid: u32) -> bool {
    let state = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    state.is_empty() || state.contains(") Z ")
}

#[tokio::test]
async fn what_was_written_to_postgres_survives_a_stop() {
    let options = postgres_in(&fresh_folder("restart").join("postgres"));
    let postgres = Postgres::start(&options).await.unwrap();
    assert_eq!(postgres.origin(), Origin::Started);
    let pid = postgres.pid().unwrap();
    write_note(&postgres, "kept").await;
    postgres.stop().await.unwrap();
    assert!(is_gone(pid));

    let postgres = Postgres::start(&options).await.unwrap();
    assert_eq!(notes(&postgres).await, ["kept"]);
}

#[tokio::test]
async fn dropping_the_last_share_stops_postgres() {
    let postgres = Postgres::start(&postgres_in(&fresh_folder("dropped"))).await.unwrap();
    let pid = postgres.pid().unwrap();
    drop(postgres);
    assert!(is_gone(pid));
}

#[tokio::test]
async fn private_postgres_is_durable() {
    let postgres = Postgres::start(&postgres_in(&fresh_folder("durable"))).await.unwrap();
    let client = connected(&postgres).await;
    for (setting, value) in
        [("fsync", "on"), ("synchronous_commit", "on"), ("full_page_writes", "on"), ("listen_addresses", "")]
    {
        let row = client.query_one("select current_setting($1)", &[&setting]).await.unwrap();
        assert_eq!(row.get::<_, String>(0), value, "{setting}");
    }
}

#[tokio::test]
async fn postgres_lives_in_a_folder_with_an_awkward_name() {
    let top = fresh_folder("awkward");
    let long = "so long a name that no socket could ever be opened in it, ".repeat(3);
    for name in ["with a space, a \"quote\" and a 'tick'", &long] {
        let options = postgres_in(&top.join(name).join("postgres"));
        let postgres = Postgres::start(&options).await.unwrap();
        write_note(&postgres, name).await;
        let joined = Postgres::start(&options).await.unwrap();
        assert_eq!(notes(&joined).await, [name]);
    }
}

#[tokio::test]
async fn a_killed_postgres_recovers_with_everything_acknowledged() {
    let options = postgres_in(&fresh_folder("killed"));
    let postgres = Postgres::start(&options).await.unwrap();
    write_note(&postgres, "acknowledged").await;
    kill_hard(postgres.pid().unwrap());
    until("the postmaster is dead", || postgres.pid().is_none()).await;
    assert!(options.folder.join("cluster/postmaster.pid").exists(), "the pid file is stale");

    assert!(postgres.ensure_running().await.unwrap());
    assert!(!postgres.ensure_running().await.unwrap());
    assert_eq!(notes(&postgres).await, ["acknowledged"]);
}

#[tokio::test]
async fn a_killed_postgres_that_its_starter_does_not_collect_is_replaced() {
    let options = postgres_in(&fresh_folder("uncollected"));
    let starter = Postgres::start(&options).await.unwrap();
    write_note(&starter, "acknowledged").await;
    kill_hard(starter.pid().unwrap());
    until("the postmaster is dead", || starter.pid().is_none()).await;

    let other = Postgres::start(&options).await.unwrap();
    assert_eq!(other.origin(), Origin::Started);
    assert_eq!(notes(&other).await, ["acknowledged"]);
}

#[tokio::test]
async fn a_pid_file_that_names_somebody_else_is_stale() {
    let options = postgres_in(&fresh_folder("stranger"));
    let postgres = Postgres::start(&options).await.unwrap();
    kill_hard(postgres.pid().unwrap());
    drop(postgres);
    let path = options.folder.join("cluster/postmaster.pid");
    let stale = fs::read_to_string(&path).unwrap();
    let (_, rest) = stale.split_once('\n').unwrap();
    fs::write(&path, format!("{}\n{rest}", std::process::id())).unwrap();

    let postgres = Postgres::start(&options).await.unwrap();
    assert_eq!(postgres.origin(), Origin::Started);
}

#[tokio::test]
async fn an_initdb_cut_short_is_done_again() {
    let options = postgres_in(&fresh_folder("cut-short"));
    fs::create_dir_all(options.folder.join("cluster.unfinished/base")).unwrap();
    Postgres::start(&options).await.unwrap();
}

#[tokio::test]
async fn two_data_folders_are_two_postgres() {
    let top = fresh_folder("two");
    let (one, other) = (postgres_in(&top.join("one")), postgres_in(&top.join("other")));
    let (one, other) = tokio::try_join!(Postgres::start(&one), Postgres::start(&other)).unwrap();
    write_note(&one, "one").await;
    write_note(&other, "other").await;
    assert_eq!(notes(&one).await, ["one"]);
    assert_eq!(notes(&other).await, ["other"]);
}

#[tokio::test]
async fn whoever_comes_at_the_same_moment_shares_one_postgres() {
    let options = postgres_in(&fresh_folder("crowd"));
    let crowd = futures_util::future::try_join_all((0..4).map(|_| Postgres::start(&options))).await.unwrap();
    assert_eq!(crowd.iter().filter(|postgres| postgres.origin() == Origin::Started).count(), 1);
    assert!(crowd.iter().all(|postgres| postgres.pid() == crowd[0].pid()));
}

#[tokio::test]
async fn the_last_to_leave_stops_postgres() {
    let options = postgres_in(&fresh_folder("last"));
    let first = Postgres::start(&options).await.unwrap();
    let second = Postgres::start(&options).await.unwrap();
    assert_eq!(second.origin(), Origin::Joined);
    let pid = first.pid().unwrap();
    first.stop().await.unwrap();
    write_note(&second, "still here").await;
    second.stop().await.unwrap();
    assert!(is_gone(pid));
}

const FOLDER_TO_DIE_IN: &str = "TAPEDECK_TEST_FOLDER_TO_DIE_IN";

/// Not a test of its own: the process that the next one kills.
#[tokio::test]
async fn starts_postgres_and_waits_for_its_death() {
    if let Some(folder) = std::env::var_os(FOLDER_TO_DIE_IN) {
        let postgres = Postgres::start(&postgres_in(Path::new(&folder))).await.unwrap();
        write_note(&postgres, "acknowledged").await;
        fs::write(Path::new(&folder).join("acknowledged"), "").unwrap();
        std::future::pending::<()>().await;
    }
}

#[tokio::test]
async fn a_postgres_whose_starter_was_killed_is_joined_and_then_stopped() {
    let folder = fresh_folder("orphan");
    let mut starter = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "journeys::embedded::starts_postgres_and_waits_for_its_death"])
        .env(FOLDER_TO_DIE_IN, &folder)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    until("the starter wrote its note", || folder.join("acknowledged").exists()).await;
    starter.kill().unwrap();
    starter.wait().unwrap();

    let postgres = Postgres::start(&postgres_in(&folder)).await.unwrap();
    assert_eq!(postgres.origin(), Origin::Joined);
    assert_eq!(notes(&postgres).await, ["acknowledged"]);
    let pid = postgres.pid().unwrap();
    postgres.stop().await.unwrap();
    assert!(is_gone(pid));
}

#[tokio::test]
async fn a_postgres_without_binaries_says_what_to_type() {
    let mut options = postgres_in(&fresh_folder("missing"));
    options.programs.path = String::new();
    options.programs.places.clear();
    let refusal = Postgres::start(&options).await.unwrap_err();
    assert!(matches!(refusal, EmbeddedError::NotInstalled { .. }));
    let text = refusal.to_string();
    assert!(
        text.contains("apt-get install postgresql") && text.contains("brew install postgresql"),
        "{text}"
    );
}

#[tokio::test]
async fn data_of_a_version_that_is_not_installed_is_not_touched() {
    let options = postgres_in(&fresh_folder("other-major"));
    fs::create_dir_all(options.folder.join("cluster")).unwrap();
    fs::write(options.folder.join("cluster/PG_VERSION"), "12\n").unwrap();
    let refusal = Postgres::start(&options).await.unwrap_err();
    assert!(matches!(refusal, EmbeddedError::OtherMajor { .. }), "{refusal}");
}

#[tokio::test]
async fn a_failed_start_shows_the_log() {
    let options = postgres_in(&fresh_folder("broken"));
    Postgres::start(&options).await.unwrap().stop().await.unwrap();
    fs::write(options.folder.join("cluster/postgresql.conf"), "no_such_setting = 1\n").unwrap();
    let refusal = Postgres::start(&options).await.unwrap_err().to_string();
    assert!(refusal.contains("no_such_setting"), "{refusal}");
}

#[tokio::test]
async fn root_runs_postgres_as_somebody_else() {
    if !nix::unistd::Uid::effective().is_root() {
        return;
    }
    let options = postgres_in(&fresh_folder("root"));
    let postgres = Postgres::start(&options).await.unwrap();
    assert_ne!(fs::metadata(options.folder.join("cluster")).unwrap().uid(), 0);
    assert_eq!(fs::metadata(&options.folder).unwrap().uid(), 0, "only the server's own folders change hands");
    drop(postgres);
}

#[tokio::test]
async fn root_behind_a_closed_folder_gets_its_data_into_the_open() {
    if !nix::unistd::Uid::effective().is_root() {
        return;
    }
    let closed = fresh_folder("closed");
    fs::set_permissions(&closed, PermissionsExt::from_mode(0o700)).unwrap();
    let options = postgres_in(&closed.join("postgres"));
    let postgres = Postgres::start(&options).await.unwrap();
    write_note(&postgres, "kept").await;
    postgres.stop().await.unwrap();
    let open = fs::read_link(&options.folder).unwrap();
    let postgres = Postgres::start(&options).await.unwrap();
    assert_eq!(notes(&postgres).await, ["kept"]);
    postgres.stop().await.unwrap();
    fs::remove_dir_all(open).unwrap();
}

async fn jetstream(url: &SecretUrl) -> async_nats::jetstream::Context {
    let client = tapedeck::embedded::nats::connect(url, async_nats::ConnectOptions::new()).await.unwrap();
    async_nats::jetstream::new(client)
}

async fn publish(url: &SecretUrl) {
    let jetstream = jetstream(url).await;
    let stream = async_nats::jetstream::stream::Config { name: "NOTES".to_owned(), ..Default::default() };
    jetstream.get_or_create_stream(stream).await.unwrap();
    jetstream.publish("NOTES", "kept".into()).await.unwrap().await.unwrap();
}

async fn messages(url: &SecretUrl) -> u64 {
    jetstream(url).await.get_stream("NOTES").await.unwrap().cached_info().state.messages
}

#[tokio::test]
async fn what_was_published_survives_a_stop_and_a_kill() {
    let options = nats_in(&fresh_folder("nats with a \"space\"").join("nats"));
    let nats = Nats::start(&options).await.unwrap();
    assert_eq!(nats.origin(), Origin::Started);
    publish(&nats.url()).await;
    let pid = nats.pid().unwrap();
    nats.stop().await.unwrap();
    assert!(is_gone(pid));

    let nats = Nats::start(&options).await.unwrap();
    kill_hard(nats.pid().unwrap());
    until("nats-server is dead", || nats.pid().is_none()).await;
    assert!(nats.ensure_running().await.unwrap());
    assert_eq!(messages(&nats.url()).await, 1);
}

#[tokio::test]
async fn the_last_to_leave_stops_nats() {
    let options = nats_in(&fresh_folder("nats-last"));
    let first = Nats::start(&options).await.unwrap();
    let second = Nats::start(&options).await.unwrap();
    assert_eq!((second.origin(), second.url()), (Origin::Joined, first.url()));
    let pid = first.pid().unwrap();
    first.stop().await.unwrap();
    publish(&second.url()).await;
    drop(second);
    assert!(is_gone(pid));
}

#[tokio::test]
async fn two_data_folders_are_two_nats_even_if_the_port_was_taken() {
    let top = fresh_folder("nats-two");
    let options = nats_in(&top.join("one"));
    let first = Nats::start(&options).await.unwrap();
    let port = first.url();
    first.stop().await.unwrap();
    let port: u16 = port.expose().rsplit_once(':').unwrap().1.parse().unwrap();
    let _taken = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
    let again = Nats::start(&options).await.unwrap();
    let other = Nats::start(&nats_in(&top.join("other"))).await.unwrap();
    publish(&again.url()).await;
    publish(&other.url()).await;
    assert_ne!(again.url(), other.url());
}

#[tokio::test]
async fn a_private_nats_refuses_strangers() {
    let nats = Nats::start(&nats_in(&fresh_folder("nats-login"))).await.unwrap();
    let address = nats.url().expose().rsplit_once('@').unwrap().1.to_owned();
    assert!(async_nats::connect(address).await.is_err());
}

#[tokio::test]
async fn services_are_started_unless_given() {
    let mut config = test_config("services");
    let private = Services::start(&config).await.unwrap();
    assert_eq!(
        (private.database_provided(), private.nats_provided()),
        (Provided::Started, Provided::Started)
    );
    publish(&private.nats).await;

    config.data_dir = fresh_folder("given").join("never made");
    config.database.url = Some(services::fresh_database("given").await);
    config.nats.url = Some(services::nats_url());
    let given = Services::start(&config).await.unwrap();
    assert_eq!((given.database_provided(), given.nats_provided()), (Provided::Given, Provided::Given));
    connected_to(&given.database).await;
    assert!(!config.data_dir.exists());

    given.stop().await.unwrap();
    private.stop().await.unwrap();
}

#[tokio::test]
async fn a_server_that_dies_is_brought_back() {
    let config = test_config("tended");
    let services = Services::start(&config).await.unwrap();
    let leaving = tokio_util::sync::CancellationToken::new();
    let crash = async {
        let running = || {
            let postgres = tapedeck::embedded::postgres::running(&config.data_dir.join("postgres"));
            Some((postgres?, tapedeck::embedded::nats::running(&config.data_dir.join("nats"))?))
        };
        let (postgres, nats) = running().unwrap();
        kill_hard(postgres);
        kill_hard(nats);
        until("both run again", || running().is_some_and(|now| now.0 != postgres && now.1 != nats)).await;
        leaving.cancel();
    };
    tokio::join!(services.tend(&leaving), crash);
    services.stop().await.unwrap();
}
