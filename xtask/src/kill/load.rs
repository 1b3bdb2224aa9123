//! Many owners who upload all the time, each with a client of its own that retries and resumes as a browser's would.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::Context as _;

use super::judge::Sent;
use super::sample::{PART_SIZE_BYTES, Sample};
use crate::client::{Backoff, Client, ClientError, ClientSettings, SourceFile, UploadFailure, Uploaded};
use crate::progress::Progress;

/// How often an upload that broke off is taken up again. Each time the client has tried every call eight times before.
const RESUMES_MAX: usize = 20;
/// PUTs of one client at the same time.
const PARALLEL: usize = 2;
/// A client rests up to this long between two uploads, so that the machine does not drown in files.
const REST_MAX: Duration = Duration::from_millis(300);

/// One owner who uploads.
#[derive(Debug)]
pub(super) struct Owner {
    number: usize,
    client: Client,
    /// Where the file lies that is being sent.
    folder: PathBuf,
}

/// What all owners share.
#[derive(Debug)]
pub(super) struct Load {
    seed: u64,
    uploads_min: u64,
    next_number: AtomicU64,
    /// No kill is to come any more.
    kills_are_done: AtomicBool,
    sent: Mutex<Vec<Sent>>,
}

impl Owner {
    /// The client of one owner, whose files lie in `folder` while they are sent.
    pub(super) fn new(number: usize, api_url: &str, token: &str, folder: PathBuf) -> Self {
        let settings = ClientSettings {
            backoff: Backoff {
                first: Duration::from_millis(100),
                longest: Duration::from_secs(2),
                attempts_max: 8,
            },
            part_size_bytes_min: PART_SIZE_BYTES,
            wait_max: Duration::from_mins(3),
            ..ClientSettings::new(api_url, token, PARALLEL)
        };
        Self { number, client: Client::new(settings), folder }
    }
}

impl Load {
    /// At least `uploads_min` uploads, and more until [`Load::kills_are_done`].
    pub(super) fn new(seed: u64, uploads_min: u64) -> Self {
        Self {
            seed,
            uploads_min,
            next_number: AtomicU64::new(0),
            kills_are_done: AtomicBool::new(false),
            sent: Mutex::default(),
        }
    }

    /// Lets the owners end what they have begun.
    pub(super) fn kills_are_done(&self) {
        self.kills_are_done.store(true, Ordering::SeqCst);
    }

    /// How many uploads were begun.
    pub(super) fn begun(&self) -> u64 {
        self.next_number.load(Ordering::SeqCst)
    }

    /// What was sent, once the owners have ended.
    pub(super) fn into_sent(self) -> Vec<Sent> {
        self.sent.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// Uploads one file after the other.
    pub(super) fn work(&self, owner: &Owner) -> anyhow::Result<()> {
        loop {
            let number = self.next_number.fetch_add(1, Ordering::SeqCst);
            if self.kills_are_done.load(Ordering::SeqCst) && self.uploads_min <= number {
                // This one was not begun after all.
                self.next_number.fetch_sub(1, Ordering::SeqCst);
                return Ok(());
            }
            let sent = send(owner, &Sample::draw(self.seed, number))?;
            lock(&self.sent).push(sent);
            thread::sleep(REST_MAX.mul_f64(fastrand::f64()));
        }
    }
}

/// Asks for the file of everything that was sent and not cancelled, and compares each byte. What a client had to leave
/// unfinished it finishes now, as somebody who comes back the next day.
pub(super) fn fetch_back(seed: u64, owner: &Owner, sent: &mut Sent) -> anyhow::Result<()> {
    let Some(id) = sent.id.as_ref().filter(|_| !sent.cancelled) else { return Ok(()) };
    let number: u64 = sent.filename.split('.').next().unwrap_or_default().parse()?;
    let file = TemporaryFile::write(owner, &Sample::draw(seed, number))?;
    let source = SourceFile::open(&file.path)?;
    let task = Progress::nowhere().task(&source.name, source.size_bytes);
    let came_back = owner
        .client
        .resume(id, &source, &task)
        .map_err(|failure| *failure.error)
        .and_then(|uploaded| owner.client.has_content_of(&uploaded.file.url, &file.path, &task));
    sent.trouble = match came_back {
        Ok(true) => None,
        Ok(false) => Some("came back with other bytes".to_owned()),
        Err(error) => Some(error.to_string()),
    };
    Ok(())
}

/// The file of a sample, on disk only while it is used.
struct TemporaryFile {
    path: PathBuf,
}

impl TemporaryFile {
    fn write(owner: &Owner, sample: &Sample) -> anyhow::Result<Self> {
        let file = Self { path: owner.folder.join(&sample.filename) };
        sample.write(&file.path)?;
        Ok(file)
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        // A file that stays takes room in the stack's folder, and no more.
        let _removed = fs::remove_file(&self.path);
    }
}

fn send(owner: &Owner, sample: &Sample) -> anyhow::Result<Sent> {
    let file = TemporaryFile::write(owner, sample)?;
    let source = SourceFile::open(&file.path)?;
    let (id_known, ids) = mpsc::channel::<String>();
    thread::scope(|scope| {
        let second_thought = sample.cancel_after.map(|after| scope.spawn(move || cancel(owner, &ids, after)));
        let (result, creations) = persist(owner, &source, &id_known);
        drop(id_known);
        let cancelled = match second_thought {
            Some(thought) => thought.join().ok().context("a thread that cancels panicked")?,
            None => false,
        };
        let (id, trouble) = match result {
            Ok(uploaded) => (Some(uploaded.file.id), None),
            Err(failure) => (failure.upload_id, Some(failure.error.to_string())),
        };
        Ok(Sent { filename: sample.filename.clone(), owner: owner.number, id, creations, cancelled, trouble })
    })
}

/// Uploads, and takes it up again until there is a file or an end. Answers how many uploads it has asked for.
fn persist(
    owner: &Owner,
    source: &SourceFile,
    id_known: &mpsc::Sender<String>,
) -> (Result<Uploaded, UploadFailure>, usize) {
    let task = Progress::nowhere().task(&source.name, source.size_bytes);
    // Nobody listens unless the upload is to be cancelled.
    let tell = |id: &str| drop(id_known.send(id.to_owned()));
    let mut creations = 1;
    let mut result = owner.client.upload(source, &task, &tell);
    for _ in 0..RESUMES_MAX {
        let failure = match result {
            Err(failure) if failure.error.can_resume() => failure,
            ended => return (ended, creations),
        };
        result = match &failure.upload_id {
            Some(id) => owner.client.resume(id, source, &task),
            None => {
                creations += 1;
                owner.client.upload(source, &task, &tell)
            }
        };
    }
    (result, creations)
}

/// Cancels the upload a while after its id is known. False when it was complete by then.
fn cancel(owner: &Owner, ids: &mpsc::Receiver<String>, after: Duration) -> bool {
    let Ok(id) = ids.recv() else { return false };
    thread::sleep(after);
    for _ in 0..RESUMES_MAX {
        match owner.client.cancel(&id) {
            Ok(state) => return state == "aborted",
            // It is complete, or about to be.
            Err(ClientError::Refused { status: 409, .. }) => return false,
            Err(_) => {}
        }
    }
    false
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
