//! Lists both buckets.

use anyhow::Context as _;
use aws_sdk_s3::Client;
use aws_sdk_s3::types::{MultipartUpload, Object};
use shared::aws::Buckets;
use shared::ports::OpenMultipart;
use shared::timestamp::Timestamp;

use crate::holdings::{Everything, Holdings, ListedObject, variants_prefix};

/// Both buckets, to list.
#[derive(Clone, Debug)]
pub(crate) struct Listing {
    client: Client,
    buckets: Buckets,
}

impl Listing {
    /// Of these buckets.
    pub(crate) fn new(client: Client, buckets: Buckets) -> Self {
        Self { client, buckets }
    }

    /// Everything in both.
    pub(crate) async fn everything(&self) -> anyhow::Result<Everything> {
        let originals = self.objects(&self.buckets.originals, "u/").await?;
        let multiparts = self.open_multiparts("u/").await?;
        let variants = self.objects(&self.buckets.variants, "v/").await?;
        Ok(Everything::sort(originals, multiparts, variants))
    }

    /// What they hold of the upload whose original has this key.
    pub(crate) async fn of_upload(&self, original_key: &str) -> anyhow::Result<Holdings> {
        let originals = self.objects(&self.buckets.originals, original_key).await?;
        let multiparts = self.open_multiparts(original_key).await?;
        let variants = match variants_prefix(original_key) {
            Some(prefix) => self.objects(&self.buckets.variants, &prefix).await?,
            None => Vec::new(),
        };
        Ok(Everything::sort(originals, multiparts, variants)
            .by_upload
            .into_values()
            .next()
            .unwrap_or_default())
    }

    async fn objects(&self, bucket: &str, prefix: &str) -> anyhow::Result<Vec<ListedObject>> {
        let mut found = Vec::new();
        let mut next = None;
        loop {
            let page = self
                .client
                .list_objects_v2()
                .bucket(bucket)
                .expected_bucket_owner(&self.buckets.owner_account_id)
                .prefix(prefix)
                .set_continuation_token(next)
                .send()
                .await
                .with_context(|| format!("could not list {bucket}"))?;
            for object in page.contents() {
                found.push(
                    listed_object(object).with_context(|| format!("{bucket}: an object is half listed"))?,
                );
            }
            next = page.next_continuation_token;
            if next.is_none() {
                return Ok(found);
            }
        }
    }

    async fn open_multiparts(&self, prefix: &str) -> anyhow::Result<Vec<OpenMultipart>> {
        let bucket = &self.buckets.originals;
        let mut found = Vec::new();
        let (mut key_marker, mut id_marker) = (None, None);
        loop {
            let page = self
                .client
                .list_multipart_uploads()
                .bucket(bucket)
                .expected_bucket_owner(&self.buckets.owner_account_id)
                .prefix(prefix)
                .set_key_marker(key_marker)
                .set_upload_id_marker(id_marker)
                .send()
                .await
                .with_context(|| format!("could not list the open multipart uploads of {bucket}"))?;
            for open in page.uploads() {
                found.push(
                    open_multipart(open).with_context(|| format!("{bucket}: an upload is half listed"))?,
                );
            }
            if page.is_truncated != Some(true) || page.next_key_marker.is_none() {
                return Ok(found);
            }
            (key_marker, id_marker) = (page.next_key_marker, page.next_upload_id_marker);
        }
    }
}

fn listed_object(object: &Object) -> Option<ListedObject> {
    Some(ListedObject {
        key: object.key()?.to_owned(),
        size_bytes: u64::try_from(object.size()?).ok()?,
        etag: object.e_tag()?.trim_matches('"').to_owned(),
        written_at: Timestamp::from_millis(u64::try_from(object.last_modified()?.to_millis().ok()?).ok()?),
    })
}

fn open_multipart(open: &MultipartUpload) -> Option<OpenMultipart> {
    Some(OpenMultipart {
        key: open.key()?.to_owned(),
        s3_upload_id: open.upload_id()?.to_owned(),
        initiated_at: Timestamp::from_millis(u64::try_from(open.initiated()?.to_millis().ok()?).ok()?),
    })
}
