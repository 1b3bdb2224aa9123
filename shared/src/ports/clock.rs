//! Time and chance.

use std::fmt;

use crate::error::{Error, ErrorKind};
use crate::timestamp::Timestamp;

/// The time, and random bits. Nothing else in the project reads either.
pub trait Clock: fmt::Debug + Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;

    /// 80 random bits for an id.
    fn random(&self) -> Result<[u8; 10], Error>;
}

/// The system's clock and random numbers.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the port that everything else asks")]
    fn now(&self) -> Timestamp {
        let since_epoch =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX))
    }

    fn random(&self) -> Result<[u8; 10], Error> {
        let mut bytes = [0; 10];
        match getrandom::fill(&mut bytes) {
            Ok(()) => Ok(bytes),
            Err(err) => {
                Err(Error::new(ErrorKind::Internal, "could not get random bits").caused_by(err.to_string()))
            }
        }
    }
}
