//! `nasm`, which the C codecs are built with on `x86_64`: the one on the path, or the distribution's package, unpacked into
//! `.local/nasm/` for this repository alone. No registry of ours has it, and an installation would need root.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::process;
use crate::project::Project;

/// Major and minor.
type Version = (u32, u32);

/// Older ones do not know all instructions that the codecs use.
const VERSION_MIN: Version = (2, 14);

const NEXT_STEP: &str = "next step: install nasm 2.14 or newer (Debian and Ubuntu: apt-get install nasm; Fedora and \
                         Amazon Linux: dnf install nasm; macOS: brew install nasm)";

/// Where the assembler is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Assembler {
    /// The codecs have no assembly for this processor that nasm would read.
    NotNeeded,
    /// The search path leads to one that is new enough.
    OnPath,
    /// In this folder, which is on no search path yet.
    InFolder(PathBuf),
}

impl Assembler {
    /// Finds one, or downloads it.
    pub(crate) fn prepare(project: &Project) -> anyhow::Result<Self> {
        match Self::if_ready(project) {
            Some(assembler) => Ok(assembler),
            None => download(&folder(project), &project.local_dir().join("nasm.log")).context("nasm"),
        }
    }

    /// Finds one without downloading anything.
    pub(crate) fn if_ready(project: &Project) -> Option<Self> {
        if std::env::consts::ARCH != "x86_64" {
            return Some(Self::NotNeeded);
        }
        if is_usable(OsStr::new("nasm")) {
            return Some(Self::OnPath);
        }
        unpacked(&folder(project))
    }

    /// Fails, with what to do, where there is nothing that could download one.
    pub(crate) fn check_download() -> anyhow::Result<()> {
        if !(runs("apt-get") && runs("dpkg-deb")) {
            bail!("none found that is new enough, and no apt to get it with; {NEXT_STEP}");
        }
        Ok(())
    }

    /// What has to be added to the search path.
    pub(crate) fn folder(&self) -> Option<&Path> {
        match self {
            Self::InFolder(folder) => Some(folder),
            Self::NotNeeded | Self::OnPath => None,
        }
    }

    /// What it says of itself, for people.
    pub(crate) fn describe(&self) -> anyhow::Result<String> {
        let program = match self {
            Self::NotNeeded => return Ok(format!("not needed on {}", std::env::consts::ARCH)),
            Self::OnPath => PathBuf::from("nasm"),
            Self::InFolder(folder) => folder.join("nasm"),
        };
        Ok(ask(program.as_os_str())?.lines().next().unwrap_or_default().trim().to_owned())
    }
}

fn folder(project: &Project) -> PathBuf {
    project.local_dir().join("nasm")
}

/// What was unpacked before, if all of it is there. That it runs is the proof; a broken download leaves nothing that does.
fn unpacked(folder: &Path) -> Option<Assembler> {
    let programs = folder.join("usr").join("bin");
    is_usable(programs.join("nasm").as_os_str()).then_some(Assembler::InFolder(programs))
}

fn is_usable(program: &OsStr) -> bool {
    ask(program).ok().as_deref().and_then(version).is_some_and(|version| VERSION_MIN <= version)
}

fn ask(program: &OsStr) -> anyhow::Result<String> {
    process::read_output(Command::new(program).arg("--version"), "nasm")
}

/// Reads `NASM version 2.16.01 compiled on Dec 19 2022`.
fn version(text: &str) -> Option<Version> {
    let mut numbers = text.strip_prefix("NASM version ")?.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// Has apt download the package, which it checks against the signed lists of the distribution, and unpacks it.
fn download(folder: &Path, log: &Path) -> anyhow::Result<Assembler> {
    Assembler::check_download()?;
    eprintln!("Downloading nasm into {} (once)", folder.display());
    if folder.exists() {
        fs::remove_dir_all(folder).context("could not remove what is left of an earlier download")?;
    }
    fs::create_dir_all(folder).context("could not make a folder for nasm")?;
    if !is_listed() {
        update_lists(log)?;
    }
    let mut apt = Command::new("apt-get");
    apt.args(["download", "nasm"]).current_dir(folder);
    process::run_logged(&mut apt, "apt-get download nasm", log).context(NEXT_STEP)?;
    let package = package_in(folder).context("apt-get downloaded no package of nasm")?;
    let mut unpack = Command::new("dpkg-deb");
    unpack.arg("--extract").arg(&package).arg(folder);
    process::run_logged(&mut unpack, "dpkg-deb --extract", log).context(NEXT_STEP)?;
    unpacked(folder)
        .with_context(|| format!("the nasm of this distribution is too old or does not run; {NEXT_STEP}"))
}

/// A fresh container has no lists. Only root may fetch them where apt keeps them.
fn update_lists(log: &Path) -> anyhow::Result<()> {
    eprintln!("apt has no package list that names nasm; trying apt-get update");
    let outcome = process::run_logged(Command::new("apt-get").arg("update"), "apt-get update", log);
    match is_listed() {
        true => Ok(()),
        false => outcome
            .and_then(|()| bail!("no package list names nasm"))
            .with_context(|| format!("apt has no package list that names nasm; {NEXT_STEP}")),
    }
}

fn is_listed() -> bool {
    // It succeeds without a word for a package that is known by name alone.
    let shown = process::read_output(Command::new("apt-cache").args(["show", "nasm"]), "apt-cache show nasm");
    shown.is_ok_and(|shown| shown.contains("Filename:"))
}

fn runs(program: &str) -> bool {
    process::read_output(Command::new(program).arg("--version"), program).is_ok()
}

fn package_in(folder: &Path) -> Option<PathBuf> {
    let mut paths = fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    paths.find(|path| path.extension() == Some(OsStr::new("deb")))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// A folder as the package leaves it, with a program in it that says this.
    fn folder_with_nasm(says: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let programs = folder.path().join("usr/bin");
        fs::create_dir_all(&programs).unwrap();
        fs::write(programs.join("nasm"), format!("#!/bin/sh\necho '{says}'\n")).unwrap();
        fs::set_permissions(programs.join("nasm"), fs::Permissions::from_mode(0o755)).unwrap();
        folder
    }

    #[test]
    fn versions_are_read_as_nasm_writes_them() {
        assert_eq!(version("NASM version 2.16.01 compiled on Dec 19 2022\n"), Some((2, 16)));
        assert_eq!(version("NASM version 2.14"), Some((2, 14)));
        assert_eq!(version("NASM version 3.00rc5 compiled on Jul 1 2025"), Some((3, 0)));
        assert_eq!(version("yasm 1.3.0"), None);
        assert_eq!(version(""), None);
    }

    #[test]
    fn an_unpacked_nasm_is_used_if_it_is_new_enough() {
        let folder = folder_with_nasm("NASM version 2.14.02 compiled on Dec 27 2018");
        let programs = folder.path().join("usr/bin");
        let found = unpacked(folder.path()).unwrap();
        assert_eq!(found.folder(), Some(programs.as_path()));
        assert_eq!(found.describe().unwrap(), "NASM version 2.14.02 compiled on Dec 27 2018");
    }

    #[test]
    fn an_old_one_a_strange_one_and_half_a_download_are_not_used() {
        assert_eq!(unpacked(folder_with_nasm("NASM version 2.13.03 compiled on Feb 7 2018").path()), None);
        assert_eq!(unpacked(folder_with_nasm("something else").path()), None);
        assert_eq!(unpacked(tempfile::tempdir().unwrap().path()), None);
        let half = folder_with_nasm("NASM version 2.16.01");
        fs::write(half.path().join("usr/bin/nasm"), [0x7f, b'E']).unwrap();
        assert_eq!(unpacked(half.path()), None);
    }

    #[test]
    fn the_package_is_found_among_what_lies_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(package_in(folder.path()), None);
        fs::write(folder.path().join("notes.txt"), "").unwrap();
        fs::write(folder.path().join("nasm_2.16.01-1_amd64.deb"), "").unwrap();
        assert_eq!(package_in(folder.path()), Some(folder.path().join("nasm_2.16.01-1_amd64.deb")));
    }
}
