//! The limits of an HTTP API.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::answer::Answer;
use crate::call::{Call, Operation};

/// The largest body that an HTTP API takes; the quota cannot be raised.
const BODY_BYTES_MAX: usize = 10 * 1024 * 1024;

/// How many requests an API takes, as `DefaultRouteSettings` of a stage say.
#[derive(Clone, Copy, Debug)]
pub struct GatewayLimits {
    /// `ThrottlingRateLimit`, in requests per second.
    pub rate_per_second: f64,
    /// `ThrottlingBurstLimit`: so many at the same moment, after a rest.
    pub burst: f64,
}

/// A token bucket over all requests
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html>).
#[derive(Debug)]
pub(crate) struct Gateway {
    limits: GatewayLimits,
    tokens: Mutex<(f64, Instant)>,
}

impl Gateway {
    pub(crate) fn new(limits: GatewayLimits) -> Self {
        Self { limits, tokens: Mutex::new((limits.burst, Instant::now())) }
    }

    /// The refusal of a request that an API would not let through.
    pub(crate) fn refusal(&self, call: &Call, now: Instant) -> Option<Answer> {
        // A preflight is answered by the gateway itself.
        if call.operation != Operation::API || call.method == hyper::Method::OPTIONS {
            return None;
        }
        if !self.takes_one_more(now) {
            return Some(Answer::gateway(429, "Too Many Requests"));
        }
        (BODY_BYTES_MAX < call.body.len()).then(|| Answer::gateway(413, "Request Entity Too Large"))
    }

    fn takes_one_more(&self, now: Instant) -> bool {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        let (left, since) = *tokens;
        let refilled = now.saturating_duration_since(since).as_secs_f64() * self.limits.rate_per_second;
        let left = (left + refilled).min(self.limits.burst);
        let takes = 1.0 <= left;
        *tokens = (if takes { left - 1.0 } else { left }, now);
        takes
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_burst_passes_and_then_only_the_rate() {
        let gateway = Gateway::new(GatewayLimits { rate_per_second: 10.0, burst: 3.0 });
        let start = Instant::now();
        let pass = |millis: u64, tries: usize| {
            let now = start + Duration::from_millis(millis);
            (0..tries).filter(|_| gateway.takes_one_more(now)).count()
        };
        assert_eq!(pass(10, 5), 3);
        assert_eq!(pass(120, 5), 1);
        assert_eq!(pass(5_000, 5), 3);
    }
}
