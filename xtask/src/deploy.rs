//! Builds the functions and deploys the repository's own template.yaml to a local AWS, with SAM as for the real one.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};

use crate::local_aws::LocalAws;
use crate::process;
use crate::project::Project;
use crate::toolchain::Toolchain;

/// Name of the local stack.
pub(crate) const STACK_NAME: &str = "longshore";

const DEPLOY_BUCKET: &str = "longshore-deploy";

/// Builds all six functions for Lambda. Cargo skips what has not changed. `sam build` would do it too, as [`deploy`] lets
/// it; but it starts cargo once per function and hides how far it is.
pub(crate) fn build_functions(project: &Project, toolchain: &Toolchain) -> anyhow::Result<()> {
    let mut build = toolchain.cargo(project);
    build.args(["lambda", "build", "--release"]);
    process::run_shown(&mut build, "cargo lambda build")
}

/// Deploys the built functions; answers the stack's outputs. `parameters` are those of template.yaml.
pub(crate) fn deploy(
    project: &Project,
    toolchain: &Toolchain,
    local_aws: &LocalAws,
    parameters: &[(&str, String)],
) -> anyhow::Result<BTreeMap<String, String>> {
    let built = local_aws.folder().join("build");
    let mut sam = toolchain.command("sam");
    local_aws.configure(&mut sam);
    sam.current_dir(project.root()).args(["build", "--beta-features", "--build-dir"]).arg(&built);
    process::run_logged(&mut sam, "sam build", &local_aws.folder().join("build.log"))?;
    stack_script(project, toolchain, local_aws, &["prepare", DEPLOY_BUCKET])?;

    let mut sam = toolchain.command("sam");
    local_aws.configure(&mut sam);
    sam.current_dir(local_aws.folder())
        .args(["deploy", "--stack-name", STACK_NAME, "--s3-bucket", DEPLOY_BUCKET])
        .args(["--capabilities", "CAPABILITY_IAM", "--no-confirm-changeset", "--no-progressbar"])
        .arg("--template-file")
        .arg(built.join("template.yaml"))
        .arg("--parameter-overrides")
        .args(parameters.iter().map(|(name, value)| format!("ParameterKey={name},ParameterValue={value}")));
    let log = local_aws.folder().join("deploy.log");
    if let Err(failure) = process::run_logged(&mut sam, "sam deploy", &log) {
        process::stop_if_interrupted()?;
        // The stack's own events say most; without a stack, SAM's error line does.
        let reasons =
            stack_script(project, toolchain, local_aws, &["reasons", STACK_NAME]).unwrap_or_default();
        return match reasons.lines().next().map(str::to_owned).or_else(|| error_line(&log)) {
            Some(reason) => bail!(
                "the deployment failed: {reason}; next step: correct template.yaml; the whole log: {}",
                log.display()
            ),
            None => Err(failure),
        };
    }
    let outputs = stack_script(project, toolchain, local_aws, &["finish", STACK_NAME])?;
    serde_json::from_str(&outputs).context("the stack's outputs could not be read")
}

/// The last line of SAM's log that names an error.
fn error_line(log: &Path) -> Option<String> {
    let text = fs::read_to_string(log).ok()?;
    text.lines().rev().find_map(|line| line.strip_prefix("Error: ")).map(str::to_owned)
}

fn stack_script(
    project: &Project,
    toolchain: &Toolchain,
    local_aws: &LocalAws,
    arguments: &[&str],
) -> anyhow::Result<String> {
    let mut python = toolchain.command("python3");
    local_aws.configure(&mut python);
    python.arg(project.infra_dir().join("local").join("stack.py")).args(arguments);
    process::read_output(&mut python, &format!("stack.py {}", arguments.join(" ")))
}
