//! The tools that come from `PyPI`, in virtual environments of our own: those of builds and of the local stack (MiniStack,
//! SAM, cargo-lambda, cfn-lint, zig, cmake), and apart from them the scanner of the template, which wants other versions of
//! the same packages. The assembler is beside them on the path.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::assembler::Assembler;
use crate::process;
use crate::project::Project;

/// Names under which Python may be found, the usual one first.
const PYTHON_NAMES: [&str; 5] = ["python3", "python3.13", "python3.12", "python3.11", "python3.10"];

/// One virtual environment: its folder in `.local/`, the file in `infra/` that lists its packages, its name for people.
#[derive(Clone, Copy, Debug)]
struct Environment {
    folder: &'static str,
    requirements: &'static str,
    tools: &'static str,
}

const LOCAL_STACK: Environment =
    Environment { folder: "venv", requirements: "requirements.txt", tools: "the tools of the local stack" };

const SCANNER: Environment = Environment {
    folder: "venv-checkov",
    requirements: "requirements-checkov.txt",
    tools: "the scanner of the template",
};

/// A virtual environment whose packages are exactly those of its file of requirements, and what else a build needs.
#[derive(Clone, Debug)]
pub(crate) struct Toolchain {
    venv: PathBuf,
    assembler: Assembler,
}

impl Toolchain {
    /// Makes the virtual environment of the local stack, or makes it anew when the requirements have changed; and finds
    /// the assembler, or downloads it.
    pub(crate) fn prepare(project: &Project) -> anyhow::Result<Self> {
        let assembler = Assembler::prepare(project)?;
        Self::prepare_environment(project, LOCAL_STACK, assembler)
    }

    /// The same for checkov.
    pub(crate) fn prepare_scanner(project: &Project) -> anyhow::Result<Self> {
        Self::prepare_environment(project, SCANNER, Assembler::NotNeeded)
    }

    fn prepare_environment(
        project: &Project,
        environment: Environment,
        assembler: Assembler,
    ) -> anyhow::Result<Self> {
        let toolchain = Self { venv: project.local_dir().join(environment.folder), assembler };
        let requirements = project.infra_dir().join(environment.requirements);
        let wanted = fs::read_to_string(&requirements)
            .with_context(|| format!("could not read {}", requirements.display()))?;
        if toolchain.installed_requirements().as_deref() == Some(wanted.as_str()) {
            return Ok(toolchain);
        }
        let log = project.local_dir().join(environment.folder).with_extension("log");
        toolchain.install(&requirements, environment.tools, &log)?;
        // Written last: an installation that broke off is not taken for a whole one.
        fs::write(toolchain.stamp(), wanted).context("could not mark the virtual environment as complete")?;
        Ok(toolchain)
    }

    /// The tools if they are installed and up to date, without installing anything.
    pub(crate) fn if_ready(project: &Project) -> Option<Self> {
        // Whether there is an assembler is a question of its own.
        let assembler = Assembler::if_ready(project).unwrap_or(Assembler::NotNeeded);
        let toolchain = Self { venv: project.local_dir().join(LOCAL_STACK.folder), assembler };
        let wanted = fs::read_to_string(project.infra_dir().join(LOCAL_STACK.requirements)).ok()?;
        (toolchain.installed_requirements()? == wanted).then_some(toolchain)
    }

    /// A command for one of the installed programs. Its path holds them all, because they call each other.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.venv.join("bin").join(program));
        command.env("PATH", self.path());
        command
    }

    /// `cargo` with the installed programs on its path, which is how it finds `cargo lambda`, how that finds zig, and how
    /// the build scripts of C codecs find cmake and the assembler.
    pub(crate) fn cargo(&self, project: &Project) -> Command {
        let mut command = Command::new("cargo");
        command.env("PATH", self.path()).current_dir(project.root());
        command
    }

    /// The search path with the installed programs first.
    pub(crate) fn path(&self) -> OsString {
        let mut path = self.venv.join("bin").into_os_string();
        if let Some(folder) = self.assembler.folder() {
            path.push(":");
            path.push(folder);
        }
        if let Some(rest) = std::env::var_os("PATH") {
            path.push(":");
            path.push(rest);
        }
        path
    }

    fn stamp(&self) -> PathBuf {
        self.venv.join("installed-requirements.txt")
    }

    fn installed_requirements(&self) -> Option<String> {
        fs::read_to_string(self.stamp()).ok()
    }

    fn install(&self, requirements: &Path, tools: &str, log: &Path) -> anyhow::Result<()> {
        let python = find_python()?;
        eprintln!("Installing {tools} into {} (once; a minute or two)", self.venv.display());
        if self.venv.exists() {
            fs::remove_dir_all(&self.venv).context("could not remove the old virtual environment")?;
        }
        process::run_logged(
            Command::new(&python).args(["-m", "venv"]).arg(&self.venv),
            "python3 -m venv",
            log,
        )
        .context("next step: on Debian and Ubuntu, apt-get install python3-venv")?;
        let mut pip = self.command("python3");
        pip.args(["-m", "pip", "install", "--no-input", "--progress-bar", "off", "--requirement"])
            .arg(requirements);
        process::run_logged(&mut pip, "pip install", log)
            .context("next step: check the network connection and run the command again")
    }
}

/// A Python that is new enough.
pub(crate) fn find_python() -> anyhow::Result<String> {
    for name in PYTHON_NAMES {
        let check = "import sys, venv; sys.exit(sys.version_info < (3, 10))";
        if process::read_output(Command::new(name).args(["-c", check]), name).is_ok() {
            return Ok(name.to_owned());
        }
    }
    bail!(
        "no Python 3.10 or newer found; next step: install one (Debian and Ubuntu: apt-get install python3 python3-venv)"
    )
}
