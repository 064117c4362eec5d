//! The doctor: says what is missing, what to type, and nothing that is secret.

use tapedeck::config::SecretUrl;
use tapedeck::doctor::{Check, Report, Status, examine};
use tapedeck::embedded::Services;

use crate::support::services::{self, test_config};

fn check<'a>(report: &'a Report, name: &str) -> &'a Check {
    report.checks.iter().find(|check| check.name == name).unwrap()
}

#[tokio::test]
async fn a_machine_with_everything_passes_untouched() {
    let config = test_config("healthy");
    let report = examine(&config).await;
    assert!(report.status() < Status::Failed, "{}", report.render());
    assert!(check(&report, "Postgres").found.contains("PostgreSQL"));
    assert!(check(&report, "private servers").found.contains("Postgres does not run"));
    assert!(!config.data_dir.exists());
    let path = config.programs.path.clone();
    assert!(path.contains(':') && !report.render().contains(&path), "{}", report.render());
}

#[tokio::test]
async fn a_machine_without_servers_is_told_what_to_type() {
    let mut config = test_config("bare");
    config.programs.path = "/nowhere".to_owned();
    config.programs.places.clear();
    let report = examine(&config).await;
    for (name, typed) in [("Postgres", "install postgresql"), ("nats-server", "install nats-server")] {
        let check = check(&report, name);
        assert_eq!(check.status, Status::Failed);
        let advice = check.advice.as_ref().unwrap();
        assert!(
            advice.contains(&format!("apt-get {typed}")) && advice.contains(&format!("brew {typed}")),
            "{advice}"
        );
        assert!(report.render().contains(advice));
    }
}

#[tokio::test]
async fn servers_that_run_already_are_seen() {
    let config = test_config("busy");
    let services = Services::start(&config).await.unwrap();
    let report = examine(&config).await;
    assert_eq!(check(&report, "schema").status, Status::Ok, "a database that was never opened");
    assert!(check(&report, "schema").found.contains("will be applied"));
    assert_eq!(check(&report, "database health").status, Status::Ok);
    let found = &check(&report, "private servers").found;
    assert!(found.contains("Postgres runs") && found.contains("nats-server runs"), "{found}");
    services.stop().await.unwrap();
}

#[tokio::test]
async fn given_servers_are_asked_and_their_passwords_kept() {
    let mut config = test_config("given");
    config.database.url = Some(services::fresh_database("doctor").await);
    config.nats.url = Some(services::nats_url());
    let report = examine(&config).await;
    assert_eq!(check(&report, "given database").status, Status::Ok);
    assert!(check(&report, "given NATS").found.contains("nats-server"), "{}", report.render());
    let secret = services::nats_url().expose().split([':', '@']).nth(2).unwrap().to_owned();
    assert!(!report.render().contains(&secret));
    assert!(!serde_json::to_string(&report).unwrap().contains(&secret));
}

#[tokio::test]
async fn given_servers_that_do_not_answer_fail() {
    let mut config = test_config("unreachable");
    config.database.url = Some(SecretUrl::new("postgresql://ann:hush@127.0.0.1:1/tape"));
    config.nats.url = Some(SecretUrl::new("nats://ann:hush@127.0.0.1:1"));
    let report = examine(&config).await;
    for name in ["given database", "given NATS"] {
        assert_eq!(check(&report, name).status, Status::Failed);
    }
    assert!(!report.render().contains("hush"), "{}", report.render());
}

#[tokio::test]
async fn a_data_folder_that_cannot_be_made_fails() {
    let mut config = test_config("file");
    config.data_dir = "/dev/null/data".into();
    let report = examine(&config).await;
    assert_eq!(check(&report, "data folder").status, Status::Failed);
}
