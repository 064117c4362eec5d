//! What the operating system says of this process.

use nix::sys::resource::{UsageWho, getrusage};

/// Processor time that this process has used, in seconds; nothing where the system does not say.
pub(super) fn cpu_seconds() -> Option<f64> {
    let usage = getrusage(UsageWho::RUSAGE_SELF).ok()?;
    let times = [usage.user_time(), usage.system_time()];
    Some(times.iter().map(|time| time.tv_sec() as f64 + f64::from(micros(time.tv_usec())) / 1e6).sum())
}

fn micros(count: impl TryInto<i32>) -> i32 {
    count.try_into().unwrap_or(0)
}

/// Memory that this process holds, in bytes; nothing where the system does not say.
pub(super) fn resident_bytes() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: f64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kibibytes * 1024.0)
}
