//! Who uses a server's folder, told by advisory locks, which the system gives back however a process ends.
//!
//! Starting and stopping happen behind the *gate*, one process at a time. Each process that uses the server holds a
//! share of the *lease*: whoever can take it whole is the last.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use super::error::{EmbeddedError, file_error};

const POLL: Duration = Duration::from_millis(20);

/// The right to start or stop the server of one folder.
#[derive(Debug)]
pub struct Gate(#[expect(dead_code, reason = "holds the lock until dropped")] File);

impl Gate {
    /// Waits up to `patience` for other processes to pass.
    pub fn enter(folder: &Path, patience: Duration) -> Result<Self, EmbeddedError> {
        let file = open(folder, "gate.lock")?;
        let deadline = Instant::now() + patience;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self(file)),
                Err(TryLockError::Error(source)) => return Err(file_error("locking", folder)(source)),
                Err(TryLockError::WouldBlock) if Instant::now() >= deadline => {
                    return Err(EmbeddedError::Occupied {
                        folder: folder.into(),
                        waited_s: patience.as_secs(),
                    });
                }
                Err(TryLockError::WouldBlock) => std::thread::sleep(POLL),
            }
        }
    }
}

/// One share of the use of a server.
#[derive(Debug)]
pub struct Lease(File);

impl Lease {
    /// Joins the users of the folder. Only behind the gate.
    pub fn share(folder: &Path, _gate: &Gate) -> Result<Self, EmbeddedError> {
        let file = open(folder, "users.lock")?;
        file.lock_shared().map_err(file_error("locking", folder))?;
        Ok(Self(file))
    }

    /// Gives the share back, and says whether it was the last. Only behind the gate, which keeps newcomers out.
    pub fn was_last(self, _gate: &Gate) -> bool {
        self.0.unlock().is_ok() && self.0.try_lock().is_ok()
    }
}

fn open(folder: &Path, name: &str) -> Result<File, EmbeddedError> {
    let path = folder.join(name);
    let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path);
    file.map_err(file_error("opening", path))
}
