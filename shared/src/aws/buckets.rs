//! Which buckets, and whose.

use crate::config::Settings;
use crate::error::{Error, ErrorKind};
use crate::object_key::{BucketRole, ObjectKey};

/// The names of the buckets and the account that owns them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buckets {
    /// The bucket of the uploaded bytes.
    pub originals: String,
    /// The bucket of the variants; empty in a function that has nothing to do with it.
    pub variants: String,
    /// The account that must own them: a bucket that was deleted and taken by somebody else gets no bytes of ours.
    pub owner_account_id: String,
}

impl Buckets {
    /// For a function that has nothing to do with variants.
    pub fn only_originals(originals: impl Into<String>, owner_account_id: impl Into<String>) -> Self {
        Self {
            originals: originals.into(),
            variants: String::new(),
            owner_account_id: owner_account_id.into(),
        }
    }

    /// Both, as the settings name them; one bucket for both is refused, since every variant would look like a new upload.
    pub fn read(settings: &mut Settings<'_>) -> Self {
        let buckets = Self {
            originals: settings.required("ORIGINALS_BUCKET"),
            variants: settings.required("VARIANTS_BUCKET"),
            owner_account_id: settings.required("BUCKET_OWNER"),
        };
        let names = ["ORIGINALS_BUCKET", "VARIANTS_BUCKET"];
        let fault = "ORIGINALS_BUCKET and VARIANTS_BUCKET are one bucket";
        settings.expect(&names, buckets.originals != buckets.variants, fault);
        buckets
    }

    /// The bucket of this role. `Internal` when this function was not given it.
    pub(super) fn name(&self, role: BucketRole) -> Result<&str, Error> {
        let name = match role {
            BucketRole::Originals => &self.originals,
            BucketRole::Variants => &self.variants,
        };
        if name.is_empty() {
            return Err(Error::new(ErrorKind::Internal, format!("this function has no bucket for {role:?}")));
        }
        Ok(name)
    }

    /// The bucket of a key.
    pub(super) fn name_of(&self, key: &ObjectKey) -> Result<&str, Error> {
        self.name(key.bucket())
    }
}
