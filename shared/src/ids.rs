//! Identifiers: parsed once at the edge, trusted after.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::timestamp::Timestamp;

/// Crockford's base 32, the alphabet of ULIDs (<https://github.com/ulid/spec>).
const ULID_ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const ULID_LENGTH: usize = 26;

/// The longest owner name taken from a token, in bytes.
pub const OWNER_BYTES_MAX: usize = 512;

/// The opaque id of an upload and of the file it becomes: a ULID, 26 characters of `[0-9A-Z]`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UploadId(String);

impl UploadId {
    /// Makes an id from the time and 80 random bits, as the ULID specification lays them out.
    pub fn generate(now: Timestamp, random: [u8; 10]) -> Self {
        let random = random.iter().fold(0_u128, |bits, byte| (bits << 8) | u128::from(*byte));
        let bits = (u128::from(now.as_millis()) << 80) | random;
        let letter = |index: usize| {
            let shift = 5 * (ULID_LENGTH - 1 - index);
            let value = usize::try_from((bits >> shift) & 31).unwrap_or(0);
            char::from(ULID_ALPHABET.get(value).copied().unwrap_or(b'0'))
        };
        Self((0..ULID_LENGTH).map(letter).collect())
    }

    /// Reads an id that came from outside. Anything that [`UploadId::generate`] cannot have made is "not found":
    /// a caller learns nothing about which ids exist.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let first_fits = text.bytes().next().is_some_and(|byte| (b'0'..=b'7').contains(&byte));
        let well_formed = text.len() == ULID_LENGTH && text.bytes().all(|byte| ULID_ALPHABET.contains(&byte));
        match well_formed && first_fits {
            true => Ok(Self(text.to_owned())),
            false => Err(Error::upload_not_found()),
        }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who may see an upload: the subject of the caller's token. Compared byte for byte.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OwnerId(String);

impl OwnerId {
    /// Takes 1 to [`OWNER_BYTES_MAX`] bytes without control characters; refuses everything else.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let acceptable =
            !text.trim().is_empty() && text.len() <= OWNER_BYTES_MAX && !text.chars().any(char::is_control);
        match acceptable {
            true => Ok(Self(text.to_owned())),
            false => Err(Error::forbidden("the token names no usable subject")),
        }
    }

    /// The owner as the token names it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The owner's part of an S3 key: 128 bits of SHA-256 as 32 hex digits, so that no character of a token
    /// reaches a key and two owners never share a prefix.
    pub fn key_prefix(&self) -> String {
        hex(Sha256::digest(self.0.as_bytes()).get(..16).unwrap_or_default())
    }
}

impl fmt::Debug for OwnerId {
    /// An owner's name is personal; logs show the prefix that their keys carry.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OwnerId({})", self.key_prefix())
    }
}

/// The number of a part, 1 to 10,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartNumber(u16);

impl PartNumber {
    /// The first part.
    pub const FIRST: Self = Self(1);

    /// Refuses everything outside 1 to 10,000 (S3's own limit).
    pub fn new(number: u32) -> Result<Self, Error> {
        match u16::try_from(number) {
            Ok(number @ 1..=10_000) => Ok(Self(number)),
            _ => Err(Error::invalid(format!("part number {number} is not between 1 and 10000"))),
        }
    }

    /// The number.
    pub const fn get(self) -> u16 {
        self.0
    }

    /// The part's place in a list that starts at zero.
    pub fn index(self) -> usize {
        usize::from(self.0 - 1)
    }
}

impl fmt::Display for PartNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Lower-case hex digits of some bytes.
pub fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|nibble| char::from_digit(u32::from(nibble), 16))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_generated_id_matches_the_example_of_the_ulid_specification() {
        let id = UploadId::generate(Timestamp::from_millis(1_469_918_176_385), [0; 10]);
        assert_eq!(id.as_str(), "01ARYZ6S410000000000000000");
    }

    proptest! {
        #[test]
        fn every_generated_id_parses_and_sorts_by_time(millis in 0_u64..(1 << 48), random: [u8; 10]) {
            let id = UploadId::generate(Timestamp::from_millis(millis), random);
            prop_assert_eq!(UploadId::parse(id.as_str()).unwrap(), id.clone());
            let later = UploadId::generate(Timestamp::from_millis(millis + 1), [0; 10]);
            prop_assert!(id < later || millis + 1 == 1 << 48);
        }

        #[test]
        fn no_other_text_parses_as_an_id(text in "\\PC{0,40}") {
            let fits = text.len() == 26 && text.bytes().all(|b| ULID_ALPHABET.contains(&b)) && text.as_bytes()[0] <= b'7';
            prop_assert_eq!(UploadId::parse(&text).is_ok(), fits);
        }

        #[test]
        fn an_owner_prefix_holds_nothing_of_the_owner_but_hex_digits(owner in "\\PC{1,80}") {
            if let Ok(owner) = OwnerId::parse(&owner) {
                let prefix = owner.key_prefix();
                prop_assert_eq!(prefix.len(), 32);
                prop_assert!(prefix.bytes().all(|b| b.is_ascii_hexdigit()));
            }
        }
    }

    #[test]
    fn an_unusable_owner_is_refused() {
        for owner in ["", "  ", "a\nb", "a\0b", &"x".repeat(OWNER_BYTES_MAX + 1)] {
            assert!(OwnerId::parse(owner).is_err(), "{owner:?}");
        }
    }

    #[test]
    fn part_numbers_are_one_to_ten_thousand() {
        assert!(PartNumber::new(0).is_err());
        assert!(PartNumber::new(10_001).is_err());
        assert!(PartNumber::new(65_537).is_err());
        assert_eq!(PartNumber::new(10_000).unwrap().index(), 9_999);
    }
}
