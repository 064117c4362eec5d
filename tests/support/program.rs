//! The built program, started with nothing of this process's environment but the path.

use std::process::Stdio;

use tokio::process::Command;

use super::folders::fresh_folder;

/// How the program ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ended {
    /// Standard output as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// `tapedeck` with these arguments, in an empty folder.
pub fn tapedeck<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tapedeck"));
    command.args(arguments).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
    command.current_dir(fresh_folder("cwd")).stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// Runs `tapedeck` to its end.
pub async fn ended<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Ended {
    let output = tapedeck(arguments).output().await.unwrap();
    Ended {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}
