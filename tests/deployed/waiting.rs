//! Waiting for what happens behind the API: look again and again, for a bounded time.

use std::thread;
use std::time::{Duration, Instant};

/// The slowest thing waited for is the AVIF variants of a photo on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What `look` finds as soon as it finds something; `Err` says what it saw instead.
pub(crate) fn eventually<T>(what: &str, mut look: impl FnMut() -> Result<T, String>) -> T {
    let start = Instant::now();
    loop {
        match look() {
            Ok(found) => return found,
            Err(seen) if PATIENCE < start.elapsed() => {
                panic!("{what}: not within {} s; last seen: {seen}", PATIENCE.as_secs())
            }
            Err(_) => thread::sleep(LOOK_EVERY),
        }
    }
}

/// As [`eventually`], for a condition.
pub(crate) fn eventually_true(what: &str, mut look: impl FnMut() -> bool) {
    eventually(what, || look().then_some(()).ok_or_else(|| "not so".to_owned()));
}
