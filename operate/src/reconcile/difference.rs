//! What can differ, and what mends it.

use serde::{Serialize, Serializer};
use shared::ids::UploadId;

/// The kinds of differences. The names are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// A record that cannot be read.
    UnreadableRecord,
    /// An object, a variant or a multipart upload under a key that is none of ours.
    ForeignKey,
    /// An original that no completed record stands for.
    ObjectWithoutFile,
    /// A completed record whose original is gone.
    FileWithoutObject,
    /// A completed record whose original is another one.
    ObjectDiffers,
    /// A multipart upload that no record names.
    MultipartWithoutRecord,
    /// A multipart upload whose record has ended.
    MultipartOfEndedUpload,
    /// An open upload whose multipart upload S3 no longer knows: the parts that were sent are gone.
    MultipartMissing,
    /// A variant that no record names.
    VariantWithoutRecord,
    /// A recorded variant that is gone.
    VariantMissing,
    /// A recorded variant whose object has another size.
    VariantDiffers,
    /// A record that nobody attended to in time.
    Overdue,
}

impl Kind {
    /// The name for programs, and good enough for people.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::UnreadableRecord => "unreadable_record",
            Self::ForeignKey => "foreign_key",
            Self::ObjectWithoutFile => "object_without_file",
            Self::FileWithoutObject => "file_without_object",
            Self::ObjectDiffers => "object_differs",
            Self::MultipartWithoutRecord => "multipart_without_record",
            Self::MultipartOfEndedUpload => "multipart_of_ended_upload",
            Self::MultipartMissing => "multipart_missing",
            Self::VariantDiffers => "variant_differs",
            Self::VariantWithoutRecord => "variant_without_record",
            Self::VariantMissing => "variant_missing",
            Self::Overdue => "overdue",
        }
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// What `--repair` does about a difference. The service's own mechanisms do the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// Nothing that is safe; a person decides.
    #[default]
    ByHand,
    /// Make the record due, so that cleanup attends to it.
    MakeDue,
    /// Abort the multipart upload with this id of S3.
    Abort(String),
    /// Begin the image work anew.
    RemakeImage,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Difference {
    /// What kind.
    pub(crate) kind: Kind,
    /// The upload.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "id_text")]
    pub(crate) id: Option<UploadId>,
    /// The key in S3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<String>,
    /// For people.
    pub(crate) detail: String,
    /// Whether its remedy was applied.
    pub(crate) repaired: bool,
    /// What `--repair` does.
    #[serde(skip)]
    pub(crate) remedy: Remedy,
}

impl Difference {
    /// A difference that a person has to look at.
    pub(crate) fn new(kind: Kind, id: Option<&UploadId>, detail: impl Into<String>) -> Self {
        Self {
            kind,
            id: id.cloned(),
            key: None,
            detail: detail.into(),
            repaired: false,
            remedy: Remedy::ByHand,
        }
    }

    /// With the key that it is about.
    #[must_use]
    pub(crate) fn at(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }

    /// With what mends it.
    #[must_use]
    pub(crate) fn mended_by(mut self, remedy: Remedy) -> Self {
        self.remedy = remedy;
        self
    }
}

#[expect(clippy::ref_option, reason = "serde hands a field over like this")]
fn id_text<S: Serializer>(id: &Option<UploadId>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(id.as_ref().map_or("", UploadId::as_str))
}
