//! Threads that make variants side by side.

use std::fmt;
use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::error::ImageError;
use crate::render::Variant;
use crate::variant::VariantSpec;

type Finished = (VariantSpec, Result<Variant, ImageError>);
type Work = Box<dyn FnOnce() -> Finished + Send>;
type Task = (Work, Sender<Finished>);

/// Threads that wait for work. They are started once, before a process gives up the right to start any; a crew of one
/// has none, and its work is done by whoever gives it.
pub struct Crew {
    tasks: Option<Sender<Task>>,
    size: usize,
}

impl fmt::Debug for Crew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crew").field("size", &self.size).finish_non_exhaustive()
    }
}

impl Crew {
    /// A crew of one, without any thread.
    pub const fn alone() -> Self {
        Self { tasks: None, size: 1 }
    }

    /// A crew of `size`.
    ///
    /// # Errors
    /// When the system refuses a thread.
    pub fn start(size: usize) -> io::Result<Self> {
        if size <= 1 {
            return Ok(Self::alone());
        }
        let (tasks, waiting) = channel::<Task>();
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..size {
            let waiting = Arc::clone(&waiting);
            thread::Builder::new().name("variants".to_owned()).spawn(move || work_on(&waiting))?;
        }
        Ok(Self { tasks: Some(tasks), size })
    }

    /// How many variants are made at once.
    pub fn size(&self) -> usize {
        self.size
    }

    pub(crate) fn begin(&self) -> Workers<'_> {
        let (finished, results) = channel();
        Workers { crew: self, finished, results, busy: 0 }
    }
}

fn work_on(waiting: &Mutex<Receiver<Task>>) {
    loop {
        let task = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        // The crew is gone, and so is the need for this thread.
        let Ok((work, finished)) = task else { return };
        // Whoever asked may be gone meanwhile; then nobody needs the result.
        let _ = finished.send(work());
    }
}

/// The crew at work on one picture.
#[derive(Debug)]
pub(crate) struct Workers<'a> {
    crew: &'a Crew,
    finished: Sender<Finished>,
    results: Receiver<Finished>,
    busy: usize,
}

impl Workers<'_> {
    /// Waits until one of them is free; gives what that one has finished.
    pub(crate) fn make_room(&mut self) -> Option<Finished> {
        if self.busy < self.crew.size { None } else { self.wait() }
    }

    /// Gives work to one that is free, or does it at once if there is nobody; then it is finished on return.
    pub(crate) fn give(&mut self, work: impl FnOnce() -> Finished + Send + 'static) -> Option<Finished> {
        let Some(tasks) = &self.crew.tasks else { return Some(work()) };
        match tasks.send((Box::new(work), self.finished.clone())) {
            Ok(()) => {
                self.busy += 1;
                None
            }
            Err(unsent) => Some(unsent.0.0()),
        }
    }

    /// Waits for all that are still busy.
    pub(crate) fn finish(mut self) -> Vec<Finished> {
        std::iter::from_fn(|| self.wait()).collect()
    }

    fn wait(&mut self) -> Option<Finished> {
        if self.busy == 0 {
            return None;
        }
        self.busy -= 1;
        self.results.recv().ok()
    }
}
