//! Event logs of their own for tests, from one migrated template.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use events::log::{Connector, Log, LogOptions, migrate};
use tokio_postgres::NoTls;

use super::services;

/// Name of the migrated template database. Made once, on a runtime of its own.
static TEMPLATE: LazyLock<String> = LazyLock::new(|| {
    let thread = std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let name = "tape_template".to_owned();
            let (client, connection) = services::postgres().connect(NoTls).await.unwrap();
            let ending = tokio::spawn(connection);
            client.batch_execute(&format!("create database {name}")).await.unwrap();
            drop(client);
            ending.await.unwrap().unwrap();
            let mut config = services::postgres();
            let (mut client, connection) = config.dbname(&name).connect(NoTls).await.unwrap();
            let ending = tokio::spawn(connection);
            migrate(&mut client).await.unwrap();
            // Nobody may be connected to a template.
            drop(client);
            ending.await.unwrap().unwrap();
            name
        })
    });
    thread.join().unwrap()
});

/// Connects to a new, migrated, empty tape.
pub async fn fresh_tape() -> Connector {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let template = TEMPLATE.clone();
    let name = format!("tape_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let (client, connection) = services::postgres().connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
        .batch_execute(&format!("create database {name} template {template} strategy file_copy"))
        .await
        .unwrap();
    // The template's epoch went with the copy: each tape has a life of its own.
    let mut config = services::postgres();
    config.dbname(&name);
    let connector = Connector::from_config(config);
    let own = connector.connect().await.unwrap();
    own.batch_execute("update log_head set epoch = gen_random_uuid()").await.unwrap();
    connector
}

/// A new, empty log.
pub async fn fresh_log() -> Log {
    open(&fresh_tape().await).await
}

/// Another handle to a tape, as another process would have it.
pub async fn open(connector: &Connector) -> Log {
    Log::open(connector.clone(), LogOptions::default()).await.unwrap()
}
