//! The record of received parts: 32 parts to a page, packed so that a page fits one DynamoDB write unit.
//!
//! DynamoDB charges a write by the size of the item, rounded up to 1 KiB. One item a part would cost one unit a
//! part; one item for all parts would be rewritten whole at every report and outgrow the 400 KB limit at 10,000
//! parts. A page of 32 parts with a 16-byte ETag and an 8-byte checksum takes at most 32 x 27 bytes beside its
//! keys, so every write of a page is one unit, whether a report holds one part or all 32.
//!
//! Form of a page: version byte, then for every part in ascending order: offset in the page (1 byte), kind of ETag
//! (1 byte: 255 for 32 hex digits packed into 16 bytes, else its length), the ETag, kind of entry (1 byte: 0 without
//! checksum, 1 to 4 an algorithm, 255 a part that was replaced), the checksum.

use std::collections::BTreeMap;

use crate::checksum::{Checksum, ChecksumAlgorithm};
use crate::ids::PartNumber;

/// Parts on one page.
pub const PARTS_PER_PAGE: u16 = 32;
const FORM_VERSION: u8 = 1;
const ETAG_PACKED: u8 = 255;
const NO_CHECKSUM: u8 = 0;
const REPLACED: u8 = 255;
/// S3's ETags have 32 hex digits; other stores answer longer tokens. A longer one than this is refused.
pub const ETAG_BYTES_MAX: usize = 128;

/// An ETag: an opaque token without its quotes. Never read as an MD5, which it is not under SSE-KMS.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ETag(String);

impl ETag {
    /// Takes a token with or without its quotes; `None` when it is empty, too long, or holds anything but visible
    /// ASCII.
    pub fn parse(text: &str) -> Option<Self> {
        let token = text.trim();
        let token = token.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(token);
        let well_formed = (1..=ETAG_BYTES_MAX).contains(&token.len())
            && token.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"');
        well_formed.then(|| Self(token.to_owned()))
    }

    /// The token without quotes.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What is recorded of one received part. Its length follows from the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedPart {
    /// S3's tag for the part's bytes.
    pub etag: ETag,
    /// The checksum that the URL signed and S3 checked, if the client gave one.
    pub checksum: Option<Checksum>,
}

impl ReceivedPart {
    /// Whether a part with this tag and checksum has the same bytes. The same checksum is the same bytes, whatever tag
    /// S3 gave them; under SSE-KMS it gives a new one every time.
    pub fn has_bytes_of(&self, etag: &ETag, checksum: Option<&Checksum>) -> bool {
        self.etag == *etag || (self.checksum.is_some() && self.checksum.as_ref() == checksum)
    }
}

/// Received parts by number, of one page or of a whole upload.
pub type ReceivedParts = BTreeMap<PartNumber, ReceivedPart>;

/// The tags of parts that S3 holds and that nobody may take for the file's, by number.
pub type ReplacedParts = BTreeMap<PartNumber, ETag>;

/// One page of the record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartPage {
    /// Its number, see [`page_of`].
    pub number: u16,
    /// The acknowledged parts.
    pub parts: ReceivedParts,
    /// Parts that were acknowledged, and then overwritten in S3 with other bytes of the same length, by the tag of those
    /// bytes. They count as missing until other bytes are there, or until a client reports this very tag.
    pub replaced: ReplacedParts,
}

/// The acknowledged parts of all pages.
pub fn recorded_parts(pages: &[PartPage]) -> ReceivedParts {
    pages.iter().flat_map(|page| page.parts.clone()).collect()
}

/// The parts of all pages that were replaced.
pub fn replaced_parts(pages: Vec<PartPage>) -> ReplacedParts {
    pages.into_iter().flat_map(|page| page.replaced).collect()
}

/// The number of a part's page, counted from 0.
pub fn page_of(number: PartNumber) -> u16 {
    (number.get() - 1) / PARTS_PER_PAGE
}

/// Packs a page. Parts of other pages must not be in it.
pub fn encode(page: &PartPage) -> Vec<u8> {
    let mut bytes = vec![FORM_VERSION];
    for (number, part) in &page.parts {
        encode_tag(&mut bytes, *number, &part.etag);
        match &part.checksum {
            Some(checksum) => {
                bytes.push(algorithm_code(checksum.algorithm()));
                bytes.extend(checksum.bytes());
            }
            None => bytes.push(NO_CHECKSUM),
        }
    }
    for (number, etag) in &page.replaced {
        encode_tag(&mut bytes, *number, etag);
        bytes.push(REPLACED);
    }
    bytes
}

fn encode_tag(bytes: &mut Vec<u8>, number: PartNumber, etag: &ETag) {
    bytes.push(u8::try_from((number.get() - 1) % PARTS_PER_PAGE).unwrap_or(u8::MAX));
    match pack_hex(etag.as_str()) {
        Some(packed) => {
            bytes.push(ETAG_PACKED);
            bytes.extend(packed);
        }
        None => {
            bytes.push(u8::try_from(etag.as_str().len()).unwrap_or(u8::MAX));
            bytes.extend(etag.as_str().bytes());
        }
    }
}

/// Unpacks page `number`; `None` when the bytes are not what [`encode`] writes.
pub fn decode(number: u16, bytes: &[u8]) -> Option<PartPage> {
    let mut rest = bytes.strip_prefix(&[FORM_VERSION])?;
    let mut page = PartPage { number, ..PartPage::default() };
    while !rest.is_empty() {
        let (part, etag, after) = decode_tag(number, rest)?;
        let (kind, after) = after.split_first()?;
        rest = match *kind {
            REPLACED => {
                page.replaced.insert(part, etag);
                after
            }
            NO_CHECKSUM => {
                page.parts.insert(part, ReceivedPart { etag, checksum: None });
                after
            }
            code => {
                let algorithm = algorithm_from_code(code)?;
                let (sum, after) = after.split_at_checked(algorithm.length_bytes())?;
                let checksum = Checksum::from_bytes(algorithm, sum);
                page.parts.insert(part, ReceivedPart { etag, checksum });
                after
            }
        };
    }
    Some(page)
}

fn decode_tag(page: u16, bytes: &[u8]) -> Option<(PartNumber, ETag, &[u8])> {
    let (offset, after) = bytes.split_first()?;
    let offset = Some(u16::from(*offset)).filter(|offset| *offset < PARTS_PER_PAGE)?;
    let number = PartNumber::new(u32::from(page) * u32::from(PARTS_PER_PAGE) + u32::from(offset) + 1).ok()?;
    let (kind, after) = after.split_first()?;
    let (etag, after) = match *kind {
        ETAG_PACKED => {
            let (packed, after) = after.split_at_checked(16)?;
            (crate::ids::hex(packed), after)
        }
        length => {
            let (token, after) = after.split_at_checked(usize::from(length))?;
            (String::from_utf8(token.to_vec()).ok()?, after)
        }
    };
    Some((number, ETag::parse(&etag)?, after))
}

/// 32 lower-case hex digits as 16 bytes; `None` for every other token.
fn pack_hex(token: &str) -> Option<Vec<u8>> {
    let lower_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if token.len() != 32 || !token.bytes().all(lower_hex) {
        return None;
    }
    let digits = token.as_bytes();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

const fn algorithm_code(algorithm: ChecksumAlgorithm) -> u8 {
    match algorithm {
        ChecksumAlgorithm::Crc64nvme => 1,
        ChecksumAlgorithm::Crc32 => 2,
        ChecksumAlgorithm::Crc32c => 3,
        ChecksumAlgorithm::Sha256 => 4,
    }
}

const fn algorithm_from_code(code: u8) -> Option<ChecksumAlgorithm> {
    match code {
        1 => Some(ChecksumAlgorithm::Crc64nvme),
        2 => Some(ChecksumAlgorithm::Crc32),
        3 => Some(ChecksumAlgorithm::Crc32c),
        4 => Some(ChecksumAlgorithm::Sha256),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checksum::checksum_of;
    use proptest::prelude::*;

    fn etags() -> impl Strategy<Value = String> {
        prop_oneof!["[0-9a-f]{32}", "[0-9A-F]{32}", "[!#-~]{1,128}", "[0-9a-f]{32}-[0-9]{1,4}"]
    }

    proptest! {
        #[test]
        fn a_page_reads_back_as_it_was_written(
            number in 0_u16..312,
            entries in prop::collection::btree_map(
                0_u16..PARTS_PER_PAGE, (etags(), any::<Option<u64>>(), any::<bool>()), 0..32),
        ) {
            let mut page = PartPage { number, ..PartPage::default() };
            for (offset, (etag, seed, is_replaced)) in entries {
                let part = PartNumber::new(u32::from(number * PARTS_PER_PAGE + offset) + 1).unwrap();
                prop_assert_eq!(page_of(part), number);
                let Some(etag) = ETag::parse(&etag) else { continue };
                let checksum = seed.map(|s| checksum_of(ChecksumAlgorithm::Crc64nvme, &s.to_be_bytes()).unwrap());
                match is_replaced {
                    true => page.replaced.insert(part, etag).is_none(),
                    false => page.parts.insert(part, ReceivedPart { etag, checksum }).is_none(),
                };
            }
            prop_assert_eq!(decode(number, &encode(&page)), Some(page));
        }

        #[test]
        fn damaged_pages_are_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Some(page) = decode(3, &bytes) {
                prop_assert!(page.parts.len() <= 32 && page.replaced.len() <= 32);
            }
        }
    }

    #[test]
    fn a_full_page_fits_one_write_unit_with_room_for_its_keys() {
        let parts: ReceivedParts = (1..=32)
            .map(|n| {
                let checksum = checksum_of(ChecksumAlgorithm::Crc64nvme, &[n]);
                let etag = ETag::parse("9bb58f26192e4ba00f01e2e7b136bbd8").unwrap();
                (PartNumber::new(u32::from(n)).unwrap(), ReceivedPart { etag, checksum })
            })
            .collect();
        let page = PartPage { parts, ..PartPage::default() };
        assert!(encode(&page).len() <= 1024 - 120, "{}", encode(&page).len());
    }

    #[test]
    fn an_etag_loses_its_quotes_and_nothing_else() {
        assert_eq!(ETag::parse("\"abc\"").unwrap().as_str(), "abc");
        assert_eq!(ETag::parse("abc").unwrap().as_str(), "abc");
        for bad in ["", "\"\"", "a b", "a\"b", "\u{e9}", &"x".repeat(129)] {
            assert_eq!(ETag::parse(bad), None, "{bad:?}");
        }
    }
}
