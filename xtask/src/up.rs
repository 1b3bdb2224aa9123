//! `cargo xtask up`: a local stack that stays until Ctrl-C.

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use clap::Args;

use crate::local_aws::PortChoice;
use crate::local_stack::{self, OWNER, RunningStack, StackOptions};
use crate::process;
use crate::project::Project;

const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Options of `cargo xtask up`.
#[derive(Debug, Args)]
pub(crate) struct UpOptions {
    /// Port of the local AWS on 127.0.0.1.
    #[arg(long, default_value_t = 4566)]
    port: u16,
    /// Write the stack's addresses and tokens to this file (JSON) once it serves; removed at the end.
    #[arg(long, value_name = "PATH")]
    ready_file: Option<PathBuf>,
    /// Lets the functions reach S3, DynamoDB and SQS through this port, where the deployed tests listen while they run
    /// (see infra/README.md). Without them nothing works.
    #[arg(long, value_name = "PORT")]
    proxy_port: Option<u16>,
}

/// Starts the stack, prints its addresses, waits for Ctrl-C, stops all it started.
pub(crate) fn run(options: &UpOptions) -> anyhow::Result<()> {
    let project = Project::find()?;
    let port = PortChoice::Fixed(options.port);
    let mut stack = local_stack::start(&match options.proxy_port {
        Some(proxy_port) => StackOptions::for_tests("up", port, proxy_port),
        None => StackOptions::new("up", port).watched(),
    })?;
    let mut ready_files = ReadyFiles::default();
    ready_files.write(&stack, project.default_ready_file())?;
    if let Some(path) = &options.ready_file {
        ready_files.write(&stack, path.clone())?;
    }
    print_addresses(&stack)?;
    while !process::interrupted() {
        stack.local_aws.check_alive()?;
        thread::sleep(LOOK_EVERY);
    }
    eprintln!("Stopping");
    Ok(())
}

fn print_addresses(stack: &RunningStack) -> anyhow::Result<()> {
    println!("The stack serves.");
    println!("  API        {}", stack.api_url);
    println!("  AWS API    {} (region {}, key test, secret test)", stack.endpoint_url, stack.region);
    println!("  originals  s3://{}", stack.originals_bucket);
    println!("  variants   s3://{}", stack.variants_bucket);
    println!("  table      {}", stack.table);
    println!("  issuer     {}", stack.issuer.url());
    println!("  token of \"{OWNER}\", valid for 12 hours:");
    println!("{}", stack.token_for(OWNER)?);
    println!("Try:   cargo xtask upload FILE    or    cargo xtask doctor");
    println!("       with that token: {0}/performance/metrics?window=1h and {0}/health/deep", stack.api_url);
    println!(
        "Logs:  AWS_ENDPOINT_URL={} AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test .local/venv/bin/sam logs \\",
        stack.endpoint_url
    );
    println!("         --stack-name {} --region {} --tail", crate::deploy::STACK_NAME, stack.region);
    println!("       and {}", stack.local_aws.folder().join("ministack.log").display());
    println!("Ctrl-C stops it.");
    Ok(())
}

/// Files that say "a stack serves here", removed when that is no longer so.
#[derive(Debug, Default)]
struct ReadyFiles {
    written: Vec<PathBuf>,
}

impl ReadyFiles {
    fn write(&mut self, stack: &RunningStack, path: PathBuf) -> anyhow::Result<()> {
        stack.write_ready_file(&path)?;
        self.written.push(path);
        Ok(())
    }
}

impl Drop for ReadyFiles {
    fn drop(&mut self) {
        for path in &self.written {
            // Nobody is left to hear of a failure; the next start writes the file anew.
            let _removed = fs::remove_file(path);
        }
    }
}
