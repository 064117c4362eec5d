//! The Python process that computes the same figures: started where python3 with numpy is, never missed where it is not.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, ensure};
use serde_json::Value;

/// Where the project keeps the script.
const SCRIPT: &str = "benches/python/reference.py";
/// How far figures may be apart, relative to the larger one, to be those of the same work.
const TOLERANCE: f64 = 1e-9;
/// What counts as zero: sums of parts that cancel leave rounding.
const ZERO: f64 = 1e-12;

/// A computation's names and its flat figures.
pub(super) type Figures = BTreeMap<&'static str, Vec<f64>>;

/// The running process.
pub(super) struct Peer {
    process: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
    /// The library that it compares implied volatilities with, where there is one.
    pub(super) implied_library: Option<String>,
}

impl Peer {
    /// Hands the inputs over and compares all figures.
    ///
    /// # Errors
    /// Whatever keeps the comparison from being made: no python3, no numpy, or figures that differ.
    pub(super) fn start(inputs: &Value, ours: &Figures) -> anyhow::Result<Self> {
        ensure!(Path::new(SCRIPT).exists(), "{SCRIPT} is not there: run this in the project's folder");
        let mut process = Command::new("python3")
            .arg(SCRIPT)
            // They would hold its linear algebra back to another processor's.
            .env_remove("OPENBLAS_CORETYPE")
            .env_remove("OPENBLAS_L2_SIZE")
            .env("OPENBLAS_NUM_THREADS", "1")
            .env("OMP_NUM_THREADS", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("python3 does not start")?;
        let questions = process.stdin.take().context("no way in to python3")?;
        let answers = BufReader::new(process.stdout.take().context("no way out of python3")?);
        let mut peer = Self { process, questions, answers, implied_library: None };
        let answer: Value = serde_json::from_str(&peer.ask(&inputs.to_string())?)?;
        for (name, figures) in ours {
            let theirs: Vec<f64> = serde_json::from_value(answer.get(name).cloned().unwrap_or_default())?;
            agree(name, figures, &theirs)?;
        }
        peer.implied_library = answer.get("implied_library").and_then(Value::as_str).map(str::to_owned);
        Ok(peer)
    }

    /// The seconds of one computation.
    pub(super) fn seconds(&mut self, name: &str) -> anyhow::Result<f64> {
        Ok(self.ask(name)?.trim().parse()?)
    }

    fn ask(&mut self, question: &str) -> anyhow::Result<String> {
        let mut answer = String::new();
        let asked = writeln!(self.questions, "{question}").and_then(|()| self.questions.flush());
        let read = asked.and_then(|()| self.answers.read_line(&mut answer));
        if read.is_ok_and(|bytes| bytes > 0) {
            return Ok(answer);
        }
        let mut reason = String::new();
        if let Some(errors) = self.process.stderr.take() {
            std::io::Read::read_to_string(&mut BufReader::new(errors), &mut reason)?;
        }
        anyhow::bail!("{}", reason.lines().last().unwrap_or("python3 ended without a word"))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended by itself; nothing is lost with it.
        let _ended = self.process.kill().and_then(|()| self.process.wait());
    }
}

fn agree(name: &str, ours: &[f64], theirs: &[f64]) -> anyhow::Result<()> {
    ensure!(ours.len() == theirs.len(), "{name}: {} figures here, {} there", ours.len(), theirs.len());
    for (place, (here, there)) in ours.iter().zip(theirs).enumerate() {
        let apart = (here - there).abs();
        ensure!(
            apart <= TOLERANCE * here.abs().max(there.abs()) + ZERO,
            "{name}: figure {place} is {here} here and {there} there"
        );
    }
    Ok(())
}
