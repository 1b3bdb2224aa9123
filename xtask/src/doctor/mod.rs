//! `cargo xtask doctor`: says what this machine or a deployed stack lacks, and what to do about it.

mod machine;
mod stack;

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;
use serde_json::Value;

use crate::project::Project;

/// Options of `cargo xtask doctor`.
#[derive(Debug, Args)]
pub(crate) struct DoctorOptions {
    /// Port that `cargo xtask up` is to use.
    #[arg(long, default_value_t = 4566)]
    port: u16,
    /// Ready file of the stack to check; without it, the one of a running `cargo xtask up`.
    #[arg(long, value_name = "PATH", conflicts_with = "api_url")]
    stack_file: Option<PathBuf>,
    /// URL of a deployed API to check instead.
    #[arg(long, value_name = "URL", requires = "token")]
    api_url: Option<String>,
    /// Token for that API.
    #[arg(long)]
    token: Option<String>,
    /// Origin of the web page that will upload.
    #[arg(long, default_value = "http://localhost:8080")]
    origin: String,
}

/// What a check found: what is there, or what is missing and the next step.
type Finding = anyhow::Result<String>;

/// Runs every check, even after one failed; fails if any did.
pub(crate) fn run(options: &DoctorOptions) -> anyhow::Result<()> {
    let project = Project::find()?;
    let mut report = Report::default();
    machine::check(&project, options.port, &mut report);
    match address(&project, options)? {
        Some((api_url, token)) => stack::check(&api_url, &token, &options.origin, &mut report),
        None => println!("  --   stack: none runs here; cargo xtask up starts one"),
    }
    report.finish()
}

/// The findings so far.
#[derive(Debug, Default)]
struct Report {
    faults: usize,
}

impl Report {
    /// Prints a finding; answers whether it was a good one.
    fn add(&mut self, name: &str, finding: Finding) -> bool {
        match finding {
            Ok(found) => {
                println!("  ok   {name}: {found}");
                true
            }
            Err(fault) => {
                println!("  BAD  {name}: {fault:#}");
                self.faults += 1;
                false
            }
        }
    }

    fn finish(&self) -> anyhow::Result<()> {
        match self.faults {
            0 => Ok(()),
            1 => bail!("one check failed"),
            faults => bail!("{faults} checks failed"),
        }
    }
}

/// API URL and token of the stack to check, if there is one.
fn address(project: &Project, options: &DoctorOptions) -> anyhow::Result<Option<(String, String)>> {
    if let (Some(api_url), Some(token)) = (&options.api_url, &options.token) {
        return Ok(Some((api_url.trim_end_matches('/').to_owned(), token.clone())));
    }
    let path = match &options.stack_file {
        Some(path) => path.clone(),
        None if project.default_ready_file().is_file() => project.default_ready_file(),
        None => return Ok(None),
    };
    let text =
        std::fs::read_to_string(&path).with_context(|| format!("could not read {}", path.display()))?;
    let stack: Value =
        serde_json::from_str(&text).with_context(|| format!("{} is not JSON", path.display()))?;
    let field = |name: &str| {
        stack.get(name).and_then(Value::as_str).map(str::to_owned).with_context(|| {
            format!("{} has no {name}; is it a ready file of cargo xtask up?", path.display())
        })
    };
    Ok(Some((field("apiUrl")?, field("token")?)))
}
