//! A queue that keeps what it is sent.

use std::sync::Mutex;

use async_trait::async_trait;

use super::points::{Call, CallLog, Fault, Points, locked};
use crate::error::Error;
use crate::ids::OwnerId;
use crate::ports::{Queue, QueueDepth};

/// A message as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentMessage {
    /// The body.
    pub body: String,
    /// For whom.
    pub owner: OwnerId,
}

/// A queue in memory. Delivery is the test's: it takes messages out and calls the consumer with them.
#[derive(Debug)]
pub struct FakeQueue {
    points: Points,
    messages: Mutex<Vec<SentMessage>>,
}

impl FakeQueue {
    /// An empty queue; `name` is what the log calls it.
    pub fn new(name: &str) -> Self {
        Self::with_log(name, CallLog::default())
    }

    /// An empty queue which shares a log.
    pub fn with_log(name: &str, log: CallLog) -> Self {
        Self { points: Points::new(name, log), messages: Mutex::default() }
    }

    /// Every message that is in the queue, oldest first.
    pub fn messages(&self) -> Vec<SentMessage> {
        locked(&self.messages).clone()
    }

    /// The bodies of [`FakeQueue::messages`].
    pub fn bodies(&self) -> Vec<String> {
        locked(&self.messages).iter().map(|message| message.body.clone()).collect()
    }

    /// Takes every message out, oldest first.
    pub fn take_all(&self) -> Vec<SentMessage> {
        std::mem::take(&mut *locked(&self.messages))
    }

    /// Puts a message in without a call of the port: a duplicate, a foreign message, an S3 event.
    pub fn put_in(&self, message: SentMessage) {
        locked(&self.messages).push(message);
    }

    /// Faults, hooks and counters.
    pub fn points(&self) -> &Points {
        &self.points
    }

    /// See [`Points::fail_next`].
    pub fn fail_next(&self, operation: &'static str, fault: Fault) {
        self.points.fail_next(operation, fault);
    }

    /// See [`Points::calls`].
    pub fn calls(&self) -> Vec<Call> {
        self.points.calls()
    }
}

#[async_trait]
impl Queue for FakeQueue {
    async fn send(&self, body: &str, owner: &OwnerId) -> Result<(), Error> {
        let message = SentMessage { body: body.to_owned(), owner: owner.clone() };
        let effect = || {
            locked(&self.messages).push(message);
            Ok(())
        };
        self.points.call("send", body.to_owned(), effect).await
    }
}

#[async_trait]
impl QueueDepth for FakeQueue {
    async fn waiting(&self) -> Result<u64, Error> {
        let effect = || Ok(u64::try_from(locked(&self.messages).len()).unwrap_or(u64::MAX));
        self.points.call("waiting", String::new(), effect).await
    }
}
