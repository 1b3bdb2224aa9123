//! Where things are: the repository and the folder of everything local, `.local/`, which git ignores.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// The repository that the command was started in.
#[derive(Clone, Debug)]
pub(crate) struct Project {
    root: PathBuf,
}

impl Project {
    /// Finds the repository: the nearest folder, from the current one upwards, that holds `template.yaml`.
    pub(crate) fn find() -> anyhow::Result<Self> {
        let start = std::env::current_dir().context("could not tell the current folder")?;
        let root = start
            .ancestors()
            .find(|folder| folder.join("template.yaml").is_file() && folder.join("Cargo.toml").is_file())
            .context("no template.yaml in this folder or above; run this inside the repository")?;
        Ok(Self { root: root.to_path_buf() })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Everything that this machine needs and nobody commits: virtual environment, logs, state.
    pub(crate) fn local_dir(&self) -> PathBuf {
        self.root.join(".local")
    }

    pub(crate) fn infra_dir(&self) -> PathBuf {
        self.root.join("infra")
    }

    /// The file in which a running `cargo xtask up` describes its stack; `upload` and `doctor` look here first.
    pub(crate) fn default_ready_file(&self) -> PathBuf {
        self.local_dir().join("up.json")
    }
}
