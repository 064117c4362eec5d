//! A private server that dies while it is joined is started again: nobody else may be there to do it.

use std::collections::BTreeSet;
use std::fs;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tapedeck::app::RunningApp;
use tapedeck::embedded::{Nats, NatsOptions, Postgres, PostgresOptions};
use tapedeck::tape::Tape;
use tokio_postgres::{Client, NoTls};

use crate::support::services::test_config;
use crate::support::waiting::until;

/// What migrating processes queue for, as `events/src/log/migrate.rs` has it.
const MIGRATION_LOCK: i64 = 0x7461_7065_6465_636b;

fn send(pid: u32, signal: Signal) {
    kill(Pid::from_raw(pid.cast_signed()), signal).unwrap();
}

async fn connected(postgres: &Postgres) -> Client {
    let (client, connection) = tokio_postgres::connect(postgres.url().expose(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Sockets of this machine that bear this name: the one that listens, and those that wait to be accepted by it.
fn sockets_named(path: &str) -> usize {
    fs::read_to_string("/proc/net/unix").unwrap().lines().filter(|line| line.ends_with(path)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_that_answers_a_last_time_and_dies_is_started_again() {
    let options = PostgresOptions::of(&test_config("last-answer"));
    let starter = Postgres::start(&options).await.unwrap();
    let pid = starter.pid().unwrap();
    let config = starter.config();
    let [tokio_postgres::config::Host::Unix(folder)] = config.get_hosts() else { panic!("{config:?}") };
    let socket = folder.join(".s.PGSQL.5432").to_str().unwrap().to_owned();
    until("only the listener is left", || sockets_named(&socket) == 1).await;

    // A process that stands still takes connections all the same: the system does it for it.
    send(pid, Signal::SIGSTOP);
    let joining = tokio::spawn(async move { Postgres::start(&options).await });
    // One connection to see whether it answers, one to talk to it.
    until("the server is joined", || sockets_named(&socket) == 3).await;
    send(pid, Signal::SIGKILL);

    let joined = joining.await.unwrap().unwrap();
    assert_ne!(joined.pid(), Some(pid));
    assert_eq!(connected(&joined).await.query("select 1", &[]).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_die_while_a_tape_is_opened_are_started_again() {
    let config = test_config("dying");
    let postgres = Postgres::start(&PostgresOptions::of(&config)).await.unwrap();
    let nats = Nats::start(&NatsOptions::of(&config)).await.unwrap();
    // Whoever opens the tape stands still before its migrations.
    let holder = connected(&postgres).await;
    holder.execute("select pg_advisory_lock($1)", &[&MIGRATION_LOCK]).await.unwrap();
    let opening = tokio::spawn(async move { RunningApp::start(config, &BTreeSet::new()).await });
    let waiting = "select 1 from pg_locks where locktype = 'advisory' and not granted";
    while holder.query(waiting, &[]).await.unwrap().is_empty() {
        assert!(!opening.is_finished());
    }
    send(postgres.pid().unwrap(), Signal::SIGKILL);
    send(nats.pid().unwrap(), Signal::SIGKILL);

    let running = opening.await.unwrap().unwrap();
    assert_eq!(running.app.log.head().await.unwrap().0, 0);
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_tape_that_cannot_be_opened_for_another_reason_says_so_at_once() {
    let config = test_config("unreadable");
    let tape = Tape::open(config.clone()).await.unwrap();
    let client = tape.log.connector().connect().await.unwrap();
    client.execute("update refinery_schema_history set checksum = '1' where version = 1", &[]).await.unwrap();
    drop(client);
    tape.close().await.unwrap();
    let refusal = tokio::time::timeout(crate::support::services::START_PATIENCE, Tape::open(config)).await;
    assert!(refusal.expect("it does not insist").is_err());
}
