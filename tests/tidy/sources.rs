//! The files that the rules look at.

use std::path::{Path, PathBuf};

/// Where our Rust code lives; everything else at the top is built, fetched, or no code.
const FOLDERS: [&str; 8] = ["functions", "shared", "imaging", "tests", "xtask", "operate", "fuzz", "bench"];

/// A file: its path from the top of the repository, with `/`, and its text.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Source {
    /// A file that does not exist, to show a rule what breaks it.
    pub(crate) fn made_up(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// The lines that are not comments, with their numbers.
    pub(crate) fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.text.lines()).filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    /// Whether the path is one of these files or lies in one of these folders (which end with `/`).
    pub(crate) fn is_in(&self, places: &[&str]) -> bool {
        places.iter().any(|place| match place.ends_with('/') {
            true => self.path.starts_with(place),
            false => self.path == *place,
        })
    }
}

/// The top of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the repository").to_path_buf()
}

/// The text of a file that must be there.
pub(crate) fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|err| panic!("{path}: {err}"))
}

/// Every Rust file of ours.
pub(crate) fn rust_files() -> Vec<Source> {
    files(|name| Path::new(name).extension().is_some_and(|extension| extension == "rs"))
}

/// Every manifest of ours but the workspace's.
pub(crate) fn manifests() -> Vec<Source> {
    files(|name| name == "Cargo.toml")
}

fn files(wanted: impl Fn(&str) -> bool) -> Vec<Source> {
    let mut found = Vec::new();
    for folder in FOLDERS {
        walk(folder, &wanted, &mut found);
    }
    assert!(found.len() > 5, "there are files to look at");
    found
}

fn walk(folder: &str, wanted: &impl Fn(&str) -> bool, found: &mut Vec<Source>) {
    for entry in std::fs::read_dir(root().join(folder)).unwrap_or_else(|err| panic!("{folder}: {err}")) {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = format!("{folder}/{name}");
        if entry.file_type().unwrap().is_dir() {
            if !matches!(name.as_str(), "target" | "node_modules" | "corpus" | "artifacts")
                && !name.starts_with('.')
            {
                walk(&path, wanted, found);
            }
        } else if wanted(&name) {
            found.push(Source { text: read(&path), path });
        }
    }
}

/// Fails with one line for each breach.
pub(crate) fn expect_none(rule: &str, breaches: &[String]) {
    assert!(breaches.is_empty(), "{rule}:\n  {}", breaches.join("\n  "));
}
