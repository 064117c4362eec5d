//! The data folder: whether it can be written, how much fits, and who works in it already.

use std::path::{Path, PathBuf};

use nix::sys::statvfs::statvfs;
use nix::unistd::{AccessFlags, access};

use super::Check;
use crate::config::Config;
use crate::embedded::{nats, postgres};

const GIB: u64 = 1024 * 1024 * 1024;
/// Two GiB of write-ahead log, and room to work.
const FREE_BYTES_WANTED: u64 = 5 * GIB;
/// An empty cluster, its write-ahead log and little more.
const FREE_BYTES_NEEDED: u64 = GIB / 2;

pub fn writable(config: &Config) -> Option<Check> {
    const NAME: &str = "data folder";
    let folder = absolute(&config.data_dir);
    let there = existing(&folder);
    let found = if there == folder { "" } else { " (will be made)" };
    let found = format!("{}{found}", folder.display());
    Some(match access(&there, AccessFlags::W_OK | AccessFlags::X_OK) {
        _ if !there.is_dir() => {
            Check::failed(NAME, format!("{} is not a folder", there.display()), ELSEWHERE)
        }
        Ok(()) => Check::ok(NAME, found),
        Err(problem) => {
            Check::failed(NAME, format!("{} cannot be written: {problem}", there.display()), ELSEWHERE)
        }
    })
}

const ELSEWHERE: &str = "Choose another folder: export TAPEDECK_DATA_DIR=/path/to/folder";

pub fn free_space(config: &Config) -> Option<Check> {
    const NAME: &str = "free disk space";
    let folder = existing(&absolute(&config.data_dir));
    let free = match statvfs(&folder) {
        Ok(disk) => bytes(disk.blocks_available(), disk.fragment_size()),
        Err(problem) => return Some(Check::warning(NAME, format!("unknown: {problem}"), ELSEWHERE)),
    };
    let found = format!("{}.{} GiB", free / GIB, free % GIB * 10 / GIB);
    Some(match free {
        ..FREE_BYTES_NEEDED => {
            Check::failed(NAME, found, format!("A new data folder takes 0.5 GiB. {ELSEWHERE}"))
        }
        FREE_BYTES_NEEDED..FREE_BYTES_WANTED => {
            Check::warning(NAME, found, format!("Long runs may need 5 GiB. {ELSEWHERE}"))
        }
        _ => Check::ok(NAME, found),
    })
}

/// The system's counters are `u32` on macOS and `u64` on Linux.
fn bytes(blocks: impl Into<u64>, block_bytes: impl Into<u64>) -> u64 {
    blocks.into().saturating_mul(block_bytes.into())
}

pub fn servers(config: &Config) -> Option<Check> {
    let servers = [
        ("Postgres", config.database.url.is_none(), postgres::running(&config.data_dir.join("postgres"))),
        ("nats-server", config.nats.url.is_none(), nats::running(&config.data_dir.join("nats"))),
    ];
    let private: Vec<_> = servers.into_iter().filter(|(_, private, _)| *private).collect();
    let found = private.iter().map(|(name, _, pid)| match pid {
        Some(pid) => format!("{name} runs (process {pid}) and will be joined"),
        None => format!("{name} does not run and will be started"),
    });
    let found: Vec<_> = found.collect();
    (!found.is_empty()).then(|| Check::ok("private servers", found.join("; ")))
}

fn absolute(folder: &Path) -> PathBuf {
    std::path::absolute(folder).unwrap_or_else(|_| folder.to_path_buf())
}

/// `folder`, or what exists above it.
fn existing(folder: &Path) -> PathBuf {
    folder.ancestors().find(|path| path.exists()).unwrap_or(folder).to_path_buf()
}
