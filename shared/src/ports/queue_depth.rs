//! How much waits in a queue. For metrics alone: nothing is decided by it.

use std::fmt;

use async_trait::async_trait;

use crate::error::Error;

/// One SQS queue, looked at from outside.
#[async_trait]
pub trait QueueDepth: fmt::Debug + Send + Sync {
    /// Messages that wait to be delivered, as SQS estimates them; those at work now are none. IAM:
    /// `sqs:GetQueueAttributes`.
    async fn waiting(&self) -> Result<u64, Error>;
}
