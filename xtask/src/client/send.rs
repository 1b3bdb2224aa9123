//! All parts of one batch to S3, several at a time.
use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::error::ClientError;
use super::put::{PartJob, Target, put_part};
use super::wire::SentPart;

/// What became of a batch. A failed one still names the parts that did arrive, so that they can be reported and need
/// not be sent again.
#[derive(Debug)]
pub(crate) struct BatchResult {
    /// Stored parts in order of their numbers.
    pub(crate) sent: Vec<SentPart>,
    /// The first failure, if any.
    pub(crate) error: Option<ClientError>,
}

/// Sends every part, `parallel` at a time. After the first failure the parts under way end, and no other is begun.
pub(crate) fn send_batch(target: Target<'_>, jobs: Vec<PartJob>, parallel: usize) -> BatchResult {
    let workers = parallel.min(jobs.len()).max(1);
    let batch = Batch {
        waiting: Mutex::new(jobs.into()),
        sent: Mutex::new(Vec::new()),
        error: Mutex::new(None),
        stop: AtomicBool::new(false),
    };
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| batch.work(target));
        }
    });
    let mut sent = into_inner(batch.sent);
    sent.sort_by_key(|part| part.part_number);
    BatchResult { sent, error: into_inner(batch.error) }
}

struct Batch {
    waiting: Mutex<VecDeque<PartJob>>,
    sent: Mutex<Vec<SentPart>>,
    error: Mutex<Option<ClientError>>,
    stop: AtomicBool,
}

impl Batch {
    fn work(&self, target: Target<'_>) {
        while !self.stop.load(Ordering::Relaxed) {
            let Some(job) = lock(&self.waiting).pop_front() else { return };
            match put_part(target, job) {
                Ok(part) => lock(&self.sent).extend(part),
                Err(error) => {
                    self.stop.store(true, Ordering::Relaxed);
                    lock(&self.error).get_or_insert(error);
                }
            }
        }
    }
}

/// A thread that died left nothing half done behind these locks, so what they hold is still good.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn into_inner<T>(mutex: Mutex<T>) -> T {
    mutex.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
}
