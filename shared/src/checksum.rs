//! Checksums as S3 speaks them: which algorithms we take, their text form, and how the checksums of parts make
//! the checksum of the whole.
//!
//! S3 knows two kinds for a multipart object
//! (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html>): `FULL_OBJECT`, the CRC
//! of all bytes, which can be computed from the parts' CRCs and lengths alone; and `COMPOSITE`, the checksum of the
//! concatenated part checksums with `-<count>` behind it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crc_fast::CrcAlgorithm;
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// The algorithms we take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChecksumAlgorithm {
    /// CRC-64/NVME; S3 always treats it as full-object.
    Crc64nvme,
    /// CRC-32 (ISO HDLC).
    Crc32,
    /// CRC-32C (Castagnoli).
    Crc32c,
    /// SHA-256; only for uploads with a single PUT, since S3 cannot combine it.
    Sha256,
}

/// Whether a stored checksum covers the bytes or the list of part checksums.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ChecksumType {
    /// The checksum of all bytes.
    FullObject,
    /// The checksum of the concatenated part checksums.
    Composite,
}

impl ChecksumAlgorithm {
    /// Length of a checksum in bytes.
    pub const fn length_bytes(self) -> usize {
        match self {
            Self::Crc64nvme => 8,
            Self::Crc32 | Self::Crc32c => 4,
            Self::Sha256 => 32,
        }
    }

    /// The name in our API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Crc64nvme => "crc64nvme",
            Self::Crc32 => "crc32",
            Self::Crc32c => "crc32c",
            Self::Sha256 => "sha256",
        }
    }

    /// The request header that carries it to S3.
    pub const fn header(self) -> &'static str {
        match self {
            Self::Crc64nvme => "x-amz-checksum-crc64nvme",
            Self::Crc32 => "x-amz-checksum-crc32",
            Self::Crc32c => "x-amz-checksum-crc32c",
            Self::Sha256 => "x-amz-checksum-sha256",
        }
    }

    /// The algorithm behind a name of our API.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Crc64nvme, Self::Crc32, Self::Crc32c, Self::Sha256]
            .into_iter()
            .find(|known| known.name() == name)
    }

    const fn crc(self) -> Option<CrcAlgorithm> {
        match self {
            Self::Crc64nvme => Some(CrcAlgorithm::Crc64Nvme),
            Self::Crc32 => Some(CrcAlgorithm::Crc32IsoHdlc),
            Self::Crc32c => Some(CrcAlgorithm::Crc32Iscsi),
            Self::Sha256 => None,
        }
    }

    /// Whether the checksums of parts can be combined into the checksum of the whole.
    pub const fn is_combinable(self) -> bool {
        self.crc().is_some()
    }
}

/// One checksum, its algorithm known. Holds exactly [`ChecksumAlgorithm::length_bytes`] bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Checksum {
    algorithm: ChecksumAlgorithm,
    bytes: Vec<u8>,
}

impl Checksum {
    /// From raw bytes, big-endian as S3 encodes them; `None` when the length is wrong.
    pub fn from_bytes(algorithm: ChecksumAlgorithm, bytes: &[u8]) -> Option<Self> {
        (bytes.len() == algorithm.length_bytes()).then(|| Self { algorithm, bytes: bytes.to_vec() })
    }

    /// From base64, as clients and S3 write it.
    pub fn parse(algorithm: ChecksumAlgorithm, base64: &str) -> Result<Self, Error> {
        let bytes = STANDARD.decode(base64).ok();
        bytes.and_then(|bytes| Self::from_bytes(algorithm, &bytes)).ok_or_else(|| {
            let (name, length_bytes) = (algorithm.name(), algorithm.length_bytes());
            Error::invalid(format!("a {name} checksum is {length_bytes} bytes in base64"))
        })
    }

    /// Its algorithm.
    pub fn algorithm(&self) -> ChecksumAlgorithm {
        self.algorithm
    }

    /// Its bytes, big-endian.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// As base64.
    pub fn to_base64(&self) -> String {
        STANDARD.encode(&self.bytes)
    }

    fn as_number(&self) -> u64 {
        self.bytes.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte))
    }
}

/// The full-object checksum of parts with these checksums and lengths in bytes, in order.
/// `None` for an empty list, mixed algorithms, or SHA-256.
pub fn combine_full_object<'a>(parts: impl IntoIterator<Item = (&'a Checksum, u64)>) -> Option<Checksum> {
    let mut parts = parts.into_iter();
    let (first, _) = parts.next()?;
    let crc = first.algorithm.crc()?;
    let mut whole = first.as_number();
    for (part, length_bytes) in parts {
        if part.algorithm != first.algorithm {
            return None;
        }
        whole = crc_fast::checksum_combine(crc, whole, part.as_number(), length_bytes);
    }
    let bytes = whole.to_be_bytes();
    Checksum::from_bytes(first.algorithm, bytes.get(8 - first.algorithm.length_bytes()..)?)
}

/// The composite checksum of parts, as S3 writes it: base64 and `-<count>`. `None` for an empty list or mixed
/// algorithms, or for SHA-256, which we never use on parts.
pub fn combine_composite<'a>(parts: impl IntoIterator<Item = &'a Checksum>) -> Option<String> {
    let parts: Vec<&Checksum> = parts.into_iter().collect();
    let algorithm = parts.first()?.algorithm;
    if parts.iter().any(|part| part.algorithm != algorithm) {
        return None;
    }
    let joined: Vec<u8> = parts.iter().flat_map(|part| part.bytes.iter().copied()).collect();
    let sum = crc_fast::checksum(algorithm.crc()?, &joined).to_be_bytes();
    let whole = Checksum::from_bytes(algorithm, sum.get(8 - algorithm.length_bytes()..)?)?;
    Some(format!("{}-{}", whole.to_base64(), parts.len()))
}

/// The checksum of some bytes; `None` for SHA-256.
pub fn checksum_of(algorithm: ChecksumAlgorithm, bytes: &[u8]) -> Option<Checksum> {
    let sum = crc_fast::checksum(algorithm.crc()?, bytes).to_be_bytes();
    Checksum::from_bytes(algorithm, sum.get(8 - algorithm.length_bytes()..)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CRCS: [ChecksumAlgorithm; 3] =
        [ChecksumAlgorithm::Crc64nvme, ChecksumAlgorithm::Crc32, ChecksumAlgorithm::Crc32c];

    #[test]
    fn check_values_match_the_published_catalogue() {
        // "123456789", from the catalogue of parametrised CRC algorithms.
        let hex = |algorithm| crate::ids::hex(checksum_of(algorithm, b"123456789").unwrap().bytes());
        assert_eq!(hex(ChecksumAlgorithm::Crc64nvme), "ae8b14860a799888");
        assert_eq!(hex(ChecksumAlgorithm::Crc32), "cbf43926");
        assert_eq!(hex(ChecksumAlgorithm::Crc32c), "e3069283");
    }

    proptest! {
        #[test]
        fn combined_parts_equal_the_checksum_of_the_whole(
            parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..300), 1..8),
        ) {
            let whole: Vec<u8> = parts.concat();
            for algorithm in CRCS {
                let sums: Vec<(Checksum, u64)> =
                    parts.iter().map(|p| (checksum_of(algorithm, p).unwrap(), u64::try_from(p.len()).unwrap())).collect();
                let combined = combine_full_object(sums.iter().map(|(sum, length)| (sum, *length)));
                prop_assert_eq!(combined, checksum_of(algorithm, &whole));
            }
        }

        #[test]
        fn base64_round_trips_and_nothing_of_another_length_parses(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let text = STANDARD.encode(&bytes);
            for algorithm in [ChecksumAlgorithm::Crc64nvme, ChecksumAlgorithm::Sha256] {
                match Checksum::parse(algorithm, &text) {
                    Ok(sum) => prop_assert_eq!(sum.to_base64(), text.clone()),
                    Err(_) => prop_assert_ne!(bytes.len(), algorithm.length_bytes()),
                }
            }
        }
    }

    #[test]
    fn mixed_algorithms_do_not_combine() {
        let (a, b) = (checksum_of(CRCS[0], b"a").unwrap(), checksum_of(CRCS[1], b"b").unwrap());
        assert_eq!(combine_full_object([(&a, 1), (&b, 1)]), None);
        assert_eq!(combine_composite([&a, &b]), None);
        assert_eq!(combine_full_object([]), None);
    }
}
