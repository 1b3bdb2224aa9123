//! What a process cost, from the kernel's books.

use std::fs;

use anyhow::Context as _;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;

/// Processor seconds so far, user and system together: of this process, or of its children that have ended.
pub(crate) fn cpu_seconds(who: UsageWho) -> anyhow::Result<f64> {
    let usage = getrusage(who).context("the kernel does not say what was used")?;
    let micros = (usage.user_time() + usage.system_time()).num_microseconds();
    let micros = u32::try_from(micros).context("this took more than an hour")?;
    Ok(f64::from(micros) / 1e6)
}

/// Peak resident memory of the largest child so far, in bytes.
pub(crate) fn largest_child_bytes() -> anyhow::Result<u64> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).context("the kernel does not say what was used")?;
    Ok(u64::try_from(usage.max_rss())? * 1024)
}

/// Peak resident memory of this process, in bytes (`VmHWM`, `man 5 proc_pid_status`).
pub(crate) fn own_peak_bytes() -> anyhow::Result<u64> {
    let status = fs::read_to_string("/proc/self/status").context("could not read /proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    let kibibytes: u64 = line.trim().trim_end_matches("kB").trim().parse().context("VmHWM is no number")?;
    Ok(kibibytes * 1024)
}
