//! When to try again and how long to wait before: exponential steps with jitter, and the server's own wish first.
use std::thread;
use std::time::Duration;

use super::error::ClientError;

/// No server can make us wait longer than this before one attempt, whatever its `Retry-After` says.
const RETRY_AFTER_MAX: Duration = Duration::from_mins(1);

/// The steps between attempts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Backoff {
    /// Longest wait before the second attempt; it doubles from then on.
    pub(crate) first: Duration,
    /// The wait never grows beyond this.
    pub(crate) longest: Duration,
    /// How many attempts in all; at least one is made.
    pub(crate) attempts_max: u32,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { first: Duration::from_millis(300), longest: Duration::from_secs(10), attempts_max: 7 }
    }
}

impl Backoff {
    /// The wait after attempt number `attempt` (from 1), between half and all of its step. `random` is 0.0..1.0.
    ///
    /// Half of the step is certain, so that a busy server gets a pause; the other half is random, so that many clients
    /// that failed together do not come back together.
    pub(crate) fn delay(&self, attempt: u32, random: f64) -> Duration {
        let doublings = attempt.saturating_sub(1).min(31);
        let step = self.first.saturating_mul(1_u32 << doublings).min(self.longest);
        step / 2 + (step / 2).mul_f64(random.clamp(0.0, 1.0))
    }

    /// The same with a random part of its own, or the server's wish when that is longer.
    fn pause(&self, attempt: u32, retry_after: Option<Duration>) -> Duration {
        let own = self.delay(attempt, fastrand::f64());
        retry_after.map_or(own, |wish| wish.min(RETRY_AFTER_MAX).max(own))
    }
}

/// What one attempt came to.
#[derive(Debug)]
pub(crate) enum Attempt<T> {
    /// It worked.
    Done(T),
    /// It may work later; the error is what to report if it never does.
    Again(ClientError, Option<Duration>),
    /// It will not work again with the same request.
    Never(ClientError),
}

/// Tries until it works, can never work, or the attempts are used up.
pub(crate) fn retrying<T>(
    backoff: &Backoff,
    mut attempt: impl FnMut() -> Attempt<T>,
) -> Result<T, ClientError> {
    let mut made = 0;
    loop {
        made += 1;
        match attempt() {
            Attempt::Done(value) => return Ok(value),
            Attempt::Never(error) => return Err(error),
            Attempt::Again(error, _) if made >= backoff.attempts_max => return Err(error),
            Attempt::Again(_, retry_after) => thread::sleep(backoff.pause(made, retry_after)),
        }
    }
}

/// True for answers that may differ next time: the server's own faults, throttling and request timeouts.
pub(crate) const fn is_passing_status(status: u16) -> bool {
    matches!(status, 408 | 425 | 429) || 500 <= status
}

/// The seconds of a `Retry-After` header. The other form, a date, is treated as absent: our own back-off is then used.
pub(crate) fn retry_after(header: Option<&str>) -> Option<Duration> {
    header?.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKOFF: Backoff =
        Backoff { first: Duration::from_millis(100), longest: Duration::from_secs(2), attempts_max: 3 };

    #[test]
    fn every_wait_is_between_half_its_step_and_its_step() {
        for attempt in 1..=40 {
            let step = Duration::from_millis(100).saturating_mul(1 << (attempt - 1_u32).min(20));
            let step = step.min(Duration::from_secs(2));
            assert_eq!(BACKOFF.delay(attempt, 0.0), step / 2, "attempt {attempt}");
            assert_eq!(BACKOFF.delay(attempt, 1.0), step, "attempt {attempt}");
            let drawn = BACKOFF.pause(attempt, None);
            assert!(step / 2 <= drawn && drawn <= step, "attempt {attempt}: {drawn:?}");
        }
    }

    #[test]
    fn the_servers_wish_is_kept_up_to_a_minute() {
        assert_eq!(BACKOFF.pause(1, Some(Duration::from_secs(7))), Duration::from_secs(7));
        assert_eq!(BACKOFF.pause(1, Some(Duration::from_hours(24))), Duration::from_mins(1));
        assert!(
            Duration::from_secs(1) <= BACKOFF.pause(9, Some(Duration::ZERO)),
            "our own wait is the floor"
        );
    }

    #[test]
    fn attempts_end_at_their_bound_with_the_last_error() {
        let backoff = Backoff { first: Duration::ZERO, ..BACKOFF };
        let mut made = 0;
        let result: Result<(), _> = retrying(&backoff, || {
            made += 1;
            Attempt::Again(ClientError::GaveUp(format!("attempt {made}")), None)
        });
        assert_eq!(result, Err(ClientError::GaveUp("attempt 3".into())));
    }

    #[test]
    fn a_refusal_is_not_repeated() {
        let mut made = 0;
        let result: Result<(), _> = retrying(&BACKOFF, || {
            made += 1;
            Attempt::Never(ClientError::GaveUp("no".into()))
        });
        assert!(result.is_err());
        assert_eq!(made, 1);
    }

    #[test]
    fn only_passing_faults_are_repeated() {
        assert!([429, 500, 502, 503, 504, 408].into_iter().all(is_passing_status));
        assert!(![200, 400, 401, 403, 404, 409, 413].into_iter().any(is_passing_status));
    }

    #[test]
    fn retry_after_reads_seconds_and_ignores_dates() {
        assert_eq!(retry_after(Some(" 12 ")), Some(Duration::from_secs(12)));
        assert_eq!(retry_after(Some("Sun, 22 Nov 2026 04:39:26 GMT")), None);
        assert_eq!(retry_after(None), None);
    }
}
