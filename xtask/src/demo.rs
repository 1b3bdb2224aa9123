//! `cargo xtask demo`: the whole way of a file on a stack of its own. A photo and a 64 MiB file go up, the photo's
//! variants and the large file come back and are checked, and the stack is gone again.
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow, bail};
use clap::Args;
use indicatif::HumanBytes;
use serde_json::{Value, json};

use crate::client::{Client, ClientSettings, SourceFile, Uploaded};
use crate::local_aws::PortChoice;
use crate::local_stack::{self, OWNER, RunningStack, StackOptions};
use crate::process;
use crate::progress::Progress;
use crate::project::Project;
use crate::upload::{row_of, text_of};

/// Where samples and fetched variants are left to be looked at, below the folder of everything local.
const FOLDER_NAME: &str = "demo";
/// A size that phones make; small enough for one PUT.
const PHOTO_SIZE_PIXELS: (u16, u16) = (2400, 1600);
/// Eight parts of the smallest size that the client asks for.
const LARGE_FILE_BYTES: u64 = 64 * 1024 * 1024;
/// Any number: it makes the large file the same on every run.
const SEED: u64 = 0x10_46_54_0e;
/// PUTs at the same time; the local AWS is one process on the same machine.
const PARALLEL: usize = 6;
/// How often the main thread looks for Ctrl-C and for the end of the local AWS.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Options of `demo`.
#[derive(Debug, Args)]
pub(crate) struct DemoOptions {
    /// End with one line of JSON on stdout.
    #[arg(long)]
    json: bool,
}

/// The two files of the demonstration.
struct Samples {
    photo: PathBuf,
    large: PathBuf,
}

/// What came of them.
struct Report {
    photo: Uploaded,
    large: Uploaded,
    content_matches: bool,
    /// What is not as it should be; empty when all went well.
    faults: Vec<String>,
}

/// Starts a stack, shows the way of two files, stops the stack, and fails when something was not as it should be.
pub(crate) fn run(options: &DemoOptions) -> anyhow::Result<()> {
    let started = Instant::now();
    let folder = Project::find()?.local_dir().join(FOLDER_NAME);
    // Painting the photo takes seconds in a debug build; meanwhile the stack starts.
    let samples = thread::spawn(move || Samples::make(&folder));
    let mut stack = local_stack::start(&StackOptions::new("demo", PortChoice::Any))?;
    let samples = Arc::new(samples.join().map_err(|_| anyhow!("the sample files could not be made"))??);
    let report = show_on(&mut stack, &samples)?;
    eprintln!("Stopping");
    drop(stack);
    if options.json {
        println!("{}", report.to_json());
    } else {
        println!("{}", report.to_text(&samples));
        println!("The whole demonstration took {:.1} s.", started.elapsed().as_secs_f32());
    }
    match report.faults.as_slice() {
        [] => Ok(()),
        faults => bail!("{}", faults.join("; ")),
    }
}

/// Works in a thread of its own, so that this one can stop the stack as soon as somebody presses Ctrl-C.
fn show_on(stack: &mut RunningStack, samples: &Arc<Samples>) -> anyhow::Result<Report> {
    let settings = ClientSettings::new(&stack.api_url, &stack.token_for(OWNER)?, PARALLEL);
    let (sender, receiver) = mpsc::channel();
    let worker_samples = Arc::clone(samples);
    thread::spawn(move || {
        // When nobody waits for the report any more, the program is about to end.
        drop(sender.send(show(&Client::new(settings), &worker_samples, &Progress::on_stderr())));
    });
    loop {
        match receiver.recv_timeout(LOOK_EVERY) {
            Ok(report) => return report,
            Err(RecvTimeoutError::Timeout) => {
                process::stop_if_interrupted()?;
                stack.local_aws.check_alive()?;
            }
            Err(RecvTimeoutError::Disconnected) => bail!("the demonstration ended without a report"),
        }
    }
}

impl Samples {
    fn make(folder: &Path) -> anyhow::Result<Self> {
        let samples = Self { photo: folder.join("photo.jpg"), large: folder.join("large.bin") };
        // Variants of an earlier run must not be taken for those of this one.
        match fs::remove_dir_all(folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("could not clear {}", folder.display()));
            }
            _ => fs::create_dir_all(folder)?,
        }
        let (width, height) = PHOTO_SIZE_PIXELS;
        fs::write(&samples.photo, imaging_sample::sample_photo_jpeg(width, height)?)?;
        write_large_file(&samples.large, LARGE_FILE_BYTES)?;
        Ok(samples)
    }
}

/// Bytes that do not compress and that no two parts share, so that a mix-up of parts cannot go unnoticed.
fn write_large_file(path: &Path, size_bytes: u64) -> anyhow::Result<()> {
    let mut random = fastrand::Rng::with_seed(SEED);
    let mut file = BufWriter::new(File::create(path)?);
    let mut chunk = vec![0; 64 * 1024];
    let mut left_bytes = size_bytes;
    while 0 < left_bytes {
        random.fill(&mut chunk);
        let count = usize::try_from(left_bytes).unwrap_or(usize::MAX).min(chunk.len());
        file.write_all(chunk.get(..count).unwrap_or_default())?;
        left_bytes -= u64::try_from(count)?;
    }
    Ok(file.flush()?)
}

/// Uploads both samples and checks what comes back.
fn show(client: &Client, samples: &Samples, progress: &Progress) -> anyhow::Result<Report> {
    let photo = upload(client, &samples.photo, progress)?;
    let large = upload(client, &samples.large, progress)?;
    let task = progress.task("large.bin", large.file.size);
    task.phase("fetching it back");
    let content_matches = client.has_content_of(&large.file.url, &samples.large, &task)?;
    task.finish();
    let mut faults = Vec::new();
    if !content_matches {
        faults.push("the large file came back with other bytes".to_owned());
    }
    if photo.file.image_state != "done" || photo.file.variants.is_empty() {
        let (state, count) = (&photo.file.image_state, photo.file.variants.len());
        faults.push(format!("the photo's image work is {state}, with {count} variants"));
    }
    faults.extend(fetch_variants(client, &photo, &samples.photo)?);
    Ok(Report { photo, large, content_matches, faults })
}

fn upload(client: &Client, path: &Path, progress: &Progress) -> anyhow::Result<Uploaded> {
    let source = SourceFile::open(path)?;
    let task = progress.task(&source.name, source.size_bytes);
    let result = client.upload(&source, &task, &|_| {});
    task.finish();
    result.with_context(|| format!("could not upload {}", path.display()))
}

/// Leaves every variant beside the photo. Returns those that are not what the record says.
fn fetch_variants(client: &Client, photo: &Uploaded, beside: &Path) -> anyhow::Result<Vec<String>> {
    let mut faults = Vec::new();
    for variant in &photo.file.variants {
        let fetched = client.fetch_to(&variant.url, &variant_path(beside, &variant.name)?)?;
        let promised = (variant.content_type.as_str(), variant.bytes);
        if (fetched.content_type.as_str(), fetched.size_bytes) != promised {
            let (kind, bytes) = promised;
            faults.push(format!(
                "variant {} came as {} with {} bytes instead of {kind} with {bytes}",
                variant.name, fetched.content_type, fetched.size_bytes
            ));
        }
    }
    Ok(faults)
}

/// A name from the server becomes a file here, so it must be a plain name.
fn variant_path(beside: &Path, name: &str) -> anyhow::Result<PathBuf> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if !name.chars().all(is_plain) {
        bail!("the server named a variant {name:?}, which is not a plain file name");
    }
    Ok(beside.with_file_name(format!("photo-{name}")))
}

impl Report {
    /// The last line of `demo --json`.
    fn to_json(&self) -> Value {
        let variants = self.photo.file.variants.iter().map(|variant| {
            json!({"format": variant.format, "width": variant.width, "height": variant.height, "bytes": variant.bytes})
        });
        json!({
            "photo": {
                "fileId": self.photo.file.id,
                "state": "completed",
                "variants": variants.collect::<Vec<_>>(),
            },
            "multipart": {
                "fileId": self.large.file.id,
                "state": "completed",
                "parts": self.large.part_count,
                "bytes": self.large.file.size,
                "contentMatches": self.content_matches,
            },
        })
    }

    /// The same for people.
    fn to_text(&self, samples: &Samples) -> String {
        let rows = self.photo.file.variants.iter().map(|variant| format!("  {}", row_of(variant)));
        let same = if self.content_matches { "byte for byte the same" } else { "DIFFERENT" };
        let folder = samples.photo.parent().unwrap_or(Path::new("."));
        [
            text_of(&samples.photo, &self.photo),
            text_of(&samples.large, &self.large),
            format!("  fetched back: {same}"),
            format!("Variants of the photo ({}):", HumanBytes(self.photo.file.size)),
        ]
        .into_iter()
        .chain(rows)
        .chain([format!(
            "The addresses ended with the stack; the pictures stay in {} to be looked at.",
            folder.display()
        )])
        .collect::<Vec<_>>()
        .join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::testing::{StandIn, quick_client};

    const MIB: usize = 1024 * 1024;

    fn samples(folder: &Path) -> Samples {
        let samples = Samples { photo: folder.join("photo.jpg"), large: folder.join("large.bin") };
        fs::write(&samples.photo, b"as good as a photo for the stand-in").unwrap();
        write_large_file(&samples.large, 3 * 1024 * 1024 + 1).unwrap();
        samples
    }

    #[test]
    fn the_demonstration_ends_with_the_promised_line_and_leaves_the_pictures() {
        let (server, folder) = (StandIn::start(), tempfile::tempdir().unwrap());
        server.world().image_state = "done";
        let samples = samples(folder.path());
        let report = show(&quick_client(&server), &samples, &Progress::nowhere()).unwrap();
        assert_eq!(report.faults, Vec::<String>::new());
        let variants = json!([{"format": "webp", "width": 64, "height": 48, "bytes": 900}]);
        let expected = json!({
            "photo": {"fileId": "upload-1", "state": "completed", "variants": variants},
            "multipart": {"fileId": "upload-2", "state": "completed", "parts": 4, "bytes": 3 * MIB + 1,
                "contentMatches": true},
        });
        assert_eq!(report.to_json(), expected);
        assert_eq!(fs::read(folder.path().join("photo-64x48.webp")).unwrap().len(), 900);
        assert!(report.to_text(&samples).contains("byte for byte the same"));
    }

    #[test]
    fn a_photo_without_variants_is_a_fault() {
        let (server, folder) = (StandIn::start(), tempfile::tempdir().unwrap());
        server.world().image_state = "failed";
        let report = show(&quick_client(&server), &samples(folder.path()), &Progress::nowhere()).unwrap();
        assert_eq!(report.faults, ["the photo's image work is failed, with 0 variants"]);
    }

    #[test]
    fn a_variant_that_is_not_what_its_record_says_is_a_fault() {
        let (server, folder) = (StandIn::start(), tempfile::tempdir().unwrap());
        server.world().image_state = "done";
        server.world().variant_bytes = 899;
        let report = show(&quick_client(&server), &samples(folder.path()), &Progress::nowhere()).unwrap();
        let text = "variant 64x48.webp came as image/webp with 899 bytes instead of image/webp with 900";
        assert_eq!(report.faults, [text]);
    }

    #[test]
    fn the_large_file_has_its_size_and_no_two_equal_chunks() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large.bin");
        write_large_file(&path, 200_001).unwrap();
        let bytes = fs::read(&path).unwrap();
        assert_eq!(bytes.len(), 200_001);
        assert_ne!(bytes[..65_536], bytes[65_536..131_072]);
    }

    #[test]
    fn a_variant_name_cannot_leave_the_folder() {
        assert!(variant_path(Path::new("/demo/photo.jpg"), "../evil.sh").is_err());
        let path = variant_path(Path::new("/demo/photo.jpg"), "64x48.webp").unwrap();
        assert_eq!(path, Path::new("/demo/photo-64x48.webp"));
    }
}
