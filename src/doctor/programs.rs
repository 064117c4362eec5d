//! The programs of private servers, and the user they would run as. Nothing here matters where URLs are given.

use super::Check;
use crate::config::Config;
use crate::embedded::programs::Program;
use crate::embedded::server_user as find_server_user;

pub fn postgres(config: &Config) -> Option<Check> {
    config.database.url.is_none().then(|| program("Postgres", Program::Postgres, config))
}

pub fn nats(config: &Config) -> Option<Check> {
    config.nats.url.is_none().then(|| program("nats-server", Program::Nats, config))
}

fn program(name: &'static str, program: Program, config: &Config) -> Check {
    let found = program.find_all(&config.programs);
    let Some(newest) = found.first() else {
        return Check::failed(name, format!("{program} was not found"), program.advice());
    };
    let there = format!("{} at {}", newest.banner, newest.path.display());
    if newest.version < program.version_min() {
        return Check::failed(name, format!("{there}, but {program} is needed"), program.advice());
    }
    Check::ok(name, there)
}

pub fn server_user(config: &Config) -> Option<Check> {
    const NAME: &str = "server user";
    if config.database.url.is_some() && config.nats.url.is_some() {
        return None;
    }
    match find_server_user() {
        Ok(None) => Some(Check::ok(NAME, "the current user")),
        Ok(Some(user)) => Some(Check::ok(NAME, format!("{}, because Postgres refuses root", user.name))),
        Err(problem) => Some(Check::failed(NAME, problem.to_string(), "useradd --system postgres")),
    }
}
