//! What the kernel holds a worker to, whatever a decoder tries.

use nix::errno::Errno;
use nix::sys::resource::{Resource, setrlimit};
use serde::{Deserialize, Serialize};

/// Set by the worker on itself before it reads the first byte of a file; nobody can raise them again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HardLimits {
    /// Memory that the worker may map, in bytes: its code, the file, the pixels, everything. An allocation past it
    /// fails, which ends the worker.
    pub memory_bytes: u64,
    /// Processor time, in seconds.
    pub cpu_seconds: u64,
}

/// Standard input, output and error are open already and stay so. With this limit nothing else can be opened, also when one
/// of them is closed: no file, no socket, not the environment of the function in `/proc`.
const OPEN_FILES_MAX: u64 = 0;

impl HardLimits {
    /// Applies them to this process, and gives up what a decoder never needs: files, new processes, core dumps,
    /// privileges, and a life without its parent.
    pub(super) fn apply(self) -> Result<(), Errno> {
        // At the first the kernel says why it stops the worker, a second later it just does.
        setrlimit(Resource::RLIMIT_CPU, self.cpu_seconds, self.cpu_seconds.saturating_add(1))?;
        for (resource, limit) in [
            (Resource::RLIMIT_AS, self.memory_bytes),
            (Resource::RLIMIT_CORE, 0),
            (Resource::RLIMIT_FSIZE, 0),
            (Resource::RLIMIT_NOFILE, OPEN_FILES_MAX),
            (Resource::RLIMIT_NPROC, 0),
        ] {
            setrlimit(resource, limit, limit)?;
        }
        give_up_privileges()
    }
}

/// Keeps other processes of the same user, its own workers among them, from reading this one's environment and memory.
/// Where the kernel refuses, the other limits still hold.
pub fn hide_from_workers() {
    #[cfg(target_os = "linux")]
    if let Err(err) = nix::sys::prctl::set_dumpable(false) {
        tracing::warn!(error = %err, "the function cannot hide its environment from its workers");
    }
}

#[cfg(target_os = "linux")]
fn give_up_privileges() -> Result<(), Errno> {
    use nix::sys::prctl;
    prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL)?;
    prctl::set_dumpable(false)?;
    prctl::set_no_new_privs()
}

/// Elsewhere only the limits are to be had; what ships runs on Linux.
#[cfg(not(target_os = "linux"))]
fn give_up_privileges() -> Result<(), Errno> {
    Ok(())
}
