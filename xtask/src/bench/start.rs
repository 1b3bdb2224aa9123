//! The start of each function, from process start to its first poll of the Runtime API, in terms of the start of an
//! empty function. Functions open no connection to AWS before that poll, so no network is in the comparison.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use super::statistics::{median, median_ratio};
use super::{FUNCTIONS, Workshop};
use crate::process;

/// Pairs of starts per function.
const PAIRS: usize = 100;
/// Lambda itself gives a function ten seconds to start.
const PATIENCE: Duration = Duration::from_secs(10);
const EMPTY_FUNCTION: &str = "empty-function";
/// The first request of a function that is ready
/// (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>, "Next invocation").
const FIRST_POLL: &str = "GET /2018-06-01/runtime/invocation/next ";

/// What Lambda and the template set. Every function gets all of it and reads its own.
const ENVIRONMENT: [(&str, &str); 48] = [
    ("AWS_REGION", "eu-west-1"),
    ("AWS_DEFAULT_REGION", "eu-west-1"),
    ("AWS_ACCESS_KEY_ID", "ASIAEXAMPLEEXAMPLE12"),
    ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
    ("AWS_SESSION_TOKEN", "a-token-that-nothing-is-sent-with"),
    ("AWS_EXECUTION_ENV", "AWS_Lambda_rust"),
    ("AWS_LAMBDA_FUNCTION_NAME", "longshore"),
    ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
    ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
    ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
    ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/longshore"),
    ("AWS_LAMBDA_LOG_STREAM_NAME", "stream"),
    ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
    ("AWS_LAMBDA_LOG_LEVEL", "TRACE"),
    ("LANG", "en_US.UTF-8"),
    ("TZ", ":UTC"),
    ("PATH", "/usr/local/bin:/usr/bin/:/bin:/opt/bin"),
    ("STACK_KIND", "aws"),
    ("TABLE_NAME", "longshore-uploads"),
    ("ORIGINALS_BUCKET", "longshore-originals-111122223333-eu-west-1"),
    ("VARIANTS_BUCKET", "longshore-variants-111122223333-eu-west-1"),
    ("BUCKET_OWNER", "111122223333"),
    ("STACK_NAME", "longshore"),
    ("LOG_LEVEL", "info"),
    ("DEBUG_SAMPLE", "0"),
    ("SLOW_REQUEST_MILLIS", "200"),
    ("DEAD_LETTER_QUEUE_URLS", "https://sqs.eu-west-1.amazonaws.com/111122223333/dead"),
    ("FILE_SIZE_BYTES_MAX", "53687091200000"),
    ("SINGLE_PUT_BYTES_MAX", "8388608"),
    ("URL_LIFETIME_SECONDS", "900"),
    ("DOWNLOAD_URL_LIFETIME_SECONDS", "300"),
    ("UPLOAD_LIFETIME_SECONDS", "86400"),
    ("AUTH_MODE", "jwt"),
    ("ASSEMBLY_QUEUE_URL", "https://sqs.eu-west-1.amazonaws.com/111122223333/assembly"),
    ("IMAGE_QUEUE_URL", "https://sqs.eu-west-1.amazonaws.com/111122223333/image"),
    ("LEASE_SECONDS", "330"),
    ("IMAGE_BYTES_MAX", "52428800"),
    ("IMAGE_PIXELS_MAX", "50000000"),
    ("AVIF_PIXELS_MAX", "2073600"),
    ("IMAGE_NORMALIZE", "false"),
    ("IMAGE_BACKGROUND", "ffffff"),
    ("ANIMATION_FRAMES_MAX", "1"),
    ("SWEEP_ITEMS_MAX", "500"),
    ("ORPHAN_AGE_SECONDS", "172800"),
    ("API_MEMORY_MEGABYTES", "512"),
    ("ASSEMBLY_MEMORY_MEGABYTES", "512"),
    ("THUMBNAIL_MEMORY_MEGABYTES", "1769"),
    ("CLEANUP_MEMORY_MEGABYTES", "256"),
];

/// How a function starts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Start {
    /// The median, in milliseconds.
    pub(super) millis: f64,
    /// The median of the empty function's starts beside it, in milliseconds.
    pub(super) empty_millis: f64,
    /// How many times as long as the empty function.
    pub(super) times_empty: f64,
}

/// Starts every function in turns with the empty one.
pub(super) fn measure(workshop: &Workshop) -> anyhow::Result<BTreeMap<String, Start>> {
    let log = workshop.path("start.log");
    let empty = workshop.binary(EMPTY_FUNCTION);
    let mut starts = BTreeMap::new();
    for name in FUNCTIONS {
        let function = workshop.binary(name);
        // The first start reads the file from disk; on Lambda the file is there already.
        start_once(&empty, &log)?;
        start_once(&function, &log)?;
        let mut pairs = Vec::with_capacity(PAIRS);
        for _ in 0..PAIRS {
            process::stop_if_interrupted()?;
            pairs.push((start_once(&empty, &log)?, start_once(&function, &log)?));
        }
        let (empty, own): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
        let start = Start {
            millis: median(&own)?,
            empty_millis: median(&empty)?,
            times_empty: median_ratio(&pairs)?,
        };
        starts.insert(name.to_owned(), start);
    }
    Ok(starts)
}

/// Milliseconds from before the process is made to its first poll.
fn start_once(binary: &Path, log: &Path) -> anyhow::Result<f64> {
    let listener = TcpListener::bind("127.0.0.1:0").context("could not listen on 127.0.0.1")?;
    let address = listener.local_addr().context("could not tell the port")?;
    let (sender, receiver) = mpsc::channel();
    // The connection comes along so that it stays open: a function whose poll fails would exit and write about it.
    let runtime_api = thread::spawn(move || {
        if let Some(seen) = first_request(&listener) {
            // Nobody listens any more when the patience is over.
            let _ = sender.send(seen);
        }
    });
    let mut command = Command::new(binary);
    let errors = process::open_log(log)?;
    let output = errors.try_clone().context("could not share the log file")?;
    command.env_clear().envs(ENVIRONMENT).env("AWS_LAMBDA_RUNTIME_API", address.to_string());
    command.stdin(Stdio::null()).stdout(output).stderr(errors);
    let start = Instant::now();
    let child = command.spawn().with_context(|| format!("could not start {}", binary.display()))?;
    let child = Ended(child);
    let seen = receiver.recv_timeout(PATIENCE);
    drop(child);
    release(address, runtime_api);
    match seen {
        Ok((at, line, _connection)) if line.starts_with(FIRST_POLL) => {
            Ok(at.duration_since(start).as_secs_f64() * 1_000.0)
        }
        Ok((_, line, _)) => bail!("{} asked for {line} first", binary.display()),
        Err(_) => bail!(
            "{} did not ask for work within {} s; the last lines of {}:\n{}",
            binary.display(),
            PATIENCE.as_secs(),
            log.display(),
            process::last_lines(log)
        ),
    }
}

/// When the first request came, its first line, and its connection.
fn first_request(listener: &TcpListener) -> Option<(Instant, String, TcpStream)> {
    let (connection, _) = listener.accept().ok()?;
    let mut line = String::new();
    BufReader::new(&connection).read_line(&mut line).ok()?;
    Some((Instant::now(), line.trim().to_owned(), connection))
}

/// Lets the stand-in end also when nobody ever came.
fn release(address: SocketAddr, runtime_api: thread::JoinHandle<()>) {
    if !runtime_api.is_finished() {
        drop(TcpStream::connect(address));
    }
    // It never panics, and there is nothing to learn from it.
    let _ = runtime_api.join();
}

/// A process that ends here, whatever happens.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_never_polls_is_reported_with_what_it_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("start.log");
        let script = folder.path().join("bootstrap");
        let text = "#!/usr/bin/env bash\nexec 3<>/dev/tcp/${AWS_LAMBDA_RUNTIME_API/://}\nprintf 'GET /other HTTP/1.1\\r\\n' >&3\nread -r _ <&3\n";
        write_program(&script, text);
        let error = start_once(&script, &log).unwrap_err().to_string();
        assert!(error.ends_with("asked for GET /other HTTP/1.1 first"), "{error}");
    }

    #[test]
    fn a_poll_ends_the_clock_and_the_program() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("start.log");
        let script = folder.path().join("bootstrap");
        let text = "#!/usr/bin/env bash\nexec 3<>/dev/tcp/${AWS_LAMBDA_RUNTIME_API/://}\nprintf 'GET /2018-06-01/runtime/invocation/next HTTP/1.1\\r\\n' >&3\nread -r _ <&3\n";
        write_program(&script, text);
        let millis = start_once(&script, &log).unwrap();
        assert!(0.0 < millis, "{millis}");
    }

    /// Written by another process: a file that this one has open for writing may not be executed yet.
    fn write_program(path: &Path, text: &str) {
        let write = "printf '%s' \"$1\" > \"$2\" && chmod +x \"$2\"";
        let status = Command::new("sh").args(["-c", write, "sh", text]).arg(path).status().unwrap();
        assert!(status.success());
    }
}
