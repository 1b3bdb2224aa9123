//! The local AWS: MiniStack on a port of the loopback interface, with IAM switched on.

use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::process::{self, ChildGroup};
use crate::project::Project;
use crate::toolchain::Toolchain;

/// The region of every local stack.
pub(crate) const REGION: &str = "us-east-1";
/// MiniStack's root credentials, known to everybody and worth nothing elsewhere.
pub(crate) const ACCESS_KEY_ID: &str = "test";
/// See [`ACCESS_KEY_ID`].
pub(crate) const SECRET_ACCESS_KEY: &str = "test";

const START_TIMEOUT: Duration = Duration::from_mins(1);
const ASK_EVERY: Duration = Duration::from_millis(100);

/// Which port to serve on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum PortChoice {
    /// This one, or fail: for `up`, whose address people remember.
    Fixed(u16),
    /// Any free one: for `demo` and `test`, which may run beside an `up`.
    Any,
}

impl PortChoice {
    /// The port to use; fails when it is taken. Ask early: a build is long.
    pub(crate) fn resolve(self) -> anyhow::Result<u16> {
        match self {
            Self::Fixed(port) if port_is_free(port) => Ok(port),
            Self::Fixed(port) => bail!(
                "port {port} is in use; next step: stop what uses it, or choose another: cargo xtask up --port {}",
                port.wrapping_add(1)
            ),
            Self::Any => {
                let listener = TcpListener::bind(("127.0.0.1", 0)).context("no free port")?;
                Ok(listener.local_addr().context("no free port")?.port())
            }
        }
    }
}

/// A running MiniStack. Dropping it ends the process, its functions, and removes its temporary files.
#[derive(Debug)]
pub(crate) struct LocalAws {
    port: u16,
    folder: PathBuf,
    // Fields are dropped in this order: the process must be gone before its files are.
    process: ChildGroup,
    // MiniStack ends when this closes, even if this program is killed. Commands go the same way.
    lifeline: ChildStdin,
    _temporary: TemporaryFolder,
}

impl LocalAws {
    /// Starts MiniStack and waits until it answers. `purpose` names its folder below `.local/stacks/`.
    pub(crate) fn start(
        project: &Project,
        toolchain: &Toolchain,
        purpose: &str,
        port: PortChoice,
    ) -> anyhow::Result<Self> {
        let port = port.resolve()?;
        let stacks = project.local_dir().join("stacks");
        remove_old_stacks(&stacks);
        let folder = stacks.join(format!("{purpose}-{port}"));
        let temporary = folder.join("tmp");
        fs::create_dir_all(&temporary).with_context(|| format!("could not make {}", temporary.display()))?;

        let log_path = folder.join("ministack.log");
        let log = process::open_log(&log_path)?;
        let errors = log.try_clone().context("could not share MiniStack's log file")?;
        let mut command = toolchain.command("python3");
        // MiniStack hands its whole environment to the functions, so it gets a clean one.
        command
            .env_clear()
            .env("PATH", toolchain.path())
            .env("HOME", &folder)
            .env("TMPDIR", &temporary)
            .env("AUTH", "true")
            .env("BIND_HOST", "127.0.0.1")
            .env("GATEWAY_PORT", port.to_string())
            .env("AWS_ENDPOINT_URL", endpoint_url(port))
            .env("AWS_DEFAULT_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID)
            .env("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY)
            // These would open ports beside ours.
            .env("IOT_MTLS_ENABLED", "0")
            .env("SFTP_ENABLED", "0")
            .arg(project.infra_dir().join("local").join("serve.py"))
            .current_dir(&folder)
            .stdin(Stdio::piped())
            .stdout(log)
            .stderr(errors);
        let mut process = ChildGroup::spawn(&mut command, "MiniStack")?;
        let lifeline = process.take_stdin().context("MiniStack has no standard input")?;
        let mut local_aws =
            Self { port, folder, process, lifeline, _temporary: TemporaryFolder { path: temporary } };
        local_aws.wait_until_it_answers(&log_path)?;
        Ok(local_aws)
    }

    /// Where the AWS API answers, for `AWS_ENDPOINT_URL`.
    pub(crate) fn endpoint_url(&self) -> String {
        endpoint_url(self.port)
    }

    /// Folder of this MiniStack's log and other files; it stays after the end, for a look at what went wrong.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Points an AWS tool at this MiniStack and away from any real account.
    pub(crate) fn configure(&self, command: &mut Command) {
        command
            .env("AWS_ENDPOINT_URL", self.endpoint_url())
            .env("AWS_DEFAULT_REGION", REGION)
            .env("AWS_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID)
            .env("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY)
            .env_remove("AWS_SESSION_TOKEN")
            .env_remove("AWS_PROFILE")
            .env("AWS_CONFIG_FILE", self.folder.join("no-aws-config"))
            .env("AWS_SHARED_CREDENTIALS_FILE", self.folder.join("no-aws-credentials"))
            .env("NO_PROXY", "127.0.0.1,localhost")
            .env("SAM_CLI_TELEMETRY", "0");
    }

    /// The process id of MiniStack, whose children are the functions.
    pub(crate) fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// Lets every open multipart upload look `seconds` older than it is, as if so much time had passed.
    pub(crate) fn age_multipart_uploads(&mut self, seconds: u64) -> anyhow::Result<()> {
        writeln!(self.lifeline, "age-multipart-uploads {seconds}")
            .and_then(|()| self.lifeline.flush())
            .context("could not write to MiniStack")
    }

    /// Fails if MiniStack has ended by itself.
    pub(crate) fn check_alive(&mut self) -> anyhow::Result<()> {
        match self.process.ended()? {
            None => Ok(()),
            Some(status) => bail!("MiniStack ended by itself ({status}); see {}", self.folder.display()),
        }
    }

    fn wait_until_it_answers(&mut self, log_path: &Path) -> anyhow::Result<()> {
        let start = Instant::now();
        let health = format!("{}/_ministack/health", self.endpoint_url());
        while !answers(&health) {
            process::stop_if_interrupted()?;
            if let Some(status) = self.process.ended()? {
                bail!(
                    "MiniStack did not start ({status}); its last words:\n{}",
                    process::last_lines(log_path)
                );
            }
            if START_TIMEOUT < start.elapsed() {
                bail!(
                    "MiniStack did not answer within {} s; see {}",
                    START_TIMEOUT.as_secs(),
                    log_path.display()
                );
            }
            thread::sleep(ASK_EVERY);
        }
        Ok(())
    }
}

/// MiniStack's scratch space, where the functions' code lies while they run.
#[derive(Debug)]
struct TemporaryFolder {
    path: PathBuf,
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        // The next start removes what could not be removed now.
        let _removed = fs::remove_dir_all(&self.path);
    }
}

fn endpoint_url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

fn answers(url: &str) -> bool {
    let agent: ureq::Agent =
        ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(2))).build().into();
    agent.get(url).call().is_ok()
}

/// Whether nothing listens on this port of the loopback interface.
pub(crate) fn port_is_free(port: u16) -> bool {
    TcpListener::bind(("127.0.0.1", port)).is_ok()
}

/// Removes what earlier stacks have left, except those whose port is in use: they run.
fn remove_old_stacks(stacks: &Path) {
    for folder in fs::read_dir(stacks).into_iter().flatten().flatten() {
        let name = folder.file_name();
        let port =
            name.to_str().and_then(|name| name.rsplit_once('-')).and_then(|(_, port)| port.parse().ok());
        if port.is_some_and(port_is_free) {
            // What cannot be removed does no harm either.
            let _removed = fs::remove_dir_all(folder.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_refused_with_the_next_step() {
        let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let error = PortChoice::Fixed(port).resolve().unwrap_err().to_string();
        assert!(error.contains(&format!("port {port} is in use; next step:")), "{error}");
    }

    #[test]
    fn any_port_is_one_that_nobody_uses() {
        let port = PortChoice::Any.resolve().unwrap();
        assert!(port_is_free(port));
    }
}
