//! Questions about other processes of this machine, and signals to them.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// A process as the system shows it.
struct Seen {
    zombie: bool,
    command_line: String,
}

/// Whom a process number read from a file belongs to now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// The server that wrote it.
    Server,
    /// A program that inherited the number, or a dead process that its parent has not collected.
    Stranger,
    /// No process.
    Nobody,
    /// A process that the system does not let us look at, or one that is just ending and has no command line any more.
    Unknown,
}

/// Whom `pid` belongs to, where a server is known by `mark`, a path on its command line.
pub fn holder(pid: u32, mark: &Path) -> Holder {
    match look(pid) {
        _ if send(pid, None) == Err(Errno::ESRCH) => Holder::Nobody,
        None => Holder::Unknown,
        Some(seen) if seen.zombie => Holder::Stranger,
        Some(seen) if seen.command_line.is_empty() => Holder::Unknown,
        Some(seen) if seen.command_line.contains(&*mark.to_string_lossy()) => Holder::Server,
        Some(_) => Holder::Stranger,
    }
}

/// Sends `signal`. A process that is gone needs none.
pub fn signal(pid: u32, signal: Signal) -> Result<(), std::io::Error> {
    match send(pid, Some(signal)) {
        Ok(()) | Err(Errno::ESRCH) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

fn send(pid: u32, signal: Option<Signal>) -> Result<(), Errno> {
    match i32::try_from(pid) {
        // Zero and negative numbers mean groups of processes.
        Ok(pid) if pid > 0 => kill(Pid::from_raw(pid), signal),
        _ => Err(Errno::ESRCH),
    }
}

fn look(pid: u32) -> Option<Seen> {
    if Path::new("/proc/self/stat").exists() { look_in_proc(pid) } else { look_with_ps(pid) }
}

fn look_in_proc(pid: u32) -> Option<Seen> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let state = stat.rsplit_once(')').and_then(|(_, rest)| rest.trim_start().chars().next())?;
    let command_line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let command_line = String::from_utf8_lossy(&command_line).replace('\0', " ");
    Some(Seen { zombie: state == 'Z', command_line })
}

fn look_with_ps(pid: u32) -> Option<Seen> {
    let pid = pid.to_string();
    let ps = Command::new("ps")
        .args(["-ww", "-o", "state=,args=", "-p", &pid])
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let line = String::from_utf8_lossy(&ps.stdout).trim().to_owned();
    let (state, command_line) = line.split_once(' ')?;
    Some(Seen { zombie: state.starts_with('Z'), command_line: command_line.to_owned() })
}
