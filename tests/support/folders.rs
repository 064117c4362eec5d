//! Folders for tests, which go with everything that runs in them when the test process goes.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

const PREFIX: &str = "tapedeck-tests-";

/// The folder of this test process, and the lifeline whose end the reaper waits for. Never dropped: the system closes it.
struct Ground {
    folder: PathBuf,
    _lifeline: ChildStdin,
}

/// A new folder. It is removed when the test process ends, after the servers in it were stopped.
pub fn fresh_folder(hint: &str) -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let folder = ground().folder.join(format!("{number}-{hint}"));
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, PermissionsExt::from_mode(0o755)).unwrap();
    folder
}

fn ground() -> &'static Ground {
    static GROUND: OnceLock<Ground> = OnceLock::new();
    GROUND.get_or_init(|| {
        let temp = fs::canonicalize(std::env::temp_dir()).unwrap();
        reap_leftovers(&temp);
        let folder = temp.join(format!("{PREFIX}{}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, PermissionsExt::from_mode(0o755)).unwrap();
        let lifeline = reaper(&folder).stdin(Stdio::piped()).spawn().unwrap().stdin.take().unwrap();
        Ground { folder, _lifeline: lifeline }
    })
}

/// Folders of test processes that are gone, whose reaper was killed with them.
fn reap_leftovers(temp: &Path) {
    for entry in fs::read_dir(temp).unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(owner) = name.strip_prefix(PREFIX).and_then(|pid| pid.parse::<i32>().ok()) else { continue };
        let gone =
            nix::sys::signal::kill(nix::unistd::Pid::from_raw(owner), None) == Err(nix::errno::Errno::ESRCH);
        if gone || owner == std::process::id().cast_signed() {
            reaper(&entry.path()).stdin(Stdio::null()).status().unwrap();
        }
    }
}

/// In a process group of its own, so that Ctrl-C ends the tests and not what cleans up after them.
fn reaper(folder: &Path) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", include_str!("reap.sh"), "reap"]).arg(folder).process_group(0);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}
