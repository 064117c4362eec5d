//! What a bench prints: one JSON object with figures, ratios and the machine they were measured on.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Instant;

use serde::Serialize;

/// The result of one bench.
#[derive(Debug, Clone, Serialize)]
pub struct BenchReport {
    /// Its name.
    pub bench: &'static str,
    /// Absolute figures of this machine; units are in the names.
    pub figures: BTreeMap<String, f64>,
    /// Ratios between things measured in the same run: what can be compared between machines.
    pub ratios: BTreeMap<String, f64>,
    /// What a reader of the figures should know about how they came about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Where it ran.
    pub machine: Machine,
}

/// The machine a bench ran on.
#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    /// Logical processors.
    pub cores: usize,
    /// Processor model, where the system tells.
    pub cpu: String,
    /// Operating system and architecture.
    pub system: String,
    /// Median time of one 8 KiB write with fdatasync in the temporary folder, in microseconds.
    pub fsync_us: f64,
    /// Share of processor time that others used while the bench ran, 0 to 1; null where the system does not tell.
    pub foreign_cpu: Option<f64>,
}

impl BenchReport {
    /// An empty report of `bench`.
    pub fn new(bench: &'static str, machine: Machine) -> Self {
        Self { bench, figures: BTreeMap::new(), ratios: BTreeMap::new(), notes: Vec::new(), machine }
    }

    /// Adds a figure, rounded to what a measurement is worth.
    pub fn figure(&mut self, name: impl Into<String>, value: f64) {
        self.figures.insert(name.into(), significant(value));
    }

    /// Adds a note.
    pub fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    /// Adds a ratio.
    pub fn ratio(&mut self, name: impl Into<String>, value: f64) {
        self.ratios.insert(name.into(), significant(value));
    }
}

/// Four significant digits.
fn significant(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return 0.0;
    }
    let digits = 3 - value.abs().log10().floor() as i32;
    if digits < 0 {
        return value.round();
    }
    let magnitude = 10_f64.powi(digits);
    (value * magnitude).round() / magnitude
}

impl Machine {
    /// Looks at this machine; takes about a tenth of a second for the disk.
    pub fn examine() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let cpu = std::fs::read_to_string("/proc/cpuinfo")
            .ok()
            .and_then(|text| {
                let line = text.lines().find(|line| line.starts_with("model name"))?;
                Some(line.split_once(':')?.1.trim().to_owned())
            })
            .unwrap_or_else(|| "unknown".to_owned());
        let system = format!("{} {}", std::env::consts::OS, std::env::consts::ARCH);
        Self { cores, cpu, system, fsync_us: fsync_us().unwrap_or(0.0), foreign_cpu: None }
    }
}

fn fsync_us() -> std::io::Result<f64> {
    const WRITES: usize = 200;
    let path = std::env::temp_dir().join(format!("tapedeck-fsync-{}", std::process::id()));
    let mut file = std::fs::File::create(&path)?;
    let mut times = Vec::with_capacity(WRITES);
    for _ in 0..WRITES {
        let start = Instant::now();
        file.write_all(&[0_u8; 8192])?;
        file.sync_data()?;
        times.push(start.elapsed().as_secs_f64() * 1e6);
    }
    drop(file);
    std::fs::remove_file(&path)?;
    Ok(median(&mut times))
}

/// The middle value; 0 of nothing.
pub fn median(values: &mut [f64]) -> f64 {
    percentile(values, 0.5)
}

/// The value below which the share `p` of the values lies; 0 of nothing.
pub fn percentile(values: &mut [f64], p: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let place = ((values.len().saturating_sub(1)) as f64 * p).round() as usize;
    values.get(place).copied().unwrap_or(0.0)
}
