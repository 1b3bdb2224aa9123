//! Where the API is and with what token: from options, from the environment, or from the file that a running local
//! stack leaves behind.
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use serde::Deserialize;

/// Options that name a stack.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ConnectionArgs {
    /// Root of the API, as in <https://abc.execute-api.eu-central-1.amazonaws.com>.
    #[arg(long, value_name = "URL", env = "LONGSHORE_API_URL")]
    pub(crate) api: Option<String>,

    /// Bearer token; its subject owns the files.
    #[arg(long, value_name = "JWT", env = "LONGSHORE_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<String>,

    /// JSON file with `apiUrl` and `token` [default: the one of the running local stack].
    #[arg(long, value_name = "PATH")]
    pub(crate) ready_file: Option<PathBuf>,
}

/// A stack that can be talked to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Connection {
    /// Root of the API.
    pub(crate) api_url: String,
    /// The bearer token.
    pub(crate) token: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReadyFile {
    api_url: String,
    token: String,
}

impl ConnectionArgs {
    /// Options win over the ready file. `local_file`, the one of the running local stack, is looked at only when no
    /// address is given: its token belongs to that stack and is not sent anywhere else.
    pub(crate) fn connection(&self, local_file: Option<&Path>) -> anyhow::Result<Connection> {
        let ready = match (&self.ready_file, &self.api, local_file) {
            (Some(path), _, _) => Some(read_ready_file(path)?),
            (None, None, Some(path)) if path.exists() => Some(read_ready_file(path)?),
            (None, _, _) => None,
        };
        let (ready_url, ready_token) = ready.map(|ready| (ready.api_url, ready.token)).unzip();
        let Some(api_url) = self.api.clone().or(ready_url) else {
            bail!("no stack is known: start one with `cargo xtask up`, or give --api and --token");
        };
        let Some(token) = self.token.clone().or(ready_token) else {
            bail!("no token for {api_url}: give --token, LONGSHORE_TOKEN or --ready-file");
        };
        Ok(Connection { api_url, token })
    }

    /// The same options for another run of the program. The token stays out of it: what is printed may be kept.
    pub(crate) fn to_command_line(&self) -> String {
        let api = self.api.iter().map(|api| format!(" --api {}", shell_word(api)));
        let path = self.ready_file.iter();
        let ready = path.map(|path| format!(" --ready-file {}", shell_word(&path.display().to_string())));
        api.chain(ready).collect()
    }
}

fn read_ready_file(path: &Path) -> anyhow::Result<ReadyFile> {
    let text = fs::read_to_string(path).with_context(|| format!("could not read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} does not name a stack", path.display()))
}

/// One word as a POSIX shell reads it back.
pub(crate) fn shell_word(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local_file() -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), r#"{"apiUrl":"http://127.0.0.1:1","token":"local","other":1}"#).unwrap();
        file
    }

    fn args(api: Option<&str>, token: Option<&str>) -> ConnectionArgs {
        ConnectionArgs { api: api.map(str::to_owned), token: token.map(str::to_owned), ready_file: None }
    }

    #[test]
    fn without_options_the_running_local_stack_is_used() {
        let file = local_file();
        let connection = args(None, None).connection(Some(file.path())).unwrap();
        assert_eq!((connection.api_url.as_str(), connection.token.as_str()), ("http://127.0.0.1:1", "local"));
    }

    #[test]
    fn the_local_token_is_not_sent_to_another_address() {
        let file = local_file();
        let error = args(Some("https://api.example.com"), None).connection(Some(file.path())).unwrap_err();
        assert!(error.to_string().starts_with("no token for https://api.example.com"), "{error}");
    }

    #[test]
    fn without_any_stack_the_way_out_is_named() {
        for file in [None, Some(Path::new("/does/not/exist.json"))] {
            let error = args(None, Some("token")).connection(file).unwrap_err();
            assert!(error.to_string().contains("cargo xtask up"), "{error}");
        }
    }

    #[test]
    fn the_repeated_options_are_quoted_and_keep_the_token_out() {
        let mut args = args(Some("http://127.0.0.1:1"), Some("secret"));
        args.ready_file = Some(PathBuf::from("it's here.json"));
        let expected = r" --api http://127.0.0.1:1 --ready-file 'it'\''s here.json'";
        assert_eq!(args.to_command_line(), expected);
    }
}
