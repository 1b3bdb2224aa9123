//! What must hold at every single step, checked at every call: the states of records, and what is deleted.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use shared::ids::UploadId;
use shared::object_key::ObjectKey;
use shared::ports::Clock as _;
use shared::testing::{Call, FakeClock, FakeObjectStore, FakeUploadTable};
use shared::upload::{Upload, UploadState};

/// Younger multipart uploads without a record are left alone, in seconds.
pub(super) const ORPHAN_AGE_SECONDS: u64 = 1_800;

/// Looks at the world at every call, and notes what is wrong.
#[derive(Debug)]
pub(super) struct Watch {
    table: Arc<FakeUploadTable>,
    store: Arc<FakeObjectStore>,
    clock: FakeClock,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    last: BTreeMap<UploadId, Upload>,
    ended_at_step: BTreeMap<UploadId, u64>,
    steps: u64,
    violations: Vec<String>,
}

impl Watch {
    pub(super) fn new(table: Arc<FakeUploadTable>, store: Arc<FakeObjectStore>, clock: FakeClock) -> Self {
        Self { table, store, clock, state: Mutex::default() }
    }

    /// Notes a violation.
    pub(super) fn note(&self, violation: String) {
        self.locked().violations.push(violation);
    }

    pub(super) fn violations(&self) -> Vec<String> {
        self.locked().violations.clone()
    }

    /// The time, in seconds.
    pub(super) fn now(&self) -> u64 {
        self.clock.now().as_seconds()
    }

    /// A number that grows with every call.
    pub(super) fn step(&self) -> u64 {
        self.locked().steps
    }

    /// The step at which an upload ended without a file, if it did.
    pub(super) fn ended_at_step(&self, id: &UploadId) -> Option<u64> {
        self.locked().ended_at_step.get(id).copied()
    }

    pub(super) fn before(&self, call: &Call) {
        self.locked().steps += 1;
        match (call.fake.as_str(), call.operation) {
            ("store", "delete") => self.check_deletion(&call.detail),
            ("store", "abort_multipart") => self.check_abort(&call.detail),
            _ => {}
        }
    }

    pub(super) fn after(&self, call: &Call) {
        if call.fake == "table"
            && matches!(call.operation, "create" | "replace")
            && let Some(id) = call.detail.get(..26).and_then(|id| UploadId::parse(id).ok())
            && let Some(upload) = self.table.upload(&id)
        {
            self.check_change(upload);
        }
    }

    fn check_change(&self, upload: Upload) {
        let mut state = self.locked();
        let before = state.last.get(&upload.id).cloned();
        let unchanged = before.as_ref().is_some_and(|before| *before == upload);
        if unchanged {
            return;
        }
        if let Some(wrong) = wrong_change(before.as_ref(), &upload) {
            let id = &upload.id;
            state.violations.push(format!("I-01/I-05/I-07 {id}: {wrong}"));
        }
        let steps = state.steps;
        if matches!(
            upload.state,
            UploadState::Failed | UploadState::Aborted | UploadState::Expiring | UploadState::Expired
        ) {
            state.ended_at_step.entry(upload.id.clone()).or_insert(steps);
        }
        state.last.insert(upload.id.clone(), upload);
    }

    /// Bytes go only when a record says that they may.
    fn check_deletion(&self, key: &str) {
        let Some(upload) = self.record_of(key) else { return };
        let removed = upload.file.as_ref().is_some_and(|file| file.removed_at.is_some());
        // Of a finished image's variants those that nobody recorded are nobody's.
        let is_stray = upload.image_work_is_over()
            && upload.unrecorded_variants().iter().any(|name| key.ends_with(&format!("/{name}")));
        let may_go = match upload.state {
            UploadState::Completed => removed || is_stray,
            UploadState::Initiating | UploadState::Active | UploadState::Completing => false,
            _ => true,
        };
        if !may_go {
            self.note(format!("I-03 {key} is deleted while its upload is {}", upload.state.name()));
        }
    }

    fn check_abort(&self, detail: &str) {
        let Some((key, s3_upload_id)) = detail.split_once(' ') else { return };
        let record = self.record_of(key);
        let named = record.as_ref().and_then(|upload| upload.multipart.as_ref());
        let is_named = named.is_some_and(|multipart| multipart.s3_upload_id == s3_upload_id);
        let open = record.as_ref().is_some_and(|upload| {
            matches!(upload.state, UploadState::Active | UploadState::Completing | UploadState::Initiating)
        });
        if is_named && open {
            self.note(format!("I-03/I-06 {key} is aborted while its upload is open"));
        }
        if !is_named && self.age_seconds(s3_upload_id).is_some_and(|age| age < ORPHAN_AGE_SECONDS) {
            self.note(format!("I-19 {key}: a young multipart upload without a record is aborted"));
        }
    }

    fn age_seconds(&self, s3_upload_id: &str) -> Option<u64> {
        let initiated_at = self.store.initiated_at(s3_upload_id)?;
        Some(self.clock.now().since(initiated_at).as_secs())
    }

    fn record_of(&self, key: &str) -> Option<Upload> {
        let key = ObjectKey::parse_original(key).or_else(|| {
            // A variant's key is its original's, with another first letter and a name.
            let rest = key.strip_prefix("v/")?;
            ObjectKey::parse_original(&format!("u/{}", rest.rsplit_once('/')?.0))
        })?;
        self.table.upload(key.upload_id())
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wrong_change(before: Option<&Upload>, after: &Upload) -> Option<String> {
    let Some(before) = before else {
        let begins_well = matches!(after.state, UploadState::Initiating | UploadState::Active);
        return (!begins_well).then(|| format!("begins as {}", after.state.name()));
    };
    if after.version != before.version + 1 {
        return Some(format!("version {} follows {}", after.version, before.version));
    }
    if !is_legal(before, after) {
        return Some(format!("{} follows {}", after.state.name(), before.state.name()));
    }
    let file_changed = match (&before.file, &after.file) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(old), Some(new)) => {
            (&old.etag, &old.checksum, &old.version_id, old.completed_at)
                != (&new.etag, &new.checksum, &new.version_id, new.completed_at)
                || (old.removed_at.is_some() && new.removed_at != old.removed_at)
        }
    };
    file_changed.then(|| "the file changed after it was completed".to_owned())
}

fn is_legal(before: &Upload, after: &Upload) -> bool {
    use UploadState::{Aborted, Active, Completed, Completing, Expired, Expiring, Failed, Initiating};
    match (before.state, after.state) {
        (old, new) if old == new => true,
        (Initiating, Active | Expiring | Aborted)
        | (Active, Completing | Expiring | Aborted)
        | (Completing, Active | Completed | Failed)
        | (Expiring, Expired) => true,
        // A worker that has tried too often gives up, whatever the state of its single PUT.
        (Active, Failed) => before.is_single(),
        _ => false,
    }
}
