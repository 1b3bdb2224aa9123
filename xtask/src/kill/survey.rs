//! Everything that a stack holds, as `infra/local/pace.py` and `operate` tell it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Table and buckets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Survey {
    /// Every record of an upload.
    pub(super) records: Vec<Record>,
    /// The key of every version of an original.
    pub(super) versions: Vec<String>,
    /// The key of every original that can be read.
    pub(super) objects: Vec<String>,
    /// Bytes of every variant, by its key.
    pub(super) variants: BTreeMap<String, u64>,
    /// Every open multipart upload of both buckets.
    pub(super) multiparts: Vec<OpenMultipart>,
}

/// What the record of an upload says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Record {
    /// The upload.
    pub(super) id: String,
    /// Its state.
    pub(super) state: String,
    /// The name of the file.
    pub(super) filename: String,
    /// Where the original lies: `u/<owner>/<id>`.
    pub(super) key: String,
    /// S3's name of its multipart upload.
    pub(super) s3_upload_id: Option<String>,
    /// pending, partial, done or failed; nothing for a file that is no image.
    pub(super) image_state: Option<String>,
    /// Why variants are missing.
    pub(super) image_reason: Option<String>,
    /// Bytes of every variant on record, by its name.
    pub(super) variants: BTreeMap<String, u64>,
}

impl Record {
    /// Whether work on it is still to come, of which no client has to ask for.
    pub(super) fn is_under_way(&self) -> bool {
        let image_waits = matches!(self.image_state.as_deref(), Some("pending" | "partial"));
        matches!(self.state.as_str(), "completing" | "expiring") || (self.state == "completed" && image_waits)
    }

    /// What the keys of its variants begin with.
    pub(super) fn variants_prefix(&self) -> String {
        format!("v/{}/", self.key.strip_prefix("u/").unwrap_or(&self.key))
    }
}

/// An open multipart upload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OpenMultipart {
    /// The key that it is for.
    pub(super) key: String,
    /// S3's name of it.
    pub(super) s3_upload_id: String,
}

/// The answer of `operate reconcile --json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Reconciled {
    /// What does not fit together.
    pub(super) differences: Vec<Difference>,
}

/// One difference between table and buckets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Difference {
    /// Its stable name.
    pub(super) kind: String,
    /// The upload, where one is known.
    pub(super) id: Option<String>,
    /// The key, where it is about one.
    pub(super) key: Option<String>,
    /// For people.
    pub(super) detail: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_under_way_until_the_variants_are_there() {
        let record = |state: &str, image_state: Option<&str>| Record {
            state: state.to_owned(),
            image_state: image_state.map(str::to_owned),
            ..Record::default()
        };
        assert!(record("completing", None).is_under_way());
        assert!(record("completed", Some("partial")).is_under_way());
        assert!(!record("completed", Some("done")).is_under_way());
        assert!(!record("completed", None).is_under_way());
        assert!(!record("active", None).is_under_way(), "that is for its client to finish");
    }

    #[test]
    fn what_reconcile_prints_is_read() {
        let text = r#"{"differences":[{"kind":"foreign_key","detail":"no key of ours","repaired":false}],
            "checked":{"records":1,"objects":1,"multiparts":0,"variants":0}}"#;
        let reconciled: Reconciled = serde_json::from_str(text).unwrap();
        assert_eq!(reconciled.differences[0].kind, "foreign_key");
        assert_eq!(reconciled.differences[0].id, None);
    }
}
