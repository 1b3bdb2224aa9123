//! Everything that is known of one upload.

use serde::Serialize;
use shared::access::load_pages;
use shared::ids::UploadId;
use shared::object_key::ObjectKey;
use shared::ports::{Clock as _, ObjectFacts, ObjectStore as _, StoredPart, SystemClock, UploadTable as _};
use shared::timestamp::Timestamp;
use shared::upload::Upload;

use super::parts::{Parts, compare};
use crate::dead_letters::Depth;
use crate::holdings::Holdings;
use crate::stack::Stack;

/// One queue and its dead letters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct QueueFacts {
    /// `assembly`, `image` or `cleanup`.
    pub(crate) name: &'static str,
    /// What the queue holds; cleanup has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) queue: Option<Depth>,
    /// What its dead-letter queue holds.
    pub(crate) dead_letters: Depth,
    /// How many of the dead letters name this upload.
    pub(crate) naming_this_upload: usize,
}

/// What was found.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    /// The upload.
    pub(crate) id: UploadId,
    /// When it was looked at.
    pub(crate) now: Timestamp,
    /// Its record.
    pub(crate) record: Option<Upload>,
    /// Its parts, if it has some on record and is no single PUT.
    pub(crate) parts: Option<Parts>,
    /// What S3 lists of it.
    pub(crate) held: Holdings,
    /// What a look at the original shows.
    pub(crate) original: Option<ObjectFacts>,
    /// The queues.
    pub(crate) queues: Vec<QueueFacts>,
}

impl Facts {
    /// Whether a dead letter of this queue names the upload.
    pub(crate) fn is_dead_lettered(&self, queue: &str) -> bool {
        self.queues.iter().any(|facts| facts.name == queue && 0 < facts.naming_this_upload)
    }

    /// The names of recorded variants that S3 lacks.
    pub(crate) fn missing_variants(&self) -> Vec<&str> {
        let Some(upload) = &self.record else { return Vec::new() };
        let is_there = |name: &str| {
            let key = ObjectKey::variant(&upload.owner, &upload.id, name);
            self.held.variants.iter().any(|listed| listed.key == key.as_str())
        };
        let recorded =
            upload.image.iter().flat_map(|image| &image.variants).map(|variant| variant.name.as_str());
        recorded.filter(|name| !is_there(name)).collect()
    }
}

/// Asks everybody.
pub(crate) async fn gather(stack: &Stack, id: &UploadId) -> anyhow::Result<Facts> {
    let record = stack.table.get(id).await?;
    let held = match &record {
        Some(upload) => stack.listing.of_upload(upload.object_key().as_str()).await?,
        // Without a record nobody knows the owner's part of the key.
        None => stack.listing.everything().await?.by_upload.remove(id).unwrap_or_default(),
    };
    let key = held.original.as_ref().and_then(|listed| ObjectKey::parse_original(&listed.key));
    let original = match key {
        Some(key) => stack.store.look(&key).await?,
        None => None,
    };
    let parts = match &record {
        Some(upload) if !upload.is_single() => Some(parts_of(stack, upload).await?),
        _ => None,
    };
    let mut queues = Vec::new();
    for letters in &stack.dead_letters {
        let queue = letters.source_depth().await?;
        let dead_letters = letters.depth().await?;
        let naming_this_upload = letters.naming(id.as_str()).await?;
        queues.push(QueueFacts { name: letters.name, queue, dead_letters, naming_this_upload });
    }
    Ok(Facts { id: id.clone(), now: SystemClock.now(), record, parts, held, original, queues })
}

async fn parts_of(stack: &Stack, upload: &Upload) -> anyhow::Result<Parts> {
    let pages = load_pages(&stack.table, upload).await?;
    let listed = listed_parts(stack, upload).await?;
    Ok(compare(&upload.plan, &pages, listed.as_deref()))
}

async fn listed_parts(stack: &Stack, upload: &Upload) -> anyhow::Result<Option<Vec<StoredPart>>> {
    let Some(multipart) = &upload.multipart else { return Ok(None) };
    let (mut parts, mut after) = (Vec::new(), None);
    loop {
        let Some(page) = stack.store.list_parts(&upload.object_key(), multipart, after).await? else {
            return Ok(None);
        };
        parts.extend(page.parts);
        match page.next_after {
            Some(next) => after = Some(next),
            None => return Ok(Some(parts)),
        }
    }
}
