//! Worker processes of the demo: real ones, so that killing one is real.

use std::fs::File;
use std::process::Stdio;

use anyhow::Context;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};

use crate::config::Config;

/// A worker in a process of its own.
#[derive(Debug)]
pub struct WorkerProcess {
    child: Child,
}

impl WorkerProcess {
    /// Starts this program again as a worker over the same data; its log goes to the data folder.
    pub fn spawn(config: &Config, name: &str) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("the program's own path is not known")?;
        let log = config.data_dir.join(format!("{name}.log"));
        std::fs::create_dir_all(&config.data_dir)?;
        let errors = File::create(&log).with_context(|| format!("creating {} failed", log.display()))?;
        let mut command = Command::new(program);
        command.arg("--data-dir").arg(&config.data_dir).args(["--log-level", "info"]);
        if let Some(url) = &config.database.url {
            command.arg("--database-url").arg(url.expose());
        }
        if let Some(url) = &config.nats.url {
            command.arg("--nats-url").arg(url.expose());
        }
        command.args(["serve", "--roles", "worker"]);
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(errors)
            .kill_on_drop(true)
            .spawn()
            .context("starting a worker failed")?;
        Ok(Self { child })
    }

    /// Kills it without warning and waits until it is gone.
    pub async fn kill_hard(mut self) -> anyhow::Result<()> {
        self.child.start_kill()?;
        self.child.wait().await?;
        Ok(())
    }

    /// Asks it to finish and waits until it has.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        if let Some(pid) = self.child.id() {
            kill(Pid::from_raw(i32::try_from(pid)?), Signal::SIGTERM)?;
        }
        self.child.wait().await?;
        Ok(())
    }
}
