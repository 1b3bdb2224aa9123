//! How long we wait for AWS, and how often we ask.
//!
//! | what | seconds | why |
//! |---|---|---|
//! | connect | 1 | within a region a connection takes milliseconds; one that takes a second is better begun anew |
//! | one attempt | 5 | ten times what a slow answer takes; a lost packet then costs an attempt, not the call |
//! | one call | 8 | the functions of the API have 10 to 15 seconds in all, and must still answer |
//! | attempt, with a payload | 20 | reads and writes of whole images |
//! | call, with a payload | 45 | the function of the images has 120 |
//! | attempt to complete | 100 | S3 can take minutes to join 10,000 parts, and asking again joins the wait |
//! | call to complete | 210 | the function of the assembly has 300, and must still look at the object |

use std::time::Duration;

use aws_sdk_s3::config::Builder;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;

/// How long one kind of call may take, all of its attempts and the waits between them included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallBudget {
    /// One attempt, in seconds.
    pub attempt_seconds: u64,
    /// The whole call, in seconds.
    pub call_seconds: u64,
}

/// To open a connection, in seconds.
pub const CONNECT_SECONDS: u64 = 1;
/// Every call that says nothing else.
pub const USUAL_CALL: CallBudget = CallBudget { attempt_seconds: 5, call_seconds: 8 };
/// Calls that carry an image.
pub const PAYLOAD_CALL: CallBudget = CallBudget { attempt_seconds: 20, call_seconds: 45 };
/// Completing an upload.
pub const COMPLETE_CALL: CallBudget = CallBudget { attempt_seconds: 100, call_seconds: 210 };
/// The first attempt and two repeats, with jittered waits. More is the business of the queue or the client.
pub const ATTEMPTS_MAX: u32 = 3;

/// For every call that says nothing else.
pub(super) fn usual() -> TimeoutConfig {
    timeouts(USUAL_CALL)
}

/// How often a call is tried.
pub(super) fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(ATTEMPTS_MAX)
}

/// For calls that carry an image.
pub(super) fn for_payloads() -> Builder {
    Builder::default().timeout_config(timeouts(PAYLOAD_CALL))
}

/// For completing an upload.
pub(super) fn for_complete() -> Builder {
    Builder::default().timeout_config(timeouts(COMPLETE_CALL))
}

fn timeouts(budget: CallBudget) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(CONNECT_SECONDS))
        .operation_attempt_timeout(Duration::from_secs(budget.attempt_seconds))
        .operation_timeout(Duration::from_secs(budget.call_seconds))
        .build()
}
