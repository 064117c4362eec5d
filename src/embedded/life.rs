//! The life of a private server, the same for every kind: join or start, look after, leave or stop.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::error::{EmbeddedError, file_error};
use super::lease::{Gate, Lease};
use super::process::{self, Holder, holder};

const POLL: Duration = Duration::from_millis(10);
/// Wait before a server that ended at once is launched again.
const RELAUNCH_PAUSE: Duration = Duration::from_millis(200);
const LOG_TAIL_BYTES: u64 = 4096;
/// A log longer than this is set aside when the server starts.
const LOG_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// How long [`Drop`] waits for others to pass the gate.
const DROP_PATIENCE: Duration = Duration::from_secs(10);

/// How this process came by a private server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// This process started it.
    Started,
    /// It was running already, for another process or one that was killed.
    Joined,
}

/// What can be seen of a server from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// No process.
    Absent,
    /// A process that does not answer: starting, recovering or stopping.
    Busy,
    /// A process that answers.
    Ready,
}

/// What differs between the kinds of server.
pub trait Server: std::fmt::Debug + Send + Sync + 'static {
    /// Its name in messages.
    const NAME: &'static str;
    /// The signals that stop it, gentlest first, and how long each is given.
    const STOP: &'static [(Signal, Duration)];

    /// The folder it lives in, with its locks and its log.
    fn folder(&self) -> &Path;
    /// Its process, if it runs, whoever started it.
    fn pid(&self) -> Option<u32>;
    /// A path on its command line and on no other's.
    fn mark(&self) -> PathBuf;
    /// Looks at it now.
    fn sight(&self) -> Sight;
    /// The command that runs it, after making ready whatever it needs.
    fn prepare(&self) -> Result<Command, EmbeddedError>;
    /// Whether a start that failed with `log` may succeed the next time.
    fn may_retry(&self, log: &str) -> bool;
    /// Removes what it leaves behind outside its folder.
    fn clean_up(&self) {}
}

/// A share in a running server.
#[derive(Debug)]
pub struct Life<S: Server> {
    pub server: S,
    pub origin: Origin,
    start_patience: Duration,
    held: Mutex<Held>,
}

#[derive(Debug)]
struct Held {
    /// The process, if it is a child of this one: whoever started a process must collect it.
    child: Option<Child>,
    /// Our share, until we leave.
    lease: Option<Lease>,
}

impl<S: Server> Life<S> {
    /// Joins the server, or starts it if it does not run, and waits until it answers.
    pub fn begin(server: S, start_patience: Duration) -> Result<Self, EmbeddedError> {
        let gate = Gate::enter(server.folder(), start_patience)?;
        let child = bring_up(&server, start_patience)?;
        let lease = Lease::share(server.folder(), &gate)?;
        let origin = if child.is_some() { Origin::Started } else { Origin::Joined };
        Ok(Self { server, origin, start_patience, held: Mutex::new(Held { child, lease: Some(lease) }) })
    }

    /// Starts the server again if it died. True if it had.
    pub fn ensure_running(&self) -> Result<bool, EmbeddedError> {
        if self.server.pid().is_some() {
            return Ok(false);
        }
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.lease.is_none() {
            return Ok(false);
        }
        let _gate = Gate::enter(self.server.folder(), self.start_patience)?;
        if self.server.pid().is_none() {
            collect(&mut held.child, self.server.folder())?;
        }
        let started = bring_up(&self.server, self.start_patience)?;
        let restarted = started.is_some();
        if restarted {
            held.child = started;
        }
        Ok(restarted)
    }

    /// Leaves the server, and stops it if nobody else uses it. Doing so twice is doing so once.
    pub fn end(&self) -> Result<(), EmbeddedError> {
        self.leave(self.start_patience)
    }

    fn leave(&self, gate_patience: Duration) -> Result<(), EmbeddedError> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(lease) = held.lease.take() else { return Ok(()) };
        let gate = Gate::enter(self.server.folder(), gate_patience)?;
        if !lease.was_last(&gate) {
            return Ok(());
        }
        stop(&self.server)?;
        self.server.clean_up();
        collect(&mut held.child, self.server.folder())
    }
}

impl<S: Server> Drop for Life<S> {
    fn drop(&mut self) {
        if let Err(problem) = self.leave(DROP_PATIENCE) {
            tracing::error!(server = S::NAME, error = %problem, "The private {} was not stopped: {problem}", S::NAME);
        }
    }
}

fn stop<S: Server>(server: &S) -> Result<(), EmbeddedError> {
    // A server removes its own record of itself shortly before it ends, so it is asked only once.
    let Some(pid) = server.pid() else { return Ok(()) };
    let runs = || matches!(holder(pid, &server.mark()), Holder::Server | Holder::Unknown);
    let mut waited = Duration::ZERO;
    for &(signal, patience) in S::STOP {
        if !runs() {
            return Ok(());
        }
        process::signal(pid, signal).map_err(file_error("stopping the server of", server.folder()))?;
        let deadline = Instant::now() + patience;
        while runs() && Instant::now() < deadline {
            std::thread::sleep(POLL);
        }
        waited += patience;
    }
    if runs() { Err(late::<S>("stopped", waited, server.folder(), 0)) } else { Ok(()) }
}

/// Waits until the server answers, launching it if it does not run: then its process is the answer.
fn bring_up<S: Server>(server: &S, patience: Duration) -> Result<Option<Child>, EmbeddedError> {
    let deadline = Instant::now() + patience;
    let log = server.folder().join("server.log");
    let mut log_start = 0;
    let mut launched: Option<Child> = None;
    loop {
        match (server.sight(), launched.as_mut()) {
            (Sight::Ready, _) => return Ok(launched),
            (Sight::Absent, None) => {
                log_start = set_long_log_aside(&log)?;
                launched = Some(launch(server, &log)?);
            }
            (Sight::Absent | Sight::Busy, Some(child)) => {
                if let Some(status) =
                    child.try_wait().map_err(file_error("waiting for the server of", server.folder()))?
                {
                    let log = tail(&log, log_start);
                    if !server.may_retry(&log) || Instant::now() >= deadline {
                        return Err(EmbeddedError::Exited {
                            server: S::NAME,
                            status: status.to_string(),
                            log,
                        });
                    }
                    launched = None;
                    std::thread::sleep(RELAUNCH_PAUSE);
                }
            }
            (Sight::Busy, None) => {}
        }
        if Instant::now() >= deadline {
            abandon(launched);
            return Err(late::<S>("ready", patience, server.folder(), log_start));
        }
        std::thread::sleep(POLL);
    }
}

fn launch<S: Server>(server: &S, log: &Path) -> Result<Child, EmbeddedError> {
    let mut command = server.prepare()?;
    let out = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(log)
        .map_err(file_error("opening", log))?;
    let err = out.try_clone().map_err(file_error("opening", log))?;
    let program = PathBuf::from(command.get_program());
    let child = command.stdin(Stdio::null()).stdout(out).stderr(err).spawn();
    child.map_err(|source| EmbeddedError::NotRun { program, source })
}

/// Ends a process that never became ready; there is nothing in it to lose.
fn abandon(launched: Option<Child>) {
    if let Some(mut child) = launched
        && let Err(problem) = child.kill().and_then(|()| child.wait().map(drop))
    {
        tracing::warn!(error = %problem, "A server that did not become ready could not be ended: {problem}");
    }
}

fn collect(child: &mut Option<Child>, folder: &Path) -> Result<(), EmbeddedError> {
    match child.take() {
        Some(mut child) => child.wait().map(drop).map_err(file_error("collecting the server of", folder)),
        None => Ok(()),
    }
}

fn late<S: Server>(state: &'static str, waited: Duration, folder: &Path, log_start: u64) -> EmbeddedError {
    let log = tail(&folder.join("server.log"), log_start);
    EmbeddedError::Late { server: S::NAME, state, waited_s: waited.as_secs(), log }
}

/// Where the next lines of the log will be.
fn set_long_log_aside(log: &Path) -> Result<u64, EmbeddedError> {
    match fs::metadata(log) {
        Ok(file) if file.len() > LOG_BYTES_MAX => {
            fs::rename(log, log.with_extension("log.1")).map_err(file_error("renaming", log))?;
            Ok(0)
        }
        Ok(file) => Ok(file.len()),
        Err(_) => Ok(0),
    }
}

/// The end of the log, from `start` at the earliest. A log that cannot be read says so in its place.
fn tail(log: &Path, start: u64) -> String {
    let read = || -> std::io::Result<String> {
        let mut file = File::open(log)?;
        let start = start.max(file.metadata()?.len().saturating_sub(LOG_TAIL_BYTES));
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).trim_end().to_owned())
    };
    match read() {
        Ok(text) if text.is_empty() => "(nothing)".to_owned(),
        Ok(text) => text,
        Err(problem) => format!("({}: {problem})", log.display()),
    }
}
