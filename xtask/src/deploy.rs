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

/// Name of the local stack of alarms and dashboard.
const WATCH_STACK_NAME: &str = "longshore-watch";

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

    let template = built.join("template.yaml");
    deploy_stack(
        project,
        toolchain,
        local_aws,
        &Deployment { stack: STACK_NAME, template: &template, parameters },
    )?;
    let outputs = stack_script(project, toolchain, local_aws, &["finish", STACK_NAME])?;
    serde_json::from_str(&outputs).context("the stack's outputs could not be read")
}

/// Deploys the alarms and the dashboard beside the stack; answers the ARN of the topic that tells of alarms.
pub(crate) fn deploy_watch(
    project: &Project,
    toolchain: &Toolchain,
    local_aws: &LocalAws,
    period_seconds: u32,
) -> anyhow::Result<String> {
    let template = project.infra_dir().join("watch.yaml");
    let parameters = [
        ("Stack", STACK_NAME.to_owned()),
        ("PeriodSeconds", period_seconds.to_string()),
        // Here /tmp is that of the whole machine, not the half gigabyte of a function.
        ("TmpUsedBytes", u64::from(u32::MAX).pow(2).to_string()),
    ];
    let watch = Deployment { stack: WATCH_STACK_NAME, template: &template, parameters: &parameters };
    deploy_stack(project, toolchain, local_aws, &watch)?;
    let outputs = stack_script(project, toolchain, local_aws, &["outputs", WATCH_STACK_NAME])?;
    let outputs: BTreeMap<String, String> =
        serde_json::from_str(&outputs).context("the outputs of what watches could not be read")?;
    outputs.get("AlarmTopicArn").cloned().context("what watches has no output AlarmTopicArn")
}

/// What is deployed under which name.
struct Deployment<'a> {
    stack: &'a str,
    template: &'a Path,
    parameters: &'a [(&'a str, String)],
}

fn deploy_stack(
    project: &Project,
    toolchain: &Toolchain,
    local_aws: &LocalAws,
    deployment: &Deployment<'_>,
) -> anyhow::Result<()> {
    let Deployment { stack, template, parameters } = deployment;
    let mut sam = toolchain.command("sam");
    local_aws.configure(&mut sam);
    sam.current_dir(local_aws.folder())
        .args(["deploy", "--stack-name", stack, "--s3-bucket", DEPLOY_BUCKET])
        .args(["--capabilities", "CAPABILITY_IAM", "--no-confirm-changeset", "--no-progressbar"])
        .arg("--template-file")
        .arg(template)
        .arg("--parameter-overrides")
        .args(parameters.iter().map(|(name, value)| format!("ParameterKey={name},ParameterValue={value}")));
    let log = local_aws.folder().join(format!("deploy-{stack}.log"));
    let Err(failure) = process::run_logged(&mut sam, "sam deploy", &log) else { return Ok(()) };
    process::stop_if_interrupted()?;
    // The stack's own events say most; without a stack, SAM's error line does.
    let reasons = stack_script(project, toolchain, local_aws, &["reasons", stack]).unwrap_or_default();
    match reasons.lines().next().map(str::to_owned).or_else(|| error_line(&log)) {
        Some(reason) => bail!(
            "the deployment of {stack} failed: {reason}; next step: correct its template; the whole log: {}",
            log.display()
        ),
        None => Err(failure),
    }
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
