//! The guards that stand between a fault and a loss, by name, so that a simulation can take one away and must notice.
//!
//! In what ships a guard is its condition and nothing else. With the feature `testing` one guard at a time can be taken
//! away on the current thread; a simulation that stays green without it proves nothing.

/// A check that something depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Guard {
    /// A record is stored only over the version that was read.
    RecordVersion,
    /// A page of parts is stored only over the page that was read.
    PageUnchanged,
    /// An idempotency key that is tied stays tied.
    KeyTied,
    /// Somebody else's upload is not found.
    Owner,
    /// An upload that has ended takes no parts.
    TakesParts,
    /// A part is acknowledged only if S3 lists it.
    PartListed,
    /// A part that was replaced is not taken unasked.
    ReplacedRefused,
    /// Parts are compared with the record before they are completed.
    PartsCompared,
    /// An object is ours only if our upload's id is in it.
    ObjectIdentity,
    /// "No such upload" is followed by a look at the object.
    ProofAfterLostReply,
    /// Only an upload that is open can be cancelled.
    CancelOnlyOpen,
    /// Only an upload that is open expires.
    ExpireOnlyOpen,
    /// The object of a single PUT is looked for before the upload expires.
    LookBeforeExpiry,
    /// An assembly job that got lost is sent again.
    ResendAssembly,
    /// An image job that got lost is sent again.
    ResendImage,
    /// A stage that ran out of time stays open for the variants that are missing.
    StageStaysOpen,
    /// What was purged is purged once more when no URL is alive.
    SecondPurge,
    /// A file is marked as removed before its bytes go.
    RemovalMarkedFirst,
    /// A young multipart upload without a record is left alone.
    OrphanAge,
    /// A multipart upload that a record names is left alone.
    OrphanNamed,
}

impl Guard {
    /// Whether `bad` is the case and this guard is there to see it.
    #[cfg(not(feature = "testing"))]
    #[inline]
    pub const fn catches(self, bad: bool) -> bool {
        let _ = self;
        bad
    }

    /// Whether `bad` is the case and this guard is there to see it.
    #[cfg(feature = "testing")]
    pub fn catches(self, bad: bool) -> bool {
        bad && testing::REMOVED.get() != Some(self)
    }
}

/// Taking guards away.
#[cfg(feature = "testing")]
mod testing {
    use std::cell::Cell;

    use super::Guard;

    thread_local! {
        pub(super) static REMOVED: Cell<Option<Guard>> = const { Cell::new(None) };
    }

    impl Guard {
        /// Every guard.
        pub const ALL: [Self; 20] = [
            Self::RecordVersion,
            Self::PageUnchanged,
            Self::KeyTied,
            Self::Owner,
            Self::TakesParts,
            Self::PartListed,
            Self::ReplacedRefused,
            Self::PartsCompared,
            Self::ObjectIdentity,
            Self::ProofAfterLostReply,
            Self::CancelOnlyOpen,
            Self::ExpireOnlyOpen,
            Self::LookBeforeExpiry,
            Self::ResendAssembly,
            Self::ResendImage,
            Self::StageStaysOpen,
            Self::SecondPurge,
            Self::RemovalMarkedFirst,
            Self::OrphanAge,
            Self::OrphanNamed,
        ];

        /// Takes a guard away on this thread; `None` puts it back.
        pub fn take_away(guard: Option<Self>) {
            REMOVED.set(guard);
        }
    }
}
