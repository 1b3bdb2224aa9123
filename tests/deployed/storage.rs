//! What S3 and SQS really hold, for which no client may ask.

use aws_sdk_s3::primitives::DateTime;
use aws_sdk_s3::types::Part;
use aws_sdk_sqs::types::QueueAttributeName;
use shared::ids::OwnerId;

use crate::stack::Stack;

/// An object, or one version of it: key, tag, time of writing.
pub(crate) type Held = (String, String, Option<DateTime>);

impl Stack {
    /// The S3 client, with all rights.
    pub(crate) fn s3(&self) -> aws_sdk_s3::Client {
        aws_sdk_s3::Client::new(&self.sdk)
    }

    /// The key of the original behind an upload of the owner.
    pub(crate) fn key_of(&self, id: &str) -> String {
        self.record(id).object_key().as_str().to_owned()
    }

    /// How many multipart uploads are open for an upload.
    pub(crate) fn open_multipart_count(&self, id: &str) -> usize {
        let list =
            self.s3().list_multipart_uploads().bucket(self.text("originalsBucket")).prefix(self.key_of(id));
        self.wait_for(list.send()).unwrap().uploads().len()
    }

    /// The parts of an upload that S3 holds, by number; nothing when the multipart upload is gone.
    pub(crate) fn stored_part_numbers(&self, id: &str) -> Vec<i32> {
        let record = self.record(id);
        let list = self.s3().list_parts().bucket(self.text("originalsBucket")).key(self.key_of(id));
        let list = list.upload_id(record.multipart.expect("a multipart upload").s3_upload_id);
        match self.wait_for(list.send()) {
            Ok(listed) => listed.parts().iter().filter_map(Part::part_number).collect(),
            Err(err) => {
                let code = err.as_service_error().and_then(|err| err.meta().code().map(str::to_owned));
                assert_eq!(code.as_deref(), Some("NoSuchUpload"), "{err:?}");
                Vec::new()
            }
        }
    }

    /// Every version of the original, and its tag; a mark of deletion is no version.
    pub(crate) fn versions_of_original(&self, id: &str) -> Vec<Held> {
        let list =
            self.s3().list_object_versions().bucket(self.text("originalsBucket")).prefix(self.key_of(id));
        let listed = self.wait_for(list.send()).unwrap();
        let version = |version: &aws_sdk_s3::types::ObjectVersion| {
            let tag = format!(
                "{} {}",
                version.e_tag().unwrap_or_default(),
                version.version_id().unwrap_or_default()
            );
            (version.key().unwrap_or_default().to_owned(), tag, version.last_modified().copied())
        };
        listed.versions().iter().map(version).collect()
    }

    /// Whether the original can be read, which it cannot once it is deleted, even while its versions rest.
    pub(crate) fn original_is_there(&self, id: &str) -> bool {
        let list = self.s3().list_objects_v2().bucket(self.text("originalsBucket")).prefix(self.key_of(id));
        !self.wait_for(list.send()).unwrap().contents().is_empty()
    }

    /// The variants of a file of the owner.
    pub(crate) fn stored_variants(&self, id: &str) -> Vec<Held> {
        let owner = OwnerId::parse(self.text("owner")).unwrap();
        let prefix = format!("v/{}/{id}/", owner.key_prefix());
        let list = self.s3().list_objects_v2().bucket(self.text("variantsBucket")).prefix(prefix);
        let listed = self.wait_for(list.send()).unwrap();
        let held = |object: &aws_sdk_s3::types::Object| {
            let (key, tag) = (object.key().unwrap_or_default(), object.e_tag().unwrap_or_default());
            (key.to_owned(), tag.to_owned(), object.last_modified().copied())
        };
        listed.contents().iter().map(held).collect()
    }

    /// Puts a message into the queue that the description calls so.
    pub(crate) fn send_message(&self, queue: &str, body: &str) {
        let client = aws_sdk_sqs::Client::new(&self.sdk);
        let message = client.send_message().queue_url(self.text(queue)).message_body(body);
        self.wait_for(message.send()).unwrap();
    }

    /// How many messages of a queue wait, and how many are in work or will come again.
    pub(crate) fn message_counts(&self, queue: &str) -> [u64; 2] {
        let wanted = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        ];
        let client = aws_sdk_sqs::Client::new(&self.sdk);
        let ask = client.get_queue_attributes().queue_url(self.text(queue));
        let answer = self.wait_for(ask.set_attribute_names(Some(wanted.to_vec())).send()).unwrap();
        let attributes = answer.attributes.unwrap_or_default();
        wanted.map(|name| attributes[&name].parse().unwrap())
    }
}
