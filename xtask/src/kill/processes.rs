//! The processes in which the functions of one stack run, seen through `/proc`.
//!
//! Only descendants of the MiniStack that this very command has started are looked at, and each is looked at once more,
//! by the time of its start, right before it is killed: a process id that was used again by somebody else is left alone.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::function::{DeployedNames, Function};

/// The file that every function is deployed as.
const BINARY_NAME: &str = "bootstrap";
/// The variable by which a function learns its own name.
const NAME_VARIABLE: &str = "AWS_LAMBDA_FUNCTION_NAME=";

/// A running process of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Worker {
    /// What runs in it.
    pub(super) function: Function,
    process_id: i32,
    /// In ticks since the machine was started; tells two processes of one id apart.
    started_at_ticks: u64,
}

/// Where the processes of one stack are.
#[derive(Clone, Debug)]
pub(super) struct Processes {
    proc_folder: PathBuf,
    ministack_id: i32,
    names: DeployedNames,
}

/// What `/proc/<id>/stat` says of a process, as far as it is needed here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stat {
    parent_id: i32,
    started_at_ticks: u64,
}

impl Processes {
    /// Those below this MiniStack.
    pub(super) fn new(ministack_id: u32, names: DeployedNames) -> anyhow::Result<Self> {
        let ministack_id = i32::try_from(ministack_id).context("MiniStack has no usable process id")?;
        Ok(Self { proc_folder: PathBuf::from("/proc"), ministack_id, names })
    }

    /// All that run right now.
    pub(super) fn workers(&self) -> Vec<Worker> {
        let stats = self.stats();
        let is_ours = |(id, stat): &(&i32, &Stat)| **id != self.ministack_id && self.descends(stat, &stats);
        stats.iter().filter(is_ours).filter_map(|(id, stat)| self.worker(*id, *stat)).collect()
    }

    /// How long this worker has worked so far, in nanoseconds of its main thread, which is where the functions run. It
    /// stands still while the worker waits for its next invocation. `None` once the worker has ended.
    pub(super) fn worked_nanos(&self, worker: Worker) -> Option<u64> {
        let text = fs::read_to_string(self.folder(worker.process_id).join("schedstat")).ok()?;
        text.split_ascii_whitespace().next()?.parse().ok()
    }

    /// Ends this worker without a chance to say a word. False when it had ended by itself.
    pub(super) fn kill(&self, worker: Worker) -> bool {
        let stats = self.stats();
        let is_the_same = stats.get(&worker.process_id).is_some_and(|stat| {
            stat.started_at_ticks == worker.started_at_ticks && self.descends(stat, &stats)
        });
        is_the_same && kill(Pid::from_raw(worker.process_id), Signal::SIGKILL).is_ok()
    }

    fn folder(&self, process_id: i32) -> PathBuf {
        self.proc_folder.join(process_id.to_string())
    }

    fn stats(&self) -> BTreeMap<i32, Stat> {
        let entries = fs::read_dir(&self.proc_folder).into_iter().flatten().flatten();
        let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        ids.filter_map(|id| Some((id, parse_stat(&fs::read_to_string(self.folder(id).join("stat")).ok()?)?)))
            .collect()
    }

    /// Whether MiniStack is above this process.
    fn descends(&self, stat: &Stat, stats: &BTreeMap<i32, Stat>) -> bool {
        let mut above = stat.parent_id;
        // Parents that changed while they were read could form a ring; no tree is this deep.
        for _ in 0..stats.len() {
            if above == self.ministack_id {
                return true;
            }
            match stats.get(&above) {
                Some(stat) => above = stat.parent_id,
                None => return false,
            }
        }
        false
    }

    fn worker(&self, process_id: i32, stat: Stat) -> Option<Worker> {
        let folder = self.folder(process_id);
        let binary = fs::read_link(folder.join("exe")).ok()?;
        if binary.file_name() != Some(Path::new(BINARY_NAME).as_os_str()) {
            return None;
        }
        let environment = fs::read(folder.join("environ")).ok()?;
        let name = environment
            .split(|byte| *byte == 0)
            .find_map(|variable| std::str::from_utf8(variable).ok()?.strip_prefix(NAME_VARIABLE))?;
        let function = *self.names.get(name)?;
        Some(Worker { function, process_id, started_at_ticks: stat.started_at_ticks })
    }
}

/// `<id> (<name>) <state> <parent> ...`, with the time of the start as field 22 (`man 5 proc_pid_stat`). The name may
/// hold anything, brackets and blanks too.
fn parse_stat(text: &str) -> Option<Stat> {
    let (_, after_name) = text.rsplit_once(") ")?;
    let mut fields = after_name.split_ascii_whitespace();
    let parent_id = fields.nth(1)?.parse().ok()?;
    // Fields 3 and 4 are taken, so that 22 is the eighteenth after them.
    let started_at_ticks = fields.nth(17)?.parse().ok()?;
    Some(Stat { parent_id, started_at_ticks })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// A `/proc` of our own: MiniStack is 10, its child 11 a shell, and the functions are below both.
    fn processes(folder: &Path) -> Processes {
        let names = DeployedNames::from([
            ("f-presign".to_owned(), Function::Presign),
            ("f-cleanup".to_owned(), Function::Cleanup),
        ]);
        let processes = Processes { proc_folder: folder.to_owned(), ministack_id: 10, names };
        write(folder, (10, 1, 500), "/usr/bin/python3", "");
        write(folder, (11, 10, 501), "/bin/sh", "");
        write(folder, (12, 10, 502), "/stack/tmp/a/bootstrap", "f-presign");
        write(folder, (13, 11, 503), "/stack/tmp/b/bootstrap", "f-cleanup");
        // The same function of another stack, something else of ours, and a function that nobody deployed.
        write(folder, (14, 1, 504), "/other/tmp/a/bootstrap", "f-presign");
        write(folder, (15, 10, 505), "/usr/bin/sam", "f-presign");
        write(folder, (16, 10, 506), "/stack/tmp/c/bootstrap", "f-strange");
        processes
    }

    fn write(folder: &Path, (id, parent, started): (i32, i32, u64), binary: &str, name: &str) {
        let folder = folder.join(id.to_string());
        fs::create_dir_all(&folder).unwrap();
        let fill = "0 ".repeat(17);
        fs::write(folder.join("stat"), format!("{id} (a ) name) S {parent} {fill}{started} 7 7")).unwrap();
        fs::write(folder.join("schedstat"), format!("{} 5 6\n", 1_000 * id)).unwrap();
        fs::write(folder.join("environ"), format!("A=1\0{NAME_VARIABLE}{name}\0B=2\0")).unwrap();
        symlink(binary, folder.join("exe")).unwrap();
    }

    #[test]
    fn only_functions_below_the_own_ministack_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let found = processes(folder.path()).workers();
        let expected = [
            Worker { function: Function::Presign, process_id: 12, started_at_ticks: 502 },
            Worker { function: Function::Cleanup, process_id: 13, started_at_ticks: 503 },
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn work_is_the_time_on_the_processor() {
        let folder = tempfile::tempdir().unwrap();
        let processes = processes(folder.path());
        let workers = processes.workers();
        assert_eq!(processes.worked_nanos(workers[0]), Some(12_000));
        fs::remove_dir_all(folder.path().join("12")).unwrap();
        assert_eq!(processes.worked_nanos(workers[0]), None);
    }

    #[test]
    fn a_process_id_that_somebody_else_got_is_not_killed() {
        let folder = tempfile::tempdir().unwrap();
        let mut sleeper = std::process::Command::new("sleep").arg("600").spawn().unwrap();
        let id = i32::try_from(sleeper.id()).unwrap();
        let processes = processes(folder.path());
        let worker = Worker { function: Function::Presign, process_id: id, started_at_ticks: 7 };
        // Another start time, and then another parent.
        write(folder.path(), (id, 10, 8), "/stack/tmp/a/bootstrap", "f-presign");
        assert!(!processes.kill(worker));
        fs::remove_dir_all(folder.path().join(id.to_string())).unwrap();
        write(folder.path(), (id, 1, 7), "/stack/tmp/a/bootstrap", "f-presign");
        assert!(!processes.kill(worker));
        assert!(sleeper.try_wait().unwrap().is_none());
        fs::remove_dir_all(folder.path().join(id.to_string())).unwrap();
        write(folder.path(), (id, 10, 7), "/stack/tmp/a/bootstrap", "f-presign");
        assert!(processes.kill(worker));
        assert!(!sleeper.wait().unwrap().success());
    }
}
