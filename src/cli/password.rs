//! Passwords on the command line: typed where nobody sees them, or piped in; never an argument, which others could list.

use std::io::BufRead;

use anyhow::{Context, ensure};
use clap::Args;
use zeroize::Zeroizing;

use crate::config::SecretText;

/// Where a password comes from.
#[derive(Debug, Args)]
pub struct PasswordSource {
    /// Read the password from the first line of standard input instead of asking for it
    #[arg(long)]
    password_stdin: bool,
}

impl PasswordSource {
    /// A password that there is.
    pub fn known(&self) -> anyhow::Result<SecretText> {
        if self.password_stdin { piped() } else { typed("Password: ") }
    }

    /// A password to be set, typed twice.
    pub fn chosen(&self) -> anyhow::Result<SecretText> {
        if self.password_stdin {
            return piped();
        }
        let password =
            typed("Password (8 to 128 characters, with upper and lower case letters and a digit): ")?;
        ensure!(typed("The same again: ")? == password, "the two passwords are not the same");
        Ok(password)
    }
}

fn typed(prompt: &str) -> anyhow::Result<SecretText> {
    let typed = rpassword::prompt_password(prompt)
        .context("there is no terminal to ask for the password; use --password-stdin")?;
    Ok(SecretText::new(typed))
}

fn piped() -> anyhow::Result<SecretText> {
    let mut line = Zeroizing::new(String::new());
    std::io::stdin().lock().read_line(&mut line).context("standard input cannot be read")?;
    let password = line.trim_end_matches(['\r', '\n']);
    ensure!(!password.is_empty(), "standard input holds no password");
    Ok(SecretText::new(password))
}
