//! The file and the image inside an upload's item.
//!
//! | attribute | holds |
//! |---|---|
//! | `fe`, `fv`, `fc`, `fd` | ETag, version id, `<algorithm> <type> <value>` of the checksum, detected type |
//! | `fa`, `fx`, `fr` | completed, expires, removed, in milliseconds |
//! | `fs` | what malware scans said: `p`ending, `u`nscannable, `c`lean, `i`nfected; absent without scans |
//! | `is`, `ia`, `il` | state, attempts, end of the claim in milliseconds |
//! | `iw`, `ih`, `it`, `ic` | width, height, `ThumbHash`, dominant colour |
//! | `iv` | variants, one a line: `<name> <width> <height> <bytes>` when the name ends in the format, else JSON |
//! | `irc`, `irm` | code and message of the reason |

use super::item::{ItemReader, ItemWriter};
use super::upload_item::{checksum_type_from_name, checksum_type_name, reason_of};
use crate::checksum::ChecksumAlgorithm;
use crate::error::Error;
use crate::record::{FileRecord, ImageRecord, ImageState, ObjectChecksum, Placeholder, VariantRecord};
use crate::scan::ScanState;

const IMAGE_STATES: [(ImageState, &str); 4] = [
    (ImageState::Pending, "pending"),
    (ImageState::Partial, "partial"),
    (ImageState::Done, "done"),
    (ImageState::Failed, "failed"),
];

const SCAN_STATES: [(ScanState, &str); 4] = [
    (ScanState::Pending, "p"),
    (ScanState::Unscannable, "u"),
    (ScanState::Clean, "c"),
    (ScanState::Infected, "i"),
];

/// Writes the file's attributes.
pub(crate) fn write_file(item: &mut ItemWriter, file: Option<&FileRecord>) {
    let Some(file) = file else { return };
    item.text("fe", file.etag.as_str());
    item.text_if("fv", file.version_id.as_deref());
    item.text_if("fc", file.checksum.as_ref().map(object_checksum_text));
    item.text("fd", file.detected_type.as_str());
    item.number("fa", file.completed_at.as_millis());
    item.time_if("fx", file.expires_at);
    item.time_if("fr", file.removed_at);
    let scan = SCAN_STATES.iter().find(|(state, _)| Some(*state) == file.scan);
    item.text_if("fs", scan.map(|(_, letter)| *letter));
}

/// Reads the file's attributes; `None` when the item has no file.
pub(crate) fn read_file(read: ItemReader<'_>) -> Result<Option<FileRecord>, Error> {
    let Some(etag) = read.text_if("fe")? else { return Ok(None) };
    let checksum =
        read.text_if("fc")?.map(|text| read.expect("fc", object_checksum_from_text(text))).transpose()?;
    let scan_of =
        |letter: &str| SCAN_STATES.iter().find(|(_, known)| *known == letter).map(|(state, _)| *state);
    let scan = read.text_if("fs")?.map(|letter| read.expect("fs", scan_of(letter))).transpose()?;
    Ok(Some(FileRecord {
        etag: etag.to_owned(),
        version_id: read.text_if("fv")?.map(str::to_owned),
        checksum,
        detected_type: read.text("fd")?.to_owned(),
        completed_at: read.time("fa")?,
        expires_at: read.time_if("fx")?,
        removed_at: read.time_if("fr")?,
        scan,
    }))
}

/// Writes the image's attributes.
pub(crate) fn write_image(item: &mut ItemWriter, image: Option<&ImageRecord>) {
    let Some(image) = image else { return };
    let name = IMAGE_STATES.iter().find(|(state, _)| *state == image.state).map(|(_, name)| *name);
    item.text("is", name.unwrap_or_default());
    item.number_if("ia", Some(image.attempts).filter(|attempts| *attempts > 0));
    item.time_if("il", image.claimed_until);
    item.number_if("iw", image.width);
    item.number_if("ih", image.height);
    if let Some(placeholder) = &image.placeholder {
        item.text("it", placeholder.thumb_hash.as_str());
        item.text("ic", placeholder.dominant_color.as_str());
    }
    let lines: Vec<String> = image.variants.iter().filter_map(variant_line).collect();
    item.text_if("iv", Some(lines.join("\n")).filter(|text| !text.is_empty()));
    if let Some(reason) = &image.reason {
        item.text("irc", reason.code.as_str());
        item.text("irm", reason.message.as_str());
    }
}

/// Reads the image's attributes; `None` when the item has no image.
pub(crate) fn read_image(read: ItemReader<'_>) -> Result<Option<ImageRecord>, Error> {
    let Some(state) = read.text_if("is")? else { return Ok(None) };
    let state =
        read.expect("is", IMAGE_STATES.iter().find(|(_, name)| *name == state).map(|(state, _)| *state))?;
    let placeholder = match read.text_if("it")? {
        None => None,
        Some(hash) => {
            Some(Placeholder { thumb_hash: hash.to_owned(), dominant_color: read.text("ic")?.to_owned() })
        }
    };
    let lines = read.text_if("iv")?.unwrap_or_default().lines();
    let variants: Option<Vec<VariantRecord>> = lines.map(variant_from_line).collect();
    Ok(Some(ImageRecord {
        state,
        attempts: read.number_if("ia")?.unwrap_or(0),
        claimed_until: read.time_if("il")?,
        width: read.number_if("iw")?,
        height: read.number_if("ih")?,
        placeholder,
        variants: read.expect("iv", variants)?,
        reason: reason_of(read, "irc", "irm")?,
    }))
}

fn object_checksum_text(checksum: &ObjectChecksum) -> String {
    format!("{} {} {}", checksum.algorithm.name(), checksum_type_name(checksum.kind), checksum.value)
}

fn object_checksum_from_text(text: &str) -> Option<ObjectChecksum> {
    let mut words = text.splitn(3, ' ');
    Some(ObjectChecksum {
        algorithm: ChecksumAlgorithm::from_name(words.next()?)?,
        kind: checksum_type_from_name(words.next()?)?,
        value: words.next()?.to_owned(),
    })
}

fn variant_line(variant: &VariantRecord) -> Option<String> {
    let VariantRecord { name, width, height, bytes, .. } = variant;
    let short = format!("{name} {width} {height} {bytes}");
    // The short form is taken only where it reads back as exactly this variant.
    match variant_from_short_line(&short).as_ref() == Some(variant) {
        true => Some(short),
        false => serde_json::to_string(variant).ok(),
    }
}

fn variant_from_line(line: &str) -> Option<VariantRecord> {
    match line.starts_with('{') {
        true => serde_json::from_str(line).ok(),
        false => variant_from_short_line(line),
    }
}

/// Reads `640x480.webp 640 427 12345`. The name is that of the box, which an image seldom fills.
fn variant_from_short_line(line: &str) -> Option<VariantRecord> {
    let mut words = line.split(' ');
    let name = words.next()?;
    let format = match name.rsplit_once('.')?.1 {
        "jpg" => "jpeg",
        known @ ("jpeg" | "webp" | "avif") => known,
        _ => return None,
    };
    let variant = VariantRecord {
        name: name.to_owned(),
        format: format.to_owned(),
        width: words.next()?.parse().ok()?,
        height: words.next()?.parse().ok()?,
        bytes: words.next()?.parse().ok()?,
    };
    words.next().is_none().then_some(variant)
}

#[cfg(test)]
mod tests {
    use super::super::item::Item;
    use super::*;
    use crate::timestamp::Timestamp;

    fn item_of(scan: Option<ScanState>) -> Item {
        let mut item = ItemWriter::default();
        let file = FileRecord {
            etag: "tag".to_owned(),
            version_id: None,
            checksum: None,
            detected_type: "image/png".to_owned(),
            completed_at: Timestamp::from_seconds(1),
            expires_at: None,
            removed_at: None,
            scan,
        };
        write_file(&mut item, Some(&file));
        item.into_item()
    }

    fn scan_in(item: &Item) -> Result<Option<ScanState>, Error> {
        read_file(ItemReader(item)).map(|file| file.unwrap().scan)
    }

    #[test]
    fn a_record_of_before_there_were_scans_reads_as_one_without() {
        let item = item_of(None);
        assert!(!item.contains_key("fs"), "it takes no byte");
        assert_eq!(scan_in(&item).unwrap(), None);
    }

    #[test]
    fn every_scan_state_reads_back_and_one_that_nobody_knows_opens_nothing() {
        for (state, letter) in SCAN_STATES {
            let mut item = item_of(Some(state));
            assert_eq!(item.get("fs").unwrap().as_s().unwrap(), letter);
            assert_eq!(scan_in(&item).unwrap(), Some(state));
            item.insert("fs".to_owned(), aws_sdk_dynamodb::types::AttributeValue::S("x".to_owned()));
            assert!(scan_in(&item).is_err());
        }
    }
}
