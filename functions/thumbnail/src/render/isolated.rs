//! Making variants in a process of their own, which may die of its file.

use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use nix::sys::signal::Signal;
use shared::error::{Error, ErrorKind};
use shared::ports::Clock;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::answer::{Answer, Garbage, Next};
use super::frames::{LINE_BYTES_MAX, OrderLine, line_of};
use super::pace::Pace;
use super::produce::plain;
use super::worker::WORKER_ARGUMENT;
use super::{Ending, HardLimits, Order, Rendered, Renderer};

/// How much of a worker's last words is read, in bytes; the rest is thrown away.
const LAST_WORDS_BYTES_MAX: u64 = 1024;
/// How the standard library begins its report of an allocation that failed, before it aborts.
const OUT_OF_MEMORY_WORDS: &str = "memory allocation of";

/// What to start as a worker.
#[derive(Clone, Debug)]
pub struct Program {
    /// The program.
    pub path: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
}

impl Program {
    /// This very program: the link leads to what runs, even after its file was replaced.
    pub fn own() -> Self {
        Self::at("/proc/self/exe")
    }

    /// The `thumbnail` program at this place.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), arguments: vec![WORKER_ARGUMENT.to_owned()] }
    }
}

/// One child for each file, under hard limits, and killed when its time is over.
#[derive(Clone, Debug)]
pub struct Isolated {
    /// What to start.
    pub program: Program,
    /// What the kernel holds it to.
    pub hard_limits: HardLimits,
    /// How many variants a worker may make at once: the processors that it has, and the memory that it takes, go with it.
    pub threads: usize,
    /// How long after `stop_at` a worker is killed: what the variant that it is at may still take.
    pub patience: Duration,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// How a conversation with a worker came to its end.
enum End {
    Died(ExitStatus, String),
    Garbage,
    TimeIsOver,
}

#[async_trait]
impl Renderer for Isolated {
    async fn render(&self, order: Order) -> Result<Rendered, Error> {
        let mut worker = self.start()?;
        let mut answer = Answer::to(&order);
        let time_left = order.stop_at.since(self.clock.now());
        let line = self.order_line(&order, time_left).map_err(unavailable)?;
        let talk = talk(&mut worker, line, order.file, &mut answer);
        let end = match tokio::time::timeout(time_left.saturating_add(self.patience), talk).await {
            Ok(Ok((status, words))) => End::Died(status, words),
            Ok(Err(TalkError::Garbage)) => End::Garbage,
            Ok(Err(TalkError::Io(err))) => return Err(unavailable(err)),
            Err(_) => End::TimeIsOver,
        };
        if !matches!(end, End::Died(..)) {
            // Whatever it still does is of no use. This waits for its end, so that nothing of it is left.
            worker.kill().await.map_err(unavailable)?;
        }
        self.conclude(answer, end)
    }
}

impl Isolated {
    fn start(&self) -> Result<Child, Error> {
        // No variable is handed down: among those of the function are its credentials.
        Command::new(&self.program.path)
            .args(&self.program.arguments)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(unavailable)
    }

    fn order_line(&self, order: &Order, time_left: Duration) -> std::io::Result<Vec<u8>> {
        line_of(&OrderLine {
            specs: order.specs.iter().map(|spec| spec.name.to_owned()).collect(),
            wants_placeholder: order.wants_placeholder,
            limits: (&order.limits).into(),
            look: order.look.into(),
            threads: self.threads,
            hard_limits: self.hard_limits,
            millis_left: u64::try_from(time_left.as_millis()).unwrap_or(u64::MAX),
            file_bytes: u64::try_from(order.file.len()).unwrap_or(u64::MAX),
        })
    }

    fn conclude(&self, answer: Answer, end: End) -> Result<Rendered, Error> {
        if !answer.is_ready {
            let what = match end {
                End::Died(status, words) => format!("{status}, {words}"),
                End::Garbage => "it answered something else".to_owned(),
                End::TimeIsOver => "it took too long".to_owned(),
            };
            return Err(unavailable(std::io::Error::other(what)));
        }
        let ending = match end {
            End::Died(status, _) if status.success() && answer.is_ended() => return Ok(answer.rendered),
            End::Died(status, words) => Ending::Stopped(self.cause_of(status, &words)),
            End::Garbage => Ending::Stopped("the decoder answered what it was not asked".to_owned()),
            End::TimeIsOver => Ending::OutOfTime,
        };
        Ok(Rendered { ending, ..answer.rendered })
    }

    fn cause_of(&self, status: ExitStatus, words: &str) -> String {
        let HardLimits { memory_bytes, cpu_seconds } = self.hard_limits;
        let signal = status.signal().and_then(|number| Signal::try_from(number).ok());
        match signal {
            Some(Signal::SIGABRT) if words.starts_with(OUT_OF_MEMORY_WORDS) => {
                format!("it takes more than the {memory_bytes} bytes of memory that an image may have")
            }
            Some(Signal::SIGXCPU) => {
                format!(
                    "it takes more than the {cpu_seconds} seconds of processor time that an image may have"
                )
            }
            // The kernel's own answer to a lack of memory, since nobody else sends it before the time is over.
            Some(Signal::SIGKILL) => {
                "the system stopped the decoder, most likely for want of memory".to_owned()
            }
            _ => {
                // Nobody foresaw this, so whoever looks for the cause gets all there is.
                tracing::warn!(worker.status = %status, worker.words = words, "a worker died of its image");
                signal.map_or("the decoder ended early".to_owned(), |signal| {
                    format!("the decoder ended with {signal}")
                })
            }
        }
    }
}

enum TalkError {
    Garbage,
    Io(std::io::Error),
}

impl From<Garbage> for TalkError {
    fn from(_: Garbage) -> Self {
        Self::Garbage
    }
}

impl From<std::io::Error> for TalkError {
    fn from(err: std::io::Error) -> Self {
        Self::Io(err)
    }
}

/// Sends the order while it takes the answer, and gives the worker's status and last words.
async fn talk(
    worker: &mut Child,
    line: Vec<u8>,
    file: Vec<u8>,
    answer: &mut Answer,
) -> Result<(ExitStatus, String), TalkError> {
    let pipes = (worker.stdin.take(), worker.stdout.take(), worker.stderr.take());
    let (Some(stdin), Some(stdout), Some(stderr)) = pipes else {
        return Err(TalkError::Io(std::io::Error::other("a pipe is missing")));
    };
    let (_, (), words) = tokio::try_join!(send(stdin, line, file), take(stdout, answer), last_words(stderr))?;
    Ok((worker.wait().await?, words))
}

/// Frees the file once the worker has it. One that dies over its file stops listening; its status tells more.
async fn send(mut stdin: ChildStdin, line: Vec<u8>, file: Vec<u8>) -> Result<bool, TalkError> {
    let sent = async {
        stdin.write_all(&line).await?;
        stdin.write_all(&file).await
    };
    Ok(sent.await.is_ok())
}

async fn take(stdout: ChildStdout, answer: &mut Answer) -> Result<(), TalkError> {
    let mut stdout = BufReader::with_capacity(64 * 1024, stdout);
    let mut pace = Pace::start();
    loop {
        let mut line = Vec::new();
        (&mut stdout).take(LINE_BYTES_MAX).read_until(b'\n', &mut line).await?;
        if !line.ends_with(b"\n") {
            // Its last line, or none: it has ended. Only a line that is too long has no end for another reason.
            let is_too_long = u64::try_from(line.len()).is_ok_and(|length| length == LINE_BYTES_MAX);
            return if is_too_long { Err(TalkError::Garbage) } else { Ok(()) };
        }
        if answer.is_ended() {
            return Err(TalkError::Garbage);
        }
        match answer.take_line(&line)? {
            Next::Frame => pace.decoded(answer),
            Next::End => {}
            Next::Bytes(spec, size, length) => {
                let mut bytes = Vec::new();
                (&mut stdout).take(length).read_to_end(&mut bytes).await?;
                if u64::try_from(bytes.len()).is_ok_and(|taken| taken < length) {
                    // It died in the middle; its status tells why.
                    return Ok(());
                }
                answer.take_bytes(spec, size, bytes)?;
                pace.encoded(spec.format);
            }
        }
    }
}

async fn last_words(mut stderr: impl AsyncRead + Unpin) -> Result<String, TalkError> {
    let mut words = Vec::new();
    (&mut stderr).take(LAST_WORDS_BYTES_MAX).read_to_end(&mut words).await?;
    tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await?;
    Ok(plain(String::from_utf8_lossy(&words).trim_start()))
}

fn unavailable(err: std::io::Error) -> Error {
    Error::new(ErrorKind::Unavailable, "could not run the decoder").caused_by(err)
}
