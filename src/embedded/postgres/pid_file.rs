//! `postmaster.pid`: what Postgres writes about itself, and how far to believe it after a crash.

use std::fs;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use super::settings::PORT;
use super::{cluster, url_of};
use crate::config::SecretUrl;
use crate::embedded::life::Sight;
use crate::embedded::process::{Holder, holder};

/// The lines of the file that matter. Postgres keeps their order stable for its own tools.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PidFile {
    /// The postmaster's process.
    pub pid: u32,
    /// The folder of its socket, once it is known.
    pub socket_folder: Option<PathBuf>,
    /// Whether it takes connections.
    pub ready: bool,
}

impl PidFile {
    /// Where the file is.
    pub fn path(cluster: &Path) -> PathBuf {
        cluster.join("postmaster.pid")
    }

    /// Reads it, if it is there.
    pub fn read(cluster: &Path) -> Option<Self> {
        Self::parse(&fs::read_to_string(Self::path(cluster)).ok()?)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines().map(str::trim);
        let pid = lines.next()?.parse().ok()?;
        // Folder, start time and port come between.
        let socket_folder = lines.nth(3).filter(|line| !line.is_empty()).map(PathBuf::from);
        Some(Self { pid, socket_folder, ready: text.lines().any(|line| line.trim() == "ready") })
    }

    /// The file's process, if it still is this cluster's postmaster. Its number may have passed to another program.
    pub fn live(cluster: &Path) -> Option<Self> {
        Self::read(cluster).filter(|file| holder(file.pid, cluster) == Holder::Server)
    }

    /// Looks at the server.
    pub fn sight(cluster: &Path) -> Sight {
        match Self::live(cluster) {
            None => Sight::Absent,
            Some(file) if file.ready && file.answers() => Sight::Ready,
            Some(_) => Sight::Busy,
        }
    }

    fn answers(&self) -> bool {
        self.socket_folder.as_ref().is_some_and(|folder| UnixStream::connect(socket(folder)).is_ok())
    }
}

/// The process of the private Postgres that runs in `folder` now, if one does.
pub fn running(folder: &Path) -> Option<u32> {
    let folder = fs::canonicalize(folder).ok()?;
    PidFile::live(&folder.join(cluster::FOLDER)).map(|file| file.pid)
}

/// Where the private Postgres that runs in `folder` now is reached, if one does.
pub fn running_at(folder: &Path) -> Option<SecretUrl> {
    let folder = fs::canonicalize(folder).ok()?;
    PidFile::live(&folder.join(cluster::FOLDER))?.socket_folder.map(|folder| url_of(&folder))
}

/// The socket's file in its folder.
pub fn socket(folder: &Path) -> PathBuf {
    folder.join(format!(".s.PGSQL.{PORT}"))
}

/// The file beside the socket that names the process listening there.
pub fn socket_lock(folder: &Path) -> PathBuf {
    folder.join(format!(".s.PGSQL.{PORT}.lock"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_understood_in_each_of_its_states() {
        let full = "4711\n/data/cluster\n1790000000\n5432\n/data/a b/socket\n\n  65537   12\nready   \n";
        let expected = PidFile { pid: 4711, socket_folder: Some("/data/a b/socket".into()), ready: true };
        assert_eq!(PidFile::parse(full), Some(expected));
        let early = PidFile { pid: 4711, socket_folder: None, ready: false };
        assert_eq!(PidFile::parse("4711\n/data/cluster\n1790000000\n"), Some(early));
        assert_eq!(PidFile::parse(""), None);
    }
}
