//! The folder a private server lives in, and the user it runs as.
//!
//! Postgres refuses root, so root's servers run as an unprivileged user. That user must be able to enter every folder on
//! the way. Where the data folder lies behind a closed one (`/root` usually is), a link leads to an open place.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::unistd::{Uid, User};

use super::error::{EmbeddedError, file_error};

/// Users a server may run as when this process is root, best first.
const CANDIDATES: [&str; 3] = ["postgres", "nobody", "daemon"];
/// Where root's servers live when the data folder is closed to them.
const OPEN_PLACE: &str = "/var/lib/tapedeck";
const PRIVATE: u32 = 0o700;
/// May be entered by others, not listed.
const PASSAGE: u32 = 0o711;

/// A user of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerUser {
    /// Login name.
    pub name: String,
    uid: u32,
    gid: u32,
}

/// Whom private servers run as: none if it is the current user, who is then not root.
pub fn server_user() -> Result<Option<ServerUser>, EmbeddedError> {
    if !Uid::effective().is_root() {
        return Ok(None);
    }
    let found = CANDIDATES.into_iter().find_map(|name| User::from_name(name).ok().flatten());
    let user = found.ok_or(EmbeddedError::NoUnprivilegedUser { candidates: CANDIDATES.to_vec() })?;
    Ok(Some(ServerUser::from(user)))
}

impl From<User> for ServerUser {
    fn from(user: User) -> Self {
        Self { name: user.name, uid: user.uid.as_raw(), gid: user.gid.as_raw() }
    }
}

/// A server's folder, made ready.
#[derive(Debug)]
pub struct Home {
    /// Absolute, without links.
    pub folder: PathBuf,
    user: Option<ServerUser>,
}

impl Home {
    /// Makes `folder` ready for a server whose data is in `folder/state`. Data that exists decides whom it runs as.
    pub fn prepare(folder: &Path, state: &str) -> Result<Self, EmbeddedError> {
        let folder = std::path::absolute(folder).map_err(file_error("resolving", folder))?;
        let user = server_user()?.map(|user| owner_of(&folder.join(state)).unwrap_or(user));
        make_way(&folder, if user.is_some() { PASSAGE } else { PRIVATE })?;
        let real = fs::canonicalize(&folder).map_err(file_error("resolving", &folder))?;
        let Some(user) = user else { return Ok(Self { folder: real, user: None }) };
        let real = match closed_to(&user, &real) {
            None => real,
            Some(closed) => move_into_the_open(&folder, &real, &user, closed)?,
        };
        Ok(Self { folder: real, user: Some(user) })
    }

    /// A folder for the server alone.
    pub fn private_folder(&self, path: &Path) -> Result<(), EmbeddedError> {
        match fs::DirBuilder::new().mode(PRIVATE).create(path) {
            Err(problem) if problem.kind() != std::io::ErrorKind::AlreadyExists => {
                return Err(file_error("creating", path)(problem));
            }
            _ => {}
        }
        let found = fs::symlink_metadata(path).map_err(file_error("reading", path))?;
        let (own, servers) = (Uid::effective().as_raw(), self.uid());
        if !found.is_dir() || (found.uid() != own && found.uid() != servers) {
            // Under the temp folder anybody could have put something here before us.
            let problem = std::io::Error::other("it exists and belongs to somebody else");
            return Err(file_error("creating", path)(problem));
        }
        self.give(path)?;
        fs::set_permissions(path, PermissionsExt::from_mode(PRIVATE)).map_err(file_error("closing", path))
    }

    /// Makes `path` the server's.
    pub fn give(&self, path: &Path) -> Result<(), EmbeddedError> {
        match &self.user {
            Some(user) => {
                chown(path, Some(user.uid), Some(user.gid)).map_err(file_error("changing the owner of", path))
            }
            None => Ok(()),
        }
    }

    /// `program` as the server's user, untouched by the terminal's Ctrl-C, by the environment's Postgres settings, and
    /// by a working directory that the user may not read.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir("/").process_group(0).env("LC_ALL", "C");
        for name in ["PGDATA", "PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "PGOPTIONS", "PGTZ", "PGDATESTYLE"]
        {
            command.env_remove(name);
        }
        if let Some(user) = &self.user {
            command.uid(user.uid).gid(user.gid);
        }
        command
    }

    fn uid(&self) -> u32 {
        self.user.as_ref().map_or_else(|| Uid::effective().as_raw(), |user| user.uid)
    }
}

/// The user whose data is there already, unless it is root's.
fn owner_of(state: &Path) -> Option<ServerUser> {
    let found = fs::metadata(state).ok().filter(|found| found.uid() != 0)?;
    User::from_uid(Uid::from_raw(found.uid())).ok().flatten().map(ServerUser::from)
}

/// Creates `folder` and what is missing above it, whatever the umask.
fn make_way(folder: &Path, mode: u32) -> Result<(), EmbeddedError> {
    let missing: Vec<_> =
        folder.ancestors().take_while(|ancestor| fs::symlink_metadata(ancestor).is_err()).collect();
    for path in missing.into_iter().rev() {
        match fs::create_dir(path) {
            Ok(()) => {
                fs::set_permissions(path, PermissionsExt::from_mode(mode))
                    .map_err(file_error("opening", path))?;
            }
            // Another process may be making the same way.
            Err(problem) if problem.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(problem) => return Err(file_error("creating", path)(problem)),
        }
    }
    Ok(())
}

/// The first folder from the root to `folder` that `user` cannot enter, by its permission bits.
fn closed_to(user: &ServerUser, folder: &Path) -> Option<PathBuf> {
    let way: Vec<_> = folder.ancestors().collect();
    let closed =
        way.into_iter().rev().find(|path| !fs::metadata(path).is_ok_and(|found| may_enter(user, &found)));
    closed.map(Path::to_path_buf)
}

fn may_enter(user: &ServerUser, found: &fs::Metadata) -> bool {
    let execute = match found {
        found if found.uid() == user.uid => 0o100,
        found if found.gid() == user.gid => 0o010,
        _ => 0o001,
    };
    found.mode() & execute != 0
}

/// Replaces an empty `folder` by a link to a new folder in the open. The name is new each time, so that deleting the data
/// folder and starting over never meets the old data.
fn move_into_the_open(
    folder: &Path,
    real: &Path,
    user: &ServerUser,
    closed: PathBuf,
) -> Result<PathBuf, EmbeddedError> {
    let open = Path::new(OPEN_PLACE).join(format!("{:016x}", rand::random::<u64>()));
    let unreachable = || EmbeddedError::Unreachable { user: user.name.clone(), closed };
    // Only an empty folder can be removed: data that is there stays where it is, and the message says what to do.
    if real != folder && fs::symlink_metadata(folder).is_ok_and(|found| found.is_symlink()) {
        return Err(unreachable());
    }
    fs::remove_dir(real).map_err(|_| unreachable())?;
    make_way(&open, PASSAGE)?;
    symlink(&open, folder).map_err(file_error("linking", folder))?;
    tracing::info!(
        folder = %folder.display(), place = %open.display(),
        "User {} cannot reach {}: the server's data goes to {}", user.name, folder.display(), open.display()
    );
    Ok(open)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_folder_on_the_way_is_named() {
        let user = ServerUser { name: "somebody".to_owned(), uid: 64_001, gid: 64_001 };
        let top = tempfile::tempdir_in("/tmp").unwrap();
        let (closed, inner) = (top.path().join("closed"), top.path().join("closed/inner"));
        fs::create_dir_all(&inner).unwrap();
        fs::set_permissions(top.path(), PermissionsExt::from_mode(0o711)).unwrap();
        fs::set_permissions(&inner, PermissionsExt::from_mode(0o711)).unwrap();
        fs::set_permissions(&closed, PermissionsExt::from_mode(0o700)).unwrap();
        assert_eq!(closed_to(&user, &inner), Some(closed.clone()));
        fs::set_permissions(&closed, PermissionsExt::from_mode(0o701)).unwrap();
        assert_eq!(closed_to(&user, &inner), None);
    }
}
