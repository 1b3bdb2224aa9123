//! What S3 holds, sorted by the upload that it belongs to.

use std::collections::{BTreeMap, BTreeSet};

use shared::ids::UploadId;
use shared::object_key::ObjectKey;
use shared::ports::OpenMultipart;
use shared::timestamp::Timestamp;

/// An object as a listing shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ListedObject {
    /// Its key.
    pub(crate) key: String,
    /// Its length in bytes.
    pub(crate) size_bytes: u64,
    /// Its tag, without quotes.
    pub(crate) etag: String,
    /// When it was written.
    pub(crate) written_at: Timestamp,
}

/// What S3 holds of one upload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Holdings {
    /// The original.
    pub(crate) original: Option<ListedObject>,
    /// Multipart uploads that are open.
    pub(crate) multiparts: Vec<OpenMultipart>,
    /// The variants.
    pub(crate) variants: Vec<ListedObject>,
}

impl Holdings {
    /// Whether S3 holds nothing.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Everything in both buckets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Everything {
    /// By upload.
    pub(crate) by_upload: BTreeMap<UploadId, Holdings>,
    /// Keys that are none of ours.
    pub(crate) foreign_keys: BTreeSet<String>,
    /// How many originals were listed.
    pub(crate) objects: usize,
    /// How many open multipart uploads.
    pub(crate) multiparts: usize,
    /// How many variants.
    pub(crate) variants: usize,
}

impl Everything {
    /// Sorts what was listed.
    pub(crate) fn sort(
        originals: Vec<ListedObject>,
        multiparts: Vec<OpenMultipart>,
        variants: Vec<ListedObject>,
    ) -> Self {
        let mut all = Self {
            objects: originals.len(),
            multiparts: multiparts.len(),
            variants: variants.len(),
            ..Self::default()
        };
        for original in originals {
            if let Some(holdings) = all.holdings_of(&original.key, upload_of_original(&original.key)) {
                holdings.original = Some(original);
            }
        }
        for open in multiparts {
            if let Some(holdings) = all.holdings_of(&open.key, upload_of_original(&open.key)) {
                holdings.multiparts.push(open);
            }
        }
        for variant in variants {
            if let Some(holdings) = all.holdings_of(&variant.key, upload_of_variant(&variant.key)) {
                holdings.variants.push(variant);
            }
        }
        all
    }

    fn holdings_of(&mut self, key: &str, id: Option<UploadId>) -> Option<&mut Holdings> {
        match id {
            Some(id) => Some(self.by_upload.entry(id).or_default()),
            None => {
                self.foreign_keys.insert(key.to_owned());
                None
            }
        }
    }
}

fn upload_of_original(key: &str) -> Option<UploadId> {
    ObjectKey::parse_original(key).map(|key| key.upload_id().clone())
}

/// The upload of a variant's key, which is that of its original with another first letter and a name behind.
fn upload_of_variant(key: &str) -> Option<UploadId> {
    let (folder, _) = key.strip_prefix("v/")?.rsplit_once('/')?;
    upload_of_original(&format!("u/{folder}"))
}

/// What the key of every variant of an original begins with; `None` for a key that is no original's.
pub(crate) fn variants_prefix(original_key: &str) -> Option<String> {
    Some(format!("v/{}/", original_key.strip_prefix("u/")?))
}

/// What the keys of an upload's originals begin with, whichever kind of key one begins with.
pub(crate) fn original_key_of(key: &str) -> Option<String> {
    match key.strip_prefix("v/") {
        None => Some(key.to_owned()),
        Some(rest) => Some(format!("u/{}", rest.rsplit_once('/')?.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::testing::an_upload;

    fn listed(key: &str) -> ListedObject {
        ListedObject {
            key: key.to_owned(),
            size_bytes: 1,
            etag: "t".to_owned(),
            written_at: Timestamp::default(),
        }
    }

    #[test]
    fn everything_is_found_under_its_upload_and_the_rest_is_foreign() {
        let upload = an_upload().build();
        let original = upload.object_key();
        let variant = ObjectKey::variant(&upload.owner, &upload.id, "640x480.webp");
        let open = OpenMultipart {
            key: original.as_str().to_owned(),
            s3_upload_id: "s3".to_owned(),
            initiated_at: Timestamp::default(),
        };
        let all = Everything::sort(
            vec![listed(original.as_str()), listed("u/stray")],
            vec![open.clone()],
            vec![listed(variant.as_str()), listed("v/stray")],
        );
        let expected = Holdings {
            original: Some(listed(original.as_str())),
            multiparts: vec![open],
            variants: vec![listed(variant.as_str())],
        };
        assert_eq!(all.by_upload, BTreeMap::from([(upload.id, expected)]));
        assert_eq!(all.foreign_keys, BTreeSet::from(["u/stray".to_owned(), "v/stray".to_owned()]));
        assert_eq!((all.objects, all.multiparts, all.variants), (2, 1, 2));
    }

    #[test]
    fn original_and_variants_lead_to_each_other() {
        let upload = an_upload().build();
        let original = upload.object_key();
        let variant = ObjectKey::variant(&upload.owner, &upload.id, "640x480.webp");
        assert!(variant.as_str().starts_with(&variants_prefix(original.as_str()).unwrap()));
        assert_eq!(original_key_of(variant.as_str()).as_deref(), Some(original.as_str()));
        assert_eq!(original_key_of(original.as_str()).as_deref(), Some(original.as_str()));
    }
}
