//! A whole stack on a local AWS: built, deployed, serving, and gone when its value is dropped.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::deploy;
use crate::issuer::{AUDIENCE, Issuer};
use crate::local_aws::{self, LocalAws, PortChoice, ServicesAt};
use crate::project::Project;
use crate::toolchain::Toolchain;

/// Owner of the token that `up` prints and the ready file calls `token`.
pub(crate) const OWNER: &str = "alice";
/// Owner of the ready file's `otherToken`, for tests of what one owner must not see of another.
pub(crate) const OTHER_OWNER: &str = "bob";

/// What to start.
#[derive(Clone, Debug)]
pub(crate) struct StackOptions {
    /// Names the folder of logs: `up`, `demo`, `test`.
    pub(crate) purpose: &'static str,
    /// Where MiniStack listens.
    pub(crate) port: PortChoice,
    /// Where the functions find S3, DynamoDB and SQS.
    pub(crate) services_at: ServicesAt,
    /// Whether alarms and a dashboard stand beside it, and how many seconds an alarm looks at.
    pub(crate) watch_period_seconds: Option<u32>,
    /// Parameters of template.yaml that differ from the local defaults, as (name, value).
    pub(crate) parameters: Vec<(&'static str, String)>,
}

impl StackOptions {
    /// With the local defaults.
    pub(crate) fn new(purpose: &'static str, port: PortChoice) -> Self {
        let services_at = ServicesAt::MiniStack;
        Self { purpose, port, services_at, watch_period_seconds: None, parameters: Vec::new() }
    }

    /// The same with alarms and a dashboard, as people look at them.
    pub(crate) fn watched(self) -> Self {
        Self { watch_period_seconds: Some(60), ..self }
    }

    /// For the deployed tests, which listen on `proxy_port` while they run: whatever the functions ask of S3, DynamoDB
    /// and SQS goes through them. Only one page may upload, and the API takes more requests than people would send.
    pub(crate) fn for_tests(purpose: &'static str, port: PortChoice, proxy_port: u16) -> Self {
        let parameters = vec![
            ("AllowedOrigins", "https://app.example.com".to_owned()),
            ("ApiRateLimit", "200".to_owned()),
            ("ApiBurstLimit", "200".to_owned()),
        ];
        let services_at = ServicesAt::Port(proxy_port);
        // So short that an alarm has cleared before a test grows tired of waiting.
        Self { purpose, port, services_at, watch_period_seconds: Some(10), parameters }
    }
}

/// A stack that serves. Dropping it stops every process that was started for it.
#[derive(Debug)]
pub(crate) struct RunningStack {
    /// Base of the API's addresses, without a final slash.
    pub(crate) api_url: String,
    /// Name of the bucket of uploaded files.
    pub(crate) originals_bucket: String,
    /// Name of the bucket of derived images.
    pub(crate) variants_bucket: String,
    /// Name of the DynamoDB table.
    pub(crate) table: String,
    /// Where the AWS API answers.
    pub(crate) endpoint_url: String,
    /// Region of the stack.
    pub(crate) region: &'static str,
    /// Mints tokens for any owner.
    pub(crate) issuer: Issuer,
    /// The parameters that it was deployed with, where they differ from the template's.
    pub(crate) parameters: Vec<(&'static str, String)>,
    /// Where the functions find S3, DynamoDB and SQS.
    pub(crate) services_at: ServicesAt,
    /// Where alarms are told of, if there are any.
    pub(crate) alarm_topic: Option<String>,
    /// All outputs of the stack, by their names in template.yaml.
    pub(crate) outputs: BTreeMap<String, String>,
    /// The AWS under it.
    pub(crate) local_aws: LocalAws,
}

/// Builds what changed, starts a local AWS and deploys to it. Says on stderr what it is doing and how long it took.
pub(crate) fn start(options: &StackOptions) -> anyhow::Result<RunningStack> {
    let project = Project::find()?;
    options.port.resolve()?;
    let toolchain = Toolchain::prepare(&project)?;
    eprintln!("Building the functions");
    let start = Instant::now();
    deploy::build_functions(&project, &toolchain)?;
    eprintln!("  built in {:.1} s", start.elapsed().as_secs_f32());
    start_built(&project, &toolchain, options)
}

/// As [`start`], for functions that are built already.
pub(crate) fn start_built(
    project: &Project,
    toolchain: &Toolchain,
    options: &StackOptions,
) -> anyhow::Result<RunningStack> {
    eprintln!("Starting the local AWS");
    let start = Instant::now();
    let local_aws = LocalAws::start(project, toolchain, options.purpose, options.port, options.services_at)?;
    let mut key_command = toolchain.command("python3");
    key_command.arg(project.infra_dir().join("local").join("stack.py")).arg("signing-key");
    let issuer = Issuer::start(&mut key_command)?;
    eprintln!("Deploying template.yaml to it");
    let parameters = parameters(&issuer, options);
    let outputs = deploy::deploy(project, toolchain, &local_aws, &parameters)?;
    let alarm_topic = match options.watch_period_seconds {
        Some(seconds) => {
            eprintln!("Deploying infra/watch.yaml beside it");
            Some(deploy::deploy_watch(project, toolchain, &local_aws, seconds)?)
        }
        None => None,
    };
    eprintln!("  started and deployed in {:.1} s", start.elapsed().as_secs_f32());

    let output =
        |name: &str| outputs.get(name).cloned().with_context(|| format!("the stack has no output {name}"));
    let endpoint_url = local_aws.endpoint_url();
    Ok(RunningStack {
        api_url: format!("{endpoint_url}/_aws/execute-api/{}", output("ApiId")?),
        originals_bucket: output("OriginalsBucketName")?,
        variants_bucket: output("VariantsBucketName")?,
        table: output("TableName")?,
        endpoint_url,
        region: local_aws::REGION,
        issuer,
        parameters,
        services_at: options.services_at,
        alarm_topic,
        outputs,
        local_aws,
    })
}

/// The local settings: tokens of our own issuer, plain HTTP, any page's origin, and no more image workers at a time
/// than a laptop bears.
fn parameters(issuer: &Issuer, options: &StackOptions) -> Vec<(&'static str, String)> {
    let mut parameters: BTreeMap<&'static str, String> = BTreeMap::from([
        ("AuthIssuer", issuer.url().to_owned()),
        ("AuthAudience", AUDIENCE.to_owned()),
        ("AllowedOrigins", "*".to_owned()),
        ("RequireTls", "no".to_owned()),
        ("AssemblyConcurrency", "4".to_owned()),
        ("ThumbnailConcurrency", "2".to_owned()),
    ]);
    parameters.extend(options.parameters.iter().cloned());
    parameters.into_iter().collect()
}

impl RunningStack {
    /// A token for `owner`, as the production issuer would give it. [`OWNER`] may also ask how the stack is doing.
    pub(crate) fn token_for(&self, owner: &str) -> anyhow::Result<String> {
        match owner {
            OWNER => self.issuer.operator_token_for(owner),
            _ => self.issuer.token_for(owner),
        }
    }

    /// Describes the stack for other programs (see infra/README.md).
    pub(crate) fn describe(&self) -> anyhow::Result<Value> {
        let mut description = json!({
            "apiUrl": self.api_url,
            "originalsBucket": self.originals_bucket,
            "variantsBucket": self.variants_bucket,
            "table": self.table,
            "endpointUrl": self.endpoint_url,
            "region": self.region,
            "accessKeyId": local_aws::ACCESS_KEY_ID,
            "secretAccessKey": local_aws::SECRET_ACCESS_KEY,
            "issuer": self.issuer.url(),
            "owner": OWNER,
            "token": self.token_for(OWNER)?,
            "otherOwner": OTHER_OWNER,
            "otherToken": self.token_for(OTHER_OWNER)?,
            "badTokens": self.issuer.bad_tokens_for(OWNER)?,
            "stackName": deploy::STACK_NAME,
            "logFolder": self.local_aws.folder(),
            "parameters": self.parameters.iter().cloned().collect::<BTreeMap<_, _>>(),
        });
        if let Some(fields) = description.as_object_mut() {
            if let ServicesAt::Port(port) = self.services_at {
                fields.insert("proxyPort".to_owned(), json!(port));
            }
            if let Some(topic) = &self.alarm_topic {
                fields.insert("alarmTopicArn".to_owned(), json!(topic));
            }
            for (name, value) in &self.outputs {
                if name.ends_with("QueueUrl") || name.ends_with("FunctionName") {
                    fields.insert(first_letter_lowercase(name), json!(value));
                }
            }
        }
        Ok(description)
    }

    /// Writes [`RunningStack::describe`] to `path`, whole or not at all.
    pub(crate) fn write_ready_file(&self, path: &Path) -> anyhow::Result<()> {
        let unfinished = path.with_extension("unfinished");
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).with_context(|| format!("could not make {}", folder.display()))?;
        }
        fs::write(&unfinished, format!("{:#}\n", self.describe()?))
            .and_then(|()| fs::rename(&unfinished, path))
            .with_context(|| format!("could not write {}", path.display()))
    }
}

fn first_letter_lowercase(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_become_fields_of_the_ready_file() {
        assert_eq!(first_letter_lowercase("AssemblyQueueUrl"), "assemblyQueueUrl");
    }
}
