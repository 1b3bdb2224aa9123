//! Bytes that need not exist: a file of many tebibytes costs a test nothing, and its checksums are still true.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock};

use sha2::{Digest, Sha256};

use super::points::locked;
use crate::checksum::{Checksum, ChecksumAlgorithm, checksum_of, combine_full_object};
use crate::part_page::ETag;

/// The content of a part or an object.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Content {
    pieces: Vec<Piece>,
}

#[derive(Clone, PartialEq, Eq)]
enum Piece {
    Bytes(Arc<[u8]>),
    Repeated { byte: u8, length_bytes: u64 },
}

impl Content {
    /// These bytes.
    pub fn bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self { pieces: vec![Piece::Bytes(bytes.into().into())] }
    }

    /// One byte, this many times. Takes no memory.
    pub fn repeated(byte: u8, length_bytes: u64) -> Self {
        Self { pieces: vec![Piece::Repeated { byte, length_bytes }] }
    }

    /// A file that begins with these bytes and goes on with zeros.
    pub fn beginning_with(start: impl Into<Vec<u8>>, length_bytes: u64) -> Self {
        let start = Self::bytes(start);
        let rest_bytes = length_bytes.saturating_sub(start.size_bytes());
        Self::concat([start, Self::repeated(0, rest_bytes)])
    }

    /// All of them, one after another.
    pub fn concat(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut pieces: Vec<Piece> = Vec::new();
        for piece in parts.into_iter().flat_map(|part| part.pieces) {
            match (pieces.last_mut(), piece) {
                // One long piece instead of ten thousand: its checksum is as quick as that of one part.
                (
                    Some(Piece::Repeated { byte, length_bytes }),
                    Piece::Repeated { byte: next, length_bytes: more },
                ) if *byte == next => {
                    *length_bytes += more;
                }
                (_, piece) => pieces.push(piece),
            }
        }
        Self { pieces }
    }

    /// The length in bytes.
    pub fn size_bytes(&self) -> u64 {
        self.pieces.iter().map(Piece::length_bytes).sum()
    }

    /// The first bytes, as many as there are up to `length_bytes`.
    pub fn start(&self, length_bytes: u64) -> Vec<u8> {
        let mut start = Vec::new();
        for piece in &self.pieces {
            let wanted = length_bytes.saturating_sub(u64::try_from(start.len()).unwrap_or(u64::MAX));
            let taken = usize::try_from(wanted.min(piece.length_bytes())).unwrap_or(0);
            match piece {
                Piece::Bytes(bytes) => start.extend_from_slice(bytes.get(..taken).unwrap_or_default()),
                Piece::Repeated { byte, .. } => start.resize(start.len() + taken, *byte),
            }
        }
        start
    }

    /// The checksum, computed as S3 computes it. SHA-256 visits every byte, the others do not.
    pub fn checksum(&self, algorithm: ChecksumAlgorithm) -> Checksum {
        let checksum = match algorithm {
            ChecksumAlgorithm::Sha256 => self.sha256(),
            _ => {
                let sums: Vec<(Checksum, u64)> =
                    self.pieces.iter().filter_map(|piece| piece.crc(algorithm)).collect();
                combine_full_object(sums.iter().map(|(sum, length_bytes)| (sum, *length_bytes)))
                    .or_else(|| checksum_of(algorithm, b""))
            }
        };
        checksum.unwrap_or_else(|| unreachable!("every algorithm is computed"))
    }

    /// The tag that the fake store gives these bytes: opaque, and the same for the same bytes.
    pub fn etag(&self) -> ETag {
        let crc = self.checksum(ChecksumAlgorithm::Crc64nvme);
        let text = format!("{}{:016x}", crate::ids::hex(crc.bytes()), self.size_bytes());
        ETag::parse(&text).unwrap_or_else(|| unreachable!("hex digits are a tag"))
    }

    fn sha256(&self) -> Option<Checksum> {
        let mut digest = Sha256::new();
        for piece in &self.pieces {
            match piece {
                Piece::Bytes(bytes) => digest.update(bytes),
                Piece::Repeated { byte, length_bytes } => {
                    let block = [*byte; 4096];
                    let mut left = *length_bytes;
                    while left > 0 {
                        let taken = usize::try_from(left.min(4096)).unwrap_or(4096);
                        digest.update(block.get(..taken).unwrap_or_default());
                        left = left.saturating_sub(4096);
                    }
                }
            }
        }
        Checksum::from_bytes(ChecksumAlgorithm::Sha256, &digest.finalize())
    }
}

impl Piece {
    fn length_bytes(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            Self::Repeated { length_bytes, .. } => *length_bytes,
        }
    }

    /// The CRC and the length in bytes; `None` for nothing.
    fn crc(&self, algorithm: ChecksumAlgorithm) -> Option<(Checksum, u64)> {
        match self {
            Self::Bytes(bytes) if bytes.is_empty() => None,
            Self::Bytes(bytes) => Some((checksum_of(algorithm, bytes)?, self.length_bytes())),
            Self::Repeated { byte, length_bytes } => {
                Some((repeated_crc(algorithm, *byte, *length_bytes)?, *length_bytes))
            }
        }
    }
}

/// The CRC of one byte repeated: of 1, 2, 4, ... bytes by joining halves, then of the lengths that are needed.
/// Remembered, since the parts of a big file are all alike.
fn repeated_crc(algorithm: ChecksumAlgorithm, byte: u8, length_bytes: u64) -> Option<Checksum> {
    type Known = HashMap<(ChecksumAlgorithm, u8, u64), Checksum>;
    static KNOWN: OnceLock<Mutex<Known>> = OnceLock::new();
    let known = KNOWN.get_or_init(Mutex::default);
    if let Some(checksum) = locked(known).get(&(algorithm, byte, length_bytes)) {
        return Some(checksum.clone());
    }
    let mut whole: Option<(Checksum, u64)> = None;
    let mut block = (checksum_of(algorithm, &[byte])?, 1_u64);
    let mut left = length_bytes;
    while left > 0 {
        if left % 2 == 1 {
            whole = match whole {
                None => Some(block.clone()),
                Some(before) => Some(joined(&before, &block)?),
            };
        }
        left /= 2;
        if left > 0 {
            block = joined(&block, &block)?;
        }
    }
    let (checksum, _) = whole?;
    locked(known).insert((algorithm, byte, length_bytes), checksum.clone());
    Some(checksum)
}

fn joined(first: &(Checksum, u64), second: &(Checksum, u64)) -> Option<(Checksum, u64)> {
    let parts = [first, second].map(|(sum, length_bytes)| (sum, *length_bytes));
    Some((combine_full_object(parts)?, first.1 + second.1))
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Content({} bytes, {})", self.size_bytes(), self.etag().as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_do_not_exist_have_the_checksums_of_those_that_do() {
        for length_bytes in [1_u64, 2, 3, 1000, 4096, 5000] {
            let real = Content::bytes(vec![7_u8; usize::try_from(length_bytes).unwrap()]);
            let repeated = Content::repeated(7, length_bytes);
            for algorithm in [
                ChecksumAlgorithm::Crc64nvme,
                ChecksumAlgorithm::Crc32,
                ChecksumAlgorithm::Crc32c,
                ChecksumAlgorithm::Sha256,
            ] {
                assert_eq!(
                    real.checksum(algorithm),
                    repeated.checksum(algorithm),
                    "{length_bytes} {algorithm:?}"
                );
            }
            assert_eq!(real.etag(), repeated.etag());
            assert_eq!(real.start(3), repeated.start(3));
        }
    }

    #[test]
    fn nothing_has_a_checksum_too() {
        let nothing = Content::repeated(0, 0);
        assert_eq!(nothing.size_bytes(), 0);
        assert_eq!(
            nothing.checksum(ChecksumAlgorithm::Crc32),
            Content::bytes("").checksum(ChecksumAlgorithm::Crc32)
        );
    }
}
