//! A clock that stands still until a test moves it.

use std::sync::{Arc, Mutex};

use super::points::locked;
use crate::error::Error;
use crate::ports::Clock;
use crate::timestamp::Timestamp;

/// Time and chance in a test's hands. Clones share one clock.
#[derive(Clone, Debug)]
pub struct FakeClock {
    state: Arc<Mutex<ClockState>>,
}

#[derive(Debug)]
struct ClockState {
    now: Timestamp,
    randoms_drawn: u64,
}

impl Default for FakeClock {
    /// 2026-11-22T00:00:00Z, a whole second.
    fn default() -> Self {
        Self::at(Timestamp::from_seconds(1_795_305_600))
    }
}

impl FakeClock {
    /// A clock that shows this time.
    pub fn at(now: Timestamp) -> Self {
        Self { state: Arc::new(Mutex::new(ClockState { now, randoms_drawn: 0 })) }
    }

    /// Sets the time, forwards or backwards.
    pub fn set(&self, now: Timestamp) {
        locked(&self.state).now = now;
    }

    /// Moves the time forwards.
    pub fn advance_seconds(&self, seconds: u64) {
        let mut state = locked(&self.state);
        state.now = state.now.plus_seconds(seconds);
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        locked(&self.state).now
    }

    /// The n-th draw of any clock is the same in every run, and no two draws of one clock are equal.
    fn random(&self) -> Result<[u8; 10], Error> {
        let mut state = locked(&self.state);
        state.randoms_drawn += 1;
        let number = state.randoms_drawn;
        let mut bytes = [0; 10];
        let digits = number.to_be_bytes().into_iter().skip(6).chain(mixed(number).to_be_bytes());
        bytes.iter_mut().zip(digits).for_each(|(byte, digit)| *byte = digit);
        Ok(bytes)
    }
}

/// The finaliser of `SplitMix64` (Steele, Lea and Flood, 2014): spreads a counter over all bits.
fn mixed(counter: u64) -> u64 {
    let mut bits = counter.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
