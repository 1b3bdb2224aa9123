//! Checks of this machine: programs, port, disk.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail};

use super::{Finding, Report};
use crate::assembler::Assembler;
use crate::local_aws::port_is_free;
use crate::process;
use crate::project::Project;
use crate::toolchain::{self, Toolchain};

/// What a build of everything, the tools and the local stack's data need.
const DISK_GIBIBYTES_MIN: u64 = 8;

/// The programs in the virtual environment, with arguments that make them answer quickly.
const INSTALLED_PROGRAMS: [(&str, &[&str]); 5] = [
    ("sam", &["--version"]),
    ("cfn-lint", &["--version"]),
    ("cargo-lambda", &["lambda", "--version"]),
    ("ministack", &["--help"]),
    ("cmake", &["--version"]),
];

/// Checks everything that needs no running stack.
pub(super) fn check(project: &Project, port: u16, report: &mut Report) {
    report.add("cargo", version("cargo", &["--version"], "install Rust from https://rustup.rs"));
    report.add("rustfmt", version("cargo", &["fmt", "--version"], "rustup component add rustfmt"));
    report.add("clippy", version("cargo", &["clippy", "--version"], "rustup component add clippy"));
    report.add(
        "C compiler",
        version("cc", &["--version"], "apt-get install build-essential, or your system's like"),
    );
    report.add("Python", toolchain::find_python());
    match Assembler::if_ready(project) {
        Some(assembler) => {
            report.add("nasm", assembler.describe());
        }
        None => match Assembler::check_download() {
            Ok(()) => println!("  --   nasm: not here yet; the next cargo xtask up or test downloads it"),
            Err(missing) => {
                report.add("nasm", Err(missing));
            }
        },
    }
    match Toolchain::if_ready(project) {
        Some(toolchain) => {
            for (program, arguments) in INSTALLED_PROGRAMS {
                let answer = process::read_output(toolchain.command(program).args(arguments), program);
                report.add(program, answer.map(|text| first_line(&text)));
            }
        }
        None => println!("  --   tools: not installed yet; the next cargo xtask up or test does it"),
    }
    report.add("port", check_port(project, port));
    report.add("disk", check_disk(project.root()));
}

fn version(program: &str, arguments: &[&str], next_step: &str) -> Finding {
    let answer = process::read_output(Command::new(program).args(arguments), program)
        .with_context(|| format!("next step: {next_step}"))?;
    Ok(first_line(&answer))
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim().to_owned()
}

fn check_port(project: &Project, port: u16) -> Finding {
    if port_is_free(port) {
        return Ok(format!("{port} is free"));
    }
    if project.default_ready_file().is_file() {
        return Ok(format!("{port} is in use, and a cargo xtask up runs here"));
    }
    bail!("{port} is in use; next step: stop what uses it, or start with cargo xtask up --port N")
}

fn check_disk(folder: &Path) -> Finding {
    let disk = nix::sys::statvfs::statvfs(folder).context("could not ask for free space")?;
    let free_bytes = disk.blocks_available().saturating_mul(disk.fragment_size());
    let free = free_bytes >> 30;
    if free < DISK_GIBIBYTES_MIN {
        bail!(
            "{free} GiB free, {DISK_GIBIBYTES_MIN} GiB needed; next step: make room below {}",
            folder.display()
        );
    }
    Ok(format!("{free} GiB free"))
}
