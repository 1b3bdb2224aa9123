//! The upload record as a DynamoDB item.
//!
//! A write costs one unit a KiB, so a typical record must stay below 1,024 bytes with its file and its variants;
//! that is why the attribute names are short. The fakes convert with the same functions, so sizes are the real ones.
//!
//! | attribute | holds |
//! |---|---|
//! | `pk`, `sk` | `U#<upload id>`, `#` |
//! | `ownerKey`, `ownerSort` | index byOwner: hash of the owner; creation time in milliseconds, 14 digits, then the id |
//! | `dueShard`, `dueAt` | index byDue, only while cleanup should look: shard `d0` to `d7`, seconds rounded up |
//! | `ttl` | when DynamoDB may delete the item, seconds rounded up |
//! | `ver`, `wr` | version; random tag of the write that stored this version |
//! | `st`, `own`, `fn`, `ct`, `pri`, `meta` | state, owner, filename, content type, priority, metadata |
//! | `size`, `part`, `one` | size and part size in bytes; whether it is a single PUT |
//! | `sum`, `life` | declared checksum `<algorithm>[:<base64>]`; lifetime of the file in seconds |
//! | `s3`, `s3t` | S3's UploadId and the checksum type it answered |
//! | `cr`, `exp`, `end` | creation, expiry, end, in milliseconds |
//! | `lease`, `att` | end of the lease in milliseconds; assembly attempts |
//! | `rc`, `rm` | code and message of the reason |
//! | `f..`, `i..` | file and image, see `file_item` |

use super::file_item;
use super::item::{Item, ItemReader, ItemWriter};
use crate::checksum::{Checksum, ChecksumAlgorithm, ChecksumType};
use crate::error::Error;
use crate::ids::{OwnerId, UploadId};
use crate::plan::{Plan, Strategy};
use crate::ports::due_shard;
use crate::record::{DeclaredChecksum, Multipart, Priority, Reason};
use crate::timestamp::Timestamp;
use crate::upload::{Upload, UploadState};

/// The sort key of every item that has its partition to itself.
pub(crate) const ONLY_SORT_KEY: &str = "#";
/// What the partition of every upload begins with.
pub(crate) const PARTITION_PREFIX: &str = "U#";

/// The keys of an upload's record.
pub(crate) fn upload_keys(id: &UploadId) -> (String, String) {
    (upload_partition(id), ONLY_SORT_KEY.to_owned())
}

/// The partition of an upload: its record and its pages of parts.
pub(crate) fn upload_partition(id: &UploadId) -> String {
    format!("{PARTITION_PREFIX}{id}")
}

/// The upload that a partition belongs to.
pub(crate) fn upload_of_partition(partition: &str) -> Option<UploadId> {
    UploadId::parse(partition.strip_prefix(PARTITION_PREFIX)?).ok()
}

/// The partition key of a shard in the index byDue.
pub(crate) fn due_shard_key(shard: u8) -> String {
    format!("d{shard}")
}

/// Seconds, rounded up: nothing is due, or deleted, before its time.
pub(crate) fn seconds_rounded_up(at: Timestamp) -> u64 {
    at.as_millis().div_ceil(1_000)
}

/// The item of an upload, as stored under `version`, by the write with this tag.
pub(crate) fn to_item(upload: &Upload, version: u64, write_tag: &[u8]) -> Item {
    let mut item = ItemWriter::new(upload_keys(&upload.id));
    item.text("ownerKey", upload.owner.key_prefix());
    item.text("ownerSort", format!("{:014}{}", upload.created_at.as_millis(), upload.id));
    if let Some(due_at) = upload.due_at {
        item.text("dueShard", due_shard_key(due_shard(&upload.id)));
        item.number("dueAt", seconds_rounded_up(due_at));
    }
    item.number_if("ttl", upload.ttl_at.map(seconds_rounded_up));
    item.number("ver", version);
    item.binary("wr", write_tag.to_vec());
    item.text("st", upload.state.name());
    item.text("own", upload.owner.as_str());
    item.text("fn", upload.filename.as_str());
    item.text("ct", upload.content_type.as_str());
    item.text_if("pri", priority_name(upload.priority));
    item.text_map("meta", &upload.metadata);
    item.number("size", upload.plan.size_bytes());
    match upload.plan.strategy() {
        Strategy::Single => item.number("one", 1_u64),
        Strategy::Multipart => item.number("part", upload.plan.part_size_bytes()),
    }
    item.text_if("sum", upload.checksum.as_ref().map(declared_checksum_text));
    item.number_if("life", upload.file_lifetime_seconds);
    if let Some(multipart) = &upload.multipart {
        item.text("s3", multipart.s3_upload_id.as_str());
        item.text_if("s3t", multipart.checksum_type.map(checksum_type_name));
    }
    item.number("cr", upload.created_at.as_millis());
    item.number("exp", upload.expires_at.as_millis());
    item.time_if("end", upload.ended_at);
    item.time_if("lease", upload.leased_until);
    item.number_if("att", Some(upload.assembly_attempts).filter(|attempts| *attempts > 0));
    if let Some(reason) = &upload.reason {
        item.text("rc", reason.code.as_str());
        item.text("rm", reason.message.as_str());
    }
    file_item::write_file(&mut item, upload.file.as_ref());
    file_item::write_image(&mut item, upload.image.as_ref());
    item.into_item()
}

/// Reads what [`to_item`] wrote. `Internal`, with the attribute's name for the log, when anything is off.
pub(crate) fn from_item(item: &Item) -> Result<Upload, Error> {
    let read = ItemReader(item);
    let id = read.expect("pk", upload_of_partition(read.text("pk")?))?;
    let state = read.expect("st", UploadState::from_name(read.text("st")?))?;
    Ok(Upload {
        id,
        owner: OwnerId::parse(read.text("own")?).map_err(|_| read.damaged("own"))?,
        state,
        plan: plan_of(read)?,
        filename: read.text("fn")?.to_owned(),
        content_type: read.text("ct")?.to_owned(),
        priority: read.expect("pri", priority_from_name(read.text_if("pri")?))?,
        metadata: read.text_map("meta")?,
        checksum: read
            .text_if("sum")?
            .map(|text| read.expect("sum", declared_checksum_from_text(text)))
            .transpose()?,
        file_lifetime_seconds: read.number_if("life")?,
        multipart: multipart_of(read)?,
        created_at: read.time("cr")?,
        expires_at: read.time("exp")?,
        leased_until: read.time_if("lease")?,
        assembly_attempts: read.number_if("att")?.unwrap_or(0),
        reason: reason_of(read, "rc", "rm")?,
        ended_at: read.time_if("end")?,
        file: file_item::read_file(read)?,
        image: file_item::read_image(read)?,
        due_at: read.seconds_if("dueAt")?,
        ttl_at: read.seconds_if("ttl")?,
        version: read.number("ver")?,
    })
}

fn plan_of(read: ItemReader<'_>) -> Result<Plan, Error> {
    let size_bytes = read.number("size")?;
    let plan = match read.number_if::<u64>("one")? {
        Some(_) => Plan::from_record(Strategy::Single, size_bytes, size_bytes),
        None => Plan::from_record(Strategy::Multipart, size_bytes, read.number("part")?),
    };
    read.expect("size", plan)
}

fn multipart_of(read: ItemReader<'_>) -> Result<Option<Multipart>, Error> {
    let Some(s3_upload_id) = read.text_if("s3")? else { return Ok(None) };
    let checksum_type =
        read.text_if("s3t")?.map(|name| read.expect("s3t", checksum_type_from_name(name))).transpose()?;
    Ok(Some(Multipart { s3_upload_id: s3_upload_id.to_owned(), checksum_type }))
}

/// A reason from its two attributes.
pub(crate) fn reason_of(read: ItemReader<'_>, code: &str, message: &str) -> Result<Option<Reason>, Error> {
    match read.text_if(code)? {
        None => Ok(None),
        Some(code) => Ok(Some(Reason::new(code, read.text(message)?))),
    }
}

/// S3's name of a checksum type.
pub(crate) const fn checksum_type_name(kind: ChecksumType) -> &'static str {
    match kind {
        ChecksumType::FullObject => "FULL_OBJECT",
        ChecksumType::Composite => "COMPOSITE",
    }
}

/// The checksum type behind S3's name.
pub(crate) fn checksum_type_from_name(name: &str) -> Option<ChecksumType> {
    [ChecksumType::FullObject, ChecksumType::Composite]
        .into_iter()
        .find(|kind| checksum_type_name(*kind) == name)
}

fn declared_checksum_text(declared: &DeclaredChecksum) -> String {
    match &declared.whole {
        None => declared.algorithm.name().to_owned(),
        Some(whole) => format!("{}:{}", declared.algorithm.name(), whole.to_base64()),
    }
}

fn declared_checksum_from_text(text: &str) -> Option<DeclaredChecksum> {
    let (name, whole) = match text.split_once(':') {
        None => (text, None),
        Some((name, base64)) => (name, Some(base64)),
    };
    let algorithm = ChecksumAlgorithm::from_name(name)?;
    let whole = match whole {
        None => None,
        Some(base64) => Some(Checksum::parse(algorithm, base64).ok()?),
    };
    Some(DeclaredChecksum { algorithm, whole })
}

/// The usual priority takes no space.
const fn priority_name(priority: Priority) -> Option<&'static str> {
    match priority {
        Priority::High => Some("high"),
        Priority::Normal => None,
        Priority::Low => Some("low"),
    }
}

fn priority_from_name(name: Option<&str>) -> Option<Priority> {
    [Priority::High, Priority::Normal, Priority::Low].into_iter().find(|known| priority_name(*known) == name)
}
