//! Finds the servers' programs and asks their versions.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::config::ProgramsConfig;

/// A program tapedeck needs. Its advice is what to type when it is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// The database server, with `initdb` beside it.
    Postgres,
    /// The message server.
    Nats,
}

/// A version: major and minor number.
pub type Version = (u32, u32);

/// The oldest Postgres that is tested.
pub const POSTGRES_VERSION_MIN: Version = (15, 0);
/// The oldest nats-server that is tested.
pub const NATS_VERSION_MIN: Version = (2, 9);

/// A program that is installed and answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// Where it is, links resolved.
    pub path: PathBuf,
    /// Which it is.
    pub version: Version,
    /// Its own words, such as `postgres (PostgreSQL) 15.14`.
    pub banner: String,
}

impl Program {
    fn file_name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Nats => "nats-server",
        }
    }

    /// The oldest version that will do.
    pub fn version_min(self) -> Version {
        match self {
            Self::Postgres => POSTGRES_VERSION_MIN,
            Self::Nats => NATS_VERSION_MIN,
        }
    }

    /// What to type when it is missing, or what to configure instead.
    pub fn advice(self) -> &'static str {
        match self {
            Self::Postgres => {
                "On Debian: sudo apt-get install postgresql. On macOS: brew install postgresql@17. Or set DATABASE_URL"
            }
            Self::Nats => {
                "On Debian: sudo apt-get install nats-server. On macOS: brew install nats-server. Or set NATS_URL"
            }
        }
    }

    /// Every installed one that answers, newest first.
    pub fn find_all(self, programs: &ProgramsConfig) -> Vec<Installed> {
        let mut paths: Vec<PathBuf> = folders(programs)
            .into_iter()
            .filter_map(|folder| fs::canonicalize(folder.join(self.file_name())).ok())
            // A distribution's wrapper may bring `postgres` without `initdb`.
            .filter(|path| self == Self::Nats || path.with_file_name("initdb").is_file())
            .collect();
        // The order on the path decides between equal versions, so each is kept where it was seen first.
        let mut seen = std::collections::BTreeSet::new();
        paths.retain(|path| seen.insert(path.clone()));
        let mut found: Vec<Installed> = paths.into_iter().filter_map(Installed::ask).collect();
        found.sort_by_key(|installed| std::cmp::Reverse(installed.version));
        found
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (major, minor) = self.version_min();
        match self {
            Self::Postgres => write!(f, "Postgres {major} or newer"),
            Self::Nats => write!(f, "nats-server {major}.{minor} or newer"),
        }
    }
}

impl Installed {
    fn ask(path: PathBuf) -> Option<Self> {
        let output = Command::new(&path).arg("--version").stdin(Stdio::null()).output().ok()?;
        let banner = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        Some(Self { version: version_in(&banner)?, path, banner })
    }
}

/// The first number with an optional second after a dot: `15.14`, `v2.9.10`, `18beta1`.
pub fn version_in(banner: &str) -> Option<Version> {
    let start = banner.find(|letter: char| letter.is_ascii_digit())?;
    let mut numbers = banner.get(start..)?.split('.');
    let leading = |text: &str| text.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok();
    let major = leading(numbers.next()?)?;
    Some((major, numbers.next().and_then(leading).unwrap_or(0)))
}

/// ` (found: …)`, or nothing.
pub fn found_instead(found: &[String]) -> String {
    if found.is_empty() { String::new() } else { format!(" (found: {})", found.join(", ")) }
}

fn folders(programs: &ProgramsConfig) -> Vec<PathBuf> {
    let path = programs.path.split(':').filter(|folder| !folder.is_empty()).map(PathBuf::from);
    path.chain(programs.places.iter().flat_map(|place| expand(place))).collect()
}

/// Folders matching a path in which a name may contain one `*`.
fn expand(place: &str) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::new()];
    for part in Path::new(place) {
        let part = part.to_string_lossy();
        found = match part.split_once('*') {
            None => found.into_iter().map(|folder| folder.join(&*part)).collect(),
            Some((start, end)) => found.iter().flat_map(|folder| matching(folder, start, end)).collect(),
        };
    }
    found
}

fn matching(folder: &Path, start: &str, end: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let matching = names.filter(|name| {
        name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end)
    });
    matching.map(|name| folder.join(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_banners() {
        assert_eq!(version_in("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)"), Some((15, 14)));
        assert_eq!(version_in("postgres (PostgreSQL) 19devel"), Some((19, 0)));
        assert_eq!(version_in("nats-server: v2.9.10"), Some((2, 9)));
        assert_eq!(version_in("command not found"), None);
    }

    #[test]
    fn a_star_matches_within_one_name() {
        let top = tempfile::tempdir().unwrap();
        for folder in ["postgresql@15/bin", "postgresql@17/bin", "mysql/bin"] {
            fs::create_dir_all(top.path().join(folder)).unwrap();
        }
        let mut found = expand(&format!("{}/postgresql@*/bin", top.path().display()));
        found.sort();
        assert_eq!(found, ["postgresql@15/bin", "postgresql@17/bin"].map(|folder| top.path().join(folder)));
    }
}
