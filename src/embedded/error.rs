//! Why a private server is not there.

use std::io;
use std::path::PathBuf;

use super::programs::{self, Program};

/// Why a private server could not be started, joined or stopped. Each text says what to do where something can be done.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// The server's program is not installed, or too old.
    #[error("{program} was not found{}. {}", programs::found_instead(found), program.advice())]
    NotInstalled {
        /// The program that is missing.
        program: Program,
        /// Versions that are installed but of no use.
        found: Vec<String>,
    },
    /// The data folder was made by a Postgres that is not installed any more.
    #[error(
        "the data in {} was written by Postgres {wanted}, and installed is {}. Install Postgres {wanted}, or move the data with pg_upgrade",
        folder.display(), found.join(", ")
    )]
    OtherMajor {
        /// The folder.
        folder: PathBuf,
        /// The major version that wrote it.
        wanted: String,
        /// The versions that are installed.
        found: Vec<String>,
    },
    /// An operation on a file failed.
    #[error("{operation} {} failed: {source}", path.display())]
    File {
        /// What was done, such as `creating`.
        operation: &'static str,
        /// To which file.
        path: PathBuf,
        #[source]
        /// Why it failed.
        source: io::Error,
    },
    /// A program could not be run at all.
    #[error("running {} failed: {source}", program.display())]
    NotRun {
        /// The program.
        program: PathBuf,
        #[source]
        /// Why it failed.
        source: io::Error,
    },
    /// A program ended with a failure.
    #[error("{program} failed: {output}")]
    ProgramFailed {
        /// The program.
        program: &'static str,
        /// What it said.
        output: String,
    },
    /// Postgres refuses to run as root, and there is no other user to run it as.
    #[error("Postgres does not run as root, and none of the users {} exists. Create one: useradd --system postgres", candidates.join(", "))]
    NoUnprivilegedUser {
        /// The users looked for.
        candidates: Vec<&'static str>,
    },
    /// The unprivileged user cannot reach the data.
    #[error("user {user} cannot enter {}, which holds the servers' data. Allow it: chmod o+x {}", closed.display(), closed.display())]
    Unreachable {
        /// The user the servers run as.
        user: String,
        /// The first folder on the way that is closed to them.
        closed: PathBuf,
    },
    /// Another process keeps the server's folder to itself for too long.
    #[error("another process has been starting or stopping the server in {} for {waited_s} s", folder.display())]
    Occupied {
        /// The folder.
        folder: PathBuf,
        /// How long we waited, in seconds.
        waited_s: u64,
    },
    /// The server ended instead of starting.
    #[error("{server} ended with {status} instead of starting; its log says:\n{log}")]
    Exited {
        /// Which server.
        server: &'static str,
        /// How it ended.
        status: String,
        /// The end of its log.
        log: String,
    },
    /// The server did not become ready, or did not stop, in time.
    #[error("{server} is not {state} after {waited_s} s; its log says:\n{log}")]
    Late {
        /// Which server.
        server: &'static str,
        /// `ready` or `stopped`.
        state: &'static str,
        /// How long we waited, in seconds.
        waited_s: u64,
        /// The end of its log.
        log: String,
    },
    /// The server takes connections and then says nothing.
    #[error("{server} takes connections, but has answered nothing for {waited_s} s")]
    Silent {
        /// Which server.
        server: &'static str,
        /// How long we waited, in seconds.
        waited_s: u64,
    },
    /// The private Postgres is ready but refuses us.
    #[error("talking to the private Postgres failed")]
    Database(#[from] tokio_postgres::Error),
    /// A service has neither a URL nor a private server.
    #[error("there is no URL of {server}")]
    NoUrl {
        /// Which service.
        server: &'static str,
    },
    /// The thread that waited for the server was lost.
    #[error("the thread that looked after the server ended early")]
    Interrupted(#[from] tokio::task::JoinError),
}

/// `map_err` with the operation and the path.
pub(super) fn file_error(
    operation: &'static str,
    path: impl Into<PathBuf>,
) -> impl FnOnce(io::Error) -> EmbeddedError {
    let path = path.into();
    move |source| EmbeddedError::File { operation, path, source }
}
