//! One cluster: which binaries serve it, where its socket is, how it is made and run.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::signal::Signal;

use super::pid_file::{PidFile, socket, socket_lock};
use super::settings::MEMORY;
use super::{NAME, PostgresOptions};
use crate::embedded::error::{EmbeddedError, file_error};
use crate::embedded::home::Home;
use crate::embedded::life::{Server, Sight};
use crate::embedded::process::{Holder, holder};
use crate::embedded::programs::{Installed, Program};

/// The cluster's folder within the server's.
pub const FOLDER: &str = "cluster";
/// The address of a Unix socket holds 108 bytes on Linux and 104 on macOS, with a zero at the end.
const SOCKET_PATH_BYTES_MAX: usize = 103;
/// Where sockets go when the temp folder's own name is too long.
const SHORT_TEMP: &str = "/tmp";

/// A cluster and its server.
#[derive(Debug)]
pub struct Cluster {
    home: Home,
    data: PathBuf,
    socket_folder: PathBuf,
    options: PostgresOptions,
}

impl Cluster {
    /// The cluster in `home`, which need not exist yet.
    pub fn new(home: Home, options: PostgresOptions) -> Result<Self, EmbeddedError> {
        let data = home.folder.join(FOLDER);
        Ok(Self { socket_folder: own_socket_folder(&home.folder), data, home, options })
    }

    /// Where the socket is. A server that another process started, perhaps with another temp folder, says so itself.
    pub fn socket_folder(&self) -> PathBuf {
        let live = PidFile::live(&self.data).and_then(|file| file.socket_folder);
        live.unwrap_or_else(|| self.socket_folder.clone())
    }

    /// The newest installed server, or the one of the version that wrote the data.
    fn installed(&self) -> Result<Installed, EmbeddedError> {
        let program = Program::Postgres;
        let found = program.find_all(&self.options.programs);
        let banners = |found: &[Installed]| found.iter().map(|installed| installed.banner.clone()).collect();
        let Ok(wanted) = fs::read_to_string(self.data.join("PG_VERSION")) else {
            let newest = found.first().filter(|newest| newest.version >= program.version_min());
            return newest.cloned().ok_or(EmbeddedError::NotInstalled { program, found: banners(&found) });
        };
        let wanted = wanted.trim().to_owned();
        match found.iter().find(|installed| installed.version.0.to_string() == wanted) {
            Some(installed) => Ok(installed.clone()),
            None if found.is_empty() => Err(EmbeddedError::NotInstalled { program, found: Vec::new() }),
            None => {
                Err(EmbeddedError::OtherMajor { folder: self.data.clone(), wanted, found: banners(&found) })
            }
        }
    }

    /// Makes the cluster beside its place and moves it there whole, so that one cut short is never taken for a cluster.
    fn initialize(&self, installed: &Installed) -> Result<(), EmbeddedError> {
        let unfinished = self.home.folder.join("cluster.unfinished");
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished).map_err(file_error("removing", &unfinished))?;
        }
        self.home.private_folder(&unfinished)?;
        let initdb = installed.path.with_file_name("initdb");
        let mut command = self.home.command(&initdb);
        command.args(["--locale=C", "-E", "UTF8", "--auth=trust", "-U", NAME]);
        command.args(self.options.durability.initdb_arguments()).arg("-D").arg(&unfinished);
        let output = command.stdin(Stdio::null()).output();
        let output = output.map_err(|source| EmbeddedError::NotRun { program: initdb, source })?;
        if !output.status.success() {
            let output = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(EmbeddedError::ProgramFailed { program: "initdb", output });
        }
        fs::rename(&unfinished, &self.data).map_err(file_error("renaming", &unfinished))?;
        let folder = fs::File::open(&self.home.folder).and_then(|folder| folder.sync_all());
        folder.map_err(file_error("syncing", &self.home.folder))
    }

    /// Postgres takes a lock file whose number belongs to any process, even a dead one not yet collected, for a running
    /// server: `postmaster.pid` as well as the one beside the socket. We know it is none. Processes left over from it
    /// still hold its shared memory, which Postgres checks on its own.
    fn forget_dead_postmaster(&self) -> Result<(), EmbeddedError> {
        let lock = socket_lock(&self.socket_folder);
        let locked_by = fs::read_to_string(&lock).ok().and_then(|text| text.lines().next()?.parse().ok());
        let recorded = PidFile::read(&self.data).map(|file| file.pid);
        for (pid, path) in [(recorded, PidFile::path(&self.data)), (locked_by, lock)] {
            if pid.is_some_and(|pid| holder(pid, &self.data) == Holder::Stranger) {
                fs::remove_file(&path).map_err(file_error("removing", path))?;
            }
        }
        Ok(())
    }
}

impl Server for Cluster {
    const NAME: &'static str = "Postgres";
    /// Fast: open transactions are rolled back. Immediate: recovery at the next start.
    const STOP: &'static [(Signal, Duration)] = &[
        (Signal::SIGINT, Duration::from_secs(30)),
        (Signal::SIGQUIT, Duration::from_secs(10)),
        (Signal::SIGKILL, Duration::from_secs(5)),
    ];

    fn folder(&self) -> &Path {
        &self.home.folder
    }

    fn pid(&self) -> Option<u32> {
        PidFile::live(&self.data).map(|file| file.pid)
    }

    fn mark(&self) -> PathBuf {
        self.data.clone()
    }

    fn sight(&self) -> Sight {
        PidFile::sight(&self.data)
    }

    fn prepare(&self) -> Result<Command, EmbeddedError> {
        let installed = self.installed()?;
        if !self.data.join("PG_VERSION").exists() {
            self.initialize(&installed)?;
        }
        self.home.private_folder(&self.socket_folder)?;
        self.forget_dead_postmaster()?;
        let mut command = self.home.command(&installed.path);
        command.arg("-D").arg(&self.data);
        let sockets = format!("unix_socket_directories={}", list_element(&self.socket_folder));
        for setting in self.options.durability.settings().chain([sockets]) {
            command.arg("-c").arg(setting);
        }
        command.envs(MEMORY.iter().copied());
        Ok(command)
    }

    fn may_retry(&self, log: &str) -> bool {
        // The processes of a killed postmaster need a moment to notice; meanwhile they hold its memory and lock files.
        log.contains("is still in use") || log.contains("already exists")
    }

    fn clean_up(&self) {
        // It is recreated at the next start: one that stays does no harm.
        let _ = fs::remove_dir(&self.socket_folder);
    }
}

/// In the server's folder, or if that name is too long for a socket's address in a short one of its own, named after it.
fn own_socket_folder(folder: &Path) -> PathBuf {
    let fits = |folder: &PathBuf| socket(folder).as_os_str().len() <= SOCKET_PATH_BYTES_MAX;
    let mut hasher = DefaultHasher::new();
    folder.hash(&mut hasher);
    let short = format!("tapedeck-{:016x}", hasher.finish());
    let choices = [folder.join("socket"), std::env::temp_dir().join(&short)];
    choices.into_iter().find(fits).unwrap_or_else(|| Path::new(SHORT_TEMP).join(short))
}

/// One folder for a setting that is a list: quoted, because names may contain spaces and commas.
fn list_element(folder: &Path) -> String {
    format!("\"{}\"", folder.to_string_lossy().replace('"', "\"\""))
}
