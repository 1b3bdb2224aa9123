//! Rules about manifests: which crate may use which.

use crate::sources::{Source, expect_none, manifests, read};

/// Who may use the crate that decodes what strangers send.
const IMAGING_USERS: [&str; 4] =
    ["functions/thumbnail/Cargo.toml", "tests/Cargo.toml", "fuzz/Cargo.toml", "bench/images/Cargo.toml"];

#[test]
fn every_crate_keeps_the_lints_of_the_workspace() {
    expect_none("`[lints] workspace = true` is missing", &without_lints(&manifests()));
    assert_eq!(without_lints(&[Source::made_up("x/Cargo.toml", "[lints.rust]\nworkspace = true")]).len(), 1);
}

#[test]
fn no_function_depends_on_a_function_or_on_the_sdk() {
    expect_none("a function uses shared, and nothing of AWS or of another function", &foreign(&manifests()));
    for line in
        ["presign = { path = \"../presign\" }", "[dependencies.cleanup]", "aws-sdk-s3.workspace = true"]
    {
        let made_up = Source::made_up("functions/assembly/Cargo.toml", line);
        assert_eq!(foreign(&[made_up]).len(), 1, "{line}");
    }
}

#[test]
fn only_thumbnail_decodes_images() {
    expect_none(
        "imaging is a dependency of thumbnail, of tests, of fuzz and of its bench",
        &decoders(&manifests()),
    );
    for path in ["functions/assembly/Cargo.toml", "shared/Cargo.toml", "xtask/Cargo.toml"] {
        assert_eq!(decoders(&[Source::made_up(path, "imaging.workspace = true")]).len(), 1, "{path}");
    }
}

/// The crate that may call C has lints of its own, because a crate cannot take the workspace's and change one.
const CALLS_C: &str = "imaging/codecs/Cargo.toml";

fn without_lints(manifests: &[Source]) -> Vec<String> {
    let lacks = |file: &&Source| file.path != CALLS_C && !file.text.contains("[lints]\nworkspace = true");
    manifests.iter().filter(lacks).map(|file| file.path.clone()).collect()
}

#[test]
fn the_crate_that_calls_c_keeps_every_lint_but_the_one() {
    let root = read("Cargo.toml");
    let lints = root.split_once("[workspace.lints.rust]").unwrap().1.split_once("[profile").unwrap().0;
    let manifests = manifests();
    let own = &manifests.iter().find(|file| file.path == CALLS_C).unwrap().text;
    let kept = |lint: &str| own.lines().any(|line| lint.starts_with(line) && !line.is_empty());
    let missing: Vec<&str> = lints
        .lines()
        .filter(|line| line.contains(" = ") && !kept(line))
        .filter(|line| !line.starts_with("unsafe_code") && !line.starts_with("unexpected_cfgs"))
        .collect();
    assert_eq!(missing, Vec::<&str>::new());
    assert!(own.contains("undocumented_unsafe_blocks = \"deny\"") && !kept("unsafe_code = \"forbid\""));
}

/// The names of dependencies: `name.workspace = true`, `name = ...` and `[dependencies.name]`.
fn dependencies(manifest: &Source) -> impl Iterator<Item = &str> {
    manifest.text.lines().filter_map(|line| {
        let line = line.trim();
        let name = match line.strip_prefix('[') {
            Some(header) => header.trim_end_matches(']').split_once("dependencies.")?.1,
            None => line,
        };
        let end =
            name.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_')).unwrap_or(name.len());
        Some(&name[..end]).filter(|name| !name.is_empty())
    })
}

fn foreign(manifests: &[Source]) -> Vec<String> {
    let functions = ["assembly", "chunk-complete", "cleanup", "insights", "presign", "thumbnail"];
    let is_foreign = |name: &&str| functions.contains(name) || name.starts_with("aws-");
    manifests
        .iter()
        .filter(|file| file.is_in(&["functions/"]))
        .flat_map(|file| {
            dependencies(file).filter(is_foreign).map(move |name| format!("{}: {name}", file.path))
        })
        .collect()
}

fn decoders(manifests: &[Source]) -> Vec<String> {
    manifests
        .iter()
        .filter(|file| !file.is_in(&IMAGING_USERS) && !file.is_in(&["imaging/"]))
        .filter(|file| dependencies(file).any(|name| name == "imaging"))
        .map(|file| file.path.clone())
        .collect()
}
