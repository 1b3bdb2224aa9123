//! Builds the functions and deploys the repository's own template.yaml to a local AWS, with SAM as for the real one.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::local_aws::LocalAws;
use crate::process;
use crate::project::Project;
use crate::toolchain::Toolchain;

/// Name of the local stack.
pub(crate) const STACK_NAME: &str = "longshore";

const DEPLOY_BUCKET: &str = "longshore-deploy";
const FUNCTION_COUNT: usize = 5;
const SOURCE_PREFIX: &str = "CodeUri: functions/";

/// Builds all five functions for Lambda. Cargo skips what has not changed.
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
    let template = write_deployable_template(project, local_aws.folder())?;
    stack_script(project, toolchain, local_aws, &["prepare", DEPLOY_BUCKET])?;

    let mut sam = toolchain.command("sam");
    local_aws.configure(&mut sam);
    sam.current_dir(local_aws.folder())
        .args(["deploy", "--stack-name", STACK_NAME, "--s3-bucket", DEPLOY_BUCKET])
        .args(["--capabilities", "CAPABILITY_IAM", "--no-confirm-changeset", "--no-progressbar"])
        .arg("--template-file")
        .arg(&template)
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

/// Writes the template that is deployed: template.yaml with the built functions in it.
fn write_deployable_template(project: &Project, folder: &Path) -> anyhow::Result<PathBuf> {
    let source = project.root().join("template.yaml");
    let source =
        fs::read_to_string(&source).with_context(|| format!("could not read {}", source.display()))?;
    let built = project.built_functions_dir();
    let (deployable, functions) = point_to_built(&source, &built);
    if functions.len() != FUNCTION_COUNT {
        bail!("template.yaml names {functions:?} below functions/, expected {FUNCTION_COUNT} functions");
    }
    for name in functions {
        if !built.join(name).join("bootstrap").is_file() {
            bail!("{name} was not built: no bootstrap in {}", built.join(name).display());
        }
    }
    let path = folder.join("template.yaml");
    fs::write(&path, deployable).with_context(|| format!("could not write {}", path.display()))?;
    Ok(path)
}

/// The template with one change: each `CodeUri` names the built function instead of its source, as `sam build` would
/// do it, which gives the same but starts cargo once per function. Answers the functions' names too.
fn point_to_built<'a>(source: &'a str, built: &Path) -> (String, Vec<&'a str>) {
    let mut functions = Vec::new();
    let mut deployable = String::with_capacity(source.len());
    for line in source.lines() {
        match line.split_once(SOURCE_PREFIX) {
            Some((indentation, name)) => {
                functions.push(name.trim());
                deployable.push_str(indentation);
                deployable.push_str("CodeUri: ");
                deployable.push_str(&built.join(name.trim()).to_string_lossy());
            }
            None => deployable.push_str(line),
        }
        deployable.push('\n');
    }
    (deployable, functions)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = include_str!("../../template.yaml");

    #[test]
    fn the_deployed_template_names_all_five_built_functions() {
        let (deployable, functions) = point_to_built(TEMPLATE, Path::new("/built"));
        assert_eq!(functions, ["presign", "chunk-complete", "assembly", "thumbnail", "cleanup"]);
        for name in functions {
            assert!(deployable.contains(&format!("      CodeUri: /built/{name}\n")), "{name}");
        }
    }

    #[test]
    fn nothing_but_the_code_differs_from_the_template() {
        let (deployable, _) = point_to_built(TEMPLATE, Path::new("/built"));
        let changed: Vec<(&str, &str)> =
            TEMPLATE.lines().zip(deployable.lines()).filter(|(before, after)| before != after).collect();
        assert_eq!(TEMPLATE.lines().count(), deployable.lines().count());
        assert_eq!(changed.len(), FUNCTION_COUNT);
        assert!(changed.iter().all(|(before, _)| before.contains(SOURCE_PREFIX)), "{changed:?}");
    }
}
