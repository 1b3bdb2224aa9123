//! Signing 1,000 part URLs: ours against the Rust SDK's presigner and against the JavaScript SDK's.
//!
//! All three sign the same upload at the same moment with the same credentials. Ours starts from the secret each time;
//! the SDKs keep their clients, as programs do.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Workshop;
use super::statistics::{median, median_ratio};
use crate::process;

/// The oldest Node that the JavaScript SDK runs on.
const NODE_MAJOR_MIN: u32 = 20;
const PART_COUNT: u32 = 1_000;
/// How often the two programs take turns.
const TURNS: usize = 3;
const RUST_ROUNDS: usize = 9;
const JS_ROUNDS: usize = 3;
/// The token of a Lambda role is about this long.
const SESSION_TOKEN_BYTES: usize = 1_000;
const JAVASCRIPT_FILES: [&str; 4] = ["package.json", "package-lock.json", ".npmrc", "sign.mjs"];

/// How fast each signs one URL, in microseconds, and how many times faster ours is.
#[derive(Debug)]
pub(super) struct Signing {
    pub(super) ours_micros: f64,
    pub(super) rust_sdk_micros: f64,
    pub(super) js_sdk_micros: f64,
    pub(super) times_rust_sdk: f64,
    pub(super) times_js_sdk: f64,
}

#[derive(Debug, Deserialize)]
struct RustTimings {
    ours_nanos: Vec<f64>,
    sdk_nanos: Vec<f64>,
}

#[derive(Debug, Deserialize)]
struct JsTimings {
    js_nanos: Vec<f64>,
}

/// Fails unless there is a Node that can run the JavaScript SDK.
pub(super) fn check_node() -> anyhow::Result<()> {
    let next_step =
        format!("next step: install Node {NODE_MAJOR_MIN} or newer, with npm, and put it on the PATH");
    let version = process::read_output(Command::new("node").arg("--version"), "node")
        .with_context(|| format!("Node does not run; {next_step}"))?;
    let major = version.trim().trim_start_matches('v').split('.').next().and_then(|text| text.parse().ok());
    match major {
        Some(major) if NODE_MAJOR_MIN <= major => Ok(()),
        _ => bail!("Node {} is too old for the JavaScript SDK; {next_step}", version.trim()),
    }
}

/// Installs exactly what the lock file names, unless that is there already. Gives the program's path.
pub(super) fn install_javascript(workshop: &Workshop) -> anyhow::Result<PathBuf> {
    let source = workshop.project.root().join("bench").join("js");
    let folder = workshop.project.local_dir().join("bench-js");
    let stamp = folder.join("installed-lock.json");
    fs::create_dir_all(&folder).with_context(|| format!("could not make {}", folder.display()))?;
    for name in JAVASCRIPT_FILES {
        fs::copy(source.join(name), folder.join(name)).with_context(|| format!("could not copy {name}"))?;
    }
    let wanted = fs::read(folder.join("package-lock.json")).context("could not read package-lock.json")?;
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(folder.join("sign.mjs"));
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts"]).current_dir(&folder);
    process::run_logged(&mut npm, "npm ci", &workshop.path("npm.log"))
        .context("next step: check that npm is on the PATH and the network is there")?;
    // Written last: an installation that broke off is not taken for a whole one.
    fs::write(stamp, wanted).context("could not mark the installation as complete")?;
    Ok(folder.join("sign.mjs"))
}

/// Lets all three sign.
pub(super) fn measure(workshop: &Workshop, javascript: &Path) -> anyhow::Result<Signing> {
    let upload = upload_to_sign().to_string();
    let (mut ours, mut rust_pairs, mut js_pairs) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..TURNS {
        process::stop_if_interrupted()?;
        let mut rust = Command::new(workshop.binary("bench-signing"));
        let rust = process::read_output(rust.arg(&upload), "bench-signing")?;
        let rust: RustTimings = serde_json::from_str(&rust).context("bench-signing answered nonsense")?;
        let mut node = Command::new("node");
        let js = process::read_output(node.arg("--no-warnings").arg(javascript).arg(&upload), "sign.mjs")?;
        let js: JsTimings = serde_json::from_str(&js).context("sign.mjs answered nonsense")?;
        js_pairs.push((median(&rust.ours_nanos)?, median(&js.js_nanos)?));
        rust_pairs.extend(rust.ours_nanos.iter().copied().zip(rust.sdk_nanos.iter().copied()));
        ours.extend(rust.ours_nanos);
    }
    let per_url_micros = |nanos: f64| nanos / 1_000.0 / f64::from(PART_COUNT);
    let second = |pairs: &[(f64, f64)]| median(&pairs.iter().map(|pair| pair.1).collect::<Vec<_>>());
    Ok(Signing {
        ours_micros: per_url_micros(median(&ours)?),
        rust_sdk_micros: per_url_micros(second(&rust_pairs)?),
        js_sdk_micros: per_url_micros(second(&js_pairs)?),
        times_rust_sdk: median_ratio(&rust_pairs)?,
        times_js_sdk: median_ratio(&js_pairs)?,
    })
}

/// The upload that both programs read.
fn upload_to_sign() -> Value {
    // Base64 with some of the characters that a URL must escape, as a real token has them.
    let token = "IQoJb3JpZ2luX2VjEJr/aCXVzLWVhc+0".repeat(SESSION_TOKEN_BYTES.div_ceil(32));
    json!({
        "region": "eu-west-1",
        "bucket": "longshore-originals-000000000000-eu-west-1",
        "key": "u/2bd806c97f0e00af1a1fc3328fa763a9/01JD9M3X8Q5V7K2R4T6W0Y1Z2B",
        "upload_id": "VXBsb2FkIElEIGZvciA2aWWpbmcncyBteS1tb3ZpZS5tMnRzIHVwbG9hZA.".repeat(2),
        "access_key_id": "ASIAEXAMPLEEXAMPLE12",
        "secret_access_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        "session_token": token.get(..SESSION_TOKEN_BYTES),
        "epoch_seconds": 1_732_250_366,
        "lifetime_seconds": 900,
        "part_count": PART_COUNT,
        "part_size_bytes": 8 * 1024 * 1024,
        "part_checksum": "rosUhgp5mIg=",
        "rust_rounds": RUST_ROUNDS,
        "js_rounds": JS_ROUNDS,
    })
}
