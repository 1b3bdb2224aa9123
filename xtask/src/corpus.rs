//! The pictures that Pillow is tested with, a thousand of every kind and many of them broken, through the worker that
//! decodes images. They come with its source package, which is downloaded once and never kept in the repository.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::process;
use crate::project::Project;
use crate::toolchain::Toolchain;

/// The environment variable that tells the test where the pictures are.
const CORPUS_VARIABLE: &str = "LONGSHORE_CORPUS";

/// What pip says of a package that came and is another one.
const WRONG_HASH: &str = "DO NOT MATCH THE HASHES";

/// Decodes them all. Without a network there is nothing to decode, and a line says so; whatever else goes wrong fails.
pub(crate) fn run(project: &Project, toolchain: &Toolchain) -> anyhow::Result<()> {
    let Some(pictures) = prepare(project, toolchain)? else { return Ok(()) };
    let mut test = toolchain.cargo(project);
    // The whole workspace is named so that cargo reuses what the offline tests have built.
    test.args(["test", "--workspace", "--all-features", "--locked", "--test", "corpus"])
        .env(CORPUS_VARIABLE, pictures);
    process::run_shown(&mut test, "the pictures of Pillow")
}

/// Downloads and unpacks the package, unless that was done before. Gives the folder of its pictures; nothing when it
/// cannot be downloaded.
fn prepare(project: &Project, toolchain: &Toolchain) -> anyhow::Result<Option<PathBuf>> {
    let requirement = project.infra_dir().join("corpus.txt");
    let wanted = fs::read_to_string(&requirement).context("could not read what to download")?;
    let folder = project.local_dir().join("corpus");
    let stamp = folder.join("downloaded.txt");
    if fs::read_to_string(&stamp).is_ok_and(|downloaded| downloaded == wanted) {
        return pictures_in(&folder).map(Some);
    }
    if folder.exists() {
        fs::remove_dir_all(&folder).context("could not remove the old pictures")?;
    }
    fs::create_dir_all(&folder).context("could not make a folder for the pictures")?;
    let log = project.local_dir().join("corpus.log");
    match download(toolchain, &requirement, &folder, &log) {
        Ok(()) => {}
        Err(err) if err.to_string().contains(WRONG_HASH) => return Err(err),
        Err(err) => {
            println!("not run: the pictures of Pillow are not to be had: {err:#}");
            return Ok(None);
        }
    }
    unpack(toolchain, &folder, &log)?;
    let pictures = pictures_in(&folder)?;
    // Written last: a download that broke off is not taken for a whole one.
    fs::write(stamp, wanted).context("could not mark the pictures as complete")?;
    Ok(Some(pictures))
}

fn download(toolchain: &Toolchain, requirement: &Path, folder: &Path, log: &Path) -> anyhow::Result<()> {
    // The source alone: the packages that are built for installation hold no pictures. pip checks the hash.
    let mut pip = toolchain.command("python3");
    pip.args(["-m", "pip", "download", "--no-input", "--progress-bar", "off", "--disable-pip-version-check"])
        .args(["--no-deps", "--no-binary", "pillow", "--require-hashes", "--dest"])
        .arg(folder)
        .arg("--requirement")
        .arg(requirement);
    process::run_logged(&mut pip, "pip download", log)
}

fn unpack(toolchain: &Toolchain, folder: &Path, log: &Path) -> anyhow::Result<()> {
    let package = only_entry(folder, |path| path.extension() == Some(OsStr::new("gz")))?;
    let mut tar = toolchain.command("python3");
    tar.args(["-m", "tarfile", "--extract"]).arg(&package).arg(folder);
    process::run_logged(&mut tar, "unpacking", log)?;
    fs::remove_file(package).context("could not remove the package")
}

fn pictures_in(folder: &Path) -> anyhow::Result<PathBuf> {
    Ok(only_entry(folder, Path::is_dir)?.join("Tests").join("images"))
}

fn only_entry(folder: &Path, is_it: impl Fn(&Path) -> bool) -> anyhow::Result<PathBuf> {
    let entries = fs::read_dir(folder).context("could not look into the folder of the pictures")?;
    let mut paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    paths.find(|path| is_it(path)).context("the package does not hold what it should")
}
