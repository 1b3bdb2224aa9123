//! Messages of the queues: our own, and the S3 events that share the queues with them.
//!
//! Our own carry ids only, so a message never outgrows the queue, and never says anything that the record does not
//! know better.

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind};
use crate::ids::UploadId;
use crate::object_key::{ObjectKey, decode_event_key};

/// The version that senders write. Readers take every version up to it.
pub const MESSAGE_VERSION: u32 = 1;

/// Refuses a message of a newer version in a way that brings it back: its sender was deployed before this reader, which
/// will follow.
pub fn check_message_version(version: u32) -> Result<(), Error> {
    match version <= MESSAGE_VERSION {
        true => Ok(()),
        false => {
            let message = format!("the message has version {version}; this reader knows {MESSAGE_VERSION}");
            Err(Error::new(ErrorKind::Unavailable, message))
        }
    }
}

/// Ask assembly to finish an upload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AssemblyMessage {
    /// [`MESSAGE_VERSION`] of the sender.
    pub version: u32,
    /// The upload.
    pub upload_id: String,
}

impl AssemblyMessage {
    /// The message for an upload, as text.
    pub fn body_for(id: &UploadId) -> String {
        serde_json::json!({ "version": MESSAGE_VERSION, "uploadId": id.as_str() }).to_string()
    }
}

/// Which variants to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ImageStage {
    /// JPEG and WebP, and the placeholder.
    First,
    /// AVIF, which takes longest.
    Avif,
}

/// Ask thumbnail to make the variants of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageMessage {
    /// [`MESSAGE_VERSION`] of the sender.
    pub version: u32,
    /// The upload whose file it is.
    pub upload_id: String,
    /// Which variants.
    pub stage: ImageStage,
}

impl ImageMessage {
    /// The message for a file, as text.
    pub fn body_for(id: &UploadId, stage: ImageStage) -> String {
        serde_json::json!({ "version": MESSAGE_VERSION, "uploadId": id.as_str(), "stage": stage }).to_string()
    }
}

/// An S3 event notification, as far as we read it. Fields that S3 adds later are ignored.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>
#[derive(Clone, Debug, Deserialize)]
pub struct S3Event {
    /// What happened. Absent in the `s3:TestEvent` that S3 sends once when notifications are set up.
    #[serde(rename = "Records", default)]
    pub records: Vec<S3Record>,
    /// `s3:TestEvent`, on that one.
    #[serde(rename = "Event", default)]
    pub event: Option<String>,
}

/// One record of an [`S3Event`].
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct S3Record {
    /// For example `ObjectCreated:Put`.
    pub event_name: String,
    s3: S3Entity,
}

#[derive(Clone, Debug, Deserialize)]
struct S3Entity {
    bucket: S3Bucket,
    object: S3Object,
}

#[derive(Clone, Debug, Deserialize)]
struct S3Bucket {
    name: String,
}

#[derive(Clone, Debug, Deserialize)]
struct S3Object {
    key: String,
}

impl S3Event {
    /// Reads a message that is not one of ours. Anything but an event with records, or S3's test event, is refused.
    pub fn parse(body: &str) -> Result<Self, Error> {
        let refused = || Error::new(ErrorKind::InvalidRequest, "the message is neither ours nor S3's");
        let event: Self = serde_json::from_str(body).map_err(|err| refused().caused_by(err))?;
        match event.records.is_empty() && event.event.as_deref() != Some("s3:TestEvent") {
            true => Err(refused()),
            false => Ok(event),
        }
    }
}

impl S3Record {
    /// The original that was created in `bucket`; `None` for another event, another bucket, or a key that is not
    /// ours, which a forged message could name.
    pub fn created_original(&self, bucket: &str) -> Option<ObjectKey> {
        if self.s3.bucket.name != bucket || !self.event_name.starts_with("ObjectCreated:") {
            return None;
        }
        ObjectKey::parse_original(&decode_event_key(&self.s3.object.key)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timestamp::Timestamp;

    #[test]
    fn our_messages_are_short_text_whatever_they_are_about() {
        for random in [[0; 10], [0xff; 10]] {
            let id = UploadId::generate(Timestamp::from_millis(u64::MAX >> 16), random);
            let first = ImageMessage::body_for(&id, ImageStage::First);
            for body in [AssemblyMessage::body_for(&id), first, ImageMessage::body_for(&id, ImageStage::Avif)]
            {
                // A queue takes a mebibyte of text; nothing that a client chooses is in ours.
                assert!(body.len() < 100 && body.is_ascii(), "{body}");
            }
        }
    }
}
