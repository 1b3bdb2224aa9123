//! The states of an upload, and their names in the API and in the table.

use serde::{Deserialize, Serialize};

/// Where an upload stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UploadState {
    /// Recorded; S3 does not know of it yet.
    Initiating,
    /// Parts may come.
    Active,
    /// All parts are in; assembly is on its way.
    Completing,
    /// The file is there, verified.
    Completed,
    /// It cannot become a file; the reason says why.
    Failed,
    /// Past its time; its bytes are being deleted.
    Expiring,
    /// Past its time; nothing is left of it.
    Expired,
    /// Cancelled by its owner.
    Aborted,
}

impl UploadState {
    /// The name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Initiating => "initiating",
            Self::Active => "active",
            Self::Completing => "completing",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Expiring => "expiring",
            Self::Expired => "expired",
            Self::Aborted => "aborted",
        }
    }

    /// The state behind a name.
    pub fn from_name(name: &str) -> Option<Self> {
        let all = [
            Self::Initiating,
            Self::Active,
            Self::Completing,
            Self::Completed,
            Self::Failed,
            Self::Expiring,
            Self::Expired,
            Self::Aborted,
        ];
        all.into_iter().find(|state| state.name() == name)
    }
}
