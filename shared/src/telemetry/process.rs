//! What the process uses of the machine. Whatever cannot be read is not reported.

use std::fs;
use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::statvfs::statvfs;
use nix::sys::time::TimeVal;

/// Processor time of this process and of the children that have ended, so far.
pub(super) fn cpu_time() -> Option<Duration> {
    let of = |who| {
        let usage = getrusage(who).ok()?;
        Some(duration(usage.user_time()) + duration(usage.system_time()))
    };
    Some(of(UsageWho::RUSAGE_SELF)? + of(UsageWho::RUSAGE_CHILDREN)?)
}

fn duration(time: TimeVal) -> Duration {
    let micros = time.tv_sec().saturating_mul(1_000_000).saturating_add(time.tv_usec());
    Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}

/// The most that this process has held in memory, and its largest child beside it, in bytes.
///
/// The kernel's own sum for the process would count what it was before it became this program.
pub(super) fn peak_memory_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let own_kib = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let own_kib: u64 = own_kib.split_whitespace().next()?.parse().ok()?;
    let child_kib = u64::try_from(getrusage(UsageWho::RUSAGE_CHILDREN).ok()?.max_rss()).ok()?;
    Some((own_kib + child_kib).saturating_mul(1024))
}

/// Bytes in use on /tmp.
pub(super) fn tmp_bytes() -> Option<u64> {
    let tmp = statvfs("/tmp").ok()?;
    Some(tmp.blocks().saturating_sub(tmp.blocks_free()).saturating_mul(tmp.fragment_size()))
}
