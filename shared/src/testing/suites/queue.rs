//! What every queue does.

use std::fmt;

use async_trait::async_trait;

use super::super::builders::an_owner;
use crate::ports::Queue;

/// The other end of a queue.
#[async_trait]
pub trait QueueDrain: fmt::Debug + Send + Sync {
    /// Takes out at least `count` messages: body and message group.
    async fn take(&self, count: usize) -> Vec<(String, String)>;
}

/// Runs every check of a queue, which must be empty.
pub async fn queue_suite(queue: &dyn Queue, drain: &dyn QueueDrain) {
    let (alice, bob) = (an_owner("alice"), an_owner("bob \u{1f980} <b@example.org>"));
    queue.send(r#"{"version":1,"uploadId":"a"}"#, &alice).await.unwrap();
    queue.send(r#"{"version":1,"uploadId":"b \u00e9 é"}"#, &bob).await.unwrap();
    let mut messages = drain.take(2).await;
    messages.sort();
    let expected = [
        (r#"{"version":1,"uploadId":"a"}"#.to_owned(), alice.key_prefix()),
        (r#"{"version":1,"uploadId":"b \u00e9 é"}"#.to_owned(), bob.key_prefix()),
    ];
    assert_eq!(messages, expected);
}
