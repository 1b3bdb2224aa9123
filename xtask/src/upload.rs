//! `cargo xtask upload FILE...`: files to a running stack, with progress, resuming and one JSON line per file on wish.
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::bail;
use clap::Args;
use indicatif::HumanBytes;
use serde_json::{Value, json};

use crate::client::{
    Client, ClientError, ClientSettings, ConnectionArgs, SourceFile, UploadFailure, Uploaded, Variant,
    shell_word,
};
use crate::process;
use crate::progress::Progress;
use crate::project::Project;

/// The exit status of a program that Ctrl-C has ended.
const EXIT_INTERRUPTED: i32 = 130;
/// How often the main thread looks for Ctrl-C and for the end.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Options of `upload`.
#[derive(Debug, Args)]
pub(crate) struct UploadOptions {
    /// Files to upload.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Take up this upload again and send only what it still misses.
    #[arg(long, value_name = "ID")]
    resume: Option<String>,

    #[command(flatten)]
    connection: ConnectionArgs,

    /// PUTs at the same time.
    #[arg(long, value_name = "COUNT", default_value_t = 6, value_parser = clap::value_parser!(u8).range(1..=64))]
    parallel: u8,

    /// Print one JSON line per file instead of text.
    #[arg(long)]
    json: bool,
}

/// Uploads every file, prints what came of each, and fails when one of them failed.
pub(crate) fn run(options: &UploadOptions) -> anyhow::Result<()> {
    if options.resume.is_some() && options.files.len() != 1 {
        bail!("--resume takes exactly one file");
    }
    // Outside the repository the options alone can name a stack.
    let local_file = Project::find().ok().map(|project| project.default_ready_file());
    let connection = options.connection.connection(local_file.as_deref())?;
    let parallel = usize::from(options.parallel);
    // Many small files fill the line side by side; few large ones by their parts.
    let lanes = parallel.min(options.files.len()).max(1);
    let settings = ClientSettings::new(&connection.api_url, &connection.token, parallel / lanes);
    let run = Run {
        options,
        client: Client::new(settings),
        progress: Progress::on_stderr(),
        under_way: Mutex::default(),
        waiting: Mutex::new(options.files.iter()),
        failures: Mutex::new(0),
    };
    thread::scope(|scope| {
        let lanes: Vec<_> = (0..lanes).map(|_| scope.spawn(|| while run.next_file() {})).collect();
        while !lanes.iter().all(thread::ScopedJoinHandle::is_finished) {
            run.end_if_interrupted();
            thread::sleep(LOOK_EVERY);
        }
    });
    match *lock(&run.failures) {
        0 => Ok(()),
        failed => bail!("{failed} of {} files could not be uploaded", options.files.len()),
    }
}

/// What the lanes of one run share.
struct Run<'a> {
    options: &'a UploadOptions,
    client: Client,
    progress: Progress,
    /// The resume command of every upload that has an id and no end yet.
    under_way: Mutex<BTreeMap<PathBuf, String>>,
    waiting: Mutex<std::slice::Iter<'a, PathBuf>>,
    failures: Mutex<usize>,
}

impl Run<'_> {
    /// Uploads one file. False when none is left.
    fn next_file(&self) -> bool {
        let Some(path) = lock(&self.waiting).next() else { return false };
        let result = self.upload(path);
        lock(&self.under_way).remove(path);
        if result.is_err() {
            *lock(&self.failures) += 1;
        }
        let text = match (&result, self.options.json) {
            (Ok(uploaded), true) => Some(json_of(path, uploaded).to_string()),
            (Ok(uploaded), false) => Some(text_of(path, uploaded)),
            (Err(failure), true) => Some(self.json_of_failure(path, failure).to_string()),
            (Err(_), false) => None,
        };
        if let Err(failure) = &result {
            self.progress.say(&self.text_of_failure(path, failure));
        }
        if let Some(text) = text {
            // Nobody may be reading stdout any more; the uploads themselves still matter.
            drop(self.progress.print_result(&text));
        }
        true
    }

    fn upload(&self, path: &Path) -> Result<Uploaded, UploadFailure> {
        let source = SourceFile::open(path).map_err(UploadFailure::without_id)?;
        let task = self.progress.task(&source.name, source.size_bytes);
        let note = |id: &str| {
            lock(&self.under_way).insert(path.to_owned(), resume_command(self.options, id, path));
        };
        let result = match &self.options.resume {
            Some(id) => {
                note(id);
                self.client.resume(id, &source, &task)
            }
            None => self.client.upload(&source, &task, &note),
        };
        task.finish();
        result
    }

    /// Ctrl-C ends the program at once, as no thread here has anything to tidy up: whatever S3 holds by then, `--resume`
    /// finds and keeps.
    fn end_if_interrupted(&self) {
        if !process::interrupted() {
            return;
        }
        self.progress.say("interrupted");
        for command in lock(&self.under_way).values() {
            self.progress.say(&format!("go on later with: {command}"));
        }
        std::process::exit(EXIT_INTERRUPTED);
    }

    fn resume_hint(&self, path: &Path, failure: &UploadFailure) -> Option<String> {
        let id = failure.upload_id.as_ref().filter(|_| failure.error.can_resume())?;
        Some(resume_command(self.options, id, path))
    }

    fn text_of_failure(&self, path: &Path, failure: &UploadFailure) -> String {
        let id = failure.upload_id.as_ref().map(|id| format!(" (upload {id})")).unwrap_or_default();
        let hint = self.resume_hint(path, failure);
        let hint = hint.map(|command| format!("\ngo on later with: {command}")).unwrap_or_default();
        match *failure.error {
            // A fault of the file names it already.
            ClientError::File(_) => format!("error: {failure}{id}{hint}"),
            _ => format!("error: {}: {failure}{id}{hint}", path.display()),
        }
    }

    fn json_of_failure(&self, path: &Path, failure: &UploadFailure) -> Value {
        let error = json!({"code": failure.error.code(), "message": failure.to_string()});
        json!({
            "file": path.display().to_string(),
            "state": "failed",
            "uploadId": failure.upload_id,
            "error": error,
            "resume": self.resume_hint(path, failure),
        })
    }
}

/// The command that takes this upload up again. The token has to be there in the same way as this time.
fn resume_command(options: &UploadOptions, id: &str, path: &Path) -> String {
    let connection = options.connection.to_command_line();
    let path = shell_word(&path.display().to_string());
    format!("cargo xtask upload --resume {}{connection} {path}", shell_word(id))
}

/// The JSON line of one finished file.
fn json_of(path: &Path, uploaded: &Uploaded) -> Value {
    let file = &uploaded.file;
    json!({
        "file": path.display().to_string(),
        "state": "completed",
        "fileId": file.id,
        "size": file.size,
        "parts": uploaded.part_count,
        "url": file.url,
        "imageState": file.image_state,
        "imageReason": file.image_reason,
        "variants": file.variants,
        "seconds": uploaded.took.as_secs_f64(),
    })
}

/// The same for people.
pub(crate) fn text_of(path: &Path, uploaded: &Uploaded) -> String {
    let file = &uploaded.file;
    let parts = if uploaded.part_count == 1 { "part" } else { "parts" };
    let mut lines = vec![
        format!(
            "{}: {} in {} {parts}, {:.1} s",
            path.display(),
            HumanBytes(file.size),
            uploaded.part_count,
            uploaded.took.as_secs_f64()
        ),
        format!("  id   {}", file.id),
        format!("  url  {}", file.url),
    ];
    if let Some(reason) = &file.image_reason {
        let words = reason.as_str().or_else(|| reason.get("message")?.as_str());
        lines.push(format!("  no variants: {}", words.unwrap_or("no reason given")));
    }
    lines.extend(file.variants.iter().map(|variant| format!("  {}  {}", row_of(variant), variant.url)));
    lines.join("\n")
}

/// One variant as a row of a table: format, pixels, bytes.
pub(crate) fn row_of(variant: &Variant) -> String {
    let pixels = format!("{} x {}", variant.width, variant.height);
    format!("{:5} {pixels:>11} {:>10}", variant.format, HumanBytes(variant.bytes).to_string())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::FileRecord;

    fn options(files: &[&str]) -> UploadOptions {
        UploadOptions {
            files: files.iter().map(PathBuf::from).collect(),
            resume: None,
            connection: ConnectionArgs {
                api: Some("http://127.0.0.1:1".into()),
                ..ConnectionArgs::default()
            },
            parallel: 6,
            json: false,
        }
    }

    fn uploaded() -> Uploaded {
        let variant = json!({"name": "64x48.webp", "format": "webp", "width": 64, "height": 48, "bytes": 900,
            "contentType": "image/webp", "url": "http://x/v"});
        let file = json!({"id": "abc", "size": 2048, "url": "http://x/f", "imageState": "done",
            "variants": [variant]});
        let file: FileRecord = serde_json::from_value(file).unwrap();
        Uploaded { file, part_count: 1, took: Duration::from_millis(1500) }
    }

    #[test]
    fn the_resume_command_is_complete_and_quoted() {
        let command = resume_command(&options(&[]), "01abc", Path::new("my video.mp4"));
        assert_eq!(command, "cargo xtask upload --resume 01abc --api http://127.0.0.1:1 'my video.mp4'");
    }

    #[test]
    fn people_see_id_address_and_variants() {
        let text = text_of(Path::new("a.jpg"), &uploaded());
        let expected = "a.jpg: 2.00 KiB in 1 part, 1.5 s\n  id   abc\n  url  http://x/f\n  \
            webp      64 x 48      900 B  http://x/v";
        assert_eq!(text, expected);
    }

    #[test]
    fn programs_get_one_line_of_json() {
        let line = json_of(Path::new("a.jpg"), &uploaded()).to_string();
        let value: Value = serde_json::from_str(&line).unwrap();
        assert!(!line.contains('\n'));
        assert_eq!((&value["fileId"], &value["imageState"]), (&json!("abc"), &json!("done")));
        assert_eq!(value["variants"][0]["contentType"], "image/webp");
    }

    #[test]
    fn one_id_cannot_be_resumed_with_two_files() {
        let mut options = options(&["a", "b"]);
        options.resume = Some("01abc".into());
        let error = run(&options).unwrap_err();
        assert_eq!(error.to_string(), "--resume takes exactly one file");
    }
}
