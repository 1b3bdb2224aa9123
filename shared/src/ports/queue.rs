//! A queue to send to. Functions receive through their trigger, not through a port.

use std::fmt;

use async_trait::async_trait;

use crate::error::Error;
use crate::ids::OwnerId;

/// One SQS queue.
#[async_trait]
pub trait Queue: fmt::Debug + Send + Sync {
    /// Sends one message for `owner`: the queue keeps a busy owner from delaying the others (fair queues,
    /// `MessageGroupId`). Delivered at least once. IAM: `sqs:SendMessage`.
    async fn send(&self, body: &str, owner: &OwnerId) -> Result<(), Error>;
}
