//! The servers that all tests of a process share: one Postgres cluster and one nats-server, started when first asked for.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tapedeck::config::{Config, SecretUrl, Sources};
use tapedeck::embedded::{Durability, Nats, NatsOptions, Postgres, PostgresOptions};
use tokio_postgres::NoTls;

use super::folders::fresh_folder;

struct Shared {
    postgres: Postgres,
    nats: Nats,
}

static SHARED: LazyLock<Shared> = LazyLock::new(|| {
    tapedeck::tls::install();
    // A runtime of its own on a thread of its own: the first to ask may be in the middle of a test's runtime.
    let thread = std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let config = test_config("shared");
            let options =
                PostgresOptions { durability: Durability::TestsOnly, ..PostgresOptions::of(&config) };
            let nats = NatsOptions::of(&config);
            let (postgres, nats) = tokio::try_join!(Postgres::start(&options), Nats::start(&nats)).unwrap();
            Shared { postgres, nats }
        })
    });
    thread.join().unwrap()
});

/// Connection settings of the shared cluster's superuser.
pub fn postgres() -> tokio_postgres::Config {
    SHARED.postgres.config()
}

/// The shared nats-server, with its password: connect with `tapedeck::embedded::nats::connect`.
pub fn nats_url() -> SecretUrl {
    SHARED.nats.url()
}

/// A new, empty database of the shared cluster.
pub async fn fresh_database(hint: &str) -> SecretUrl {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("{hint}_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let (client, connection) = postgres().connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(&format!("create database \"{name}\"")).await.unwrap();
    let url = SHARED.postgres.url();
    let server = url.expose().rsplit_once('/').unwrap().0;
    SecretUrl::new(format!("{server}/{name}"))
}

/// A configuration with a data folder of its own and the programs of this machine; nothing else of its environment.
pub fn test_config(hint: &str) -> Config {
    let path = std::env::var_os("PATH").unwrap().into_string().unwrap();
    let mut config = Config::from_sources(Sources::new(None, [("PATH".to_owned(), path)])).unwrap();
    config.data_dir = fresh_folder(hint).join("data");
    // Tests ask faster than people, all from one address.
    let rates = &mut config.http.rates;
    for rate in [
        &mut rates.user_per_minute,
        &mut rates.user_per_second,
        &mut rates.address_per_minute,
        &mut rates.address_per_second,
        &mut rates.logins_per_minute,
    ] {
        *rate = 1_000_000;
    }
    // Passwords of tests protect nothing.
    config.identity.argon2.memory_kib = 64;
    config.identity.argon2.passes = 1;
    config
}

/// Long enough for a server that starts at once, short enough for a test that expects it not to.
pub const START_PATIENCE: Duration = Duration::from_secs(30);
