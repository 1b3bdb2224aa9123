//! The newest sharp, from npm.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Context as _;

use super::super::Workshop;
use crate::process;

const FILES: [&str; 2] = ["package.json", "sharp.mjs"];

/// Installs it and gives the path of the program that uses it. Without the network an earlier installation is used.
pub(super) fn sharp(workshop: &Workshop) -> anyhow::Result<PathBuf> {
    let source = workshop.project.root().join("bench").join("sharp");
    let folder = workshop.path("sharp");
    fs::create_dir_all(&folder).with_context(|| format!("could not make {}", folder.display()))?;
    for name in FILES {
        fs::copy(source.join(name), folder.join(name)).with_context(|| format!("could not copy {name}"))?;
    }
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-save", "--no-package-lock", "--ignore-scripts", "--no-fund", "--no-audit"]);
    npm.arg("sharp@latest").current_dir(&folder);
    match process::run_logged(&mut npm, "npm install sharp", &workshop.path("npm.log")) {
        Ok(()) => {}
        Err(error) if folder.join("node_modules").join("sharp").is_dir() => {
            process::stop_if_interrupted()?;
            eprintln!("the newest sharp could not be had, so the installed one is measured: {error:#}");
        }
        Err(error) => {
            return Err(error).context("next step: check that npm is on the PATH and the network is there");
        }
    }
    Ok(folder.join("sharp.mjs"))
}
